//! epoll_pwait2(2), by its number: C libraries have the function only of late.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_long, c_void};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::sys::{android, raw};

/// Waits with nanoseconds. `None`: the kernel or a sandbox does not have the call.
///
/// # Safety
///
/// There must be room for `most` events at `events`.
pub(crate) unsafe fn wait(
    queue: BorrowedFd<'_>,
    events: *mut raw::epoll_event,
    most: c_int,
    timeout: Duration,
) -> io::Result<Option<usize>> {
    /// Set once the kernel has refused the call, which a sandbox does for good, and where it must not even be tried.
    static MISSING: AtomicBool = AtomicBool::new(android::FORBIDS_NEW_CALLS);

    if MISSING.load(Ordering::Relaxed) {
        return Ok(None);
    }
    // Both fit: `Wait::Nanos` is at most `c_int::MAX` milliseconds.
    let timeout = raw::__kernel_timespec {
        tv_sec: timeout.as_secs() as _,
        tv_nsec: timeout.subsec_nanos() as _,
    };
    // SAFETY: epoll_pwait2(2) takes (int, struct epoll_event *, int, const struct __kernel_timespec *, const sigset_t *, size_t),
    // each passed as a long or a pointer as syscall(2) asks. It writes at most `most` events to `events`, where the caller
    // promises room, reads the time-out, and with no signal set reads no more.
    let result = unsafe {
        raw::syscall(
            raw::__NR_epoll_pwait2,
            c_long::from(queue.as_raw_fd()),
            events.cast::<c_void>(),
            c_long::from(most),
            &raw const timeout,
            ptr::null::<c_void>(),
            0 as c_long,
        )
    };
    match usize::try_from(result) {
        Ok(count) => Ok(Some(count)),
        Err(_) => {
            let error = io::Error::last_os_error();
            if matches!(error.raw_os_error(), Some(raw::ENOSYS | raw::EPERM)) {
                MISSING.store(true, Ordering::Relaxed);
                return Ok(None);
            }
            Err(error)
        }
    }
}
