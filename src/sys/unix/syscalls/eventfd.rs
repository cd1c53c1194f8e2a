//! eventfd(2).
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::io;
use std::os::fd::OwnedFd;

use super::ret::ret_owned_fd;
use crate::sys::ffi;
use crate::sys::platform::EVENTS;

/// The flags of eventfd(2). A constant of its own names no other call of `EVENTS`.
const FLAGS: c_int = EVENTS.eventfd_flags;

/// Makes a counter of 0, close-on-exec and non-blocking.
pub(crate) fn eventfd() -> io::Result<OwnedFd> {
    // SAFETY: eventfd(2) takes two integers and touches no memory.
    let fd = unsafe { ffi::eventfd(0, FLAGS as _) };
    // SAFETY: unless it is -1, `fd` is a new fd that nothing else owns.
    unsafe { ret_owned_fd(fd) }
}
