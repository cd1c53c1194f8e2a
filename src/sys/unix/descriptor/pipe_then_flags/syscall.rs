//! pipe(2), where the flags are set afterwards. A child made in between by another thread inherits the ends: these systems have no
//! better call.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use crate::sys::descriptor;
use crate::sys::ffi;

/// Makes a pipe as (reader, writer), both ends non-blocking and close-on-exec.
pub(crate) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends: [c_int; 2] = [-1; 2];
    // SAFETY: pipe(2) writes two ints, for which `ends` has room.
    let result = unsafe { ffi::pipe(ends.as_mut_ptr()) };
    if result == -1 {
        return Err(io::Error::last_os_error());
    }
    let [reader, writer] = ends;
    // SAFETY: the call succeeded, so `reader` is a new descriptor that nothing else owns.
    let reader = unsafe { OwnedFd::from_raw_fd(reader) };
    // SAFETY: the call succeeded, so `writer` is a new descriptor that nothing else owns.
    let writer = unsafe { OwnedFd::from_raw_fd(writer) };
    for end in [&reader, &writer] {
        set_close_on_exec(end.as_fd())?;
        descriptor::set_nonblocking(end.as_fd(), true)?;
    }
    Ok((reader, writer))
}

/// Sets `FD_CLOEXEC`.
fn set_close_on_exec(fd: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: fcntl(2) with F_SETFD takes an int, the flags, and touches no memory.
    let result = unsafe { ffi::fcntl(fd.as_raw_fd(), ffi::F_SETFD, ffi::FD_CLOEXEC) };
    if result == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
