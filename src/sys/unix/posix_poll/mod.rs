//! poll(2): a level-triggered call over an array, made into a queue with edges.
//!
//! All registrations are in a table under one mutex; the array belongs to the poller alone and takes over what has changed
//! when a wait begins. Registering costs a system call only if another thread is blocked in the wait at that moment: then the
//! notifier, the array's first entry, is written.
//!
//! The kernel returns the levels of all entries at one moment. Edges are made of them as the head
//! of `levels` describes. A descriptor that was closed (`POLLNVAL`) loses its registration, as on
//! epoll.
//!
//! # Wakes
//!
//! `woken` and `blocked` share the mutex. A wake pushes its waker and reads `blocked` in one critical section; the poller
//! collects `woken` and sets `blocked` in one. Whichever comes first: a wake that is pushed first is collected before
//! blocking, and one that comes after sees `blocked` and writes the notifier. A wake that finds its waker's flag set is merged:
//! the owner of that flag has pushed or will push, and the collection clears the flag with a read-modify-write, so it
//! acquires what the merged wake released. `notified` only saves writes within one blocking call; the notifier is emptied
//! when the kernel reports it, so a late write costs one more turn and no more. A wake whose write fails clears its flag and leaves
//! its waker among the woken: the next wake writes again, and no event is lost or doubled.
//!
//! After fork(2) each process has all of this for itself, but for the notifier's object: see
//! `inherited`. A wake in a copy is a wake of the copy, and also of the process that has made the
//! queue, where it is one of all wakers. It is never merged, for that process clears no flag of the
//! copy.

mod inherited;
mod poller;
pub(crate) mod wasi_poll;

use std::fmt;
use std::io;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use crate::sys::atomic::AtomicUsize;
use crate::sys::selector::{self, Owner, RegisterUnowned, Wake};
use crate::sys::unix::notifier::PollNotifier as Notifier;
use crate::sys::unix::{forks, level_triggered};
use crate::sys::{errors, owner};
use crate::{Interest, Token};

use inherited::Inheritable;
pub(crate) use level_triggered::{Event, Events};
use level_triggered::{Key, Table, bits};
use poller::Poller;

/// A queue over poll(2), whose notifier is an `N`.
pub(crate) struct PosixPoll<N> {
    shared: Arc<Shared<N>>,
    /// What only the poller needs. Clones leave it empty.
    poller: Poller,
}

/// What all clones share. Its address is the queue's identity.
struct Shared<N> {
    notifier: Inheritable<N>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    table: Table,
    /// The wakers that live.
    wakers: Vec<Arc<WakerSlot>>,
    /// Wakers with a wake that was not reported yet.
    woken: Vec<Arc<WakerSlot>>,
    /// Whether a thread is in a wait that may sleep.
    blocked: bool,
    /// Whether the notifier was written for this wait.
    notified: bool,
}

impl State {
    /// Puts a waker among the woken. It is there already if it could not notify.
    fn announce(&mut self, waker: &Arc<WakerSlot>) {
        if !self.woken.iter().any(|slot| Arc::ptr_eq(slot, waker)) {
            self.woken.push(Arc::clone(waker));
        }
    }

    /// Announces a wake of every waker: a copy of the process has woken one of them.
    fn wake_all(&mut self) {
        for waker in &self.wakers {
            let is_announced = waker.flag.swap(true, Ordering::AcqRel);
            // One whose notification failed is there already.
            if !is_announced && !self.woken.iter().any(|slot| Arc::ptr_eq(slot, waker)) {
                self.woken.push(Arc::clone(waker));
            }
        }
    }

    /// Makes the state of the process that was copied good for the copy, in which no other thread
    /// is.
    fn adapt(&mut self) {
        self.blocked = false;
        self.notified = false;
        for waker in &self.wakers {
            // The thread that has announced it may not be here to go on.
            let is_announced = waker.flag.load(Ordering::Acquire);
            if is_announced && !self.woken.iter().any(|slot| Arc::ptr_eq(slot, waker)) {
                self.woken.push(Arc::clone(waker));
            }
        }
    }

    /// Whether the caller has to write the notifier, once it has let go of the lock.
    fn must_notify(&mut self) -> bool {
        let must = self.blocked && !self.notified;
        self.notified |= must;
        must
    }
}

