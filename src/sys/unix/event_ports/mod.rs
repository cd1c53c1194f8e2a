//! The selector over event ports of Solaris. The kernel stores the registrations, but an
//! association of a file descriptor with a port delivers one event and then ends.
//!
//! What the kernel provides ([port_associate(3C)], [port_get(3C)], and [`port_fd.c`] of illumos):
//!
//! - An association delivers its event at once if a condition holds already, and otherwise as soon
//!   as one does.
//! - Associating an fd again replaces the conditions and drops an event that was not retrieved.
//! - `close` ends an association.
//! - Only the process that made an association can dissociate it; any other gets EACCES
//!   ([`port_dissociate_fd`]). So a forked child that drops a source, or gives its fd away, leaves
//!   its parent's association alone.
//!
//! The kernel does not report edges. `level_triggered` has the table, the rules and the proof of
//! the emulation. A direction that was reported of an owned source is associated again when an
//! operation would block. A zero-timeout poll(2) with a back-off probes reading and writing of an
//! unowned fd, and hang-ups, errors and priority data of either. So:
//!
//! - Registering, re-registering and re-arming associate at once, under the lock, even while
//!   another thread is blocked in `select`.
//! - After an event, the selector re-associates the conditions that are still wanted when the next
//!   `select` begins, because the caller has served the source by then. Associating an fd that is
//!   ready would deliver the same event again and spin.
//! - A condition was not ready when its association was made, if the event does not have it. Nor
//!   was one whose association is outstanding when the port is empty. The back-off needs these
//!   observations of "not ready".
//! - port_getn(3C) may deliver events together with an error (ETIME, EINTR), so the selector reads
//!   the events whatever the result.
//!
//! `portev_user` holds the slot and the generation of a registration, or the id of a waker. Ids
//! count up, so a queued event of a dropped waker is not taken for one of a later waker. The
//! selector looks up the token under the lock when it retrieves an event, and skips events of
//! registrations and wakers that no longer exist. Events of other sources (timers, asynchronous
//! I/O) were queued by code that uses the port's file descriptor. They pass through with
//! `portev_user` as the token.
//!
//! Wakes are merged as `wake_bits` describes. Beyond that, a wake stays pending if `select` returns
//! before it has retrieved the wake's event, so wakers do not fill the port. A waker without a bit
//! has its pending flag under the lock.
//!
//! [port_associate(3C)]: https://illumos.org/man/3C/port_associate
//! [port_get(3C)]: https://illumos.org/man/3C/port_get
//! [`port_dissociate_fd`]: https://github.com/illumos/illumos-gate/blob/5f5704245a8a5f5481611362a8db22105fb1de56/usr/src/uts/common/fs/portfs/port_fd.c
//! [`port_fd.c`]: https://github.com/illumos/illumos-gate/blob/5f5704245a8a5f5481611362a8db22105fb1de56/usr/src/uts/common/fs/portfs/port_fd.c

mod poller;
mod state;

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use crate::sys::selector::{self, Mode, Owner, RegisterUnowned, Wake};
use crate::sys::sync::lock;
use crate::sys::timeout::Deadline;
use crate::sys::unix::syscalls::event_ports as syscall;
use crate::sys::unix::{forks, level_triggered};
use crate::sys::wake_bits::{WakeBit, WakeBits};
use crate::sys::{errors, ffi};
use crate::{Interest, Token};

pub(crate) use level_triggered::{Event, Events};
use level_triggered::{Key, bits};
use poller::Poller;
use state::State;

/// An event port.
pub(crate) struct EventPorts {
    shared: Arc<Shared>,
    /// The state that only `select` uses. In clones it stays empty.
    poller: Poller,
}

/// The state that a selector and its clones share. Its address identifies the selector.
#[derive(Debug)]
struct Shared {
    port: OwnedFd,
    state: Mutex<State>,
    wakes: Arc<WakeBits>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // No critical section panics in the middle of a change, so poisoning means nothing.
        lock(&self.state)
    }

    fn port(&self) -> BorrowedFd<'_> {
        self.port.as_fd()
    }

    /// Adds a registration. On failure nothing is registered.
    fn insert(
        &self,
        fd: RawFd,
        token: Token,
        interest: Interest,
        is_owned: bool,
    ) -> io::Result<Key> {
        let (interest, mode) = (bits(interest)?, Mode::of(interest)?);
        let mut state = self.state();
        if let Ok(old) = state.table.find(fd) {
            if state.is_fd_closed(self.port(), old, fd) {
                // The fd was closed and belongs to another file now.
                state.remove(old);
            }
        }
        let key = state.table.insert(fd, token, interest, is_owned)?;
        state.table.set_mode(key, mode);
        if let Err(error) = state.associate(self.port(), key) {
            state.remove(key);
            return Err(error);
        }
        Ok(key)
    }

    /// Replaces the token and the interest of a registration.
    fn replace(&self, key: Key, token: Token, interest: Interest) -> io::Result<()> {
        let (interest, mode) = (bits(interest)?, Mode::of(interest)?);
        let mut state = self.state();
        state.table.replace(key, token, interest)?;
        state.table.set_mode(key, mode);
        state.associate(self.port(), key)
    }

    /// Re-arms the directions of an operation that would block.
    fn rearm(&self, key: Key, waits_for: Interest) -> io::Result<()> {
        let mut state = self.state();
        if state.table.rearm(key, waits_for) {
            return self.associate_changed(&mut state, key);
        }
        Ok(())
    }

    /// Treats an owned source as an unowned fd from now on.
    fn watch_as_unowned(&self, key: Key) -> io::Result<()> {
        let mut state = self.state();
        if state.table.watch_as_unowned(key) {
            return self.associate_changed(&mut state, key);
        }
        Ok(())
    }

    /// Associates a registration that has changed. If that fails, the registration stays dirty, and
    /// a user event of no waker makes a blocked `select` associate it: the caller may not repeat an
    /// operation that fails with EAGAIN.
    fn associate_changed(&self, state: &mut State, key: Key) -> io::Result<()> {
        state.associate(self.port(), key).inspect_err(|_| {
            let _ = syscall::send(self.port(), 0, state::NO_WAKER);
        })
    }
}

