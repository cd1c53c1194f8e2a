//! kqueue(2): the queue lives in the kernel, its edges are real, and each filter of a source is watched on its own.
//!
//! What the kernel promises: an event for each new activity of a watched descriptor (`EV_CLEAR`), a condition that holds at
//! `EV_ADD` is reported, also when the filter was there already, and `close` removes a descriptor. What it does not:
//!
//! - Errors of changes come among the events, unless every change asks for an answer (`EV_RECEIPT`) and has room for it. Then
//!   nothing but answers comes back, and no event of another thread is taken away by a change.
//! - It cannot tell whether a number was registered: `EV_ADD` of a watched one replaces the token.
//! - Some kernels refuse to watch the writing end of a pipe whose reader is gone. The event that they do not make is kept here;
//!   see `dead`.
//!
//! The token travels in `udata`, and nothing else does: users may add filters of their own through the queue's descriptor, and
//! asynchronous I/O does. Records of such filters pass through.

mod dead;
mod doorbell;
mod syscall;

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::sys::contract::{self, Owner, RegisterRaw, Wake};
use crate::sys::identity::{Identity, Mark};
use crate::sys::wake_bits::WakeBits;
use crate::sys::{AIO, LIO, duplicate, errors, flags, raw};
use crate::{Interest, Token};

use dead::{DeadEnds, Kept};
use doorbell::Doorbell;
#[allow(unused_imports)] // A page chooses one.
pub(crate) use doorbell::{Pipes, UserEvents, Wakers};
use syscall::{ADD, CLEAR, DELETE, EOF, ERROR, READ, RECEIPT, TRIGGER, USER, WRITE};
pub(crate) use syscall::{Record, Records};

/// The longest wait in one call. Some kernels refuse more than 100 million seconds.
const LONGEST: Duration = Duration::from_secs(100_000_000);

/// A kqueue whose wakers are `W`.
pub(crate) struct Kqueue<W> {
    shared: Arc<Shared>,
    /// A clone's own descriptor of the same queue.
    duplicate: Option<OwnedFd>,
    wakers: PhantomData<fn() -> W>,
}

/// What lives as long as the queue or a clone of it.
#[derive(Debug)]
struct Shared {
    queue: OwnedFd,
    identity: Identity,
    /// How many user events there have been.
    user_events: AtomicUsize,
    dead: DeadEnds,
    wakes: Arc<WakeBits>,
}

/// The queue a source was added to.
#[derive(Debug)]
pub(crate) struct Registration {
    queue: Mark,
    /// Once an event was kept for it, which closing the descriptor would not take back.
    kept: Option<Box<Kept>>,
}

impl<W> AsFd for Kqueue<W> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.duplicate {
            Some(duplicate) => duplicate.as_fd(),
            None => self.shared.queue.as_fd(),
        }
    }
}

impl<W> AsRawFd for Kqueue<W> {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl<W> fmt::Debug for Kqueue<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kqueue")
            .field("fd", &self.as_raw_fd())
            .finish_non_exhaustive()
    }
}

impl<W: Wakers> contract::Selector for Kqueue<W> {
    type Raw = RawFd;
    type Record = Record;
    type Records = Records;
    type Registration = Registration;
    type Waker = Waker;
    const EMULATES_EDGE: bool = false;

    fn new() -> io::Result<Kqueue<W>> {
        let queue = syscall::create()?;
        Ok(Kqueue {
            shared: Arc::new(Shared {
                queue,
                identity: Identity::new(),
                user_events: AtomicUsize::new(0),
                dead: DeadEnds::new(),
                wakes: Arc::new(WakeBits::new()),
            }),
            duplicate: None,
            wakers: PhantomData,
        })
    }

    fn try_clone(&self) -> io::Result<Kqueue<W>> {
        Ok(Kqueue {
            shared: Arc::clone(&self.shared),
            duplicate: Some(duplicate::duplicate(self.as_fd())?),
            wakers: PhantomData,
        })
    }

    fn waker(&self, token: Token) -> io::Result<Waker> {
        let doorbell = Doorbell::new::<W>(&self.shared, token)?;
        Ok(Waker {
            doorbell,
            token,
            bit: self.shared.wakes.take(),
            wakes: Arc::clone(&self.shared.wakes),
            queue: Arc::downgrade(&self.shared),
        })
    }

