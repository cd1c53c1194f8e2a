//! The notifier of a queue over poll(2), in the process that has made it and in copies of that.
//!
//! A copy made by fork(2) has registrations and wakers of its own, in its own memory, but the
//! notifier is the same object in the kernel. If both processes waited on it, one would empty it
//! before the other has seen the notification. So only the process that has made a queue waits on
//! its first notifier. A copy makes one for itself when it first waits, and writes the first one to
//! wake the other process, which cannot see which waker that was.

use std::io;
use std::os::fd::RawFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::sys::atomic::{AtomicUsize, Ordering};
use crate::sys::unix::forks;
use crate::sys::unix::notifier::PollNotifier as Notifier;

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Inheritable<N> {
    first: N,
    /// The process now, and the one that has made the queue.
    process: &'static AtomicUsize,
    made_by: usize,
    /// A copy's own, and which copy that is.
    own: Mutex<Option<(usize, Arc<N>)>>,
}

impl<N: Notifier> Inheritable<N> {
    pub(super) fn new() -> io::Result<Inheritable<N>> {
        let process = forks::process();
        Ok(Inheritable {
            made_by: process.load(Ordering::Relaxed),
            process,
            first: N::new()?,
            own: Mutex::new(None),
        })
    }

    /// Whether this process is a copy of the one that has made the queue.
    #[inline]
    pub(super) fn is_in_copy(&self) -> bool {
        self.process.load(Ordering::Relaxed) != self.made_by
    }

    /// Makes the notifier that this copy waits on. `true` if there was none.
    #[cold]
    pub(super) fn make_own(&self) -> io::Result<bool> {
        if self.own().is_some() {
            return Ok(false);
        }
        let own = Arc::new(N::new()?);
        *self.lock() = Some((forks::process().load(Ordering::Relaxed), own));
        Ok(true)
    }

    /// What this process waits on: -1 if that is nothing, which poll(2) passes over.
    #[inline]
    pub(super) fn raw_fd(&self) -> RawFd {
        if self.is_in_copy() {
            return self.own().map_or(-1, |own| own.raw_fd());
        }
        self.first.raw_fd()
    }

    /// Ends the wait of this process. A copy that has never waited needs no notification.
    #[inline]
    pub(super) fn notify(&self) -> io::Result<()> {
        if self.is_in_copy() {
            return self.own().map_or(Ok(()), |own| own.notify());
        }
        self.first.notify()
    }

    /// Ends the wait of the process that this one is a copy of.
    #[cold]
    pub(super) fn notify_maker(&self) -> io::Result<()> {
        self.first.notify_from_copy()
    }

    /// Takes all notifications of this process's waits. `true` if one was from a copy of it.
    pub(super) fn drain(&self) -> io::Result<bool> {
        if self.is_in_copy() {
            return self.own().map_or(Ok(false), |own| own.drain());
        }
        self.first.drain()
    }

    #[cold]
    fn own(&self) -> Option<Arc<N>> {
        let process = forks::process().load(Ordering::Relaxed);
        let own = self.lock();
        let own = own.as_ref().filter(|(of, _)| *of == process);
        own.map(|(_, own)| Arc::clone(own))
    }

    fn lock(&self) -> MutexGuard<'_, Option<(usize, Arc<N>)>> {
        // Nothing in a critical section panics half-way through a change.
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
