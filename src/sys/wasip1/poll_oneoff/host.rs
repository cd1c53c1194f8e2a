//! What the selector asks of the host, in plain words: the seam between its logic and the call itself.

use std::fmt;
use std::io;
use std::os::fd::RawFd;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

/// One thing to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subscription {
    /// Something can be read from this number.
    Read(RawFd),
    /// Something can be written to it.
    Write(RawFd),
    /// So much time has passed.
    Clock(Duration),
}

/// One thing that happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct HostEvent {
    /// The place of its subscription in the list.
    pub(crate) place: usize,
    /// The other side is gone. `false` for clocks.
    pub(crate) hang_up: bool,
    /// Why the host could not watch; 0 if it could.
    pub(crate) error: i32,
}

/// A host that waits. Everything else in this folder is independent of which one it is.
pub(crate) trait Host:
    Default + fmt::Debug + Send + Sync + UnwindSafe + RefUnwindSafe
{
    /// Whether another thread may change registrations during a wait.
    const THREADS: bool;

    /// Waits until one of `list` has happened, and puts what has happened into `events`, which is emptied first. `list` has
    /// at least one entry.
    fn wait(&mut self, list: &[Subscription], events: &mut Vec<HostEvent>) -> io::Result<()>;

    /// Whether the number is open.
    fn is_open(fd: RawFd) -> bool;
}