    fn select(&mut self, records: &mut Records, timeout: Option<Duration>) -> io::Result<()> {
        use contract::Records as _;
        records.clear();
        if records.capacity() == 0 {
            return Err(errors::invalid("the capacity of `Events` is 0"));
        }
        // Zero has no deadline, and a deadline that no clock reaches is none.
        let deadline = timeout
            .filter(|timeout| !timeout.is_zero())
            .and_then(|timeout| Instant::now().checked_add(timeout));
        let mut left = timeout.filter(|timeout| timeout.is_zero() || deadline.is_some());
        loop {
            let result = syscall::wait(self.as_fd(), records, left.map(|left| left.min(LONGEST)));
            // Whatever it returned.
            self.shared.wakes.seen();
            result?;
            let taken_out = self
                .shared
                .dead
                .exchange(self.shared.queue.as_fd(), records);
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
            queue: self.shared.identity.mark(),
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
        self.delete(raw).map(|_| ())
    }

    fn owner(&self, registration: &Registration) -> Owner {
        self.shared.identity.owner(registration.queue)
    }

    fn rearm(_: &Registration, _: Interest) -> io::Result<()> {
        // The kernel's edges need no arming.
        Ok(())
    }
}

impl<W: Wakers> RegisterRaw for Kqueue<W> {
    /// The kernel cannot tell that `raw` is watched already: then this is `reregister_raw` without the removal of a filter.
    fn register_raw(&self, raw: RawFd, token: Token, interest: Interest) -> io::Result<()> {
        self.start(raw, token, interest).map(drop)
    }

    /// The kernel cannot tell that `raw` is not watched: then this is `register_raw`.
    fn reregister_raw(&self, raw: RawFd, token: Token, interest: Interest) -> io::Result<()> {
        self.replace(raw, token, interest).map(drop)
    }

    fn deregister_raw(&self, raw: RawFd) -> io::Result<()> {
        if self.delete(raw)? {
            Ok(())
        } else {
            Err(errors::not_registered())
        }
    }
}

/// The filters that a source can have, in the order of the arrays below.
const FILTERS: [i32; 2] = [READ, WRITE];

impl<W: Wakers> Kqueue<W> {
    /// Starts watching. `true` if an event was kept.
    fn start(&self, raw: RawFd, token: Token, interest: Interest) -> io::Result<bool> {
        let wanted = filters(interest)?;
        let result = self.add(raw, token, wanted, [false; 2]);
        if result.is_err() {
            // One filter may have been added before the other failed. There is no one to tell about a further error.
            let _ = self.delete(raw);
        }
        result
    }

    /// Changes what is watched for. `true` if an event was kept.
    fn replace(&self, raw: RawFd, token: Token, interest: Interest) -> io::Result<bool> {
        let wanted = filters(interest)?;
        self.add(raw, token, wanted, wanted.map(|wanted| !wanted))
    }

    /// See the field of `Registration`.
    fn kept(&self, raw: RawFd) -> Box<Kept> {
        Box::new(Kept {
            queue: Arc::downgrade(&self.shared),
            raw,
        })
    }

    /// Adds the filters that are wanted and deletes those that are not. `true` if an event was kept.
    fn add(
        &self,
        raw: RawFd,
        token: Token,
        wanted: [bool; 2],
        unwanted: [bool; 2],
    ) -> io::Result<bool> {
        let shared = &*self.shared;
        shared.dead.forget(raw);
        let flags = [0, 1].map(|index| match (wanted[index], unwanted[index]) {
            (true, _) => Some(ADD | CLEAR | RECEIPT),
            (false, true) => Some(DELETE | RECEIPT),
            (false, false) => None,
        });
        let answers = self.change(raw, token, flags)?;
        let mut first = Ok(false);
        for (index, answer) in answers.into_iter().enumerate() {
            let Err(error) = answer else { continue };
            let filter = FILTERS[index];
            if !wanted[index] {
                // It was never added, or the kernel has taken it out.
                if error.kind() == io::ErrorKind::NotFound {
                    continue;
                }
            } else if dead::is_dead_end(&error, filter, raw) {
                let record = Record::new(raw as usize, filter, ADD | CLEAR | EOF, 0, token);
                let kept = shared.dead.keep::<W>(shared, raw, record);
                first = first.and(kept.map(|()| true));
                continue;
            }
            first = first.and(Err(error));
        }
        first
    }

