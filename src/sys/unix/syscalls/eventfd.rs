//! eventfd(2).
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

use crate::sys::{EFD_CLOEXEC, EFD_NONBLOCK, ffi};

/// Makes a counter of 0, close-on-exec and non-blocking.
pub(super) fn eventfd() -> io::Result<OwnedFd> {
    // SAFETY: eventfd(2) takes two integers and touches no memory.
    let number = unsafe { ffi::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
    if number == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call succeeded, so `number` is a new descriptor that nothing else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}
