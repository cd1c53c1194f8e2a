//! The system calls of epoll(7), and the record that they fill.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::io;
use std::mem::{self, MaybeUninit};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

use crate::Token;
use crate::sys::epoll_pwait2;
use crate::sys::ffi;
use crate::sys::kernel_vec::KernelVec;
use crate::sys::selector;
use crate::sys::timeout::{Wait, round_up_millis};

/// The most events the kernel takes in one call (`EP_MAX_EVENTS`).
const MOST_EVENTS: usize = c_int::MAX as usize / mem::size_of::<ffi::epoll_event>();

/// One `struct epoll_event`, as the kernel wrote it.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Event(ffi::epoll_event);

// SAFETY: the union in the record can hold a pointer, but only its integer is ever written or read here.
unsafe impl Send for Event {}
// SAFETY: as for `Send`; besides, nothing changes a record through a shared reference.
unsafe impl Sync for Event {}

impl Event {
    /// The flags of the event.
    #[inline]
    pub(super) fn flags(&self) -> u32 {
        self.0.events
    }

    /// The caller's number.
    #[inline]
    pub(super) fn data(&self) -> usize {
        // SAFETY: every bit pattern is a `u64`, and all 64 bits are initialised: the kernel copies them from what was passed
        // to epoll_ctl(2), by `control` below or by the user, to which the same holds.
        let data = unsafe { self.0.data.u64_ };
        // Lossless for our own tokens. A user's own descriptor may carry more than a `usize` on 32-bit systems.
        data as usize
    }
}

/// The buffer that the kernel fills.
pub(crate) struct Events(KernelVec<Event>);

impl selector::EventBuffer for Events {
    type Item = Event;

    fn with_capacity(capacity: usize) -> Events {
        Events(KernelVec::with_capacity(capacity))
    }

    #[inline]
    fn capacity(&self) -> usize {
        self.0.capacity()
    }

    #[inline]
    fn as_slice(&self) -> &[Event] {
        self.0.as_slice()
    }

    #[inline]
    fn clear(&mut self) {
        self.0.clear();
    }
}

/// epoll_create1(2), close-on-exec.
pub(super) fn create() -> io::Result<OwnedFd> {
    // SAFETY: epoll_create1(2) takes an integer and touches no memory.
    let number = unsafe { ffi::epoll_create1(ffi::EPOLL_CLOEXEC) };
    if number == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call succeeded, so `number` is a new descriptor that nothing else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// epoll_ctl(2) with `EPOLL_CTL_ADD`.
#[inline]
pub(super) fn add(queue: BorrowedFd<'_>, raw: RawFd, flags: u32, token: Token) -> io::Result<()> {
    control(queue, ffi::EPOLL_CTL_ADD, raw, flags, token)
}

/// epoll_ctl(2) with `EPOLL_CTL_MOD`.
#[inline]
pub(super) fn modify(
    queue: BorrowedFd<'_>,
    raw: RawFd,
    flags: u32,
    token: Token,
) -> io::Result<()> {
    control(queue, ffi::EPOLL_CTL_MOD, raw, flags, token)
}

/// epoll_ctl(2) with `EPOLL_CTL_DEL`.
#[inline]
pub(super) fn delete(queue: BorrowedFd<'_>, raw: RawFd) -> io::Result<()> {
    control(queue, ffi::EPOLL_CTL_DEL, raw, 0, Token(0))
}

/// epoll_ctl(2). `raw` may be any number: the kernel says `EBADF` for one that is not open.
#[inline]
fn control(
    queue: BorrowedFd<'_>,
    operation: c_int,
    raw: RawFd,
    flags: u32,
    token: Token,
) -> io::Result<()> {
    // Some systems have fields of padding behind the two that every system has.
    // SAFETY: the record is made of integers and a union of integers and a pointer, for which zeros are values.
    let mut event: ffi::epoll_event = unsafe { mem::zeroed() };
    event.events = flags;
    event.data.u64_ = token.0 as u64;
    // SAFETY: epoll_ctl(2) reads one `epoll_event` during the call. Kernels before 2.6.9 want one for `EPOLL_CTL_DEL`, too.
    let result = unsafe { ffi::epoll_ctl(queue.as_raw_fd(), operation, raw, &raw mut event) };
    if result == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Waits for events and returns how many came. After an error the records are empty.
///
/// Whole milliseconds go through epoll_wait(2), which costs less than epoll_pwait2(2).
#[inline]
pub(super) fn wait(queue: BorrowedFd<'_>, records: &mut Events, wait: Wait) -> io::Result<usize> {
    match wait {
        Wait::Forever => wait_millis(queue, records, -1),
        Wait::Millis(millis) => wait_millis(queue, records, millis),
        Wait::Nanos(timeout) => wait_nanos(queue, records, timeout),
    }
}

/// epoll_wait(2).
#[inline]
pub(super) fn wait_millis(
    queue: BorrowedFd<'_>,
    records: &mut Events,
    millis: c_int,
) -> io::Result<usize> {
    let fill = |room: &mut [MaybeUninit<Event>]| {
        // SAFETY: epoll_wait(2) writes at most as many events as `room` has places; a `Event` is one `epoll_event`.
        let result = unsafe {
            ffi::epoll_wait(
                queue.as_raw_fd(),
                room.as_mut_ptr().cast(),
                most(room),
                millis,
            )
        };
        usize::try_from(result).map_err(|_| io::Error::last_os_error())
    };
    // SAFETY: the call returns the number of events it has written, from the start.
    unsafe { records.0.fill(fill) }
}

/// With nanoseconds where the system has that, else epoll_wait(2) with the time-out rounded up.
fn wait_nanos(queue: BorrowedFd<'_>, records: &mut Events, timeout: Duration) -> io::Result<usize> {
    let mut missing = false;
    let fill = |room: &mut [MaybeUninit<Event>]| {
        let most = most(room);
        // SAFETY: `room` has at least `most` places, each for one `epoll_event`, which is what a `Event` is.
        let result = unsafe { epoll_pwait2::wait(queue, room.as_mut_ptr().cast(), most, timeout) };
        Ok::<usize, io::Error>(result?.unwrap_or_else(|| {
            missing = true;
            0
        }))
    };
    // SAFETY: the call returns the number of events it has written, from the start.
    let count = unsafe { records.0.fill(fill) }?;
    if missing {
        return wait_millis(queue, records, round_up_millis(timeout));
    }
    Ok(count)
}

/// How many events fit, as the kernel wants it. The kernel refuses 0 as invalid.
#[inline]
fn most(room: &[MaybeUninit<Event>]) -> c_int {
    // At most `MOST_EVENTS`, which fits.
    room.len().min(MOST_EVENTS) as c_int
}
