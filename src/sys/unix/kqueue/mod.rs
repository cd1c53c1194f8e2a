//! The kqueue(2) selector. The kernel stores the registrations and reports real edges, one filter
//! (`EVFILT_READ`, `EVFILT_WRITE`) at a time. `udata` holds the token and nothing else; the kernel
//! returns it in each event.
//!
//! The selector relies on these properties of the kernel ([kqueue(2)], [`kqueue_register`]):
//!
//! - A filter with `EV_CLEAR` reports each new activity of its file descriptor once.
//! - `EV_ADD` evaluates the filter, even if it was added before. So a condition that holds is
//!   reported.
//! - `close` removes the filters of a file descriptor.
//!
//! Three other properties shape the code:
//!
//! - kevent(2) returns the errors of changes in the event list, where it also returns events. So a
//!   kevent(2) call that only makes changes could also swallow events. Two forms never do: one
//!   without an event list, which the first error ends, and one with `EV_RECEIPT` on every change
//!   and room for all receipts.
//! - `EV_ADD` of a filter that was added before replaces its `udata`. So the kernel does not detect
//!   that a file descriptor is registered twice.
//! - Some kernels refuse `EVFILT_WRITE` for a pipe whose reader is closed. `synthetic_eof` provides
//!   the event that they do not report.
//!
//! Callers may add filters of their own through the kqueue's file descriptor, as POSIX asynchronous
//! I/O does. Their events pass through unchanged.
//!
//! [kqueue(2)]: https://man.freebsd.org/cgi/man.cgi?query=kqueue&sektion=2
//! [`kqueue_register`]: https://github.com/freebsd/freebsd-src/blob/release/13.1.0/sys/kern/kern_event.c

mod event;
mod synthetic_eof;
mod wake_event;

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::sys::platform::{AIO, LIO};
use crate::sys::selector::{self, Owner, RegisterUnowned, Wake};
use crate::sys::timeout::{Deadline, time_until};
use crate::sys::unix::syscalls::kqueue as syscall;
use crate::sys::wake_bits::{WakeBit, WakeBits};
use crate::sys::{errors, ffi};
use crate::{Interest, Token};

use synthetic_eof::{PendingEof, SyntheticEofs};
use syscall::{ADD, CLEAR, DELETE, ERROR, KqueueFd, READ, RECEIPT, WRITE};
pub(crate) use syscall::{Event, Events};
use wake_event::WakeEvent;
#[allow(unused_imports)] // A platform module names one of the two types.
pub(crate) use wake_event::{Pipes, UserEvents, WakerKind};

/// The longest wait of one call; the selector then waits again. xnu returns EINVAL for more than
/// 100 million seconds before macOS 10.15 ([`kevent_get_timeout`], [`itimerfix`]).
///
/// [`kevent_get_timeout`]: https://github.com/apple-oss-distributions/xnu/blob/xnu-4903.270.47/bsd/kern/kern_event.c
/// [`itimerfix`]: https://github.com/apple-oss-distributions/xnu/blob/xnu-4903.270.47/bsd/kern/kern_time.c
const MAX_WAIT: Duration = Duration::from_secs(100_000_000);

/// A kqueue. `W` selects how its wakers wake it.
pub(crate) struct Kqueue<W> {
    shared: Arc<Shared>,
    waker_kind: PhantomData<fn() -> W>,
}

/// The state that a selector and its clones share.
#[derive(Debug)]
struct Shared {
    kq: KqueueFd,
    /// The number of user events that were created.
    user_events: AtomicUsize,
    synthetic_eofs: SyntheticEofs,
    wakes: Arc<WakeBits>,
}

/// The registration of an owned source.
#[derive(Debug)]
pub(crate) struct Registration {
    selector: Weak<Shared>,
    /// Set once the source had a pending EOF, which closing the fd does not remove.
    pending_eof: Option<Box<PendingEof>>,
}

