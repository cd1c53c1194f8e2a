//! The notifier of a poll(2) selector, in the process that created the selector and in its forked
//! children.
//!
//! A child of fork(2) has registrations and wakers of its own, in its own memory, but the notifier
//! is the same object in the kernel. If both processes polled it, one would drain it before the
//! other has seen the notification. So only the process that created the selector polls the
//! original notifier. A child creates one for itself when it first polls. It writes to the original
//! one to wake the other process, which cannot see which waker that was.

use std::io;
use std::os::fd::RawFd;
use std::sync::{Arc, Mutex};

use crate::sys::sync::{AtomicUsize, Ordering, lock};
use crate::sys::unix::forks;
use crate::sys::unix::notifier::PollNotifier as Notifier;

/// See the head of this file.
#[derive(Debug)]
pub(super) struct ForkAwareNotifier<N> {
    original: N,
    /// The number of this process.
    process: &'static AtomicUsize,
    /// The number of the process that created the selector.
    created_in: usize,
    /// The notifier of a child, and the number of that child.
    own: Mutex<Option<(usize, Arc<N>)>>,
}

impl<N: Notifier> ForkAwareNotifier<N> {
    pub(super) fn new() -> io::Result<ForkAwareNotifier<N>> {
        let process = forks::process();
        Ok(ForkAwareNotifier {
            created_in: process.load(Ordering::Relaxed),
            process,
            original: N::new()?,
            own: Mutex::new(None),
        })
    }

    /// Whether this process is a forked child of the one that created the selector.
    #[inline]
    pub(super) fn is_in_child(&self) -> bool {
        self.process.load(Ordering::Relaxed) != self.created_in
    }

    /// Creates the notifier that this child polls. Returns `false` if there was one.
    #[cold]
    pub(super) fn create_own(&self) -> io::Result<bool> {
        if self.own().is_some() {
            return Ok(false);
        }
        let own = Arc::new(N::new()?);
        *lock(&self.own) = Some((forks::process().load(Ordering::Relaxed), own));
        Ok(true)
    }

    /// The fd that this process polls. -1 if there is none; poll(2) ignores a negative fd.
    #[inline]
    pub(super) fn raw_fd(&self) -> RawFd {
        if self.is_in_child() {
            return self.own().map_or(-1, |own| own.raw_fd());
        }
        self.original.raw_fd()
    }

    /// Ends the poll of this process. A child that has never polled needs no notification.
    #[inline]
    pub(super) fn notify(&self) -> io::Result<()> {
        if self.is_in_child() {
            return self.own().map_or(Ok(()), |own| own.notify());
        }
        self.original.notify()
    }

    /// Ends the poll of the process that created the selector. Called in a child.
    #[cold]
    pub(super) fn notify_creator(&self) -> io::Result<()> {
        self.original.notify_from_copy()
    }

    /// Takes all notifications of this process. `true` if one was from a forked child.
    pub(super) fn drain(&self) -> io::Result<bool> {
        if self.is_in_child() {
            return self.own().map_or(Ok(false), |own| own.drain());
        }
        self.original.drain()
    }

    #[cold]
    fn own(&self) -> Option<Arc<N>> {
        let process = forks::process().load(Ordering::Relaxed);
        let own = lock(&self.own);
        let own = own.as_ref().filter(|(child, _)| *child == process);
        own.map(|(_, own)| Arc::clone(own))
    }
}