    /// Deletes both filters. `false` if neither was there.
    fn delete(&self, raw: RawFd) -> io::Result<bool> {
        let kept = self.shared.dead.forget(raw);
        let [read, write] = self.change(raw, Token(0), [Some(DELETE | RECEIPT); 2])?;
        let read = existed(read)?;
        Ok(existed(write)? || read || kept)
    }

    /// Changes both filters of a number, those with flags, and returns the kernel's answers.
    fn change(
        &self,
        raw: RawFd,
        token: Token,
        flags: [Option<u32>; 2],
    ) -> io::Result<[io::Result<()>; 2]> {
        let Ok(ident) = usize::try_from(raw) else {
            return Err(io::Error::from_raw_os_error(raw::EBADF));
        };
        let mut changes = [Record::new(ident, READ, 0, 0, token); 2];
        let mut count = 0;
        for (filter, flags) in FILTERS.into_iter().zip(flags) {
            if let Some(flags) = flags {
                changes[count] = Record::new(ident, filter, flags, 0, token);
                count += 1;
            }
        }
        let changes = &mut changes[..count];
        if !changes.is_empty() {
            syscall::change(self.as_fd(), changes)?;
        }
        Ok(FILTERS.map(|filter| answer(changes, ident, filter)))
    }
}

/// The kernel's answer to the change of one filter. None, or an error of 0, is success.
fn answer(answers: &[Record], ident: usize, filter: i32) -> io::Result<()> {
    let is_error = |record: &&Record| {
        record.filter() == filter
            && record.ident() == ident
            && record.flags() & ERROR != 0
            && record.data() != 0
    };
    match answers.iter().find(is_error) {
        // An `errno` fits.
        Some(record) => Err(io::Error::from_raw_os_error(record.data() as _)),
        None => Ok(()),
    }
}

/// Whether what was to be deleted was there.
fn existed(deleted: io::Result<()>) -> io::Result<bool> {
    match deleted {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
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
    doorbell: Doorbell,
    token: Token,
    /// Its bit in `wakes`; 0 if there was none left.
    bit: usize,
    wakes: Arc<WakeBits>,
    queue: Weak<Shared>,
}

impl Wake for Waker {
    fn wake(&self) -> io::Result<()> {
        if !self.wakes.announce(self.bit) {
            return Ok(());
        }
        let Some(shared) = self.queue.upgrade() else {
            // Nobody is there to be woken.
            return Ok(());
        };
        self.doorbell
            .ring(shared.queue.as_fd(), self.token)
            .inspect_err(|_| self.wakes.retract(self.bit))
    }
}

impl Drop for Waker {
    fn drop(&mut self) {
        if let Some(shared) = self.queue.upgrade() {
            // Closing would not do: a user event has no descriptor. An error has no one to go to, and leaves no more behind
            // than a spurious event.
            let _ = self.doorbell.take_out(shared.queue.as_fd());
        }
        // Only now: no notification of this waker can come any more, and none is pending.
        self.wakes.give_back(self.bit);
    }
}

impl fmt::Debug for Waker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waker")
            .field("doorbell", &self.doorbell)
            .finish_non_exhaustive()
    }
}

impl contract::Record for Record {
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

/// Shows a filter by name.
struct FilterName(i32);

impl fmt::Debug for FilterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = raw::EVFILT_NAMES.iter();
        match names.find(|(_, value)| *value as i64 == i64::from(self.0)) {
            Some((name, _)) => f.write_str(name),
            None => write!(f, "{}", self.0),
        }
    }
}

/// Shows flags by name.
struct Flags(u32);

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = raw::EV_NAMES.iter();
        flags::write(f, self.0, names.map(|(name, bit)| (*name, *bit as _)))
    }
}

/// Shows a filter's own flags. Their meaning is the filter's: the end of a socket has a number of errno(3) there.
struct FilterFlags<'a>(&'a Record);

impl fmt::Debug for FilterFlags<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.filter() == USER {
            return flags::write(f, self.0.fflags(), [("NOTE_TRIGGER", TRIGGER)].into_iter());
        }
        self.0.fflags().fmt(f)
    }
}

#[cfg(test)]
mod tests;
