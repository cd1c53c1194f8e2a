//! The error of the calling thread.
#![allow(unsafe_code)]

use std::ffi::c_int;

/// A value of errno(3).
pub(crate) type Errno = c_int;

/// Sets errno(3), and returns the -1 of a failed call.
pub(crate) fn fail(error: Errno) -> c_int {
    // SAFETY: this returns the C library's pointer to the errno of this thread.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: the pointer is valid as long as the thread exists.
    unsafe { *errno = error };
    -1
}
