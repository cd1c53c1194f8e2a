//! kqueue(2): the queue lives in the kernel, its edges are real, and each filter of a source is watched on its own.
//!
//! What the kernel promises: an event for each new activity of a watched descriptor (`EV_CLEAR`), a condition that holds at
//! `EV_ADD` is reported, also when the filter was there already, and `close` removes a descriptor. What it does not:
//!
//! - Errors of changes come among the events, unless there is no room for any, where the first error ends the call, or every
//!   change asks for an answer (`EV_RECEIPT`) and has room for it, where nothing but answers comes back. So no event of
//!   another thread is taken away by a change.
//! - It cannot tell whether a number was registered: `EV_ADD` of a watched one replaces the token.
//! - Some kernels refuse to watch the writing end of a pipe whose reader is gone. The event that they do not make is kept here;
//!   see `dead`.
//!
//! The token travels in `udata`, and nothing else does: users may add filters of their own through the queue's descriptor, and
//! asynchronous I/O does. Events of such filters pass through.

mod dead;
mod show;
mod wake_event;

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::sys::platform::{AIO, LIO};
use crate::sys::selector::{self, Owner, RegisterUnowned, Wake};
use crate::sys::unix::syscalls::kqueue as syscall;
use crate::sys::wake_bits::{WakeBit, WakeBits};
use crate::sys::{errors, ffi};
use crate::{Interest, Token};

use dead::{DeadEnds, Kept};
use show::{FilterFlags, FilterName, Flags};
use syscall::{ADD, CLEAR, DELETE, EOF, ERROR, Queue, READ, RECEIPT, USER, WRITE};
pub(crate) use syscall::{Event, Events};
use wake_event::WakeEvent;
#[allow(unused_imports)] // A page chooses one.
pub(crate) use wake_event::{Pipes, UserEvents, Wakers};

/// The longest wait in one call. Some kernels refuse more than 100 million seconds.
const LONGEST: Duration = Duration::from_secs(100_000_000);

/// A kqueue whose wakers are `W`.
pub(crate) struct Kqueue<W> {
    shared: Arc<Shared>,
    wakers: PhantomData<fn() -> W>,
}

/// What lives as long as the queue or a clone of it.
#[derive(Debug)]
struct Shared {
    queue: Queue,
    /// How many user events there have been.
    user_events: AtomicUsize,
    dead: DeadEnds,
    wakes: Arc<WakeBits>,
}

/// The queue a source was added to.
#[derive(Debug)]
pub(crate) struct Registration {
    queue: Weak<Shared>,
    /// Once an event was kept for it, which closing the descriptor would not take back.
    kept: Option<Box<Kept>>,
}

impl Shared {
    /// The descriptor of the queue: `EBADF` in a copy of the process, which has no queue.
    fn kq(&self) -> io::Result<BorrowedFd<'_>> {
        self.queue.get()
    }
}

/// Hands the descriptor out: from then on others may wait on it.
impl<W> AsFd for Kqueue<W> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.shared.wakes.expose();
        self.shared.queue.as_fd()
    }
}

impl<W> fmt::Debug for Kqueue<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kqueue")
            .field("fd", &self.shared.queue.as_fd().as_raw_fd())
            .finish_non_exhaustive()
    }
}

impl<W: Wakers> selector::Selector for Kqueue<W> {
    type Raw = RawFd;
    type Event = Event;
    type Events = Events;
    type Registration = Registration;
    type Waker = Waker;
    const EMULATES_EDGE: bool = false;

    fn new() -> io::Result<Kqueue<W>> {
        let queue = Queue::new()?;
        Ok(Kqueue {
            shared: Arc::new(Shared {
                queue,
                user_events: AtomicUsize::new(0),
                dead: DeadEnds::new(),
                wakes: Arc::new(WakeBits::unshared()),
            }),
            wakers: PhantomData,
        })
    }

    fn try_clone(&self) -> io::Result<Kqueue<W>> {
        Ok(Kqueue {
            shared: Arc::clone(&self.shared),
            wakers: PhantomData,
        })
    }

    fn waker(&self, token: Token) -> io::Result<Waker> {
        let wake_event = WakeEvent::new::<W>(&self.shared, token)?;
        Ok(Waker {
            wake_event,
            token,
            bit: WakeBit::acquire(&self.shared.wakes),
            queue: Arc::downgrade(&self.shared),
        })
    }

    fn select(&mut self, records: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        use selector::EventBuffer as _;
        records.clear();
        if records.capacity() == 0 {
            return Err(errors::invalid("the capacity of `Events` is 0"));
        }
        // Zero has no deadline, and a deadline that no clock reaches is none.
        let deadline = timeout
            .filter(|timeout| !timeout.is_zero())
            .and_then(|timeout| Instant::now().checked_add(timeout));
        let mut left = timeout.filter(|timeout| timeout.is_zero() || deadline.is_some());
        let kq = self.shared.kq()?;
        loop {
            let result = syscall::wait(kq, records, left.map(|left| left.min(LONGEST)));
            // Whatever it returned.
            self.shared.wakes.clear_all();
            result?;
            let taken_out = self.shared.dead.exchange(&self.shared, records);
            if !records.as_slice().is_empty() {
                return Ok(());
            }
            if let Some(deadline) = deadline {
                left = Some(deadline.saturating_duration_since(Instant::now()));
            }
            // What was taken out may have had the place of an event that is ready.
            if left == Some(Duration::ZERO) && !taken_out {
                return Ok(());
            }
        }
    }

