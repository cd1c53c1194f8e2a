//! poll(2), and whether a number is open.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::io;
use std::os::fd::RawFd;

use crate::sys::ffi;

/// poll(2). -1 waits for ever.
pub(super) fn poll(array: &mut [ffi::pollfd], millis: c_int) -> io::Result<usize> {
    // SAFETY: poll(2) reads and writes as many `pollfd`s as `array` has. The numbers in it are keys: a closed one is an error.
    let result = unsafe { ffi::poll(array.as_mut_ptr(), array.len() as _, millis) };
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}

/// Whether the number is open.
pub(super) fn is_open(fd: RawFd) -> bool {
    // SAFETY: fcntl(2) with F_GETFL ignores its argument and touches no memory; a closed number is an error.
    let flags = unsafe { ffi::fcntl(fd, ffi::F_GETFL, 0 as c_int) };
    flags != -1
}
