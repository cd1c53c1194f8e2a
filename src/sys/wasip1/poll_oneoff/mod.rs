//! `poll_oneoff` of WASI preview 1: a call that takes a list of subscriptions and forgets them, made into a queue with edges.
//!
//! All registrations are in a table under one mutex, which is never held during the call. The list is built anew for every
//! wait, since the host walks through all of it anyway, and always has a clock: it is never empty, which hosts refuse.
//!
//! What the host promises: the subscriptions that hold, at one moment. What it does not: edges (for
//! owned sources they are made by leaving out what was reported until an operation would block; for
//! unowned fds by `level_backoff`), and any way to end a wait from outside. So there is no waker,
//! and where there are threads a wait is cut into pieces, after each of which it looks at what
//! others have registered.
//!
//! # One bad descriptor
//!
//! For a number that is not open some hosts fail the whole call, and some answer that the clock has passed, at once. Both lead
//! to a look at every number: those that are closed lose their registration, as on epoll. If the call fails without one, each
//! subscription is tried alone: the one at fault is reported as an error, once, and is left out until it is armed again.
//!
//! Node 20 comes back at once if the closed number is alone, and crashes if there is another beside it. Only a look at every
//! number before every wait could prevent that; it would cost every other host a call for each source.

mod event;
pub(crate) mod host;
mod poller;
mod table;
#[cfg(all(test, target_os = "linux", not(mio_fake_kernel = "wasip1")))]
mod tests;

use std::fmt;
use std::io;
use std::os::fd::RawFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use crate::sys::selector::{self, Owner, RegisterUnowned, Wake};
use crate::sys::{errors, owner};
use crate::{Interest, Token};

use event::{Event, Events};
use host::Host;
use poller::Poller;
use table::{Directions, Key, Table};

/// A queue over `poll_oneoff` of the host `H`.
pub(crate) struct PollOneoff<H> {
    shared: Arc<Shared>,
    /// What only the poller needs. Clones leave it empty.
    poller: Poller<H>,
}

/// What all clones share. Its address is the queue's identity.
#[derive(Default)]
struct Shared {
    table: Mutex<Table>,
}

impl Shared {
    fn table(&self) -> MutexGuard<'_, Table> {
        // Nothing in a critical section panics half-way through a change.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One source's place in a queue.
pub(crate) struct Registration {
    queue: Weak<Shared>,
    key: Key,
}

impl Drop for Registration {
    fn drop(&mut self) {
        // Closing a descriptor takes it out of nothing here.
        if let Some(shared) = self.queue.upgrade() {
            shared.table().remove(self.key);
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

impl<H> fmt::Debug for PollOneoff<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PollOneoff").finish_non_exhaustive()
    }
}

impl<H: Host> selector::Selector for PollOneoff<H> {
    type Raw = RawFd;
    type Event = Event;
    type Events = Events;
    type Registration = Registration;
    type Waker = NoWaker;
    const EMULATES_EDGE: bool = true;

    fn new() -> io::Result<PollOneoff<H>> {
        Ok(PollOneoff {
            shared: Arc::default(),
            poller: Poller::default(),
        })
    }

    fn try_clone(&self) -> io::Result<PollOneoff<H>> {
        Ok(PollOneoff {
            shared: Arc::clone(&self.shared),
            poller: Poller::default(),
        })
    }

    fn waker(&self, _: Token) -> io::Result<NoWaker> {
        Err(errors::unsupported("WASI cannot end a wait from outside"))
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
        let directions = directions(interest)?;
        let key = self.shared.table().insert(raw, token, directions, true)?;
        Ok(Registration {
            queue: Arc::downgrade(&self.shared),
            key,
        })
    }

    fn reregister(
        &self,
        registration: &mut Registration,
        _: RawFd,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        let directions = directions(interest)?;
        self.shared
            .table()
            .replace(registration.key, token, directions)
    }

    fn deregister(&self, registration: Registration, _: RawFd) -> io::Result<()> {
        remove(&mut self.shared.table(), registration.key)
    }

    fn owner(&self, registration: &Registration) -> Owner {
        owner::owner_of(&self.shared, &registration.queue)
    }

    fn rearm(registration: &Registration, waits_for: Interest) -> io::Result<()> {
        if let Some(shared) = registration.queue.upgrade() {
            shared.table().rearm(registration.key, waits_for);
        }
        Ok(())
    }
}

impl<H: Host> RegisterUnowned for PollOneoff<H> {
    fn register_unowned(&self, raw: RawFd, token: Token, interest: Interest) -> io::Result<()> {
        let directions = directions(interest)?;
        self.shared.table().insert(raw, token, directions, false)?;
        Ok(())
    }

    fn reregister_unowned(&self, raw: RawFd, token: Token, interest: Interest) -> io::Result<()> {
        let mut table = self.shared.table();
        let key = table.find(raw)?;
        table.replace(key, token, directions(interest)?)
    }

    fn deregister_unowned(&self, raw: RawFd) -> io::Result<()> {
        let mut table = self.shared.table();
        let key = table.find(raw)?;
        remove(&mut table, key)
    }
}

fn remove(table: &mut Table, key: Key) -> io::Result<()> {
    if table.remove(key) {
        Ok(())
    } else {
        Err(errors::not_registered())
    }
}

/// The directions that an interest asks for.
fn directions(interest: Interest) -> io::Result<Directions> {
    if interest.is_aio() || interest.is_lio() || interest.is_priority() {
        return Err(errors::unsupported(
            "poll_oneoff can only watch for reading and writing",
        ));
    }
    Ok(Directions {
        read: interest.is_readable(),
        write: interest.is_writable(),
    })
}

/// The waker that does not exist.
#[derive(Debug)]
pub(crate) enum NoWaker {}

impl Wake for NoWaker {
    fn wake(&self) -> io::Result<()> {
        match *self {}
    }
}
