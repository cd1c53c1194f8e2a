//! PortEvent ports of Solaris: the queue lives in the kernel, but each association with a descriptor gives one event and is gone.
//!
//! What the kernel promises (port_associate(3C), port_get(3C)): an association whose condition
//! holds already gives its event at once, one that is not there yet gives it later, associating
//! again replaces what was asked and forgets an event that nobody has taken, and `close` ends an
//! association. It does not make edges: the table, the rules and the proof are in `levels`. What
//! was reported of an owned source is not asked for again until an operation would block; reading
//! and writing of an unowned descriptor, and hang-ups, errors and priority of either, are probed by
//! a zero-timeout poll(2), with a back-off. So:
//!
//! - Registering, re-registering and arming associate at once, under the lock, whoever waits meanwhile.
//! - After an event, what is still wanted is associated when the next wait begins, not before: the caller has served the source
//!   by then. Associating a ready descriptor at once would spin.
//! - A condition that was asked for and is not in an event was not there when the association was
//!   made; nor was any that is still silent when the queue is empty. These are the observations of
//!   "not ready" that the back-off needs.
//! - Events may come together with an error (ETIME, EINTR); the count is read whatever the result.
//!
//! `portev_user` holds a place of the table and its generation, or the number of a waker, which is never given twice. Tokens are
//! looked up under the lock when an event is taken, so what was deregistered or dropped before is passed over. Events of other
//! sources (timers, asynchronous I/O) are those of users of the queue's descriptor: they pass through with their own number.
//!
//! Wakes are merged as `wake_bits` says. What is more, a wake in a queue that was not emptied stays announced:
//! so no waker fills the queue with its packets. A waker for which there is no bit is announced under the lock.

#[allow(clippy::duplicate_mod)] // Where a double is tested, both selectors are there.
mod poller;
mod state;

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use crate::sys::selector::{self, Owner, RegisterUnowned, Wake};
use crate::sys::unix::syscalls::event_ports as syscall;
use crate::sys::unix::{forks, level_triggered};
use crate::sys::wake_bits::{WakeBit, WakeBits};
use crate::sys::{errors, ffi};
use crate::{Interest, Token};

pub(crate) use level_triggered::{Event, Events};
use level_triggered::{Key, bits};
use poller::Poller;
use state::State;

/// A queue over an event port.
pub(crate) struct EventPorts {
    shared: Arc<Shared>,
    /// What only the poller needs. Clones leave it empty.
    poller: Poller,
}

/// What lives as long as the queue or a clone of it. Its address is the queue's identity.
#[derive(Debug)]
struct Shared {
    port: OwnedFd,
    state: Mutex<State>,
    wakes: Arc<WakeBits>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in a critical section panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn port(&self) -> BorrowedFd<'_> {
        self.port.as_fd()
    }

    /// Starts watching. What fails leaves nothing behind.
    fn insert(
        &self,
        fd: RawFd,
        token: Token,
        interest: Interest,
        is_owned: bool,
    ) -> io::Result<Key> {
        let interest = bits(interest)?;
        let mut state = self.state();
        if let Ok(old) = state.table.find(fd) {
            if state.is_lost(self.port(), old, fd) {
                // The number was closed, and is another's now.
                state.forget(old);
            }
        }
        let key = state.table.insert(fd, token, interest, is_owned)?;
        if let Err(error) = state.associate(self.port(), key) {
            state.forget(key);
            return Err(error);
        }
        Ok(key)
    }

    fn replace(&self, key: Key, token: Token, interest: Interest) -> io::Result<()> {
        let interest = bits(interest)?;
        let mut state = self.state();
        state.table.replace(key, token, interest)?;
        state.associate(self.port(), key)
    }

    /// Arms the directions of an operation that would block.
    fn rearm(&self, key: Key, waits_for: Interest) -> io::Result<()> {
        let mut state = self.state();
        if state.table.rearm(key, waits_for) {
            state.associate(self.port(), key)?;
        }
        Ok(())
    }

    /// Watches a source as if it were not owned.
    fn watch_as_unowned(&self, key: Key) -> io::Result<()> {
        let mut state = self.state();
        if state.table.watch_as_unowned(key) {
            state.associate(self.port(), key)?;
        }
        Ok(())
    }
}

/// One source's place in a queue.
pub(crate) struct Registration {
    queue: Weak<Shared>,
    key: Key,
}

impl Drop for Registration {
    fn drop(&mut self) {
        // Closing would end the association, but not the place in the table.
        if let Some(shared) = self.queue.upgrade() {
            shared.state().remove(shared.port(), self.key);
        }
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// Hands the descriptor out: from then on others may wait on it.
impl AsFd for EventPorts {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.shared.wakes.expose();
        self.shared.port()
    }
}

impl fmt::Debug for EventPorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventPorts")
            .field("fd", &self.shared.port().as_raw_fd())
            .finish_non_exhaustive()
    }
}

