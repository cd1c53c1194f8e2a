//! fcntl(2) with `F_DUPFD_CLOEXEC`, for queues that are descriptors.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use crate::sys::raw;

/// A duplicate with the close-on-exec flag.
pub(crate) fn duplicate(fd: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    // SAFETY: fcntl(2) with F_DUPFD_CLOEXEC takes an int, the least number of the duplicate, and touches no memory.
    let number = unsafe { raw::fcntl(fd.as_raw_fd(), raw::F_DUPFD_CLOEXEC, 0 as c_int) };
    if number == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call succeeded, so `number` is a new descriptor that nothing else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}