impl Shared {
    /// The fd of the kqueue. `EBADF` in a forked child, which does not inherit a kqueue.
    fn kq(&self) -> io::Result<BorrowedFd<'_>> {
        self.kq.borrow()
    }
}

/// Exposes the fd. From then on code outside of this crate may wait on the kqueue.
impl<W> AsFd for Kqueue<W> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.shared.wakes.expose();
        self.shared.kq.as_fd()
    }
}

impl<W> fmt::Debug for Kqueue<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kqueue")
            .field("fd", &self.shared.kq.as_fd().as_raw_fd())
            .finish_non_exhaustive()
    }
}

impl<W: WakerKind> selector::Selector for Kqueue<W> {
    type Raw = RawFd;
    type Event = Event;
    type Events = Events;
    type Registration = Registration;
    type Waker = Waker;
    const EMULATES_EDGE: bool = false;

    fn new() -> io::Result<Kqueue<W>> {
        let kq = KqueueFd::new()?;
        Ok(Kqueue {
            shared: Arc::new(Shared {
                kq,
                user_events: AtomicUsize::new(0),
                synthetic_eofs: SyntheticEofs::new(),
                wakes: Arc::new(WakeBits::unshared()),
            }),
            waker_kind: PhantomData,
        })
    }

    fn try_clone(&self) -> io::Result<Kqueue<W>> {
        Ok(Kqueue {
            shared: Arc::clone(&self.shared),
            waker_kind: PhantomData,
        })
    }

    fn waker(&self, token: Token) -> io::Result<Waker> {
        let wake_event = WakeEvent::new::<W>(&self.shared, token)?;
        Ok(Waker {
            wake_event,
            token,
            bit: WakeBit::acquire(Arc::clone(&self.shared.wakes)),
            selector: Arc::downgrade(&self.shared),
        })
    }

    fn select(&mut self, events: &mut Events, deadline: Deadline) -> io::Result<()> {
        let deadline = deadline.start();
        let mut remaining = deadline.timeout;
        let kq = self.shared.kq()?;
        self.shared.synthetic_eofs.retrigger(&self.shared)?;
        loop {
            let result = syscall::wait(kq, events, remaining.map(|time| time.min(MAX_WAIT)));
            // After every return of the kernel, whatever the result, so that no merged wake is
            // lost: see `wake_bits`.
            self.shared.wakes.clear_all();
            result?;
            let removed_event = self.shared.synthetic_eofs.substitute(&self.shared, events);
            if !selector::EventBuffer::as_slice(events).is_empty() {
                return Ok(());
            }
            if deadline.at.is_some() {
                remaining = time_until(deadline.at);
            }
            // The buffer may have been full with an internal wake event in it; look once more
            // without waiting.
            if remaining == Some(Duration::ZERO) && !removed_event {
                return Ok(());
            }
        }
    }

    fn register(&self, fd: RawFd, token: Token, interest: Interest) -> io::Result<Registration> {
        let has_pending_eof = self.add_filters(fd, token, interest)?;
        Ok(Registration {
            selector: Arc::downgrade(&self.shared),
            pending_eof: has_pending_eof.then(|| self.pending_eof(fd)),
        })
    }

    fn reregister(
        &self,
        registration: &mut Registration,
        fd: RawFd,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        let has_pending_eof = self.replace_filters(fd, token, interest);
        // An error may be that of the other filter.
        if !matches!(has_pending_eof, Ok(false)) {
            registration
                .pending_eof
                .get_or_insert_with(|| self.pending_eof(fd));
        }
        has_pending_eof.map(drop)
    }

    /// Succeeds even if the kernel has no filter. A registration for asynchronous I/O has none, and
    /// [FreeBSD] removes the filter of a pipe's writer once it has reported that the reader is
    /// closed (`pipeclose`).
    ///
    /// [FreeBSD]: https://github.com/freebsd/freebsd-src/blob/release/13.1.0/sys/kern/sys_pipe.c
    fn deregister(&self, _: Registration, fd: RawFd) -> io::Result<()> {
        self.shared.delete_filters(fd)
    }

