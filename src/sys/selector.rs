//! What a platform must provide. Read this first.
//!
//! A [`Selector`] watches sources and reports [`Event`]s; it is reached through the type that `sys::platform` names, always
//! statically dispatched. Two rules hold for every implementation:
//!
//! 1. `select` clears the records before anything can fail. Once it has taken something from the kernel or from a queue it
//!    returns `Ok`: an error waits for the next call.
//! 2. No record of a source that was deregistered before `select` began is ever reported. Nothing is queued in user space
//!    across calls unless it is checked again, under the registration's lock and by generation, when it is pushed.
//!
//! Callers such as tokio turn tokens into pointers, so breaking either rule is memory corruption there.

use std::fmt;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use crate::{Interest, Token};

/// One event, as the kernel or the selector wrote it.
///
/// The defaults say "this selector has no such thing".
pub(crate) trait SelectorEvent: Clone + Send + Sync {
    /// The token given at registration.
    fn token(&self) -> Token;
    /// Data, a connection or an end of file can be read.
    fn is_readable(&self) -> bool;
    /// Data can be written.
    fn is_writable(&self) -> bool;
    /// The source is in an error state.
    fn is_error(&self) -> bool {
        false
    }
    /// The reading half is shut.
    fn is_read_closed(&self) -> bool {
        false
    }
    /// The writing half is shut.
    fn is_write_closed(&self) -> bool {
        false
    }
    /// Priority (out-of-band) data can be read.
    fn is_priority(&self) -> bool {
        false
    }
    /// POSIX asynchronous I/O has completed.
    fn is_aio(&self) -> bool {
        false
    }
    /// A list of POSIX asynchronous I/O has completed.
    fn is_lio(&self) -> bool {
        false
    }
    /// Writes the selector's own view of the event, flag names included.
    fn details(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

/// The buffer that `select` fills.
pub(crate) trait EventBuffer: Send + Sync + UnwindSafe + RefUnwindSafe {
    /// What the buffer holds.
    type Item: SelectorEvent;
    /// Room for `capacity` records, all of it allocated now.
    fn with_capacity(capacity: usize) -> Self;
    /// The most records one `select` returns.
    fn capacity(&self) -> usize;
    /// The records of the last `select`.
    fn as_slice(&self) -> &[Self::Item];
    /// Forgets all records.
    fn clear(&mut self);
}

/// Whose registration it is, seen from one selector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code)] // Without `os-poll` there is no selector.
pub(crate) enum Owner {
    /// Made by this selector or a clone of it.
    This,
    /// Made by another selector that is still alive.
    Other,
    /// Made by a selector that is gone; it counts as no registration.
    Dropped,
}

/// Wakes a selector that is blocked in `select`, from any thread.
pub(crate) trait Wake: fmt::Debug + Send + Sync + UnwindSafe + RefUnwindSafe {
    /// Makes the selector report this waker's token.
    fn wake(&self) -> io::Result<()>;
}

/// An event queue.
///
/// `select` takes `&mut self`: what only the poller needs lives in the value unlocked, and stays empty in clones.
pub(crate) trait Selector:
    Sized + Send + Sync + UnwindSafe + RefUnwindSafe + fmt::Debug
{
    /// A raw descriptor or socket: a key for the kernel, never taken for something open.
    type Raw: Copy;
    /// One event.
    type Event: SelectorEvent;
    /// The buffer of events.
    type Events: EventBuffer<Item = Self::Event>;
    /// What an owned source keeps while it is registered. It holds its selector weakly. Dropping it
    /// ends the registration where closing the descriptor does not, and does nothing where it does:
    /// a source whose descriptor is not closed uses [`leave`](Selector::leave).
    type Registration: fmt::Debug + Send + Sync + Unpin + UnwindSafe + RefUnwindSafe;
    /// See [`Wake`].
    type Waker: Wake;
    /// Whether a source must be armed again after an operation that would block.
    const EMULATES_EDGE: bool;

    /// Makes an empty queue.
    fn new() -> io::Result<Self>;
    /// Makes a second handle of the same queue.
    fn try_clone(&self) -> io::Result<Self>;
    /// Makes a waker that reports `token`. Any number may live at once.
    fn waker(&self, token: Token) -> io::Result<Self::Waker>;
    /// Waits for events. Never returns before `timeout` without an event or an error.
    fn select(&mut self, records: &mut Self::Events, timeout: Option<Duration>) -> io::Result<()>;
    /// Starts watching an owned source. On failure the source is not registered.
    fn register(
        &self,
        raw: Self::Raw,
        token: Token,
        interest: Interest,
    ) -> io::Result<Self::Registration>;
    /// Changes token and interest; a condition that holds already is reported again.
    fn reregister(
        &self,
        registration: &mut Self::Registration,
        raw: Self::Raw,
        token: Token,
        interest: Interest,
    ) -> io::Result<()>;
    /// Stops watching. The registration is gone even when the kernel objects.
    fn deregister(&self, registration: Self::Registration, raw: Self::Raw) -> io::Result<()>;
    /// Ends the registration of a source whose fd or socket stays open elsewhere. An error has
    /// nowhere to go: the source is leaving.
    fn leave(registration: Self::Registration, _: Self::Raw) {
        drop(registration);
    }
    /// Says whose registration it is.
    fn owner(&self, registration: &Self::Registration) -> Owner;
    /// Arms the directions of `waits_for`, `READABLE` or `WRITABLE` or both, after an operation on
    /// them that would block. `Ok` when the selector is gone.
    fn rearm(registration: &Self::Registration, waits_for: Interest) -> io::Result<()>;
    /// Watches a source as if it were not owned, from now on: an operation of it has ended in a way
    /// that says nothing of what comes next, such as at the end of a FIFO, which may get another
    /// writer. On selectors whose edges are the kernel's there is nothing to do.
    fn watch_as_unowned(registration: &Self::Registration) -> io::Result<()> {
        let _ = registration;
        Ok(())
    }
    /// Takes the error for which the selector reported that it cannot watch the source, if it did.
    fn take_fault(registration: &Self::Registration) -> Option<io::Error> {
        let _ = registration;
        None
    }
}

/// Names every function of a selector. A build without sources does not call all of them.
pub(crate) const fn is_complete<S: Selector>() {
    let _ = (S::register, S::reregister, S::deregister, S::leave);
    let _ = (S::owner, S::rearm, S::watch_as_unowned, S::take_fault);
    let _ = S::EMULATES_EDGE;
}

/// Names every function for unowned sources, likewise.
#[allow(dead_code)] // Windows has such sources with `os-ext` only.
pub(crate) const fn registers_unowned<S: RegisterUnowned>() {
    is_complete::<S>();
    let _ = (
        S::register_unowned,
        S::reregister_unowned,
        S::deregister_unowned,
    );
}

/// A selector that can also watch sources that are only a number, of which nothing is kept.
pub(crate) trait RegisterUnowned: Selector {
    /// Starts watching `raw`: `AlreadyExists` if it is watched.
    fn register_unowned(&self, raw: Self::Raw, token: Token, interest: Interest) -> io::Result<()>;
    /// Changes token and interest and arms again: `NotFound` if it is not watched.
    fn reregister_unowned(
        &self,
        raw: Self::Raw,
        token: Token,
        interest: Interest,
    ) -> io::Result<()>;
    /// Stops watching `raw`: `NotFound` if it is not watched, except where the kernel cannot tell.
    fn deregister_unowned(&self, raw: Self::Raw) -> io::Result<()>;
}
