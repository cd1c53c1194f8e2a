//! poll(2).
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::io;

use crate::sys::ffi;
use crate::sys::ppoll;
use crate::sys::timeout::{Wait, round_up_millis};

/// Waits until a descriptor is ready, and returns how many are. A negative descriptor in the array
/// is passed over.
pub(crate) fn wait(array: &mut [ffi::pollfd], wait: Wait) -> io::Result<usize> {
    // The system's own way first, if it has one for this wait.
    if let Some(count) = ppoll::wait(array, wait)? {
        return Ok(count);
    }
    match wait {
        Wait::Forever => wait_millis(array, -1),
        Wait::Millis(millis) => wait_millis(array, millis),
        Wait::Nanos(timeout) => wait_millis(array, round_up_millis(timeout)),
    }
}

/// Looks at all descriptors at once: what is not reported is not ready.
pub(crate) fn look(array: &mut [ffi::pollfd]) -> io::Result<usize> {
    match ppoll::look(array)? {
        Some(count) => Ok(count),
        None => wait_millis(array, 0),
    }
}

/// poll(2).
fn wait_millis(array: &mut [ffi::pollfd], millis: c_int) -> io::Result<usize> {
    // SAFETY: poll(2) reads and writes as many `pollfd`s as `array` has. The numbers in it are
    // keys: a closed one is answered with POLLNVAL.
    let result = unsafe { ffi::poll(array.as_mut_ptr(), array.len() as _, millis) };
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}
