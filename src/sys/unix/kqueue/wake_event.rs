//! Wakers, and what makes a blocked kevent(2) return: a user event (`EVFILT_USER`), or a pipe(7)
//! where the kernel has no user events.

use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use crate::Token;
use crate::sys::selector::Wake;
use crate::sys::unix::forks;
use crate::sys::unix::notifier::Notifier;
use crate::sys::unix::notifier::pipe::Pipe;
use crate::sys::wake_bits::WakeBit;

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

/// Wakes a kqueue. See `wake_bits` for the protocol.
pub(crate) struct Waker {
    pub(super) wake_event: WakeEvent,
    token: Token,
    bit: WakeBit,
    selector: Weak<Shared>,
}

impl Waker {
    /// Creates a waker whose wakes the kernel reports with `token`.
    pub(super) fn new<W: WakerKind>(shared: &Arc<Shared>, token: Token) -> io::Result<Waker> {
        let wake_event = WakeEvent::new::<W>(shared, token)?;
        Ok(Waker {
            wake_event,
            token,
            bit: WakeBit::acquire(Arc::clone(&shared.wakes)),
            selector: Arc::downgrade(shared),
        })
    }
}

impl Wake for Waker {
    fn wake(&self) -> io::Result<()> {
        if !self.bit.set_pending() && !self.wake_event.is_in_forked_child() {
            return Ok(());
        }
        let Some(shared) = self.selector.upgrade() else {
            // The selector was dropped.
            return Ok(());
        };
        self.wake_event
            .trigger(&shared, self.token)
            .inspect_err(|_| self.bit.clear_pending())
    }
}

impl Drop for Waker {
    fn drop(&mut self) {
        let shared = self.selector.upgrade();
        // A forked child has no kqueue, and nothing to delete.
        if let Some(Ok(kq)) = shared.as_deref().map(Shared::kq) {
            // A user event has no fd that closing would remove. Errors are ignored: the worst case
            // is one spurious event.
            let _ = self.wake_event.delete(kq);
        }
        // The field `bit` is released after this, because the kernel can report this waker until
        // its event is deleted.
    }
}

impl fmt::Debug for Waker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waker")
            .field("wake_event", &self.wake_event)
            .finish_non_exhaustive()
    }
}
