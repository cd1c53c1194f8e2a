//! ppoll(2), where the C library has it.
#![allow(unsafe_code)]

use std::io;
use std::ptr;

use crate::sys::ffi;
use crate::sys::timeout::Wait;

/// Waits with nanoseconds. `None`: whole milliseconds.
pub(crate) fn wait(array: &mut [ffi::pollfd], wait: Wait) -> io::Result<Option<usize>> {
    let Wait::Nanos(timeout) = wait else {
        return Ok(None);
    };
    // Both fit: `Wait::Nanos` is at most `c_int::MAX` milliseconds.
    let timeout = ffi::timespec {
        tv_sec: timeout.as_secs() as _,
        tv_nsec: timeout.subsec_nanos() as _,
    };
    // SAFETY: ppoll(2) reads and writes as many `pollfd`s as `array` has, reads the time-out, and with no signal set reads no more.
    let result = unsafe {
        ffi::ppoll(
            array.as_mut_ptr(),
            array.len() as _,
            &raw const timeout,
            ptr::null(),
        )
    };
    usize::try_from(result)
        .map(Some)
        .map_err(|_| io::Error::last_os_error())
}

/// poll(2) is to be asked.
pub(crate) fn look(_: &mut [ffi::pollfd]) -> io::Result<Option<usize>> {
    Ok(None)
}
