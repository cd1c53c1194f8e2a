//! The interface between the selector and the host call. A test host implements it on Linux.

use std::fmt;
use std::io;
use std::os::fd::RawFd;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

/// A condition to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subscription {
    /// The fd is readable.
    Read(RawFd),
    /// The fd is writable.
    Write(RawFd),
    /// The duration has passed.
    Clock(Duration),
}

/// A condition that holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct HostEvent {
    /// The index of its subscription in the list.
    pub(crate) index: usize,
    /// Whether the peer has hung up. `false` for clocks.
    pub(crate) hang_up: bool,
    /// Why the host cannot poll the fd; 0 if it can.
    pub(crate) error: i32,
}

/// A host of WASI preview 1. The rest of this directory does not depend on which one it is.
pub(crate) trait Host:
    Default + fmt::Debug + Send + Sync + UnwindSafe + RefUnwindSafe
{
    /// Whether another thread may change registrations during a wait.
    const THREADS: bool;

    /// Waits until at least one of `list` holds, and replaces the contents of `events` by the
    /// conditions that hold. `list` is not empty.
    fn wait(&mut self, list: &[Subscription], events: &mut Vec<HostEvent>) -> io::Result<()>;

    /// Whether the fd is open.
    fn is_open(fd: RawFd) -> bool;
}
