//! What makes a kqueue return: a user event in the queue itself, or a pipe(7) where the kernel has none.

use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::atomic::Ordering;

use crate::Token;
use crate::sys::unix::forks;
use crate::sys::unix::notifier::Notifier;
use crate::sys::unix::notifier::pipe::Pipe;

use super::syscall::{self, ADD, CLEAR, DELETE, Event, READ, RECEIPT, TRIGGER, USER};
use super::{Shared, answer};

/// Which kind of waker a queue makes.
pub(crate) trait Wakers: 'static {
    /// Whether user events are tried first.
    const USER_EVENTS: bool;
}

/// User events where the system has them, else pipes.
#[derive(Debug)]
pub(crate) enum UserEvents {}

impl Wakers for UserEvents {
    const USER_EVENTS: bool = true;
}

/// Always pipes.
#[derive(Debug)]
#[allow(dead_code)] // On request, and in tests.
pub(crate) enum Pipes {}

impl Wakers for Pipes {
    const USER_EVENTS: bool = false;
}

/// See the head of this file.
pub(super) enum WakeEvent {
    /// A user event: its number in the queue.
    User(usize),
    /// A pipe whose reader the queue watches. A copy of the process has it, too, without the queue.
    /// The number is that of the process.
    Pipe(Pipe, usize),
}

impl WakeEvent {
    /// Adds one to the queue; its event carries `token`.
    pub(super) fn new<W: Wakers>(shared: &Shared, token: Token) -> io::Result<WakeEvent> {
        if W::USER_EVENTS {
            // From the top: small numbers are what users of the descriptor pick for user events of their own.
            let ident = usize::MAX - shared.user_events.fetch_add(1, Ordering::Relaxed);
            match add(shared.kq()?, ident, USER, token) {
                Ok(()) => return Ok(WakeEvent::User(ident)),
                // The headers know the filter, this kernel does not.
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => {}
                Err(error) => return Err(error),
            }
        }
        let process = forks::process().load(Ordering::Relaxed);
        let pipe = Pipe::new()?;
        add(shared.kq()?, ident_of(&pipe), READ, token)?;
        Ok(WakeEvent::Pipe(pipe, process))
    }

    /// Makes the queue return its event. `EBADF` in a copy of the process, unless it is a pipe.
    pub(super) fn ring(&self, shared: &Shared, token: Token) -> io::Result<()> {
        match self {
            // Without EV_ADD, which some kernels take for a new event that is not triggered, and without EV_CLEAR, which makes
            // others forget the trigger at once. The token again, because triggering overwrites it.
            WakeEvent::User(ident) => {
                let trigger = Event::new(*ident, USER, 0, TRIGGER, token);
                syscall::post(shared.kq()?, &[trigger])
            }
            WakeEvent::Pipe(pipe, _) => pipe.notify(),
        }
    }

    /// Whether this is a copy of the process that waits. Its own bits of `wake_bits` are then never
    /// cleared.
    pub(super) fn is_shared(&self) -> bool {
        match self {
            WakeEvent::User(_) => false,
            WakeEvent::Pipe(_, process) => forks::process().load(Ordering::Relaxed) != *process,
        }
    }

    /// Takes it out of the queue, with its event.
    pub(super) fn take_out(&self, queue: BorrowedFd<'_>) -> io::Result<()> {
        let (ident, filter) = self.key();
        syscall::post(queue, &[Event::new(ident, filter, DELETE, 0, Token(0))])
    }

    /// Whether it made this event.
    pub(super) fn made(&self, record: &Event) -> bool {
        self.key() == (record.ident(), record.filter())
    }

    fn key(&self) -> (usize, i32) {
        match self {
            WakeEvent::User(ident) => (*ident, USER),
            WakeEvent::Pipe(pipe, _) => (ident_of(pipe), READ),
        }
    }
}

impl fmt::Debug for WakeEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WakeEvent::User(ident) => f.debug_tuple("User").field(ident).finish(),
            WakeEvent::Pipe(pipe, _) => pipe.fmt(f),
        }
    }
}

/// The number by which the queue knows a pipe.
fn ident_of(pipe: &Pipe) -> usize {
    // An open descriptor is not negative.
    pipe.as_fd().as_raw_fd() as usize
}

/// Adds one filter, for edges.
fn add(queue: BorrowedFd<'_>, ident: usize, filter: i32, token: Token) -> io::Result<()> {
    let mut change = [Event::new(ident, filter, ADD | CLEAR | RECEIPT, 0, token)];
    syscall::change(queue, &mut change)?;
    answer(&change[0])
}