    fn leave(registration: Registration, fd: RawFd) {
        if let Some(shared) = registration.selector.upgrade() {
            let _ = shared.delete_filters(fd);
        }
    }

    fn owner(&self, registration: &Registration) -> Owner {
        Owner::of(&self.shared, &registration.selector)
    }

    fn rearm(_: &Registration, _: Interest) -> io::Result<()> {
        // The kernel reports edges.
        Ok(())
    }
}

impl<W: WakerKind> RegisterUnowned for Kqueue<W> {
    /// If `fd` is registered already, this adds filters, but removes none. It replaces the token of
    /// the filters that the interest needs, and the other one keeps its token. The kernel does not
    /// detect that case.
    fn register_unowned(&self, fd: RawFd, token: Token, interest: Interest) -> io::Result<()> {
        self.add_filters(fd, token, interest).map(drop)
    }

    /// If `fd` is not registered, this registers it. The kernel does not detect that case.
    fn reregister_unowned(&self, fd: RawFd, token: Token, interest: Interest) -> io::Result<()> {
        self.replace_filters(fd, token, interest).map(drop)
    }

    /// Succeeds even if the kernel has no filter. It does not distinguish an fd that was never
    /// registered from a pipe's writer whose filter it has removed itself.
    fn deregister_unowned(&self, fd: RawFd) -> io::Result<()> {
        self.shared.delete_filters(fd)
    }
}

impl<W: WakerKind> Kqueue<W> {
    /// Adds the filters of an interest. Returns whether there is a pending EOF.
    ///
    /// `fd` may have filters of an earlier registration, for which `EV_ADD` succeeds and replaces
    /// the token. So the order matters: the change of `WRITE` comes first, and if it fails, the
    /// kernel does not apply the change of `READ`, and the earlier filters stay as they are. If
    /// `READ` fails, this deletes `WRITE`, whose token has been replaced. It deletes `WRITE` in
    /// both cases, which is harmless: if adding `WRITE` fails, the fd has no such filter, because
    /// `EV_ADD` of one that exists succeeds.
    fn add_filters(&self, fd: RawFd, token: Token, interest: Interest) -> io::Result<bool> {
        let [wants_read, wants_write] = wanted_filters(interest)?;
        let ident = ident(fd)?;
        let add = |filter| Event::new(ident, filter, ADD | CLEAR, 0, token);
        let both = [add(WRITE), add(READ)];
        let changes = match (wants_write, wants_read) {
            (true, true) => &both[..],
            (true, false) => &both[..1],
            (false, true) => &both[1..],
            (false, false) => &[],
        };
        let shared = &*self.shared;
        let kq = shared.kq()?;
        shared.synthetic_eofs.remove(fd);
        if changes.is_empty() {
            return Ok(false);
        }
        let Err(error) = syscall::change_without_receipts(kq, changes) else {
            return Ok(false);
        };
        if wants_write && synthetic_eof::is_reader_closed(&error, fd) {
            shared.synthetic_eofs.push::<W>(shared, fd, token)?;
            if wants_read {
                syscall::change_without_receipts(kq, &both[1..])
                    .inspect_err(|_| shared.synthetic_eofs.remove(fd))?;
            }
            return Ok(true);
        }
        if changes.len() == 2 {
            // `WRITE` may not have been added. The caller gets the first error, not this one.
            let delete = Event::new(ident, WRITE, DELETE, 0, Token(0));
            let _ = syscall::change_without_receipts(kq, &[delete]);
        }
        Err(error)
    }