impl<N: Notifier> Shared<N> {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in a critical section panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes something, and makes a blocked poller look at it if the change says `true`.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> io::Result<(T, bool)>) -> io::Result<T> {
        let mut state = self.state();
        let (value, changed) = change(&mut state)?;
        let must = changed && state.must_notify();
        drop(state);
        if must {
            self.notify()?;
        }
        Ok(value)
    }

    fn notify(&self) -> io::Result<()> {
        self.notifier.notify().inspect_err(|_| {
            // The next change or wake tries again.
            self.state().notified = false;
        })
    }
}

/// One source's place in a queue.
pub(crate) struct Registration<N: Notifier> {
    queue: Weak<Shared<N>>,
    key: Key,
}

impl<N: Notifier> Drop for Registration<N> {
    fn drop(&mut self) {
        // Closing a descriptor takes it out of nothing here. An error of the notifier has no one to go to: the poller sees the
        // change when it next wakes.
        if let Some(shared) = self.queue.upgrade() {
            let _ = shared.change(|state| Ok(((), state.table.remove(self.key))));
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

impl<N: Notifier> fmt::Debug for PosixPoll<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PosixPoll")
            .field("notifier", &self.shared.notifier)
            .finish_non_exhaustive()
    }
}

impl<N: Notifier> PosixPoll<N> {
    fn insert(
        &self,
        fd: RawFd,
        token: Token,
        interest: Interest,
        is_owned: bool,
    ) -> io::Result<Key> {
        let interest = bits(interest)?;
        if fd >= 0 && fd == self.shared.notifier.raw_fd() {
            return Err(errors::invalid("this descriptor is the queue's own"));
        }
        let mut inserted = None;
        let result = self.shared.change(|state| {
            let key = state.table.insert(fd, token, interest, is_owned)?;
            inserted = Some(key);
            Ok((key, true))
        });
        if let (Err(_), Some(key)) = (&result, inserted) {
            // The poller could not be told. What failed leaves nothing behind.
            self.shared.state().table.remove(key);
        }
        result
    }

    fn replace(&self, key: Key, token: Token, interest: Interest) -> io::Result<()> {
        let interest = bits(interest)?;
        self.shared
            .change(|state| Ok((state.table.replace(key, token, interest)?, true)))
    }

    fn remove(&self, key: Key) -> io::Result<()> {
        self.shared.change(|state| {
            if state.table.remove(key) {
                Ok(((), true))
            } else {
                Err(errors::not_registered())
            }
        })
    }
}

impl<N: Notifier> selector::Selector for PosixPoll<N> {
    type Raw = RawFd;
    type Event = Event;
    type Events = Events;
    type Registration = Registration<N>;
    type Waker = Waker<N>;
    const EMULATES_EDGE: bool = true;

    fn new() -> io::Result<PosixPoll<N>> {
        Ok(PosixPoll {
            shared: Arc::new(Shared {
                notifier: Inheritable::new()?,
                state: Mutex::default(),
            }),
            poller: Poller::default(),
        })
    }

    fn try_clone(&self) -> io::Result<PosixPoll<N>> {
        Ok(PosixPoll {
            shared: Arc::clone(&self.shared),
            poller: Poller::default(),
        })
    }

    fn waker(&self, token: Token) -> io::Result<Waker<N>> {
        if !N::WAKES {
            return Err(errors::unsupported(
                "nothing can end a wait from outside here",
            ));
        }
        // Before the waker is one of this process.
        let process = forks::process();
        let made_in = process.load(Ordering::Relaxed);
        let slot = Arc::new(WakerSlot {
            token,
            flag: AtomicBool::new(false),
        });
        self.shared.state().wakers.push(Arc::clone(&slot));
        Ok(Waker {
            slot,
            process,
            made_in,
            queue: Arc::downgrade(&self.shared),
        })
    }

    #[inline]
    fn select(&mut self, records: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        use selector::EventBuffer as _;
        records.clear();
        if records.capacity() == 0 {
            return Err(errors::invalid("the capacity of `Events` is 0"));
        }
        if self.shared.notifier.is_in_copy() && self.shared.notifier.make_own()? {
            self.shared.state().adapt();
        }
        self.poller.select(&self.shared, records, timeout)
    }

