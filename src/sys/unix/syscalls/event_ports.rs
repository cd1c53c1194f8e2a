//! The system calls of event ports, and the event that they fill.
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

pub(crate) use super::poll::is_open;

/// `PORT_SOURCE_FD`: an association with an fd.
pub(crate) const FD: c_int = ffi::PORT_SOURCE_FD;
/// `PORT_SOURCE_USER`: port_send(3C).
pub(crate) const USER: c_int = ffi::PORT_SOURCE_USER;

/// The longest wait in one call, as on kqueue; the caller waits again.
const MAX_WAIT: Duration = Duration::from_secs(100_000_000);

/// One `port_event`.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct PortEvent(ffi::port_event);

// SAFETY: `portev_user` is a pointer by its type, but only its address is ever read here.
unsafe impl Send for PortEvent {}
// SAFETY: as for `Send`; besides, nothing changes an event through a shared reference.
unsafe impl Sync for PortEvent {}

impl PortEvent {
    /// No event: no source has the number 0.
    pub(crate) const NOTHING: PortEvent = PortEvent(ffi::port_event {
        portev_events: 0,
        portev_source: 0,
        portev_pad: 0,
        portev_object: 0,
        portev_user: ptr::null_mut(),
    });

    /// The source: `FD` or `USER`.
    pub(crate) fn source(&self) -> c_int {
        self.0.portev_source.into()
    }

    /// The conditions, in the bits of poll(2).
    pub(crate) fn bits(&self) -> PollBits {
        // The bits of poll(2) fit their type, and the kernel reports no others.
        self.0.portev_events as PollBits
    }

    /// Whether both have the same source and user data.
    pub(crate) fn is(&self, other: &PortEvent) -> bool {
        self.source() == other.source() && self.user() == other.user()
    }

    /// The user data given at the association.
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

/// [port_create(3C)], close-on-exec.
///
/// [port_create(3C)]: https://illumos.org/man/3C/port_create
pub(crate) fn create() -> io::Result<OwnedFd> {
    // SAFETY: port_create(3C) takes nothing and touches no memory.
    let fd = unsafe { ffi::port_create() };
    // SAFETY: unless it is -1, `fd` is a new fd that nothing else owns.
    let port = unsafe { ret_owned_fd(fd) }?;
    // SAFETY: fcntl(2) with F_SETFD takes an int, the flag, and touches no memory.
    ret(unsafe { ffi::fcntl(port.as_raw_fd(), ffi::F_SETFD, ffi::FD_CLOEXEC) })?;
    Ok(port)
}

/// [port_associate(3C)] of an fd: the port gets one event with `user`, as soon as one of `events`,
/// a hang-up or an error holds. The call replaces an earlier association of the fd.
///
/// [port_associate(3C)]: https://illumos.org/man/3C/port_associate
pub(crate) fn associate(
    port: BorrowedFd<'_>,
    fd: RawFd,
    events: PollBits,
    user: usize,
) -> io::Result<()> {
    // The fd is a key: the kernel refuses a closed one, and the caller a negative one.
    let object = fd as usize;
    // SAFETY: port_associate(3C) takes integers, and a pointer that the kernel stores and never
    // follows.
    ret(unsafe {
        ffi::port_associate(
            port.as_raw_fd(),
            FD,
            object,
            events.into(),
            ptr::without_provenance_mut(user),
        )
    })
}

/// [port_dissociate(3C)] of an fd. The kernel drops an event that was not taken.
///
/// [port_dissociate(3C)]: https://illumos.org/man/3C/port_associate
pub(crate) fn dissociate(port: BorrowedFd<'_>, fd: RawFd) -> io::Result<()> {
    // SAFETY: port_dissociate(3C) takes integers and touches no memory.
    ret(unsafe { ffi::port_dissociate(port.as_raw_fd(), FD, fd as usize) })
}

/// [port_send(3C)]: an event of our own.
///
/// [port_send(3C)]: https://illumos.org/man/3C/port_send
pub(crate) fn send(port: BorrowedFd<'_>, events: PollBits, user: usize) -> io::Result<()> {
    let user = ptr::without_provenance_mut(user);
    // SAFETY: port_send(3C) takes integers, and a pointer that the kernel stores and never follows.
    ret(unsafe { ffi::port_send(port.as_raw_fd(), events.into(), user) })
}

/// [port_getn(3C)]: waits for one event, takes as many as there are and as find room, and returns
/// their number. A timeout that has elapsed is no error. Events may come together with an error.
///
/// [port_getn(3C)]: https://illumos.org/man/3C/port_get
pub(crate) fn get(
    port: BorrowedFd<'_>,
    buffer: &mut [PortEvent],
    timeout: Option<Duration>,
) -> (usize, io::Result<()>) {
    // Kernels have returned ETIME, the count as it was and no event: then `NOTHING` is still the
    // first event.
    match buffer.first_mut() {
        Some(first) => *first = PortEvent::NOTHING,
        None => return (0, Ok(())),
    }
    let mut timeout = timeout.map(|timeout| {
        let timeout = timeout.min(MAX_WAIT);
        ffi::timespec {
            tv_sec: timeout.as_secs() as _,
            tv_nsec: timeout.subsec_nanos() as _,
        }
    });
    let pointer = timeout.as_mut().map_or(ptr::null_mut(), ptr::from_mut);
    let most = c_uint::try_from(buffer.len()).unwrap_or(c_uint::MAX);
    // How many events to wait for; after the call, how many there are.
    let mut count: c_uint = 1;
    // SAFETY: port_getn(3C) writes at most `most` events to `buffer` (a `PortEvent` is one
    // `port_event`), reads and writes the count, and reads the timeout if there is one.
    let result = unsafe {
        ffi::port_getn(
            port.as_raw_fd(),
            buffer.as_mut_ptr().cast(),
            most,
            &raw mut count,
            pointer,
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
    // The kernel sets the count whatever the result.
    let count = if is_written { count.min(most) } else { 0 };
    (count as usize, result)
}
