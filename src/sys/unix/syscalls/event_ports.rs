//! The system calls of event ports, and the event that they fill.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_uint};
use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::time::Duration;

use crate::sys::{PollBits, ffi};

/// `PORT_SOURCE_FD`: an association with a descriptor.
pub(super) const FD: c_int = ffi::PORT_SOURCE_FD;
/// `PORT_SOURCE_USER`: port_send(3C).
pub(super) const USER: c_int = ffi::PORT_SOURCE_USER;

/// The longest wait in one call, as on other kernels; the caller waits again.
const LONGEST: Duration = Duration::from_secs(100_000_000);

/// One `port_event`.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(super) struct PortEvent(ffi::port_event);

// SAFETY: `portev_user` is a pointer by its type, but only its address is ever read here.
unsafe impl Send for PortEvent {}
// SAFETY: as for `Send`; besides, nothing changes an event through a shared reference.
unsafe impl Sync for PortEvent {}

impl PortEvent {
    /// No event: no source has this number.
    pub(super) const NOTHING: PortEvent = PortEvent(ffi::port_event {
        portev_events: 0,
        portev_source: 0,
        portev_pad: 0,
        portev_object: 0,
        portev_user: ptr::null_mut(),
    });

    /// Who has sent it.
    pub(super) fn source(&self) -> c_int {
        self.0.portev_source.into()
    }

    /// What has happened, in the bits of poll(2).
    pub(super) fn bits(&self) -> PollBits {
        // The bits of poll(2) fit their type; there are no others.
        self.0.portev_events as PollBits
    }

    /// Whether both say the same of the same.
    pub(super) fn is(&self, other: &PortEvent) -> bool {
        self.source() == other.source() && self.user() == other.user()
    }

    /// The number given at the association.
    pub(super) fn user(&self) -> usize {
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

/// port_create(3C), close-on-exec.
pub(super) fn create() -> io::Result<OwnedFd> {
    // SAFETY: port_create(3C) takes nothing and touches no memory.
    let number = unsafe { ffi::port_create() };
    if number == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call succeeded, so `number` is a new descriptor that nothing else owns.
    let port = unsafe { OwnedFd::from_raw_fd(number) };
    // SAFETY: fcntl(2) with F_SETFD takes an int, the flag, and touches no memory.
    let result = unsafe { ffi::fcntl(port.as_raw_fd(), ffi::F_SETFD, ffi::FD_CLOEXEC) };
    done(result).map(|()| port)
}

/// port_associate(3C) of a descriptor: one event with `user`, as soon as one of `events` is there, or a hang-up or an error.
/// What was associated before is replaced.
pub(super) fn associate(
    port: BorrowedFd<'_>,
    fd: RawFd,
    events: PollBits,
    user: usize,
) -> io::Result<()> {
    // The number is a key: a closed one is an error, and a negative one was refused before.
    let object = fd as usize;
    // SAFETY: port_associate(3C) takes integers, and a pointer that the kernel stores and never follows.
    let result = unsafe {
        ffi::port_associate(
            port.as_raw_fd(),
            FD,
            object,
            events.into(),
            ptr::without_provenance_mut(user),
        )
    };
    done(result)
}

/// port_dissociate(3C) of a descriptor. An event that nobody has taken is forgotten.
pub(super) fn dissociate(port: BorrowedFd<'_>, fd: RawFd) -> io::Result<()> {
    // SAFETY: port_dissociate(3C) takes integers and touches no memory.
    let result = unsafe { ffi::port_dissociate(port.as_raw_fd(), FD, fd as usize) };
    done(result)
}

/// port_send(3C): an event of our own.
pub(super) fn send(port: BorrowedFd<'_>, events: PollBits, user: usize) -> io::Result<()> {
    let user = ptr::without_provenance_mut(user);
    // SAFETY: port_send(3C) takes integers, and a pointer that the kernel stores and never follows.
    let result = unsafe { ffi::port_send(port.as_raw_fd(), events.into(), user) };
    done(result)
}

/// port_getn(3C): waits for one event, takes as many as are there and find room, and returns how many. Time that is up is no
/// error. Events may come with an error.
pub(super) fn get(
    port: BorrowedFd<'_>,
    buffer: &mut [PortEvent],
    timeout: Option<Duration>,
) -> (usize, io::Result<()>) {
    // Kernels have returned with ETIME and the count as it was, and nothing written: then this place says so.
    match buffer.first_mut() {
        Some(first) => *first = PortEvent::NOTHING,
        None => return (0, Ok(())),
    }
    let mut timeout = timeout.map(|timeout| {
        let timeout = timeout.min(LONGEST);
        ffi::timespec {
            tv_sec: timeout.as_secs() as _,
            tv_nsec: timeout.subsec_nanos() as _,
        }
    });
    let pointer = timeout.as_mut().map_or(ptr::null_mut(), ptr::from_mut);
    let most = c_uint::try_from(buffer.len()).unwrap_or(c_uint::MAX);
    // How many to wait for; and then, how many there are.
    let mut count: c_uint = 1;
    // SAFETY: port_getn(3C) writes at most `most` events to `buffer` (an `PortEvent` is one `port_event`), reads and writes the
    // count, and reads the time-out if there is one.
    let result = unsafe {
        ffi::port_getn(
            port.as_raw_fd(),
            buffer.as_mut_ptr().cast(),
            most,
            &raw mut count,
            pointer,
        )
    };
    let result = done(result).or_else(|error| {
        if error.raw_os_error() == Some(ffi::ETIME) {
            Ok(())
        } else {
            Err(error)
        }
    });
    let is_written = buffer.first().is_some_and(|first| first.source() != 0);
    // The count is read whatever the result.
    let count = if is_written { count.min(most) } else { 0 };
    (count as usize, result)
}

/// Whether a number is an open descriptor.
pub(super) fn is_open(fd: RawFd) -> bool {
    // SAFETY: fcntl(2) with F_GETFL takes no argument, touches no memory, and refuses a number that is not open.
    let flags = unsafe { ffi::fcntl(fd, ffi::F_GETFL) };
    flags != -1
}

/// An error if the call says so.
fn done(result: c_int) -> io::Result<()> {
    if result == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
