//! What makes a blocked kevent(2) return: a user event (`EVFILT_USER`), or a pipe(7) where the
//! kernel has no user events.

use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::atomic::Ordering;

use crate::Token;
use crate::sys::unix::forks;
use crate::sys::unix::notifier::Notifier;
use crate::sys::unix::notifier::pipe::Pipe;

use super::syscall::{self, ADD, CLEAR, DELETE, Event, READ, RECEIPT, TRIGGER, USER};
use super::{Shared, receipt_result};

/// Which kind of wake event a selector creates.
pub(crate) trait WakerKind: 'static {
    /// Whether to try a user event first.
    const USER_EVENTS: bool;
}

/// A user event where the kernel supports it, otherwise a pipe.
#[derive(Debug)]
pub(crate) enum UserEvents {}

impl WakerKind for UserEvents {
    const USER_EVENTS: bool = true;
}

/// Always a pipe.
#[derive(Debug)]
#[allow(dead_code)] // Only `mio_unsupported_force_waker_pipe` and tests use it.
pub(crate) enum Pipes {}

impl WakerKind for Pipes {
    const USER_EVENTS: bool = false;
}

/// A filter of the kqueue that this process can trigger.
pub(super) enum WakeEvent {
    /// A user event.
    User {
        /// The ident of the user event.
        ident: usize,
    },
    /// A pipe whose reader the kqueue watches. A forked child inherits the pipe, but not the
    /// kqueue.
    Pipe {
        /// The pipe.
        pipe: Pipe,
        /// The value of `forks::process` in the process that created the pipe.
        creator: usize,
    },
}

impl WakeEvent {
    /// Adds a wake event to the kqueue. The kernel reports it with `token`.
    pub(super) fn new<W: WakerKind>(shared: &Shared, token: Token) -> io::Result<WakeEvent> {
        if W::USER_EVENTS {
            // Counts down from the top, because code that uses the kqueue's fd tends to number its
            // own user events from the bottom.
            let ident = usize::MAX - shared.user_events.fetch_add(1, Ordering::Relaxed);
            match add_filter(shared.kq()?, ident, USER, token) {
                Ok(()) => return Ok(WakeEvent::User { ident }),
                // The headers define the filter, but the running kernel does not support it:
                // kevent(2) returns EINVAL for an unknown filter.
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => {}
                Err(error) => return Err(error),
            }
        }
        let creator = forks::process().load(Ordering::Relaxed);
        let pipe = Pipe::new()?;
        add_filter(shared.kq()?, pipe_ident(&pipe), READ, token)?;
        Ok(WakeEvent::Pipe { pipe, creator })
    }

    /// Makes the kqueue report the wake event. In a forked child this returns `EBADF` for a user
    /// event, and succeeds for a pipe.
    ///
    /// The change that triggers a user event
    ///
    /// - has no `EV_ADD`. FreeBSD and NetBSD do not trigger a user event that the same change adds
    ///   ([`filt_userattach`]).
    /// - has no `EV_CLEAR`. FreeBSD, NetBSD and DragonFly BSD reset the trigger at the end of a
    ///   change that has it ([`filt_usertouch`]).
    /// - has the token, because the change replaces `udata` ([`kqueue_register`]).
    ///
    /// The links show FreeBSD; `src/testing/kqueue/quirks.rs` has the sources of the other kernels.
    ///
    /// [`filt_userattach`]: https://github.com/freebsd/freebsd-src/blob/release/13.1.0/sys/kern/kern_event.c
    /// [`filt_usertouch`]: https://github.com/freebsd/freebsd-src/blob/release/13.1.0/sys/kern/kern_event.c
    /// [`kqueue_register`]: https://github.com/freebsd/freebsd-src/blob/release/13.1.0/sys/kern/kern_event.c
    pub(super) fn trigger(&self, shared: &Shared, token: Token) -> io::Result<()> {
        match self {
            WakeEvent::User { ident } => {
                let trigger = Event::new(*ident, USER, 0, TRIGGER, token);
                syscall::change_without_receipts(shared.kq()?, &[trigger])
            }
            WakeEvent::Pipe { pipe, .. } => pipe.notify(),
        }
    }

    /// Whether this process is a forked child that can still trigger the wake event of its parent.
    /// Nothing in the child clears its copy of `wake_bits`, so it must not merge wakes.
    pub(super) fn is_in_forked_child(&self) -> bool {
        match self {
            WakeEvent::User { .. } => false,
            WakeEvent::Pipe { creator, .. } => forks::process().load(Ordering::Relaxed) != *creator,
        }
    }

    /// Deletes the wake event from the kqueue, even if it was triggered and not reported yet.
    pub(super) fn delete(&self, kq: BorrowedFd<'_>) -> io::Result<()> {
        let (ident, filter) = self.ident_and_filter();
        let delete = Event::new(ident, filter, DELETE, 0, Token(0));
        syscall::change_without_receipts(kq, &[delete])
    }

    /// Whether `event` reports this wake event.
    pub(super) fn owns(&self, event: &Event) -> bool {
        self.ident_and_filter() == (event.ident(), event.filter())
    }

    fn ident_and_filter(&self) -> (usize, i32) {
        match self {
            WakeEvent::User { ident } => (*ident, USER),
            WakeEvent::Pipe { pipe, .. } => (pipe_ident(pipe), READ),
        }
    }
}

impl fmt::Debug for WakeEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WakeEvent::User { ident } => f.debug_tuple("User").field(ident).finish(),
            WakeEvent::Pipe { pipe, .. } => pipe.fmt(f),
        }
    }
}

/// The ident of a pipe's reader.
fn pipe_ident(pipe: &Pipe) -> usize {
    // An open file descriptor is not negative.
    pipe.as_fd().as_raw_fd() as usize
}

/// Adds one edge-triggered filter.
fn add_filter(kq: BorrowedFd<'_>, ident: usize, filter: i32, token: Token) -> io::Result<()> {
    let mut change = [Event::new(ident, filter, ADD | CLEAR | RECEIPT, 0, token)];
    syscall::change_with_receipts(kq, &mut change)?;
    receipt_result(&change[0])
}
