//! A selector over `poll_oneoff` of WASI preview 1, a level-triggered call with a list of
//! subscriptions.
//!
//! All registrations are in a table under one mutex, which is not held during the call. The poller
//! builds the list for every call, because the host processes all of it anyway. The list always has
//! a clock subscription, so it is never empty: hosts refuse an empty list (`poll_oneoff` in
//! <https://github.com/bytecodealliance/wasmtime/blob/1f4c3ded3d57/crates/wasi/src/p1.rs>).
//!
//! The host returns the subscriptions that hold. It does not report edges: `table` and
//! `level_backoff` emulate them. Nothing can end the call from outside, so there is no waker. Where
//! the guest has threads, a wait is limited to `MAX_WAIT_WITH_THREADS`, after which the poller
//! applies what other threads have registered.
//!
//! # Closed fds
//!
//! If one fd of the list is not open, some hosts fail the whole call, and others return immediately
//! with the clock event only. In both cases the poller checks every fd: a closed one loses its
//! registration, as with epoll. If the call fails although all fds are open, the poller calls the
//! host with each subscription alone. Those that fail are reported as errors, once, and are not
//! requested again until they are armed.
//!
//! Node 20 returns immediately if the closed fd is the only one. It crashes if another fd follows
//! it in the list: it dereferences the null pointer that it has stored for the closed one
//! (`uvwasi__poll_oneoff_state_add_fdevent` in
//! <https://github.com/nodejs/uvwasi/blob/59420fce6e96/src/poll_oneoff.c>). The selector could only
//! prevent that by checking every fd before every call, which would cost all other hosts one call
//! for each source.

mod event;
pub(crate) mod host;
mod poller;
mod table;
#[cfg(all(test, target_os = "linux", not(mio_fake_kernel = "wasip1")))]
mod tests;

use std::fmt;
use std::io;
use std::os::fd::RawFd;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

use crate::sys::errors;
use crate::sys::selector::{self, Owner, RegisterUnowned, Wake};
use crate::sys::sync::lock;
use crate::{Interest, Token};

use event::{Event, Events};
use host::Host;
use poller::Poller;
use table::{Directions, Key, Table};

/// A selector over `poll_oneoff` of the host `H`.
pub(crate) struct PollOneoff<H> {
    shared: Arc<Shared>,
    /// State of the polling thread. Clones leave it empty.
    poller: Poller<H>,
}

/// The state that all clones of a selector share.
#[derive(Default)]
struct Shared {
    table: Mutex<Table>,
}

impl Shared {
    fn table(&self) -> MutexGuard<'_, Table> {
        lock(&self.table)
    }
}

/// The registration of one source.
pub(crate) struct Registration {
    selector: Weak<Shared>,
    key: Key,
}

impl Drop for Registration {
    fn drop(&mut self) {
        // Closing the fd does not remove it from the table.
        if let Some(shared) = self.selector.upgrade() {
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
        Err(errors::unsupported(
            "waking a blocked `poll` is not supported by WASI preview 1",
        ))
    }

    fn select(&mut self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        use selector::EventBuffer as _;
        events.prepare()?;
        self.poller.select(&self.shared, events, timeout)
    }

    fn register(&self, fd: RawFd, token: Token, interest: Interest) -> io::Result<Registration> {
        let directions = directions(interest)?;
        let key = self.shared.table().insert(fd, token, directions, true)?;
        Ok(Registration {
            selector: Arc::downgrade(&self.shared),
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
        Owner::of(&self.shared, &registration.selector)
    }

    fn rearm(registration: &Registration, waits_for: Interest) -> io::Result<()> {
        if let Some(shared) = registration.selector.upgrade() {
            shared.table().rearm(registration.key, waits_for);
        }
        Ok(())
    }
}

impl<H: Host> RegisterUnowned for PollOneoff<H> {
    fn register_unowned(&self, fd: RawFd, token: Token, interest: Interest) -> io::Result<()> {
        let directions = directions(interest)?;
        self.shared.table().insert(fd, token, directions, false)?;
        Ok(())
    }

    fn reregister_unowned(&self, fd: RawFd, token: Token, interest: Interest) -> io::Result<()> {
        let mut table = self.shared.table();
        let key = table.find(fd)?;
        table.replace(key, token, directions(interest)?)
    }

    fn deregister_unowned(&self, fd: RawFd) -> io::Result<()> {
        let mut table = self.shared.table();
        let key = table.find(fd)?;
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

/// The directions that an interest requests.
fn directions(interest: Interest) -> io::Result<Directions> {
    if interest.is_aio() || interest.is_lio() || interest.is_priority() {
        return Err(errors::unsupported(
            "WASI preview 1 supports only `Interest::READABLE` and `Interest::WRITABLE`",
        ));
    }
    Ok(Directions {
        read: interest.is_readable(),
        write: interest.is_writable(),
    })
}

/// The type of wakers. It has no values, because creating one fails.
#[derive(Debug)]
pub(crate) enum NoWaker {}

impl Wake for NoWaker {
    fn wake(&self) -> io::Result<()> {
        match *self {}
    }
}
