//! System calls of Linux by number, because C libraries have their functions only of late or with
//! 32-bit time. A kernel or a sandbox may refuse them: then the older call is used, for good. And
//! the requests of ioctl(2) that Linux alone has.
//!
//! After an error, probes decide whether the call is refused, whatever the error is. A probe is a
//! call whose result the kernel determines before it sleeps or looks for a signal. A filter of
//! seccomp(2) sees the numbers in the arguments, but not what pointers point to, and one that
//! refuses a call returns one error for all of its uses.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_long, c_void};
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::ret::ret_count;
use crate::sys::ffi;
use crate::sys::platform::NO_NEW_CALLS;
#[cfg(mio_fault_injection)]
use crate::testing::injection::{Call, calls::syscall as injection};

/// [epoll_pwait2(2)], since Linux 5.11: epoll_wait(2) with nanoseconds. `None` if it is refused.
///
/// # Safety
///
/// There must be room for `most` events at `events`.
///
/// [epoll_pwait2(2)]: https://man7.org/linux/man-pages/man2/epoll_wait.2.html
#[inline]
pub(crate) unsafe fn epoll_pwait2(
    epfd: BorrowedFd<'_>,
    events: *mut ffi::epoll_event,
    most: c_int,
    timeout: Duration,
) -> io::Result<Option<usize>> {
    /// Set once the call was refused, and where it must not even be tried.
    static IS_MISSING: AtomicBool = AtomicBool::new(NO_NEW_CALLS);

    if IS_MISSING.load(Ordering::Relaxed) {
        return Ok(None);
    }
    let timeout = kernel_timespec(timeout);
    // SAFETY: the caller promises the room.
    match unsafe { call_epoll_pwait2(epfd.as_raw_fd(), events, most, timeout) } {
        Err(_) if epoll_pwait2_is_refused() => {
            IS_MISSING.store(true, Ordering::Relaxed);
            Ok(None)
        }
        result => result.map(Some),
    }
}

/// Whether the kernel or a sandbox refuses the call as such, with whatever error. A kernel that has
/// the call returns EBADF for an invalid fd, and EINVAL for an invalid timeout, which it checks
/// first ([`epoll_pwait2`]). A refusal returns the same error for both.
///
/// [`epoll_pwait2`]: https://github.com/torvalds/linux/blob/v6.12/fs/eventpoll.c
#[cold]
fn epoll_pwait2_is_refused() -> bool {
    // SAFETY: all bits zero are values of its integers and its union of integers and a pointer.
    let mut event: ffi::epoll_event = unsafe { mem::zeroed() };
    // SAFETY: there is room for one event.
    let result = unsafe { call_epoll_pwait2(-1, &raw mut event, 1, NO_TIME) };
    if !result.is_err_and(|error| error.raw_os_error() == Some(ffi::EBADF)) {
        return true;
    }
    // SAFETY: there is room for one event.
    let result = unsafe { call_epoll_pwait2(-1, &raw mut event, 1, INVALID_TIME) };
    !is_einval(result)
}

/// epoll_pwait2(2).
///
/// # Safety
///
/// There must be room for `most` events at `events`.
#[inline]
unsafe fn call_epoll_pwait2(
    epfd: RawFd,
    events: *mut ffi::epoll_event,
    most: c_int,
    timeout: ffi::__kernel_timespec,
) -> io::Result<usize> {
    #[cfg(mio_fault_injection)]
    injection::check(Call::EpollPwait2)?;
    // SAFETY: epoll_pwait2(2) takes (int, struct epoll_event *, int, const struct __kernel_timespec
    // *, const sigset_t *, size_t), each passed as a long or a pointer as syscall(2) asks. It
    // writes at most `most` events to `events`, where the caller promises room, reads the timeout,
    // and with no signal set reads no more.
    ret_count(unsafe {
        ffi::syscall(
            ffi::__NR_epoll_pwait2,
            c_long::from(epfd),
            events.cast::<c_void>(),
            c_long::from(most),
            &raw const timeout,
            ptr::null::<c_void>(),
            0 as c_long,
        )
    })
}

/// Whether the call has failed with EINVAL.
#[inline]
fn is_einval(result: io::Result<usize>) -> bool {
    result.is_err_and(|error| error.kind() == io::ErrorKind::InvalidInput)
}

/// [ppoll(2)] with 64-bit time: poll(2) with nanoseconds. `None` if it is refused.
///
/// [ppoll(2)]: https://man7.org/linux/man-pages/man2/poll.2.html
#[inline]
pub(crate) fn ppoll(array: &mut [ffi::pollfd], timeout: Duration) -> io::Result<Option<usize>> {
    /// Set once the call was refused, and where it must not even be tried.
    static IS_MISSING: AtomicBool = AtomicBool::new(NO_NEW_CALLS);

    if IS_MISSING.load(Ordering::Relaxed) {
        return Ok(None);
    }
    match call_ppoll(array, kernel_timespec(timeout)) {
        Err(_) if ppoll_is_refused() => {
            IS_MISSING.store(true, Ordering::Relaxed);
            Ok(None)
        }
        result => result.map(Some),
    }
}

