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
//! Other properties shape the code:
//!
//! - kevent(2) returns the errors of changes in the event list, where it also returns events. So a
//!   kevent(2) call that only makes changes could also swallow events. Two forms never do: one
//!   without an event list, which the first error ends, and one with `EV_RECEIPT` on every change
//!   and room for all receipts.
//! - `EV_ADD` of a filter that was added before replaces its `udata`. So the kernel does not detect
//!   that a file descriptor is registered twice.
//! - Some kernels refuse `EVFILT_WRITE` for a pipe whose reader is closed. `synthetic_eof` provides
//!   the event that they do not report.
//! - xnu refuses `/dev/tty`. `terminal` watches the terminal that it stands for.
//!
//! A filter without `EV_CLEAR` is level-triggered, and one with `EV_ONESHOT` is deleted with its
//! first event. `EV_ADD` of a filter that exists changes neither: the kernels set the flags of a
//! knote when they create it ([FreeBSD][`kqueue_register`], [xnu], [NetBSD], [OpenBSD],
//! [DragonFly BSD]). So once a registration of a kqueue was not edge-triggered, `reregister`
//! deletes both filters first. The registrations do not store their modes, because an unowned fd
//! has no state.
//!
//! Callers may add filters of their own through the kqueue's file descriptor, as POSIX asynchronous
//! I/O does. Their events pass through unchanged.
//!
//! [kqueue(2)]: https://man.freebsd.org/cgi/man.cgi?query=kqueue&sektion=2
//! [xnu]: https://github.com/apple-oss-distributions/xnu/blob/836167ae90b2c5a86bf3f5f9becc34c7be73be4b/bsd/kern/kern_event.c
//! [NetBSD]: https://github.com/NetBSD/src/blob/de77ca7363b0bbf89d3f4a68ec9a194585da2a78/sys/kern/kern_event.c
//! [OpenBSD]: https://github.com/openbsd/src/blob/0f0d0f957e83845b9ea328181972c6df85dc75c5/sys/kern/kern_event.c
//! [DragonFly BSD]: https://github.com/DragonFlyBSD/DragonFlyBSD/blob/e9b43d119393f0758f09e21413c17f3c4f7cf85b/sys/kern/kern_event.c
//! [`kqueue_register`]: https://github.com/freebsd/freebsd-src/blob/release/13.1.0/sys/kern/kern_event.c

mod event;
mod synthetic_eof;
mod terminal;
mod wake_event;

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::sys::platform::{AIO, LIO};
use crate::sys::selector::{self, Mode, Owner, RegisterUnowned};
use crate::sys::timeout::{Deadline, time_until};
use crate::sys::unix::syscalls::kqueue as syscall;
use crate::sys::wake_bits::WakeBits;
use crate::sys::{errors, ffi};
use crate::{Interest, Token};

use synthetic_eof::{Remains, SyntheticEofs};
use syscall::{ADD, CLEAR, DELETE, ERROR, KqueueFd, ONESHOT, READ, RECEIPT, WRITE};
pub(crate) use syscall::{Event, Events};
use terminal::{Terminal, Terminals};
pub(crate) use wake_event::Waker;
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
    terminals: Terminals,
    wakes: Arc<WakeBits>,
    /// Whether a registration was ever other than edge-triggered.
    has_modes: AtomicBool,
}

/// The registration of an owned source.
#[derive(Debug)]
pub(crate) struct Registration {
    selector: Weak<Shared>,
    /// Set once the source had a pending EOF or a substitute, which closing the fd does not remove.
    remains: Option<Box<Remains>>,
}

