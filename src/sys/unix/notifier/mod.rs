//! What a waker writes to: an object that a selector can watch.

cfg_pipes! {
    pub(crate) mod pipe;
}
cfg_eventfd! {
    pub(crate) mod eventfd;
}
pub(crate) mod none;

use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::panic::{RefUnwindSafe, UnwindSafe};

/// An object whose notification makes its descriptor readable, and again each time (a new edge).
pub(crate) trait Notifier:
    Sized + Send + Sync + UnwindSafe + RefUnwindSafe + fmt::Debug
{
    /// Makes one, close-on-exec and non-blocking.
    fn new() -> io::Result<Self>;
    /// Makes the descriptor readable, with a new edge even if it is readable already.
    fn notify(&self) -> io::Result<()>;
    /// The same from a copy of the process that watches it: `drain` then returns that there was
    /// one.
    fn notify_from_copy(&self) -> io::Result<()>;
    /// Takes all notifications back: the descriptor is no longer readable. `true` if one was from a
    /// copy of this process.
    fn drain(&self) -> io::Result<bool>;
    /// The descriptor to watch.
    fn as_fd(&self) -> BorrowedFd<'_>;
}

/// What a queue over poll(2) is woken by: a notifier, or nothing where the system has none.
pub(crate) trait PollNotifier:
    Sized + Send + Sync + UnwindSafe + RefUnwindSafe + fmt::Debug
{
    /// Whether it can wake anybody.
    const WAKES: bool;
    /// See [`Notifier::new`].
    fn new() -> io::Result<Self>;
    /// See [`Notifier::notify`].
    fn notify(&self) -> io::Result<()>;
    /// See [`Notifier::notify_from_copy`].
    fn notify_from_copy(&self) -> io::Result<()>;
    /// See [`Notifier::drain`].
    fn drain(&self) -> io::Result<bool>;
    /// The number to watch; -1 if there is none, which poll(2) passes over.
    fn number(&self) -> RawFd;
}

impl<N: Notifier> PollNotifier for N {
    const WAKES: bool = true;

    fn new() -> io::Result<N> {
        Notifier::new()
    }

    fn notify(&self) -> io::Result<()> {
        Notifier::notify(self)
    }

    fn notify_from_copy(&self) -> io::Result<()> {
        Notifier::notify_from_copy(self)
    }

    fn drain(&self) -> io::Result<bool> {
        Notifier::drain(self)
    }

    fn number(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

/// A notifier for queues that give no new edge while the object is readable: it is emptied before it is written.
#[derive(Debug)]
#[allow(dead_code)] // WASI has no notifier.
pub(crate) struct Drained<N>(N);

impl<N: Notifier> Notifier for Drained<N> {
    fn new() -> io::Result<Drained<N>> {
        N::new().map(Drained)
    }

    fn notify(&self) -> io::Result<()> {
        if self.0.drain()? {
            // Not lost with what was emptied.
            return self.0.notify_from_copy();
        }
        self.0.notify()
    }

    fn notify_from_copy(&self) -> io::Result<()> {
        self.0.drain()?;
        self.0.notify_from_copy()
    }

    fn drain(&self) -> io::Result<bool> {
        self.0.drain()
    }

    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
