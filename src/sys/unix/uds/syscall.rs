//! What only Unix sockets need of the system calls.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

use crate::sys::socket::syscall::Plain;

// SAFETY: a C structure of integers and arrays of them.
unsafe impl Plain for libc::sockaddr_un {}

/// socketpair(2). `kind` may hold flags.
pub(super) fn socketpair(kind: c_int) -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends: [c_int; 2] = [-1; 2];
    // SAFETY: socketpair(2) writes two ints, for which `ends` has room.
    let result = unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, ends.as_mut_ptr()) };
    if result == -1 {
        return Err(io::Error::last_os_error());
    }
    let [left, right] = ends;
    // SAFETY: the call succeeded, so `left` is a new descriptor that nothing else owns.
    let left = unsafe { OwnedFd::from_raw_fd(left) };
    // SAFETY: the call succeeded, so `right` is a new descriptor that nothing else owns.
    let right = unsafe { OwnedFd::from_raw_fd(right) };
    Ok((left, right))
}
