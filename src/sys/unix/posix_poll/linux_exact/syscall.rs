//! ppoll(2) with 64-bit time, by its number: on 32-bit systems the C library's function may take 32-bit time.
#![allow(unsafe_code)]

use std::ffi::{c_long, c_void};
use std::io;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::sys::timeout::KernelTimeout;
use crate::sys::{NO_NEW_CALLS, ffi};

/// Waits with nanoseconds. `None`: whole milliseconds, or the kernel or a sandbox does not have the call.
pub(crate) fn wait(array: &mut [ffi::pollfd], wait: KernelTimeout) -> io::Result<Option<usize>> {
    /// Set once the call was refused, which is for good, and where it must not even be tried.
    static MISSING: AtomicBool = AtomicBool::new(NO_NEW_CALLS);

    let KernelTimeout::Nanos(timeout) = wait else {
        return Ok(None);
    };
    if MISSING.load(Ordering::Relaxed) {
        return Ok(None);
    }
    match call(array, timeout) {
        // Whether the kernel or a sandbox refuses the call as such, with whatever error: then it
        // does not even wait for nothing.
        Err(error)
            if error.kind() != io::ErrorKind::Interrupted
                && call(&mut [], Duration::ZERO).is_err() =>
        {
            MISSING.store(true, Ordering::Relaxed);
            Ok(None)
        }
        result => result.map(Some),
    }
}

/// ppoll(2).
fn call(array: &mut [ffi::pollfd], timeout: Duration) -> io::Result<usize> {
    // Both fit: `KernelTimeout::Nanos` is at most `c_int::MAX` milliseconds.
    let mut timeout = ffi::__kernel_timespec {
        tv_sec: timeout.as_secs() as _,
        tv_nsec: timeout.subsec_nanos() as _,
    };
    // SAFETY: ppoll(2) takes (struct pollfd *, unsigned, struct __kernel_timespec *, const sigset_t *, size_t), each passed as a
    // long or a pointer as syscall(2) asks. It reads and writes as many `pollfd`s as `array` has and the time-out, which is
    // ours to change, and with no signal set reads no more.
    let result = unsafe {
        ffi::syscall(
            ffi::NR_ppoll_64,
            array.as_mut_ptr().cast::<c_void>(),
            array.len() as c_long,
            &raw mut timeout,
            ptr::null::<c_void>(),
            0 as c_long,
        )
    };
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}

/// poll(2) is to be asked.
pub(crate) fn look(_: &mut [ffi::pollfd]) -> io::Result<Option<usize>> {
    Ok(None)
}
