//! Whether this process was forked, and whether it is a copy: two words, read in one load each.
//!
//! `generation` changes with every fork(2), on both sides: a selector that was made before is
//! shared from then on. `process` changes in the copy only. Handlers of the C library,
//! [pthread_atfork(3)], change them: before the fork, so that no wake of the parent is merged while
//! the copy runs already, and after it on both sides, for the selector that another thread has made
//! in between, of which the copy has the fd.
//!
//! vfork(2) and posix_spawn(3) make no copy: their child runs in this memory until it starts
//! another program.
//!
//! [pthread_atfork(3)]: https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_atfork.html

use crate::sys::platform::EVENTS;
use crate::sys::sync::{AtomicUsize, Ordering, unchanging};
use crate::sys::unix::caps::ForkDetection;
use crate::sys::unix::syscalls::atfork;
use crate::sys::wake_bits::Generation;

/// How a fork is detected.
const FORKS: ForkDetection = EVENTS.forks;

/// The word that changes with every fork. It is not certain if a copy may be made that does not
/// change it.
#[allow(dead_code)] // A kqueue is not inherited, so its selector needs no generation.
#[inline]
pub(crate) fn generation() -> Generation {
    match FORKS {
        ForkDetection::Unneeded => Generation::unchanging(),
        ForkDetection::Atfork(call) => atfork::generation(call),
        ForkDetection::WipeOnFork { generation, .. } => generation(),
    }
}

/// The word that changes in a copy only.
#[inline]
pub(crate) fn process() -> &'static AtomicUsize {
    match FORKS {
        ForkDetection::Unneeded => unchanging(),
        ForkDetection::Atfork(call) => atfork::process(call),
        ForkDetection::WipeOnFork { process, .. } => process(),
    }
}

/// The process that created a selector.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Creator {
    /// The number of this process.
    process: &'static AtomicUsize,
    /// The number of the process that created the selector.
    created_in: usize,
}

impl Creator {
    /// This process. Must be called before the selector's object in the kernel is created.
    #[inline]
    pub(crate) fn this_process() -> Creator {
        let process = process();
        Creator {
            created_in: process.load(Ordering::Relaxed),
            process,
        }
    }

    /// Whether this process is a forked child of the one that created the selector.
    #[inline]
    pub(crate) fn is_in_child(&self) -> bool {
        self.process.load(Ordering::Relaxed) != self.created_in
    }
}

cfg_levels! {
    use std::io;
    use std::os::fd::RawFd;
    use std::sync::Arc;

    use crate::sys::sync::{Mutex, lock};
    use crate::sys::unix::notifier::PollNotifier as Notifier;

    /// The notifier of a poll(2) selector, in the process that created the selector and in its
    /// forked children.
    ///
    /// A child of fork(2) has registrations and wakers of its own, in its own memory, but the
    /// notifier is the same object in the kernel. If both processes polled it, one would drain it
    /// before the other has seen the notification. So only the process that created the selector
    /// polls the original notifier. A child creates one for itself when it first polls. It writes
    /// to the original one to wake the other process, which cannot see which waker that was.
    #[derive(Debug)]
    #[allow(dead_code)] // `poll_oneoff` has no notifier.
    pub(crate) struct ForkAwareNotifier<N> {
        original: N,
        creator: Creator,
        /// The notifier of a child, and the number of that child.
        own: Mutex<Option<(usize, Arc<N>)>>,
    }

    #[allow(dead_code)] // As for the type.
    impl<N: Notifier> ForkAwareNotifier<N> {
        pub(crate) fn new() -> io::Result<ForkAwareNotifier<N>> {
            let creator = Creator::this_process();
            Ok(ForkAwareNotifier {
                creator,
                original: N::new()?,
                own: Mutex::new(None),
            })
        }

        /// Whether this process is a forked child of the one that created the selector.
        #[inline]
        pub(crate) fn is_in_child(&self) -> bool {
            self.creator.is_in_child()
        }

        /// Creates the notifier that this child polls. Returns `false` if there was one.
        #[cold]
        pub(crate) fn create_own(&self) -> io::Result<bool> {
            if self.own().is_some() {
                return Ok(false);
            }
            let own = Arc::new(N::new()?);
            *lock(&self.own) = Some((process().load(Ordering::Relaxed), own));
            Ok(true)
        }

        /// The fd that this process polls. -1 if there is none; poll(2) ignores a negative fd.
        #[inline]
        pub(crate) fn raw_fd(&self) -> RawFd {
            if self.is_in_child() {
                return self.own().map_or(-1, |own| own.raw_fd());
            }
            self.original.raw_fd()
        }

        /// Ends the poll of this process. A child that has never polled needs no notification.
        #[inline]
        pub(crate) fn notify(&self) -> io::Result<()> {
            if self.is_in_child() {
                return self.own().map_or(Ok(()), |own| own.notify());
            }
            self.original.notify()
        }

        /// Ends the poll of the process that created the selector. Called in a child.
        #[cold]
        pub(crate) fn notify_creator(&self) -> io::Result<()> {
            self.original.notify_from_copy()
        }

        /// Takes all notifications of this process. `true` if one was from a forked child.
        pub(crate) fn drain(&self) -> io::Result<bool> {
            if self.is_in_child() {
                return self.own().map_or(Ok(false), |own| own.drain());
            }
            self.original.drain()
        }

        #[cold]
        fn own(&self) -> Option<Arc<N>> {
            let process = process().load(Ordering::Relaxed);
            let own = lock(&self.own);
            let own = own.as_ref().filter(|(child, _)| *child == process);
            own.map(|(_, own)| Arc::clone(own))
        }
    }
}
