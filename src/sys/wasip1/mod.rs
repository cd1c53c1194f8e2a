//! WASI preview 1: a selector over `poll_oneoff`, a level-triggered call with a list of
//! subscriptions. It is independent of the host, so Linux tests it, too.
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

mod poller;
#[cfg(target_os = "wasi")]
pub(crate) mod syscall;
mod table;
#[cfg(all(test, target_os = "linux", not(mio_fake_kernel = "wasip1")))]
mod tests;

use std::fmt;
use std::io;
use std::os::fd::RawFd;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

use crate::sys::errors;
use crate::sys::event_buffer::EventVec;
use crate::sys::selector::{self, Mode, Owner, RegisterUnowned, Wake};
use crate::sys::sync::lock;
use crate::sys::timeout::Deadline;
use crate::{Interest, Token};

use poller::Poller;
use table::{Directions, Key, Table};

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

/// A host of WASI preview 1. A fake one implements it on Linux.
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

    fn insert(
        &self,
        fd: RawFd,
        token: Token,
        interest: Interest,
        is_owned: bool,
    ) -> io::Result<Key> {
        let (directions, mode) = (directions(interest)?, Mode::of(interest)?);
        let mut table = self.table();
        let key = table.insert(fd, token, directions, is_owned)?;
        table.set_mode(key, mode);
        Ok(key)
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

    fn select(&mut self, events: &mut Events, deadline: Deadline) -> io::Result<()> {
        self.poller.select(&self.shared, events, deadline)
    }

    fn register(&self, fd: RawFd, token: Token, interest: Interest) -> io::Result<Registration> {
        Ok(Registration {
            selector: Arc::downgrade(&self.shared),
            key: self.shared.insert(fd, token, interest, true)?,
        })
    }

    fn reregister(
        &self,
        registration: &mut Registration,
        _: RawFd,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        replace(&mut self.shared.table(), registration.key, token, interest)
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
        self.shared.insert(fd, token, interest, false)?;
        Ok(())
    }

    fn reregister_unowned(&self, fd: RawFd, token: Token, interest: Interest) -> io::Result<()> {
        let mut table = self.shared.table();
        let key = table.find(fd)?;
        replace(&mut table, key, token, interest)
    }

    fn deregister_unowned(&self, fd: RawFd) -> io::Result<()> {
        let mut table = self.shared.table();
        let key = table.find(fd)?;
        remove(&mut table, key)
    }
}

fn replace(table: &mut Table, key: Key, token: Token, interest: Interest) -> io::Result<()> {
    let (directions, mode) = (directions(interest)?, Mode::of(interest)?);
    table.replace(key, token, directions)?;
    table.set_mode(key, mode);
    Ok(())
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

/// The direction of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Read,
    Write,
}

const READ: u8 = 1;
const WRITE: u8 = 2;
const READ_HANG_UP: u8 = 4;
const WRITE_HANG_UP: u8 = 8;
const ERROR: u8 = 16;

const NAMES: [(&str, u32); 5] = [
    ("FD_READ", READ as u32),
    ("FD_WRITE", WRITE as u32),
    ("FD_READ_HANGUP", READ_HANG_UP as u32),
    ("FD_WRITE_HANGUP", WRITE_HANG_UP as u32),
    ("ERROR", ERROR as u32),
];

/// The conditions of one source, both directions in one event.
#[derive(Clone, Copy)]
pub(crate) struct Event {
    token: Token,
    bits: u8,
}

impl Event {
    /// An event without conditions.
    fn new(token: Token) -> Event {
        Event { token, bits: 0 }
    }

    /// Whether the event has no condition.
    fn is_empty(&self) -> bool {
        self.bits == 0
    }

    /// Adds a direction that is ready.
    fn set_ready(&mut self, direction: Direction, hang_up: bool) {
        let (ready, hung_up) = match direction {
            Direction::Read => (READ, READ_HANG_UP),
            Direction::Write => (WRITE, WRITE_HANG_UP),
        };
        self.bits |= ready;
        if hang_up {
            self.bits |= hung_up;
        }
    }

    /// Adds a direction that the host cannot poll. An operation would return an error.
    fn set_failed(&mut self, direction: Direction) {
        self.set_ready(direction, false);
        self.bits |= ERROR;
    }

    fn has(&self, bits: u8) -> bool {
        self.bits & bits != 0
    }
}

impl selector::SelectorEvent for Event {
    fn token(&self) -> Token {
        self.token
    }

    fn is_readable(&self) -> bool {
        self.has(READ)
    }

    fn is_writable(&self) -> bool {
        self.has(WRITE)
    }

    fn is_error(&self) -> bool {
        self.has(ERROR)
    }

    fn is_read_closed(&self) -> bool {
        self.has(READ_HANG_UP)
    }

    fn is_write_closed(&self) -> bool {
        self.has(WRITE_HANG_UP)
    }

    fn details(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("event")
            .field("flags", &Flags(self.bits))
            .field("token", &self.token.0)
            .finish()
    }
}

/// Writes the names of the flags.
struct Flags(u8);

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        selector::write_flags(f, u32::from(self.0), NAMES.into_iter())
    }
}

/// The events of one `select`.
pub(crate) type Events = EventVec<Event>;