    fn register(
        &self,
        raw: RawFd,
        token: Token,
        interest: Interest,
    ) -> io::Result<Registration<N>> {
        Ok(Registration {
            key: self.insert(raw, token, interest, true)?,
            queue: Arc::downgrade(&self.shared),
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

    fn deregister(&self, registration: Registration<N>, _: RawFd) -> io::Result<()> {
        self.remove(registration.key)
    }

    fn owner(&self, registration: &Registration<N>) -> Owner {
        owner::owner_of(&self.shared, &registration.queue)
    }

    fn rearm(registration: &Registration<N>, waits_for: Interest) -> io::Result<()> {
        match registration.queue.upgrade() {
            Some(shared) => {
                shared.change(|state| Ok(((), state.table.rearm(registration.key, waits_for))))
            }
            None => Ok(()),
        }
    }

    fn watch_as_unowned(registration: &Registration<N>) -> io::Result<()> {
        match registration.queue.upgrade() {
            Some(shared) => {
                shared.change(|state| Ok(((), state.table.watch_as_unowned(registration.key))))
            }
            None => Ok(()),
        }
    }
}

impl<N: Notifier> RegisterUnowned for PosixPoll<N> {
    fn register_unowned(&self, raw: RawFd, token: Token, interest: Interest) -> io::Result<()> {
        self.insert(raw, token, interest, false)?;
        Ok(())
    }

    fn reregister_unowned(&self, raw: RawFd, token: Token, interest: Interest) -> io::Result<()> {
        let key = self.shared.state().table.find(raw)?;
        self.replace(key, token, interest)
    }

    fn deregister_unowned(&self, raw: RawFd) -> io::Result<()> {
        let key = self.shared.state().table.find(raw)?;
        self.remove(key)
    }
}

/// What the poller needs of a waker.
#[derive(Debug)]
struct WakerSlot {
    token: Token,
    /// Whether a wake has announced itself that was not reported yet.
    flag: AtomicBool,
}

/// Wakes a queue over poll(2).
pub(crate) struct Waker<N> {
    slot: Arc<WakerSlot>,
    /// The process now, and the one that has made the waker.
    process: &'static AtomicUsize,
    made_in: usize,
    queue: Weak<Shared<N>>,
}

impl<N: Notifier> Waker<N> {
    /// A wake in a copy of the process.
    #[cold]
    fn wake_from_copy(&self) -> io::Result<()> {
        let Some(shared) = self.queue.upgrade() else {
            return Ok(());
        };
        shared.change(|state| {
            state.announce(&self.slot);
            Ok(((), true))
        })?;
        if shared.notifier.is_in_copy() {
            shared.notifier.notify_maker()?;
        }
        Ok(())
    }
}

impl<N: Notifier> Wake for Waker<N> {
    #[inline]
    fn wake(&self) -> io::Result<()> {
        let is_merged = self.slot.flag.swap(true, Ordering::AcqRel);
        if self.process.load(Ordering::Relaxed) != self.made_in {
            return self.wake_from_copy();
        }
        if is_merged {
            return Ok(());
        }
        match self.queue.upgrade() {
            Some(shared) => shared
                .change(|state| {
                    state.announce(&self.slot);
                    Ok(((), true))
                })
                .inspect_err(|_| {
                    // Its event stays and comes with the next return. The next wake tries again to bring that about.
                    self.slot.flag.swap(false, Ordering::AcqRel);
                }),
            None => Ok(()),
        }
    }
}

impl<N> Drop for Waker<N> {
    fn drop(&mut self) {
        if let Some(shared) = self.queue.upgrade() {
            let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.woken.retain(|slot| !Arc::ptr_eq(slot, &self.slot));
            state.wakers.retain(|slot| !Arc::ptr_eq(slot, &self.slot));
        }
    }
}

impl<N> fmt::Debug for Waker<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waker")
            .field("slot", &self.slot)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod turn_tests;

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use crate::sys::selector::Selector as _;
    use crate::sys::unix::notifier::pipe::Pipe;

    /// In debug and in release builds.
    #[test]
    fn its_own_descriptor_is_refused() {
        let queue = PosixPoll::<Pipe>::new().unwrap();
        let own = queue.shared.notifier.raw_fd();
        let owned = queue.register(own, Token(0), Interest::READABLE);
        assert_eq!(owned.unwrap_err().kind(), io::ErrorKind::InvalidInput);
        let raw = queue.register_unowned(own, Token(0), Interest::READABLE);
        assert_eq!(raw.unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
