//! poll(2).
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::io;

use crate::sys::exact_poll;
use crate::sys::raw;
use crate::sys::timeout::{Wait, round_up_millis};

/// Waits until a descriptor is ready, and returns how many are. A negative descriptor in the array
/// is passed over.
pub(crate) fn wait(array: &mut [raw::pollfd], wait: Wait) -> io::Result<usize> {
    // The system's own way first, if it has one for this wait.
    if let Some(count) = exact_poll::wait(array, wait)? {
        return Ok(count);
    }
    match wait {
        Wait::Forever => wait_millis(array, -1),
        Wait::Millis(millis) => wait_millis(array, millis),
        Wait::Nanos(timeout) => wait_millis(array, round_up_millis(timeout)),
    }
}

/// Looks at all descriptors at once: what is not reported is not ready.
pub(crate) fn look(array: &mut [raw::pollfd]) -> io::Result<usize> {
    match exact_poll::look(array)? {
        Some(count) => Ok(count),
        None => wait_millis(array, 0),
    }
}

/// poll(2).
fn wait_millis(array: &mut [raw::pollfd], millis: c_int) -> io::Result<usize> {
    // SAFETY: poll(2) reads and writes as many `pollfd`s as `array` has. The numbers in it are
    // keys: a closed one is answered with POLLNVAL.
    let result = unsafe { raw::poll(array.as_mut_ptr(), array.len() as _, millis) };
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}