    /// Adds the filters of an interest and deletes the others. Returns whether there is a pending
    /// EOF.
    fn replace_filters(&self, fd: RawFd, token: Token, interest: Interest) -> io::Result<bool> {
        let wanted = wanted_filters(interest)?;
        let flags = wanted.map(|is_wanted| match is_wanted {
            true => ADD | CLEAR,
            false => DELETE,
        });
        let [wants_read, wants_write] = wanted;
        let shared = &*self.shared;
        shared.synthetic_eofs.remove(fd);
        let [read, write] = shared.change_filters(fd, token, flags)?;
        let read = if wants_read {
            read
        } else {
            ignore_not_found(read)
        };
        let has_pending_eof = match write {
            write if !wants_write => ignore_not_found(write).map(|()| false),
            Err(error) if synthetic_eof::is_reader_closed(&error, fd) => {
                let pushed = shared.synthetic_eofs.push::<W>(shared, fd, token);
                pushed.map(|()| true)
            }
            write => write.map(|()| false),
        };
        read.and(has_pending_eof)
    }

    /// The guard that a registration holds while its source may have a pending EOF.
    fn pending_eof(&self, fd: RawFd) -> Box<PendingEof> {
        Box::new(PendingEof {
            selector: Arc::downgrade(&self.shared),
            fd,
        })
    }
}

impl Shared {
    /// Deletes both filters. A filter that does not exist is no error.
    fn delete_filters(&self, fd: RawFd) -> io::Result<()> {
        self.synthetic_eofs.remove(fd);
        let [read, write] = self.change_filters(fd, Token(0), [DELETE; 2])?;
        ignore_not_found(read).and(ignore_not_found(write))
    }

    /// Changes both filters, `READ` and `WRITE`, and returns the result of each.
    fn change_filters(
        &self,
        fd: RawFd,
        token: Token,
        flags: [u32; 2],
    ) -> io::Result<[io::Result<()>; 2]> {
        let ident = ident(fd)?;
        let [read, write] = flags.map(|flags| flags | RECEIPT);
        let mut changes = [
            Event::new(ident, READ, read, 0, token),
            Event::new(ident, WRITE, write, 0, token),
        ];
        syscall::change_with_receipts(self.kq()?, &mut changes)?;
        // Each receipt has overwritten its change.
        Ok(changes.each_ref().map(receipt_result))
    }
}

/// Converts an fd to the type of `ident`.
fn ident(fd: RawFd) -> io::Result<usize> {
    usize::try_from(fd).map_err(|_| io::Error::from_raw_os_error(ffi::EBADF))
}

/// The result of one change, from its receipt. A change that was not overwritten by a receipt, as
/// after a signal, counts as applied.
fn receipt_result(receipt: &Event) -> io::Result<()> {
    if receipt.flags() & ERROR != 0 && receipt.data() != 0 {
        // `data` holds an errno, which fits.
        return Err(io::Error::from_raw_os_error(receipt.data() as _));
    }
    Ok(())
}

/// The result of a deletion, where a filter that does not exist is no error.
fn ignore_not_found(deleted: io::Result<()>) -> io::Result<()> {
    match deleted {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Whether an interest needs the filters `READ` and `WRITE`. It needs none for AIO and LIO, whose
/// filters asynchronous I/O adds itself.
fn wanted_filters(interest: Interest) -> io::Result<[bool; 2]> {
    if interest.is_priority() {
        return Err(errors::unsupported("kqueue cannot watch for priority data"));
    }
    if interest.is_aio() && AIO.is_none() || interest.is_lio() && LIO.is_none() {
        return Err(errors::unsupported(
            "this system's kqueue cannot watch for AIO or LIO",
        ));
    }
    Ok([interest.is_readable(), interest.is_writable()])
}

/// Wakes a kqueue. See `wake_bits` for the protocol.
pub(crate) struct Waker {
    wake_event: WakeEvent,
    token: Token,
    bit: WakeBit,
    selector: Weak<Shared>,
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

#[cfg(test)]
mod tests;