impl selector::Selector for EventPorts {
    type Raw = RawFd;
    type Event = Event;
    type Events = Events;
    type Registration = Registration;
    type Waker = Waker;
    const EMULATES_EDGE: bool = true;

    fn new() -> io::Result<EventPorts> {
        // Before there is a descriptor that a copy of this process could have.
        let wakes = WakeBits::new(forks::generation());
        Ok(EventPorts {
            shared: Arc::new(Shared {
                port: syscall::create()?,
                state: Mutex::default(),
                wakes: Arc::new(wakes),
            }),
            poller: Poller::default(),
        })
    }

    fn try_clone(&self) -> io::Result<EventPorts> {
        Ok(EventPorts {
            shared: Arc::clone(&self.shared),
            poller: Poller::default(),
        })
    }

    fn waker(&self, token: Token) -> io::Result<Waker> {
        let bit = WakeBit::acquire(&self.shared.wakes);
        Ok(Waker {
            number: self.shared.state().add_waker(token, bit.mask()),
            bit,
            queue: Arc::downgrade(&self.shared),
        })
    }

    fn select(&mut self, records: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        use selector::EventBuffer as _;
        records.clear();
        if records.capacity() == 0 {
            return Err(errors::invalid("the capacity of `Events` is 0"));
        }
        self.poller.select(&self.shared, records, timeout)
    }

    fn register(&self, raw: RawFd, token: Token, interest: Interest) -> io::Result<Registration> {
        Ok(Registration {
            key: self.shared.insert(raw, token, interest, true)?,
            queue: Arc::downgrade(&self.shared),
        })
    }

    fn reregister(
        &self,
        registration: &mut Registration,
        _: RawFd,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        self.shared.replace(registration.key, token, interest)
    }

    fn deregister(&self, registration: Registration, _: RawFd) -> io::Result<()> {
        let mut state = self.shared.state();
        match state.remove(self.shared.port(), registration.key) {
            Some(_) => Ok(()),
            None => Err(errors::not_registered()),
        }
    }

    fn owner(&self, registration: &Registration) -> Owner {
        Owner::of(&self.shared, &registration.queue)
    }

    fn rearm(registration: &Registration, waits_for: Interest) -> io::Result<()> {
        match registration.queue.upgrade() {
            Some(shared) => shared.rearm(registration.key, waits_for),
            None => Ok(()),
        }
    }

    fn watch_as_unowned(registration: &Registration) -> io::Result<()> {
        match registration.queue.upgrade() {
            Some(shared) => shared.watch_as_unowned(registration.key),
            None => Ok(()),
        }
    }
}

impl RegisterUnowned for EventPorts {
    fn register_unowned(&self, raw: RawFd, token: Token, interest: Interest) -> io::Result<()> {
        self.shared.insert(raw, token, interest, false)?;
        Ok(())
    }

    fn reregister_unowned(&self, raw: RawFd, token: Token, interest: Interest) -> io::Result<()> {
        let key = self.shared.state().table.find(raw)?;
        self.shared.replace(key, token, interest)
    }

    fn deregister_unowned(&self, raw: RawFd) -> io::Result<()> {
        let mut state = self.shared.state();
        let key = state.table.find(raw)?;
        match state.remove(self.shared.port(), key) {
            // A number that was closed is registered no more.
            Some(was_associated) if was_associated || syscall::is_open(raw) => Ok(()),
            _ => Err(errors::not_registered()),
        }
    }
}

/// Wakes an event port.
pub(crate) struct Waker {
    number: usize,
    bit: WakeBit,
    queue: Weak<Shared>,
}

impl Wake for Waker {
    fn wake(&self) -> io::Result<()> {
        let Some(shared) = self.queue.upgrade() else {
            // Nobody is there to be woken.
            return Ok(());
        };
        let is_first = if self.bit.mask() == 0 {
            shared.state().announce(self.number) || self.bit.all().is_shared()
        } else {
            self.bit.set_pending()
        };
        if !is_first {
            return Ok(());
        }
        syscall::send(shared.port(), ffi::POLLIN, self.number).inspect_err(|_| {
            // A queue can be full. The next wake tries again.
            self.bit.clear_pending();
            shared.state().retract(self.number);
        })
    }
}

impl Drop for Waker {
    fn drop(&mut self) {
        if let Some(shared) = self.queue.upgrade() {
            // What is queued cannot be taken back. Without its number nobody knows it any more.
            shared.state().remove_waker(self.number);
        }
    }
}

impl fmt::Debug for Waker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waker")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
