//! A selector over poll(2), a level-triggered call with an array of entries.
//!
//! All registrations are in a table under one mutex. The array belongs to the poller, which updates
//! it from the dirty list of the table before each poll. Registering makes no system call, unless
//! another thread is blocked in poll(2) at that time: then it writes to the notifier, which is the
//! first entry of the array.
//!
//! A `select` that reports sources leaves the array in the table, and the next one takes it back.
//! In between, the caller serves what was reported, and an operation that would block re-arms its
//! source in the array itself. So the poller does not need to look that source up again.
//!
//! poll(2) returns the levels of all entries at one time. `level_triggered` derives edges from
//! them. An fd that was closed (`POLLNVAL`) loses its registration, as with epoll. Vita and Hermit
//! never report `POLLNVAL`; the documentation of `SourceFd` links their sources.
//!
//! # Wakes
//!
//! The mutex protects `woken` and `blocked`. A wake adds its waker to `woken` and reads `blocked`
//! in one critical section; the poller takes the wakers from `woken` and sets `blocked` in one. So
//! a wake that comes first is taken before the poller blocks, and a wake that comes second sees
//! `blocked` and writes to the notifier.
//!
//! A wake that finds its waker's `is_pending` set is merged: the thread that set it has added the
//! waker or will do so. The poller clears `is_pending` with a read-modify-write when it takes the
//! waker, so it acquires what the merged wake released.
//!
//! `notified` only saves writes within one blocking poll. The poller drains the notifier when
//! poll(2) reports it, so a late write costs one more iteration and nothing else. A wake whose
//! write fails clears `is_pending` and leaves its waker in `woken`: the next wake writes again, and
//! no event is lost or duplicated.
//!
//! # Polls that find nothing
//!
//! A `select` that does not block needs no lock if `has_changes` is not set: the array has all
//! registrations, and no waker is to be reported. Each change sets it before it releases the lock,
//! so a `select` that begins after a registration or a wake that was not merged has returned sees
//! it. A child of
//! fork(2) always takes the lock: its array may name the notifier of its parent.
//!
//! # Forks
//!
//! After fork(2) each process has all of this for itself, except for the notifier: see
//! `ForkAwareNotifier`. A wake in a child wakes the child, and also the process that created the
//! selector, where it counts as a wake of all wakers. It is never merged, because that process does
//! not clear the child's `is_pending`.

mod poller;
pub(crate) mod wasi_poll;

use std::fmt;
use std::io;
use std::os::fd::RawFd;
use std::sync::{Arc, Weak};

use crate::sys::errors;
use crate::sys::selector::{self, Mode, Owner, RegisterUnowned, Wake};
use crate::sys::sync::{AtomicBool, AtomicUsize, Mutex, MutexGuard, Ordering, lock};
use crate::sys::timeout::Deadline;
use crate::sys::unix::forks::{self, ForkAwareNotifier};
use crate::sys::unix::level_triggered;
use crate::sys::unix::notifier::PollNotifier as Notifier;
use crate::{Interest, Token};

pub(crate) use level_triggered::{Event, Events};
use level_triggered::{Key, Table, bits};
use poller::{PollCall, Poller, SystemPoll};

/// A selector over poll(2) whose notifier is an `N`.
pub(crate) struct PosixPoll<N, P = SystemPoll> {
    shared: Arc<Shared<N>>,
    /// State of the polling thread. Clones leave it empty.
    poller: Poller<P>,
}

/// The state that all clones of a selector share.
struct Shared<N> {
    notifier: ForkAwareNotifier<N>,
    state: Mutex<State>,
    /// Whether the poller has to update its array or to report a waker. Written under the lock of
    /// `state`: by each change, and by the poller after it has applied them.
    has_changes: AtomicBool,
}

#[derive(Default)]
struct State {
    table: Table,
    /// All wakers.
    wakers: Vec<Arc<WakerState>>,
    /// The wakers with a wake that was not reported yet.
    woken: Vec<Arc<WakerState>>,
    /// Whether a thread is in a poll(2) that may block.
    blocked: bool,
    /// What the blocked poll(2) knows of changes.
    notified: Notified,
}

/// Whether the notifier was written for this poll(2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Notified {
    #[default]
    No,
    Yes,
    /// Writing has failed. The next update writes again, even if it changes nothing: otherwise the
    /// change before it would wait until poll(2) returns for another reason.
    Failed,
}

impl State {
    /// Adds a waker to `woken`. It is already there after a wake that failed to notify.
    fn push_woken(&mut self, waker: &Arc<WakerState>) {
        if !self.woken.iter().any(|woken| Arc::ptr_eq(woken, waker)) {
            self.woken.push(Arc::clone(waker));
        }
    }

    /// Counts as a wake of every waker: a forked child has woken one of them.
    fn wake_all(&mut self) {
        for waker in &self.wakers {
            let is_merged = waker.is_pending.swap(true, Ordering::AcqRel);
            // A waker that failed to notify is already there.
            if !is_merged && !self.woken.iter().any(|woken| Arc::ptr_eq(woken, waker)) {
                self.woken.push(Arc::clone(waker));
            }
        }
    }

