//! The system waits in whole milliseconds only.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use crate::sys::ffi;

/// Never waits: there is no such call.
///
/// # Safety
///
/// None is needed; where the call exists, it has a duty.
pub(crate) unsafe fn wait(
    _: BorrowedFd<'_>,
    _: *mut ffi::epoll_event,
    _: c_int,
    _: Duration,
) -> io::Result<Option<usize>> {
    Ok(None)
}