impl Shared {
    /// The fd of the kqueue. `EBADF` in a forked child, which does not inherit a kqueue.
    ///
    /// Each operation calls this before it takes a lock. In a child, a thread that does not exist
    /// there may hold the lock.
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
                terminals: Terminals::new(),
                wakes: Arc::new(WakeBits::unshared()),
                has_modes: AtomicBool::new(false),
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
        Waker::new::<W>(&self.shared, token)
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
            let removed_event = self.shared.synthetic_eofs.substitute(&self.shared, events)
                | self.shared.terminals.translate(events);
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
        let leaves_remains = self.add_filters(fd, token, interest)?;
        Ok(Registration {
            selector: Arc::downgrade(&self.shared),
            remains: leaves_remains.then(|| self.remains(fd)),
        })
    }

    fn reregister(
        &self,
        registration: &mut Registration,
        fd: RawFd,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        let leaves_remains = self.replace_filters(fd, token, interest);
        // An error may be that of the other filter.
        if !matches!(leaves_remains, Ok(false)) {
            registration.remains.get_or_insert_with(|| self.remains(fd));
        }
        leaves_remains.map(drop)
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
    /// the filters that the interest needs, and the other one keeps its token. A filter that exists
    /// keeps its mode. The kernel does not detect that case.
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
    /// Adds the filters of an interest. Returns whether there is a pending EOF or a substitute.
    ///
    /// `fd` may have filters of an earlier registration, for which `EV_ADD` succeeds and replaces
    /// the token. So the order matters: the change of `WRITE` comes first, and if it fails, the
    /// kernel does not apply the change of `READ`, and the earlier filters stay as they are. If
    /// `READ` fails, this deletes `WRITE`, whose token has been replaced. It deletes `WRITE` in
    /// both cases, which is harmless: if adding `WRITE` fails, the fd has no such filter, because
    /// `EV_ADD` of one that exists succeeds.
    fn add_filters(&self, fd: RawFd, token: Token, interest: Interest) -> io::Result<bool> {
        let wanted = wanted_filters(interest)?;
        let shared = &*self.shared;
        // Before any lock: see `Shared::kq`.
        shared.kq()?;
        let flags = shared.flags_to_add(Mode::of(interest)?);
        let watch = |substitute| self.add_wanted_filters(substitute, token, wanted, flags);
        if let Some(added) = shared.terminals.with_substitute(fd, watch) {
            return added.map(|_| true);
        }
        match self.add_wanted_filters(fd, token, wanted, flags) {
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                self.watch_substitute(fd, error, watch)
            }
            result => result,
        }
    }

    /// Adds filters to the fd of this number itself. Returns whether there is a pending EOF.
    fn add_wanted_filters(
        &self,
        fd: RawFd,
        token: Token,
        [wants_read, wants_write]: [bool; 2],
        flags: u32,
    ) -> io::Result<bool> {
        let ident = ident(fd)?;
        let add = |filter| Event::new(ident, filter, flags, 0, token);
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
            shared.synthetic_eofs.push::<W>(shared, fd, flags, token)?;
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

    /// Watches a substitute of `fd`, for which the kernel returned `refusal`: see `terminal`.
    #[cold]
    fn watch_substitute(
        &self,
        fd: RawFd,
        refusal: io::Error,
        watch: impl FnOnce(RawFd) -> io::Result<bool>,
    ) -> io::Result<bool> {
        let terminal = Terminal::open(fd, refusal)?;
        watch(terminal.substitute()).map_err(terminal::explain)?;
        self.shared.terminals.insert(terminal);
        Ok(true)
    }

    /// Adds the filters of an interest and deletes the others. Returns whether there is a pending
    /// EOF or a substitute.
    fn replace_filters(&self, fd: RawFd, token: Token, interest: Interest) -> io::Result<bool> {
        let wanted = wanted_filters(interest)?;
        // Before any lock: see `Shared::kq`.
        self.shared.kq()?;
        let flags = self.shared.flags_to_add(Mode::of(interest)?);
        let watch = |substitute| self.replace_wanted_filters(substitute, token, wanted, flags);
        if let Some(replaced) = self.shared.terminals.with_substitute(fd, watch) {
            return replaced.map(|_| true);
        }
        match self.replace_wanted_filters(fd, token, wanted, flags) {
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                self.watch_substitute(fd, error, watch)
            }
            result => result,
        }
    }

    /// Replaces the filters of the fd of this number itself. Returns whether there is a pending
    /// EOF.
    fn replace_wanted_filters(
        &self,
        fd: RawFd,
        token: Token,
        wanted: [bool; 2],
        flags_to_add: u32,
    ) -> io::Result<bool> {
        let shared = &*self.shared;
        let flags = wanted.map(|is_wanted| if is_wanted { flags_to_add } else { DELETE });
        let [wants_read, wants_write] = wanted;
        if shared.has_modes.load(Ordering::Relaxed) {
            // The filters may have another mode, which adding does not change.
            shared.delete_own_filters(fd)?;
        }
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
                let eofs = &shared.synthetic_eofs;
                let pushed = eofs.push::<W>(shared, fd, flags_to_add, token);
                pushed.map(|()| true)
            }
            write => write.map(|()| false),
        };
        read.and(has_pending_eof)
    }

    /// The guard that a registration holds while its source may have a pending EOF or a substitute.
    fn remains(&self, fd: RawFd) -> Box<Remains> {
        Box::new(Remains::new(&self.shared, fd))
    }
}

impl Shared {
    /// The flags that add a filter in this mode.
    fn flags_to_add(&self, mode: Mode) -> u32 {
        let flag = match mode {
            Mode::Edge => return ADD | CLEAR,
            Mode::Level => 0,
            Mode::OneShot => ONESHOT,
        };
        self.has_modes.store(true, Ordering::Relaxed);
        ADD | flag
    }

    /// Deletes both filters. A filter that does not exist is no error.
    fn delete_filters(&self, fd: RawFd) -> io::Result<()> {
        // Before any lock: see `kq`.
        self.kq()?;
        // Dropping the terminal closes the substitute, which has the filters.
        if self.terminals.remove(fd).is_some() {
            self.synthetic_eofs.remove(fd);
            return Ok(());
        }
        self.delete_own_filters(fd)
    }

    /// Deletes the filters of the fd of this number itself. It does not lock `terminals`.
    fn delete_own_filters(&self, fd: RawFd) -> io::Result<()> {
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

#[cfg(test)]
mod tests;
