//! A source that is a handle one can wait for.

use std::io;
use std::os::windows::io::RawHandle;

use crate::event::Source;
use crate::sys::windows::wait::WaitBackend;
use crate::{Interest, Registry, Token};

/// Waits for a handle: a process or thread that ends, an event, a semaphore, a waitable timer, a change notification, console
/// input.
///
/// # One event per arming
///
/// Registering arms, and so does registering anew; nothing else does. An armed handle gives one event as soon as the object is
/// signalled, or at once if it is, and then none until [`reregister`](Registry::reregister) arms it again. To arm again before
/// the event has come changes its token only: a signal that was noticed is not lost.
///
/// The wait does what a wait does: it resets an auto-reset event or timer, and takes one from a semaphore. So who is told by
/// the event need not, and should not, wait for the object again. An object that stays signalled, such as a process that has
/// ended, gives an event for each arming. Do not register a mutex: some thread that is not yours would own it.
///
/// # The handle
///
/// It needs the right `SYNCHRONIZE`. Registering duplicates it, so the object lives at least until it is deregistered, and the
/// handle may be closed meanwhile; but deregister it before its number can be another's. Handles that are closed or never were
/// open are errors, never undefined behaviour.
///
/// # How it is done
///
/// By wait completion packets, which Windows has since version 8; without them, by the system's thread pool, where each event
/// comes by way of one of its threads.
///
/// # Errors
///
/// `register`: [`AlreadyExists`](io::ErrorKind::AlreadyExists) if the handle is registered with this `Poll`;
/// [`Unsupported`](io::ErrorKind::Unsupported) if the interest is not [`READABLE`](Interest::READABLE); else what the system
/// says, such as `ERROR_INVALID_HANDLE`. `reregister` and `deregister`: [`NotFound`](io::ErrorKind::NotFound) if it is not
/// registered.
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