/// The registration of an owned source.
pub(crate) struct Registration {
    selector: Weak<Shared>,
    key: Key,
}

impl Drop for Registration {
    fn drop(&mut self) {
        // Closing the fd ends the association, but does not free the slot in the table.
        if let Some(shared) = self.selector.upgrade() {
            shared.state().deregister(shared.port(), self.key);
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

/// Exposes the fd. From then on code outside of this crate may wait on the port.
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
        // Read before the port exists: no forked child has the port without a change of the
        // generation.
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
        let bit = WakeBit::acquire(Arc::clone(&self.shared.wakes));
        Ok(Waker {
            id: self.shared.state().add_waker(token, bit.mask()),
            bit,
            selector: Arc::downgrade(&self.shared),
        })
    }

    fn select(&mut self, events: &mut Events, deadline: Deadline) -> io::Result<()> {
        self.poller.select(&self.shared, events, deadline)
    }

    fn register(&self, fd: RawFd, token: Token, interest: Interest) -> io::Result<Registration> {
        Ok(Registration {
            key: self.shared.insert(fd, token, interest, true)?,
            selector: Arc::downgrade(&self.shared),
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
        match state.deregister(self.shared.port(), registration.key) {
            Some(_) => Ok(()),
            None => Err(errors::not_registered()),
        }
    }

    fn owner(&self, registration: &Registration) -> Owner {
        Owner::of(&self.shared, &registration.selector)
    }

    fn rearm(registration: &Registration, waits_for: Interest) -> io::Result<()> {
        match registration.selector.upgrade() {
            Some(shared) => shared.rearm(registration.key, waits_for),
            None => Ok(()),
        }
    }

    fn watch_as_unowned(registration: &Registration) -> io::Result<()> {
        match registration.selector.upgrade() {
            Some(shared) => shared.watch_as_unowned(registration.key),
            None => Ok(()),
        }
    }
}

impl RegisterUnowned for EventPorts {
    fn register_unowned(&self, fd: RawFd, token: Token, interest: Interest) -> io::Result<()> {
        self.shared.insert(fd, token, interest, false)?;
        Ok(())
    }

    fn reregister_unowned(&self, fd: RawFd, token: Token, interest: Interest) -> io::Result<()> {
        let key = self.shared.state().table.find(fd)?;
        self.shared.replace(key, token, interest)
    }

    fn deregister_unowned(&self, fd: RawFd) -> io::Result<()> {
        let mut state = self.shared.state();
        let key = state.table.find(fd)?;
        match state.deregister(self.shared.port(), key) {
            // An fd that was closed is no longer registered.
            Some(was_associated) if was_associated || syscall::is_open(fd) => Ok(()),
            _ => Err(errors::not_registered()),
        }
    }
}

/// Wakes an event port.
pub(crate) struct Waker {
    /// `portev_user` of its user events.
    id: usize,
    bit: WakeBit,
    selector: Weak<Shared>,
}

impl Wake for Waker {
    fn wake(&self) -> io::Result<()> {
        let Some(shared) = self.selector.upgrade() else {
            // The selector was dropped.
            return Ok(());
        };
        let must_notify = if self.bit.mask() == 0 {
            shared.state().set_wake_pending(self.id) || self.bit.all().is_shared()
        } else {
            self.bit.set_pending()
        };
        if !must_notify {
            return Ok(());
        }
        syscall::send(shared.port(), ffi::POLLIN, self.id).inspect_err(|_| {
            // The port may be full. The next wake tries again.
            self.bit.clear_pending();
            shared.state().clear_wake_pending(self.id);
        })
    }
}

impl Drop for Waker {
    fn drop(&mut self) {
        if let Some(shared) = self.selector.upgrade() {
            // A queued event cannot be removed. `select` skips it, because its id is unknown now.
            shared.state().remove_waker(self.id);
        }
    }
}

impl fmt::Debug for Waker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waker")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