    /// Adapts the state that a forked child got from its parent: the child has no other threads.
    fn reset_after_fork(&mut self) {
        self.blocked = false;
        self.notified = Notified::No;
        for waker in &self.wakers {
            // The thread that set it may not exist here, and then does not add the waker.
            let is_pending = waker.is_pending.load(Ordering::Acquire);
            if is_pending && !self.woken.iter().any(|woken| Arc::ptr_eq(woken, waker)) {
                self.woken.push(Arc::clone(waker));
            }
        }
    }

    /// See `Shared::has_changes`.
    fn has_changes(&self) -> bool {
        self.table.is_dirty() || !self.woken.is_empty()
    }

    /// Whether the caller must write to the notifier after it has released the lock.
    fn must_notify(&mut self) -> bool {
        let must = self.blocked && self.notified != Notified::Yes;
        if must {
            self.notified = Notified::Yes;
        }
        must
    }
}

impl<N: Notifier> Shared<N> {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Changes the state, and ends a blocked poll(2) if the closure returns `true`.
    fn update<T>(&self, update: impl FnOnce(&mut State) -> io::Result<(T, bool)>) -> io::Result<T> {
        let mut state = self.state();
        let (value, changed) = update(&mut state)?;
        if changed {
            self.has_changes.store(true, Ordering::Relaxed);
        }
        let must = (changed || state.notified == Notified::Failed) && state.must_notify();
        drop(state);
        if must {
            self.notify()?;
        }
        Ok(value)
    }

    fn notify(&self) -> io::Result<()> {
        self.notifier.notify().inspect_err(|_| {
            // The next update or wake writes again.
            self.state().notified = Notified::Failed;
        })
    }
}

/// The registration of one source.
pub(crate) struct Registration<N: Notifier> {
    selector: Weak<Shared<N>>,
    key: Key,
}

impl<N: Notifier> Drop for Registration<N> {
    fn drop(&mut self) {
        // Closing the fd does not remove its entry. An error of the notifier is ignored: the poller
        // applies the change in its next iteration.
        if let Some(shared) = self.selector.upgrade() {
            let _ = shared.update(|state| Ok(((), state.table.remove(self.key))));
        }
    }
}

impl<N: Notifier> fmt::Debug for Registration<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl<N: Notifier, P> fmt::Debug for PosixPoll<N, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PosixPoll")
            .field("notifier", &self.shared.notifier)
            .finish_non_exhaustive()
    }
}

impl<N: Notifier, P> PosixPoll<N, P> {
    fn insert(
        &self,
        fd: RawFd,
        token: Token,
        interest: Interest,
        is_owned: bool,
    ) -> io::Result<Key> {
        let (interest, mode) = (bits(interest)?, Mode::of(interest)?);
        if fd >= 0 && fd == self.shared.notifier.raw_fd() {
            return Err(errors::invalid(
                "cannot register the selector's own wake-up descriptor",
            ));
        }
        let mut inserted = None;
        let result = self.shared.update(|state| {
            let key = state.table.insert(fd, token, interest, is_owned)?;
            state.table.set_mode(key, mode);
            inserted = Some(key);
            Ok((key, true))
        });
        if let (Err(_), Some(key)) = (&result, inserted) {
            // The poller could not be notified. A failed registration leaves nothing behind.
            let mut state = self.shared.state();
            state.table.remove(key);
            self.shared.has_changes.store(true, Ordering::Relaxed);
        }
        result
    }

    fn replace(&self, key: Key, token: Token, interest: Interest) -> io::Result<()> {
        let (interest, mode) = (bits(interest)?, Mode::of(interest)?);
        self.shared.update(|state| {
            state.table.replace(key, token, interest)?;
            state.table.set_mode(key, mode);
            Ok(((), true))
        })
    }

    fn remove(&self, key: Key) -> io::Result<()> {
        self.shared.update(|state| {
            if state.table.remove(key) {
                Ok(((), true))
            } else {
                Err(errors::not_registered())
            }
        })
    }
}

impl<N: Notifier, P: PollCall> selector::Selector for PosixPoll<N, P> {
    type Raw = RawFd;
    type Event = Event;
    type Events = Events;
    type Registration = Registration<N>;
    type Waker = Waker<N>;
    const EMULATES_EDGE: bool = true;

    fn new() -> io::Result<PosixPoll<N, P>> {
        Ok(PosixPoll {
            shared: Arc::new(Shared {
                notifier: ForkAwareNotifier::new()?,
                state: Mutex::default(),
                has_changes: AtomicBool::new(false),
            }),
            poller: Poller::default(),
        })
    }

    fn try_clone(&self) -> io::Result<PosixPoll<N, P>> {
        Ok(PosixPoll {
            shared: Arc::clone(&self.shared),
            poller: Poller::default(),
        })
    }

