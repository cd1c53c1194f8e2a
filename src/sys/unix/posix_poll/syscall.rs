//! poll(2), and ppoll(2) for time-outs that are not whole milliseconds.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_long, c_void};
use std::io;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

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

/// ppoll(2), or poll(2) with the time-out rounded up where the kernel or a sandbox does not have it.
fn wait_nanos(array: &mut [raw::pollfd], timeout: Duration) -> io::Result<usize> {
    /// Set once the kernel has refused the call; a sandbox does not change its mind.
    static MISSING: AtomicBool = AtomicBool::new(false);

    if !MISSING.load(Ordering::Relaxed) {
        match wait_nanos_exactly(array, timeout) {
            Err(error) if matches!(error.raw_os_error(), Some(raw::ENOSYS | raw::EPERM)) => {
                MISSING.store(true, Ordering::Relaxed);
            }
            result => return result,
        }
    }
    wait_millis(array, round_up_millis(timeout))
}

/// ppoll(2) with 64-bit time, by its number: on 32-bit systems the C library's function may take 32-bit time.
fn wait_nanos_exactly(array: &mut [raw::pollfd], timeout: Duration) -> io::Result<usize> {
    // Both fit: `Wait::Nanos` is at most `c_int::MAX` milliseconds.
    let mut timeout = raw::__kernel_timespec {
        tv_sec: timeout.as_secs() as _,
        tv_nsec: timeout.subsec_nanos() as _,
    };
    // SAFETY: ppoll(2) takes (struct pollfd *, unsigned, struct __kernel_timespec *, const sigset_t *, size_t), each passed as a
    // long or a pointer as syscall(2) asks. It reads and writes as many `pollfd`s as `array` has and the time-out, which is
    // ours to change, and with no signal set reads no more.
    let result = unsafe {
        raw::syscall(
            raw::NR_ppoll_64,
            array.as_mut_ptr().cast::<c_void>(),
            array.len() as c_long,
            &raw mut timeout,
            ptr::null::<c_void>(),
            0 as c_long,
        )
    };
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}
