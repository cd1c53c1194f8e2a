//! ppoll(2) of the C library.
#![allow(unsafe_code)]

use std::io;
use std::ptr;
use std::time::Duration;

use super::ret::ret_count;
use crate::sys::ffi;

/// Waits with nanoseconds.
pub(crate) fn ppoll(array: &mut [ffi::pollfd], timeout: Duration) -> io::Result<Option<usize>> {
    // Both fit: `KernelTimeout::Nanos` is at most `c_int::MAX` milliseconds.
    let timeout = ffi::timespec {
        tv_sec: timeout.as_secs() as _,
        tv_nsec: timeout.subsec_nanos() as _,
    };
    // SAFETY: ppoll(2) reads and writes as many `pollfd`s as `array` has, reads the timeout, and
    // with no signal set reads no more.
    let result = unsafe {
        ffi::ppoll(
            array.as_mut_ptr(),
            array.len() as _,
            &raw const timeout,
            ptr::null(),
        )
    };
    ret_count(result).map(Some)
}
