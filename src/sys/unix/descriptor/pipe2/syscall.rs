//! pipe2(2).
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

use crate::sys::ffi;

/// Makes a pipe as (reader, writer), both ends non-blocking and close-on-exec.
pub(crate) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends: [c_int; 2] = [-1; 2];
    // SAFETY: pipe2(2) writes two ints, for which `ends` has room.
    let result = unsafe { ffi::pipe2(ends.as_mut_ptr(), ffi::O_CLOEXEC | ffi::O_NONBLOCK) };
    if result == -1 {
        return Err(io::Error::last_os_error());
    }
    let [reader, writer] = ends;
    // SAFETY: the call succeeded, so `reader` is a new descriptor that nothing else owns.
    let reader = unsafe { OwnedFd::from_raw_fd(reader) };
    // SAFETY: the call succeeded, so `writer` is a new descriptor that nothing else owns.
    let writer = unsafe { OwnedFd::from_raw_fd(writer) };
    Ok((reader, writer))
}
