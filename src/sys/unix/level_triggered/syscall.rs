//! poll(2).
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::io;

use crate::sys::ffi;
use crate::sys::ppoll;
use crate::sys::timeout::{KernelTimeout, round_up_millis};

/// The blocking poll: waits until an entry is ready, and returns how many are. poll(2) ignores an
/// entry whose fd is negative (<https://man7.org/linux/man-pages/man2/poll.2.html>).
pub(crate) fn poll(array: &mut [ffi::pollfd], timeout: KernelTimeout) -> io::Result<usize> {
    // A call of the platform with a finer timeout, if there is one and it applies.
    if let Some(count) = ppoll::wait(array, timeout)? {
        return Ok(count);
    }
    match timeout {
        KernelTimeout::Infinite => poll_millis(array, -1),
        KernelTimeout::Millis(millis) => poll_millis(array, millis),
        KernelTimeout::Nanos(timeout) => poll_millis(array, round_up_millis(timeout)),
    }
}

/// A zero-timeout poll: conditions that it does not return do not hold.
pub(crate) fn probe(array: &mut [ffi::pollfd]) -> io::Result<usize> {
    match ppoll::look(array)? {
        Some(count) => Ok(count),
        None => poll_millis(array, 0),
    }
}

/// poll(2).
fn poll_millis(array: &mut [ffi::pollfd], millis: c_int) -> io::Result<usize> {
    // SAFETY: poll(2) reads and writes as many `pollfd`s as `array` has. The fds in it need not be
    // open: for a closed one it returns POLLNVAL.
    let result = unsafe { ffi::poll(array.as_mut_ptr(), array.len() as _, millis) };
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}
