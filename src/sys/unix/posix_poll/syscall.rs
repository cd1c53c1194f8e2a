//! poll(2).
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::io;
use std::time::Duration;

use crate::sys::exact_poll;
use crate::sys::raw;
use crate::sys::timeout::{Wait, round_up_millis};

/// Waits until a descriptor is ready, and returns how many are. A negative number in the array is passed over.
pub(super) fn wait(array: &mut [raw::pollfd], wait: Wait) -> io::Result<usize> {
    match wait {
        Wait::Forever => wait_millis(array, -1),
        Wait::Millis(millis) => wait_millis(array, millis),
        Wait::Nanos(timeout) => wait_nanos(array, timeout),
    }
}

/// poll(2).
fn wait_millis(array: &mut [raw::pollfd], millis: c_int) -> io::Result<usize> {
    // SAFETY: poll(2) reads and writes as many `pollfd`s as `array` has. The numbers in it are keys: a closed one is answered
    // with POLLNVAL.
    let result = unsafe { raw::poll(array.as_mut_ptr(), array.len() as _, millis) };
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}

/// With nanoseconds where the system has that, else poll(2) with the time-out rounded up.
fn wait_nanos(array: &mut [raw::pollfd], timeout: Duration) -> io::Result<usize> {
    match exact_poll::wait(array, timeout)? {
        Some(count) => Ok(count),
        None => wait_millis(array, round_up_millis(timeout)),
    }
}
