//! `SourceHandle`: a waitable handle that the caller owns.

use std::io;
use std::os::windows::io::RawHandle;

use crate::event::Source;
use crate::sys::windows::wait::WaitBackend;
use crate::{Interest, Registry, Token};

/// Registers a waitable handle: a process, a thread, an event, a semaphore, a waitable timer, a
/// change notification, or console input.
///
/// # One event for each arming
///
/// Registering arms the handle, and so does [`reregister`](Registry::reregister). An armed handle
/// gives one event once the object is signaled, or at once if it is signaled already. After that it
/// gives none until it is armed again. Arming an armed handle changes its token only; a signal that
/// the wait has consumed is not lost.
///
/// The wait changes the object as any wait function does: it resets an auto-reset event or timer,
/// and decrements a semaphore ([wait functions]). So the receiver of the event should not wait for
/// the object again. An object that stays signaled, such as a process that has exited, gives an
/// event for each arming. Do not register a mutex: an unspecified thread would own it.
///
/// [wait functions]: https://learn.microsoft.com/windows/win32/sync/wait-functions#wait-functions-and-synchronization-objects
///
/// # The handle
///
/// The handle needs the access right `SYNCHRONIZE`. Registering duplicates it, so the object lives
/// at least until it is deregistered, and the handle may be closed meanwhile. Deregister it before
/// its value can be that of another handle. A handle that is closed, or that never was open, is an
/// error, never undefined behavior.
///
/// # Implementation
///
/// On Windows 8 and later, [wait completion packets] report the signal. Elsewhere a thread of the
/// system's thread pool waits, and each event takes a detour through such a thread.
///
/// [wait completion packets]: https://learn.microsoft.com/windows/win32/devnotes/ntassociatewaitcompletionpacket
///
/// # Errors
///
/// - `register` returns [`AlreadyExists`](io::ErrorKind::AlreadyExists) if the handle is registered
///   with this `Poll`.
/// - `register` and `reregister` return [`Unsupported`](io::ErrorKind::Unsupported) if the interest
///   is not [`READABLE`](Interest::READABLE).
/// - `reregister` and `deregister` return [`NotFound`](io::ErrorKind::NotFound) if the handle is
///   not registered.
/// - Other errors are those of the system, such as `ERROR_INVALID_HANDLE`.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use mio::{Events, Interest, Poll, Token, windows::SourceHandle};
/// use std::os::windows::io::AsRawHandle;
/// use std::process::Command;
///
/// let mut child = Command::new("cmd").args(["/c", "exit 3"]).spawn()?;
///
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(8);
/// poll.registry().register(
///     &mut SourceHandle(&child.as_raw_handle()),
///     Token(0),
///     Interest::READABLE,
/// )?;
/// poll.poll(&mut events, None)?;
/// assert!(events.iter().any(|event| event.token() == Token(0)));
/// assert_eq!(child.try_wait()?.and_then(|status| status.code()), Some(3));
/// poll.registry().deregister(&mut SourceHandle(&child.as_raw_handle()))?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SourceHandle<'a>(
    /// The handle.
    pub &'a RawHandle,
);

impl Source for SourceHandle<'_> {
    fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        let selector = registry.selector();
        let (waits, port) = (selector.waits(), selector.port());
        waits.register(port, *self.0, token, interests, WaitBackend::best())
    }

    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        let selector = registry.selector();
        let (waits, port) = (selector.waits(), selector.port());
        waits.reregister(port, *self.0, token, interests)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        registry.selector().waits().deregister(*self.0)
    }
}