    fn register(&self, raw: RawFd, token: Token, interest: Interest) -> io::Result<Registration> {
        let is_kept = self.start(raw, token, interest)?;
        Ok(Registration {
            queue: Arc::downgrade(&self.shared),
            kept: is_kept.then(|| self.kept(raw)),
        })
    }

    fn reregister(
        &self,
        registration: &mut Registration,
        raw: RawFd,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        let is_kept = self.replace(raw, token, interest);
        // Also after an error of the other filter.
        if !matches!(is_kept, Ok(false)) {
            registration.kept.get_or_insert_with(|| self.kept(raw));
        }
        is_kept.map(drop)
    }

    fn deregister(&self, _: Registration, raw: RawFd) -> io::Result<()> {
        // A registration may have no filter in the kernel any more: asynchronous I/O has none, and the kernel takes out the
        // writing end of a pipe once it has reported that the reader is gone.
        self.shared.delete(raw)
    }

    fn leave(registration: Registration, raw: RawFd) {
        if let Some(shared) = registration.queue.upgrade() {
            let _ = shared.delete(raw);
        }
    }

    fn owner(&self, registration: &Registration) -> Owner {
        Owner::of(&self.shared, &registration.queue)
    }

    fn rearm(_: &Registration, _: Interest) -> io::Result<()> {
        // The kernel's edges need no arming.
        Ok(())
    }
}

impl<W: Wakers> RegisterUnowned for Kqueue<W> {
    /// The kernel cannot tell that `raw` is watched already: then this is `reregister_unowned` without the removal of a filter.
    fn register_unowned(&self, raw: RawFd, token: Token, interest: Interest) -> io::Result<()> {
        self.start(raw, token, interest).map(drop)
    }

    /// The kernel cannot tell that `raw` is not watched: then this is `register_unowned`.
    fn reregister_unowned(&self, raw: RawFd, token: Token, interest: Interest) -> io::Result<()> {
        self.replace(raw, token, interest).map(drop)
    }

    /// `Ok` without a filter in the kernel, too: it cannot tell a fd that was never registered from the writing end of a
    /// pipe that it has taken out itself.
    fn deregister_unowned(&self, raw: RawFd) -> io::Result<()> {
        self.shared.delete(raw)
    }
}

impl<W: Wakers> Kqueue<W> {
    /// Starts watching. `true` if an event was kept.
    ///
    /// A fd may have filters of an earlier registration, and changing one of those does not fail. So a failure of `WRITE`,
    /// which is asked first, leaves them alone. After a failure of `READ` it takes `WRITE` away, whose token it has replaced.
    fn start(&self, raw: RawFd, token: Token, interest: Interest) -> io::Result<bool> {
        let [read, write] = filters(interest)?;
        let ident = ident(raw)?;
        let add = |filter| Event::new(ident, filter, ADD | CLEAR, 0, token);
        let both = [add(WRITE), add(READ)];
        let changes = match (write, read) {
            (true, true) => &both[..],
            (true, false) => &both[..1],
            (false, true) => &both[1..],
            (false, false) => &[],
        };
        let shared = &*self.shared;
        let kq = shared.kq()?;
        shared.dead.forget(raw);
        if changes.is_empty() {
            return Ok(false);
        }
        let Err(error) = syscall::post(kq, changes) else {
            return Ok(false);
        };
        if write && dead::is_dead_end(&error, WRITE, raw) {
            self.keep_dead_end(raw, token)?;
            if read {
                syscall::post(kq, &both[1..]).inspect_err(|_| shared.dead.forget(raw))?;
            }
            return Ok(true);
        }
        if changes.len() == 2 {
            // It may not be there. A further error has nowhere to go.
            let delete = Event::new(ident, WRITE, DELETE, 0, Token(0));
            let _ = syscall::post(kq, &[delete]);
        }
        Err(error)
    }

    /// Keeps the event that the kernel does not make for the writing end of a pipe without a reader.
    fn keep_dead_end(&self, raw: RawFd, token: Token) -> io::Result<()> {
        let record = Event::new(raw as usize, WRITE, ADD | CLEAR | EOF, 0, token);
        self.shared.dead.keep::<W>(&self.shared, raw, record)
    }

