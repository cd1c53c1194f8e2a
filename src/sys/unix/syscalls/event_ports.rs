//! The system calls of event ports, and `port_event`, which they write.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_uint};
use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::ptr;
use std::time::Duration;

use super::ret::{ret, ret_owned_fd};
use crate::sys::ffi;
use crate::sys::unix::caps::PollBits;

pub(crate) use super::is_open;

/// `PORT_SOURCE_FD`: the source of events of associated file descriptors.
pub(crate) const FD: c_int = ffi::PORT_SOURCE_FD;
/// `PORT_SOURCE_USER`: the source of events that port_send(3C) sends.
pub(crate) const USER: c_int = ffi::PORT_SOURCE_USER;

/// The longest wait of one call; the selector then waits again. port_get(3C) names no limit; this
/// is the one that the kqueue(2) selector needs.
const MAX_WAIT: Duration = Duration::from_secs(100_000_000);

/// One `port_event`.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct PortEvent(ffi::port_event);

// SAFETY: `portev_user` has a pointer type, but this crate only reads its address.
unsafe impl Send for PortEvent {}
// SAFETY: as for `Send`; besides, nothing changes an event through a shared reference.
unsafe impl Sync for PortEvent {}

impl PortEvent {
    /// The value of an entry that the kernel has not written: no source is 0.
    pub(crate) const EMPTY: PortEvent = PortEvent(ffi::port_event {
        portev_events: 0,
        portev_source: 0,
        portev_pad: 0,
        portev_object: 0,
        portev_user: ptr::null_mut(),
    });

    /// The source of the event, such as `FD` or `USER`.
    pub(crate) fn source(&self) -> c_int {
        self.0.portev_source.into()
    }

    /// The conditions that the event reports, as bits of poll(2).
    pub(crate) fn bits(&self) -> PollBits {
        // The bits of poll(2) fit their type. The kernel sets no others.
        self.0.portev_events as PollBits
    }

    /// Whether both events come from the same registration or waker.
    pub(crate) fn has_origin_of(&self, other: &PortEvent) -> bool {
        self.source() == other.source() && self.user() == other.user()
    }

    /// The value that the association, or port_send(3C), attached to the event.
    pub(crate) fn user(&self) -> usize {
        self.0.portev_user.addr()
    }
}

impl fmt::Debug for PortEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("port_event")
            .field("portev_source", &self.source())
            .field("portev_events", &self.bits())
            .field("portev_user", &self.user())
            .finish_non_exhaustive()
    }
}

/// port_create(3C), and then fcntl(2) to set close-on-exec.
pub(crate) fn create() -> io::Result<OwnedFd> {
    // SAFETY: port_create(3C) takes no arguments and touches no memory.
    let fd = unsafe { ffi::port_create() };
    // SAFETY: unless it is -1, `fd` is a new file descriptor that nothing else owns.
    let port = unsafe { ret_owned_fd(fd) }?;
    // SAFETY: fcntl(2) with F_SETFD takes an int, the flag, and touches no memory.
    ret(unsafe { ffi::fcntl(port.as_raw_fd(), ffi::F_SETFD, ffi::FD_CLOEXEC) })?;
    Ok(port)
}

/// port_associate(3C) of a file descriptor. The port delivers one event with `user`, as soon as one
/// of the conditions `events`, a hang-up or an error holds. Replaces the fd's association, if any.
pub(crate) fn associate(
    port: BorrowedFd<'_>,
    fd: RawFd,
    events: PollBits,
    user: usize,
) -> io::Result<()> {
    // The kernel returns an error for an fd that is not open. The caller passes no negative one.
    let object = fd as usize;
    // SAFETY: port_associate(3C) takes integers, and a pointer that the kernel stores and never
    // follows.
    let result = unsafe {
        ffi::port_associate(
            port.as_raw_fd(),
            FD,
            object,
            events.into(),
            ptr::without_provenance_mut(user),
        )
    };
    ret(result)
}

/// port_dissociate(3C) of a file descriptor. The port drops an event of it that was not retrieved.
pub(crate) fn dissociate(port: BorrowedFd<'_>, fd: RawFd) -> io::Result<()> {
    // SAFETY: port_dissociate(3C) takes integers and touches no memory.
    let result = unsafe { ffi::port_dissociate(port.as_raw_fd(), FD, fd as usize) };
    ret(result)
}

/// port_send(3C): queues a user event.
pub(crate) fn send(port: BorrowedFd<'_>, events: PollBits, user: usize) -> io::Result<()> {
    let user = ptr::without_provenance_mut(user);
    // SAFETY: port_send(3C) takes integers, and a pointer that the kernel stores and never follows.
    let result = unsafe { ffi::port_send(port.as_raw_fd(), events.into(), user) };
    ret(result)
}

/// port_getn(3C): waits for one event, and retrieves as many as are queued and fit. Returns their
/// number, and the error. ETIME is no error.
///
/// - The kernel may deliver events together with an error ([libuv]).
/// - With ETIME, the count may be the number of events or the value that the caller passed
///   ([port_get(3C)]). So this clears the first entry before the call: if it is still empty
///   afterwards, the kernel delivered nothing.
///
/// [libuv]: https://github.com/libuv/libuv/blob/6179e7af87413396d5853a1c3722c8b5749336c8/src/unix/sunos.c#L218-L246
/// [port_get(3C)]: https://illumos.org/man/3C/port_get
pub(crate) fn get(
    port: BorrowedFd<'_>,
    buffer: &mut [PortEvent],
    timeout: Option<Duration>,
) -> (usize, io::Result<()>) {
    match buffer.first_mut() {
        Some(first) => *first = PortEvent::EMPTY,
        None => return (0, Ok(())),
    }
    let mut timeout = timeout.map(|timeout| {
        let timeout = timeout.min(MAX_WAIT);
        ffi::timespec {
            tv_sec: timeout.as_secs() as _,
            tv_nsec: timeout.subsec_nanos() as _,
        }
    });
    let timeout = timeout.as_mut().map_or(ptr::null_mut(), ptr::from_mut);
    let max = c_uint::try_from(buffer.len()).unwrap_or(c_uint::MAX);
    // In: the number of events to wait for. Out: the number of events retrieved.
    let mut count: c_uint = 1;
    // SAFETY: port_getn(3C) writes at most `max` events to `buffer` (a `PortEvent` is one
    // `port_event`), reads and writes `count`, and reads the timeout if there is one.
    let result = unsafe {
        ffi::port_getn(
            port.as_raw_fd(),
            buffer.as_mut_ptr().cast(),
            max,
            &raw mut count,
            timeout,
        )
    };
    let result = ret(result).or_else(|error| {
        if error.raw_os_error() == Some(ffi::ETIME) {
            Ok(())
        } else {
            Err(error)
        }
    });
    let is_written = buffer.first().is_some_and(|first| first.source() != 0);
    // The count is read whatever the result.
    let count = if is_written { count.min(max) } else { 0 };
    (count as usize, result)
}