    fn waker(&self, token: Token) -> io::Result<Waker<N>> {
        if !N::WAKES {
            return Err(errors::unsupported(
                "waking a blocked `poll` is not supported on this platform",
            ));
        }
        // Before the waker belongs to this process.
        let process = forks::process();
        let created_in = process.load(Ordering::Relaxed);
        let state = Arc::new(WakerState {
            token,
            is_pending: AtomicBool::new(false),
        });
        self.shared.state().wakers.push(Arc::clone(&state));
        Ok(Waker {
            state,
            process,
            created_in,
            selector: Arc::downgrade(&self.shared),
        })
    }

    #[inline]
    fn select(&mut self, events: &mut Events, deadline: Deadline) -> io::Result<()> {
        if self.shared.notifier.is_in_child() {
            if self.shared.notifier.create_own()? {
                self.shared.state().reset_after_fork();
            }
        } else if deadline == Deadline::Immediate && self.poller.is_current(&self.shared) {
            return self.poller.select_unchanged(&self.shared, events);
        }
        self.poller.select(&self.shared, events, deadline)
    }

    fn register(&self, fd: RawFd, token: Token, interest: Interest) -> io::Result<Registration<N>> {
        Ok(Registration {
            key: self.insert(fd, token, interest, true)?,
            selector: Arc::downgrade(&self.shared),
        })
    }

    fn reregister(
        &self,
        registration: &mut Registration<N>,
        _: RawFd,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        self.replace(registration.key, token, interest)
    }

    fn deregister(&self, mut registration: Registration<N>, _: RawFd) -> io::Result<()> {
        // Nothing is left to do when it is dropped.
        registration.selector = Weak::new();
        self.remove(registration.key)
    }

    fn owner(&self, registration: &Registration<N>) -> Owner {
        Owner::of(&self.shared, &registration.selector)
    }

    fn rearm(registration: &Registration<N>, waits_for: Interest) -> io::Result<()> {
        match registration.selector.upgrade() {
            Some(shared) => {
                shared.update(|state| Ok(((), state.table.rearm(registration.key, waits_for))))
            }
            None => Ok(()),
        }
    }

    fn watch_as_unowned(registration: &Registration<N>) -> io::Result<()> {
        match registration.selector.upgrade() {
            Some(shared) => {
                shared.update(|state| Ok(((), state.table.watch_as_unowned(registration.key))))
            }
            None => Ok(()),
        }
    }
}

impl<N: Notifier, P: PollCall> RegisterUnowned for PosixPoll<N, P> {
    fn register_unowned(&self, fd: RawFd, token: Token, interest: Interest) -> io::Result<()> {
        self.insert(fd, token, interest, false)?;
        Ok(())
    }

    fn reregister_unowned(&self, fd: RawFd, token: Token, interest: Interest) -> io::Result<()> {
        let key = self.shared.state().table.find(fd)?;
        self.replace(key, token, interest)
    }

    fn deregister_unowned(&self, fd: RawFd) -> io::Result<()> {
        let key = self.shared.state().table.find(fd)?;
        self.remove(key)
    }
}

/// The part of a waker that the poller needs.
#[derive(Debug)]
struct WakerState {
    token: Token,
    /// Whether there is a wake that the poller has not taken yet.
    is_pending: AtomicBool,
}

/// Wakes a selector over poll(2).
pub(crate) struct Waker<N> {
    state: Arc<WakerState>,
    /// The number of this process.
    process: &'static AtomicUsize,
    /// The number of the process that created the waker.
    created_in: usize,
    selector: Weak<Shared<N>>,
}

impl<N: Notifier> Waker<N> {
    /// A wake in a forked child.
    #[cold]
    fn wake_from_child(&self) -> io::Result<()> {
        let Some(shared) = self.selector.upgrade() else {
            return Ok(());
        };
        shared.update(|state| {
            state.push_woken(&self.state);
            Ok(((), true))
        })?;
        if shared.notifier.is_in_child() {
            shared.notifier.notify_creator()?;
        }
        Ok(())
    }
}

impl<N: Notifier> Wake for Waker<N> {
    #[inline]
    fn wake(&self) -> io::Result<()> {
        let is_merged = self.state.is_pending.swap(true, Ordering::AcqRel);
        if self.process.load(Ordering::Relaxed) != self.created_in {
            return self.wake_from_child();
        }
        if is_merged {
            return Ok(());
        }
        match self.selector.upgrade() {
            Some(shared) => shared
                .update(|state| {
                    state.push_woken(&self.state);
                    Ok(((), true))
                })
                .inspect_err(|_| {
                    // Its event stays, and the next wake notifies again.
                    self.state.is_pending.swap(false, Ordering::AcqRel);
                }),
            None => Ok(()),
        }
    }
}

impl<N> Drop for Waker<N> {
    fn drop(&mut self) {
        if let Some(shared) = self.selector.upgrade() {
            let mut state = lock(&shared.state);
            state.woken.retain(|waker| !Arc::ptr_eq(waker, &self.state));
            state
                .wakers
                .retain(|waker| !Arc::ptr_eq(waker, &self.state));
        }
    }
}

impl<N> fmt::Debug for Waker<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waker")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