    /// Changes what is watched for. `true` if an event was kept.
    fn replace(&self, raw: RawFd, token: Token, interest: Interest) -> io::Result<bool> {
        let wanted = filters(interest)?;
        let flags = wanted.map(|wanted| match wanted {
            true => ADD | CLEAR,
            false => DELETE,
        });
        self.shared.dead.forget(raw);
        let [read, write] = self.shared.change(raw, token, flags)?;
        let read = if wanted[0] { read } else { unless_absent(read) };
        let kept = match write {
            write if !wanted[1] => unless_absent(write).map(|()| false),
            Err(error) if dead::is_dead_end(&error, WRITE, raw) => {
                self.keep_dead_end(raw, token).map(|()| true)
            }
            write => write.map(|()| false),
        };
        read.and(kept)
    }

    /// See the field of `Registration`.
    fn kept(&self, raw: RawFd) -> Box<Kept> {
        Box::new(Kept {
            queue: Arc::downgrade(&self.shared),
            raw,
        })
    }
}

impl Shared {
    /// Deletes both filters, those that are there.
    fn delete(&self, raw: RawFd) -> io::Result<()> {
        self.dead.forget(raw);
        let [read, write] = self.change(raw, Token(0), [DELETE; 2])?;
        unless_absent(read).and(unless_absent(write))
    }

    /// Changes both filters of a fd, `READ` and `WRITE`, and returns the kernel's answers.
    fn change(&self, raw: RawFd, token: Token, flags: [u32; 2]) -> io::Result<[io::Result<()>; 2]> {
        let ident = ident(raw)?;
        let [read, write] = flags.map(|flags| flags | RECEIPT);
        let mut changes = [
            Event::new(ident, READ, read, 0, token),
            Event::new(ident, WRITE, write, 0, token),
        ];
        syscall::change(self.kq()?, &mut changes)?;
        // The answers are in the places of their changes.
        Ok(changes.each_ref().map(answer))
    }
}

/// A fd as the kernel takes it.
fn ident(raw: RawFd) -> io::Result<usize> {
    usize::try_from(raw).map_err(|_| io::Error::from_raw_os_error(ffi::EBADF))
}

/// The kernel's answer to one change. An event that is no error, or an error of 0, is success.
fn answer(record: &Event) -> io::Result<()> {
    if record.flags() & ERROR != 0 && record.data() != 0 {
        // An `errno` fits.
        return Err(io::Error::from_raw_os_error(record.data() as _));
    }
    Ok(())
}

/// The result of a deletion, where nothing to delete is no error.
fn unless_absent(deleted: io::Result<()>) -> io::Result<()> {
    match deleted {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// The filters that an interest asks for. Asynchronous I/O adds its own.
fn filters(interest: Interest) -> io::Result<[bool; 2]> {
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
    queue: Weak<Shared>,
}

impl Wake for Waker {
    fn wake(&self) -> io::Result<()> {
        if !self.bit.set_pending() && !self.wake_event.is_shared() {
            return Ok(());
        }
        let Some(shared) = self.queue.upgrade() else {
            // There is no poller to be woken.
            return Ok(());
        };
        self.wake_event
            .ring(&shared, self.token)
            .inspect_err(|_| self.bit.clear_pending())
    }
}

impl Drop for Waker {
    fn drop(&mut self) {
        // A copy of the process that has the queue has nothing to take out.
        let shared = self.queue.upgrade();
        if let Some(Ok(kq)) = shared.as_deref().map(Shared::kq) {
            // Closing would not do: a user event has no descriptor. An error has no one to go to, and leaves no more behind
            // than a spurious event.
            let _ = self.wake_event.take_out(kq);
        }
    }
}

impl fmt::Debug for Waker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waker")
            .field("wake_event", &self.wake_event)
            .finish_non_exhaustive()
    }
}

impl selector::SelectorEvent for Event {
    #[inline]
    fn token(&self) -> Token {
        Token(self.udata())
    }

    #[inline]
    fn is_readable(&self) -> bool {
        // A wake is read, so to speak.
        self.filter() == READ || self.filter() == USER
    }

    #[inline]
    fn is_writable(&self) -> bool {
        self.filter() == WRITE
    }

    #[inline]
    fn is_error(&self) -> bool {
        // With the end of a socket comes the reason, if there is one.
        self.flags() & ERROR != 0 || self.flags() & EOF != 0 && self.fflags() != 0
    }

    #[inline]
    fn is_read_closed(&self) -> bool {
        self.filter() == READ && self.flags() & EOF != 0
    }

    #[inline]
    fn is_write_closed(&self) -> bool {
        self.filter() == WRITE && self.flags() & EOF != 0
    }

    #[inline]
    fn is_aio(&self) -> bool {
        AIO == Some(self.filter())
    }

    #[inline]
    fn is_lio(&self) -> bool {
        LIO == Some(self.filter())
    }

    fn details(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("kevent")
            .field("ident", &self.ident())
            .field("filter", &FilterName(self.filter()))
            .field("flags", &Flags(self.flags()))
            .field("fflags", &FilterFlags(self))
            .field("data", &self.data())
            .field("udata", &self.udata())
            .finish()
    }
}

#[cfg(test)]
mod tests;
