//! The system calls of epoll(7), and the event that they fill.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::fmt;
use std::io;
use std::mem::{self, MaybeUninit};
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::ptr;
use std::time::Duration;

use super::ret::{ret, ret_count, ret_owned_fd};
use crate::sys::event_buffer::KernelVec;
use crate::sys::ffi;
use crate::sys::platform::EPOLL_PWAIT2;
use crate::sys::selector;
use crate::sys::timeout::{KernelTimeout, round_up_millis};
use crate::{Interest, Token};

/// epoll_pwait2(2), or a function like it. It returns `None` if the kernel or a sandbox refuses the
/// call. The third argument is the number of events for which there is room.
pub(crate) type EpollPwait2 =
    unsafe fn(BorrowedFd<'_>, *mut ffi::epoll_event, c_int, Duration) -> io::Result<Option<usize>>;

/// The requests of busy polling.
#[cfg(feature = "os-ext")]
#[derive(Clone, Copy)]
#[allow(dead_code)] // Only Linux has the requests.
pub(crate) struct BusyPollCalls {
    /// Sets the parameters.
    pub(crate) set: fn(BorrowedFd<'_>, selector::BusyPoll) -> io::Result<()>,
    /// Reads the parameters.
    pub(crate) get: fn(BorrowedFd<'_>) -> io::Result<selector::BusyPoll>,
}

/// The most events that the kernel takes in one call: [`EP_MAX_EVENTS`].
///
/// [`EP_MAX_EVENTS`]: https://github.com/torvalds/linux/blob/v6.12/fs/eventpoll.c
const MAX_EVENTS: usize = c_int::MAX as usize / mem::size_of::<ffi::epoll_event>();

/// One `struct epoll_event`, as the kernel wrote it.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Event(ffi::epoll_event);

// SAFETY: the union in the event can hold a pointer, but only its integer is ever written or read
// here.
unsafe impl Send for Event {}
// SAFETY: as for `Send`; besides, nothing changes an event through a shared reference.
unsafe impl Sync for Event {}

impl Event {
    /// The flags of the event.
    #[inline]
    pub(crate) fn flags(&self) -> u32 {
        self.0.events
    }

    /// The caller's data.
    #[inline]
    pub(crate) fn data(&self) -> usize {
        // SAFETY: every bit pattern is a `u64`, and all 64 bits are initialized: the kernel copies
        // them from what was passed to epoll_ctl(2), by `control` below or by the owner of the
        // selector's fd, to whom the same holds.
        let data = unsafe { self.0.data.u64_ };
        // Lossless for our own tokens. What others add to the selector's fd may carry more than a
        // `usize` on 32-bit systems.
        data as usize
    }
}

impl selector::SelectorEvent for Event {
    #[inline]
    fn token(&self) -> Token {
        Token(self.data())
    }

    #[inline]
    fn is_readable(&self) -> bool {
        self.flags() & (ffi::EPOLLIN | ffi::EPOLLPRI) != 0
    }

    #[inline]
    fn is_writable(&self) -> bool {
        self.flags() & ffi::EPOLLOUT != 0
    }

    #[inline]
    fn is_error(&self) -> bool {
        self.flags() & ffi::EPOLLERR != 0
    }

    #[inline]
    fn is_read_closed(&self) -> bool {
        let flags = self.flags();
        // Both halves are closed, or the peer has shut down its writing half.
        flags & ffi::EPOLLHUP != 0
            || flags & (ffi::EPOLLIN | ffi::EPOLLRDHUP) == ffi::EPOLLIN | ffi::EPOLLRDHUP
    }

    #[inline]
    fn is_write_closed(&self) -> bool {
        let flags = self.flags();
        // Both halves are closed; or writing fails; or the only condition is an error, which is
        // what the write end of a pipe gets when its read end was closed.
        flags & ffi::EPOLLHUP != 0
            || flags & (ffi::EPOLLOUT | ffi::EPOLLERR) == ffi::EPOLLOUT | ffi::EPOLLERR
            || flags == ffi::EPOLLERR
    }

    #[inline]
    fn is_priority(&self) -> bool {
        self.flags() & ffi::EPOLLPRI != 0
    }

    fn details(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("epoll_event")
            .field("events", &Flags(self.flags()))
            .field("data", &self.data())
            .finish()
    }
}

/// Writes the names of the flags.
struct Flags(u32);

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        selector::write_flags(f, self.0, ffi::EPOLL_NAMES.iter().copied())
    }
}

/// The readiness that epoll has.
const PLAIN: u8 = Interest::READABLE.bits() | Interest::WRITABLE.bits() | Interest::PRIORITY.bits();

/// The edge-triggered flags for each set of readiness; 0 for one that epoll does not have.
#[allow(clippy::indexing_slicing)] // The compiler evaluates it, once.
const FLAGS: [u32; PLAIN as usize + 1] = {
    let mut all = [0; PLAIN as usize + 1];
    let mut set = 1;
    while set < all.len() {
        // `set` is at most `PLAIN`, so the cast is lossless.
        all[set] = flags_for(set as u8);
        set += 1;
    }
    all
};

/// An entry of the table. Ignores modes.
pub(crate) const fn flags_for(set: u8) -> u32 {
    let mut flags = ffi::EPOLLET;
    if set & (Interest::AIO.bits() | Interest::LIO.bits()) != 0 {
        return 0;
    }
    if set & Interest::READABLE.bits() != 0 {
        flags |= ffi::EPOLLIN | ffi::EPOLLRDHUP;
    }
    if set & Interest::WRITABLE.bits() != 0 {
        flags |= ffi::EPOLLOUT;
    }
    if set & Interest::PRIORITY.bits() != 0 {
        flags |= ffi::EPOLLPRI;
    }
    flags
}

/// The flags of an interest without modes; 0 for other interests.
#[inline]
pub(crate) fn plain_flags(interest: Interest) -> u32 {
    let set = interest.bits();
    if set & !PLAIN != 0 {
        return 0;
    }
    FLAGS
        .get(usize::from(set & PLAIN))
        .copied()
        .unwrap_or_default()
}

/// The buffer that the kernel fills.
pub(crate) struct Events(KernelVec<Event>);

impl selector::EventBuffer for Events {
    type Item = Event;

    #[inline]
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

    /// Leaves both to the wait, whose buffer is cleared first. The kernel refuses a capacity of 0.
    #[inline]
    fn prepare(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// epoll_create1(2), close-on-exec.
#[inline]
pub(crate) fn create() -> io::Result<OwnedFd> {
    // SAFETY: epoll_create1(2) takes an integer and touches no memory.
    let fd = unsafe { ffi::epoll_create1(ffi::EPOLL_CLOEXEC) };
    // SAFETY: unless it is -1, `fd` is a new fd that nothing else owns.
    unsafe { ret_owned_fd(fd) }
}

/// epoll_ctl(2) with `EPOLL_CTL_ADD`.
#[inline]
pub(crate) fn add(epfd: BorrowedFd<'_>, fd: RawFd, flags: u32, token: Token) -> io::Result<()> {
    let mut event = event(flags, token);
    control(epfd, ffi::EPOLL_CTL_ADD, fd, Some(&mut event))
}

/// epoll_ctl(2) with `EPOLL_CTL_MOD`, and what it refuses because of `EPOLLEXCLUSIVE`.
#[inline]
pub(crate) fn modify(epfd: BorrowedFd<'_>, fd: RawFd, flags: u32, token: Token) -> io::Result<()> {
    let mut change = Change {
        event: event(flags, token),
        epfd,
        fd,
    };
    match control(epfd, ffi::EPOLL_CTL_MOD, fd, Some(&mut change.event)) {
        Ok(()) => Ok(()),
        Err(refusal) => replace(refusal, &mut change),
    }
}

/// The arguments of `EPOLL_CTL_MOD`. They are in one place, of which the kernel has the address, so
/// the compiler keeps none of them in a register that a caller must save.
struct Change<'a> {
    event: ffi::epoll_event,
    epfd: BorrowedFd<'a>,
    fd: RawFd,
}

/// Does what `EPOLL_CTL_MOD` has refused, if the reason may be `EPOLLEXCLUSIVE`, of the
/// registration or in the new flags. Another process of a fork may have set it.
#[cold]
#[inline(never)]
fn replace(refusal: io::Error, change: &mut Change<'_>) -> io::Result<()> {
    if refusal.kind() != io::ErrorKind::InvalidInput {
        return Err(refusal);
    }
    delete(change.epfd, change.fd)?;
    let event = Some(&mut change.event);
    control(change.epfd, ffi::EPOLL_CTL_ADD, change.fd, event)
}

/// epoll_ctl(2) with `EPOLL_CTL_DEL`, which has no event since Linux 2.6.9. illumos and Redox do
/// not read it either ([`epoll_ctl` of illumos], [`epoll_ctl` of relibc]).
///
/// [`epoll_ctl` of illumos]:
/// https://github.com/illumos/illumos-gate/blob/02487698bcad6bbce8bd91d7d44e30cad1adce33/usr/src/lib/libc/port/sys/epoll.c
/// [`epoll_ctl` of relibc]:
/// https://github.com/redox-os/relibc/blob/0a9095bb17b241dd3ac4b224729b01ad7903b5e0/src/platform/redox/epoll.rs
#[inline]
pub(crate) fn delete(epfd: BorrowedFd<'_>, fd: RawFd) -> io::Result<()> {
    control(epfd, ffi::EPOLL_CTL_DEL, fd, None)
}

/// An event with these fields.
#[inline]
fn event(flags: u32, token: Token) -> ffi::epoll_event {
    // Some systems have padding behind the two fields that every system has.
    // SAFETY: the event is made of integers and a union of integers and a pointer, for which zeros
    // are values.
    let mut event: ffi::epoll_event = unsafe { mem::zeroed() };
    event.events = flags;
    event.data.u64_ = token.0 as u64;
    event
}

/// [epoll_ctl(2)]. `fd` may be any number: the kernel returns `EBADF` for one that is not open.
///
/// [epoll_ctl(2)]: https://man7.org/linux/man-pages/man2/epoll_ctl.2.html
#[inline]
fn control(
    epfd: BorrowedFd<'_>,
    operation: c_int,
    fd: RawFd,
    event: Option<&mut ffi::epoll_event>,
) -> io::Result<()> {
    let event = event.map_or(ptr::null_mut(), ptr::from_mut);
    // SAFETY: epoll_ctl(2) reads one `epoll_event` during the call, and none for `EPOLL_CTL_DEL`,
    // the only operation without one.
    ret(unsafe { ffi::epoll_ctl(epfd.as_raw_fd(), operation, fd, event) })
}

/// Waits for events and returns how many came. After an error the buffer is empty.
///
/// Whole milliseconds go through epoll_wait(2), which costs less than epoll_pwait2(2).
#[inline]
pub(crate) fn wait(
    epfd: BorrowedFd<'_>,
    events: &mut Events,
    wait: KernelTimeout,
) -> io::Result<usize> {
    match wait {
        KernelTimeout::Infinite => wait_millis(epfd, events, -1),
        KernelTimeout::Millis(millis) => wait_millis(epfd, events, millis),
        KernelTimeout::Nanos(timeout) => wait_nanos(epfd, events, timeout),
    }
}

/// epoll_wait(2).
#[inline]
pub(crate) fn wait_millis(
    epfd: BorrowedFd<'_>,
    events: &mut Events,
    millis: c_int,
) -> io::Result<usize> {
    let fill = |room: &mut [MaybeUninit<Event>]| {
        let buffer = room.as_mut_ptr().cast();
        // SAFETY: epoll_wait(2) writes at most as many events as `room` has room for; an `Event` is
        // one `epoll_event`.
        ret_count(unsafe { ffi::epoll_wait(epfd.as_raw_fd(), buffer, max_events(room), millis) })
    };
    // SAFETY: the call returns the number of events it has written, from the start.
    unsafe { events.0.fill(fill) }
}

/// Waits with nanoseconds where the system can, else with the timeout rounded up.
#[inline]
fn wait_nanos(epfd: BorrowedFd<'_>, events: &mut Events, timeout: Duration) -> io::Result<usize> {
    let Some(epoll_pwait2) = EPOLL_PWAIT2 else {
        return wait_millis(epfd, events, round_up_millis(timeout));
    };
    let mut is_refused = false;
    let fill = |room: &mut [MaybeUninit<Event>]| {
        let most = max_events(room);
        // SAFETY: `room` has room for at least `most` events, and an `Event` is one `epoll_event`.
        let result = unsafe { epoll_pwait2(epfd, room.as_mut_ptr().cast(), most, timeout) };
        Ok::<usize, io::Error>(result?.unwrap_or_else(|| {
            is_refused = true;
            0
        }))
    };
    // SAFETY: the call returns the number of events it has written, from the start.
    let count = unsafe { events.0.fill(fill) }?;
    if is_refused {
        return wait_millis(epfd, events, round_up_millis(timeout));
    }
    Ok(count)
}

/// How many events fit, as the kernel takes it. It refuses 0 as invalid.
#[inline]
fn max_events(room: &[MaybeUninit<Event>]) -> c_int {
    // At most `MAX_EVENTS`, which fits.
    room.len().min(MAX_EVENTS) as c_int
}