/// Whether the kernel or a sandbox refuses the call as such, with whatever error. A kernel that has
/// the call does not fail to wait for nothing, except that a signal may interrupt it. It returns
/// EINVAL for an invalid timeout, before it looks for signals ([`poll_select_set_timeout`]).
///
/// [`poll_select_set_timeout`]: https://github.com/torvalds/linux/blob/v6.12/fs/select.c
#[cold]
fn ppoll_is_refused() -> bool {
    match call_ppoll(&mut [], NO_TIME) {
        Ok(_) => false,
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {
            !is_einval(call_ppoll(&mut [], INVALID_TIME))
        }
        Err(_) => true,
    }
}

/// ppoll(2).
#[inline]
fn call_ppoll(array: &mut [ffi::pollfd], mut timeout: ffi::__kernel_timespec) -> io::Result<usize> {
    #[cfg(mio_fault_injection)]
    injection::check(Call::Ppoll)?;
    // SAFETY: ppoll(2) takes (struct pollfd *, unsigned, struct __kernel_timespec *, const sigset_t
    // *, size_t), each passed as a long or a pointer as syscall(2) asks. It reads and writes as
    // many `pollfd`s as `array` has and the timeout, which is ours to change, and with no signal
    // set reads no more.
    ret_count(unsafe {
        ffi::syscall(
            ffi::NR_ppoll_64,
            array.as_mut_ptr().cast::<c_void>(),
            array.len() as c_long,
            &raw mut timeout,
            ptr::null::<c_void>(),
            0 as c_long,
        )
    })
}

cfg_busy_poll! {
    /// Busy polling of an epoll instance, since Linux 6.9.
    #[cfg(feature = "os-ext")]
    pub(crate) const BUSY_POLL: Option<super::epoll::BusyPollCalls> =
        Some(super::epoll::BusyPollCalls { set: busy_poll::set, get: busy_poll::get });

    #[cfg(feature = "os-ext")]
    mod busy_poll {
        use std::io;
        use std::mem;
        use std::os::fd::{AsRawFd, BorrowedFd};

        use crate::sys::errors;
        use crate::sys::selector::{BusyPoll, NO_BUSY_POLL};
        use crate::sys::unix::syscalls::ret::ret;

        /// `EPIOCSPARAMS`. The kernel refuses values that are out of range with EINVAL, and a large
        /// budget with EPERM ([`ep_eventpoll_bp_ioctl`]).
        ///
        /// [`ep_eventpoll_bp_ioctl`]: https://github.com/torvalds/linux/blob/v6.12/fs/eventpoll.c
        #[inline]
        pub(super) fn set(epfd: BorrowedFd<'_>, parameters: BusyPoll) -> io::Result<()> {
            // SAFETY: zeros are values of its integers.
            let mut raw: libc::epoll_params = unsafe { mem::zeroed() };
            raw.busy_poll_usecs = parameters.micros;
            raw.busy_poll_budget = parameters.budget;
            raw.prefer_busy_poll = u8::from(parameters.prefer);
            let (fd, request) = (epfd.as_raw_fd(), libc::EPIOCSPARAMS);
            // SAFETY: the request reads one `epoll_params`. A kernel that does not know it reads
            // nothing.
            ret(unsafe { libc::ioctl(fd, request, &raw const raw) }).map_err(explain)
        }

        /// `EPIOCGPARAMS`.
        #[inline]
        pub(super) fn get(epfd: BorrowedFd<'_>) -> io::Result<BusyPoll> {
            // SAFETY: zeros are values of its integers.
            let mut raw: libc::epoll_params = unsafe { mem::zeroed() };
            let (fd, request) = (epfd.as_raw_fd(), libc::EPIOCGPARAMS);
            // SAFETY: the request writes one `epoll_params`. A kernel that does not know it writes
            // nothing.
            ret(unsafe { libc::ioctl(fd, request, &raw mut raw) }).map_err(explain)?;
            Ok(BusyPoll {
                micros: raw.busy_poll_usecs,
                budget: raw.busy_poll_budget,
                prefer: raw.prefer_busy_poll != 0,
            })
        }

        /// A kernel before Linux 6.9 has no requests for an epoll instance (ENOTTY), and one that
        /// was built without busy polling refuses them (EOPNOTSUPP).
        #[inline]
        fn explain(error: io::Error) -> io::Error {
            match error.raw_os_error() {
                Some(libc::ENOTTY | libc::EOPNOTSUPP) => errors::unsupported(NO_BUSY_POLL),
                _ => error,
            }
        }
    }
}

/// Zero, for probes.
const NO_TIME: ffi::__kernel_timespec = ffi::__kernel_timespec {
    tv_sec: 0,
    tv_nsec: 0,
};

/// A timeout that the kernel refuses.
const INVALID_TIME: ffi::__kernel_timespec = ffi::__kernel_timespec {
    tv_nsec: -1,
    ..NO_TIME
};

/// Both fields fit: `KernelTimeout::Nanos` is at most `c_int::MAX` milliseconds.
#[inline]
fn kernel_timespec(timeout: Duration) -> ffi::__kernel_timespec {
    ffi::__kernel_timespec {
        tv_sec: timeout.as_secs() as _,
        tv_nsec: timeout.subsec_nanos() as _,
    }
}
