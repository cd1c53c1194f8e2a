//! epoll_pwait2(2), by its number: C libraries have the function only of late.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_long, c_void};
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::sys::{NO_NEW_CALLS, ffi};

/// Waits with nanoseconds. `None`: the kernel or a sandbox does not have the call.
///
/// # Safety
///
/// There must be room for `most` events at `events`.
pub(crate) unsafe fn wait(
    queue: BorrowedFd<'_>,
    events: *mut ffi::epoll_event,
    most: c_int,
    timeout: Duration,
) -> io::Result<Option<usize>> {
    /// Set once the call was refused, which is for good, and where it must not even be tried.
    static MISSING: AtomicBool = AtomicBool::new(NO_NEW_CALLS);

    if MISSING.load(Ordering::Relaxed) {
        return Ok(None);
    }
    // SAFETY: the caller promises the room.
    match unsafe { call(queue.as_raw_fd(), events, most, timeout) } {
        Err(error) if error.kind() != io::ErrorKind::Interrupted && is_refused() => {
            MISSING.store(true, Ordering::Relaxed);
            Ok(None)
        }
        result => result.map(Some),
    }
}

/// Whether the kernel or a sandbox refuses the call as such, with whatever error. A kernel that has
/// it returns EBADF for a descriptor that is none.
#[cold]
fn is_refused() -> bool {
    // SAFETY: all bits zero are values of its integers and its union of integers and a pointer.
    let mut event: ffi::epoll_event = unsafe { mem::zeroed() };
    // SAFETY: there is room for one event.
    let result = unsafe { call(-1, &raw mut event, 1, Duration::ZERO) };
    result.is_err_and(|error| error.raw_os_error() != Some(ffi::EBADF))
}

/// epoll_pwait2(2).
///
/// # Safety
///
/// There must be room for `most` events at `events`.
unsafe fn call(
    queue: RawFd,
    events: *mut ffi::epoll_event,
    most: c_int,
    timeout: Duration,
) -> io::Result<usize> {
    // Both fit: `Wait::Nanos` is at most `c_int::MAX` milliseconds.
    let timeout = ffi::__kernel_timespec {
        tv_sec: timeout.as_secs() as _,
        tv_nsec: timeout.subsec_nanos() as _,
    };
    // SAFETY: epoll_pwait2(2) takes (int, struct epoll_event *, int, const struct __kernel_timespec *, const sigset_t *, size_t),
    // each passed as a long or a pointer as syscall(2) asks. It writes at most `most` events to `events`, where the caller
    // promises room, reads the time-out, and with no signal set reads no more.
    let result = unsafe {
        ffi::syscall(
            ffi::__NR_epoll_pwait2,
            c_long::from(queue),
            events.cast::<c_void>(),
            c_long::from(most),
            &raw const timeout,
            ptr::null::<c_void>(),
            0 as c_long,
        )
    };
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}
