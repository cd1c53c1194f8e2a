//! epoll(7): the queue lives in the kernel, and its edges are real.
//!
//! What the kernel promises: an event for each new edge of a watched descriptor (`EPOLLET`), a condition that holds at
//! `EPOLL_CTL_ADD` or `EPOLL_CTL_MOD` is reported, and closing the last descriptor of an open file removes it. What it does
//! not: a descriptor that was duplicated stays in the queue after `close`.
//!
//! After fork(2) both processes have the queue and all that is in it, wakers included. So a waker
//! that is dropped is not taken out of the queue, which would make the other process's waker deaf.
//! In a process that was never forked it is emptied, which ends its events even while a child that
//! is about to start a program has a duplicate; after a fork it is only closed, because the
//! notification in it may be the other process's.
//!
//! The token travels in the 64 bits of `epoll_data`, and nothing else does: users may add descriptors of their own through the
//! queue's descriptor, and tokens may be shared, so no record can be told to be a waker's. See `wake_bits` for what follows.

use std::ffi::c_int;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::sys::owner;
use crate::sys::selector::{self, Owner, RegisterUnowned, Wake};
use crate::sys::timeout::{self, Wait};
use crate::sys::unix::forks;
use crate::sys::unix::notifier::Notifier;
use crate::sys::unix::syscalls::epoll as syscall;
use crate::sys::wake_bits::WakeBits;
use crate::sys::{errors, ffi, flags};
use crate::{Interest, Token};

pub(crate) use syscall::{Event, Events};

/// An epoll queue whose wakers are made of `N`.
pub(crate) struct Epoll<N> {
    shared: Arc<Shared>,
    wakes: Arc<WakeBits>,
    notifier: PhantomData<fn() -> N>,
}

/// What lives as long as the queue or a clone of it.
#[derive(Debug)]
struct Shared {
    queue: OwnedFd,
}

/// The queue a source was added to.
#[derive(Debug)]
pub(crate) struct Registration {
    queue: Weak<Shared>,
}

/// Hands the descriptor out: from then on others may wait on it.
impl<N> AsFd for Epoll<N> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wakes.expose();
        self.epfd()
    }
}

impl<N> fmt::Debug for Epoll<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Epoll")
            .field("fd", &self.epfd().as_raw_fd())
            .finish_non_exhaustive()
    }
}

impl<N: Notifier> selector::Selector for Epoll<N> {
    type Raw = RawFd;
    type Event = Event;
    type Events = Events;
    type Registration = Registration;
    type Waker = Waker<N>;
    const EMULATES_EDGE: bool = false;

    fn new() -> io::Result<Epoll<N>> {
        // Before there is a descriptor that a copy of this process could have.
        let wakes = WakeBits::new(forks::generation());
        let queue = syscall::create()?;
        Ok(Epoll {
            shared: Arc::new(Shared { queue }),
            wakes: Arc::new(wakes),
            notifier: PhantomData,
        })
    }

    fn try_clone(&self) -> io::Result<Epoll<N>> {
        Ok(Epoll {
            shared: Arc::clone(&self.shared),
            wakes: Arc::clone(&self.wakes),
            notifier: PhantomData,
        })
    }

    fn waker(&self, token: Token) -> io::Result<Waker<N>> {
        let notifier = N::new()?;
        let raw = notifier.as_fd().as_raw_fd();
        syscall::add(self.epfd(), raw, bits(Interest::READABLE)?, token)?;
        Ok(Waker {
            notifier,
            bit: self.wakes.take(),
            wakes: Arc::clone(&self.wakes),
        })
    }

    #[inline]
    fn select(&mut self, records: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        // The two most common waits, where a few instructions count, and any other.
        match timeout {
            None => self.wait_millis(records, -1),
            Some(timeout) if timeout.is_zero() => self.wait_millis(records, 0),
            Some(timeout) => self.select_timed(records, timeout),
        }
    }

    #[inline]
    fn register(&self, raw: RawFd, token: Token, interest: Interest) -> io::Result<Registration> {
        self.register_unowned(raw, token, interest)?;
        Ok(Registration {
            queue: Arc::downgrade(&self.shared),
        })
    }

    #[inline]
    fn reregister(
        &self,
        _: &mut Registration,
        raw: RawFd,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        self.reregister_unowned(raw, token, interest)
    }

    #[inline]
    fn deregister(&self, _: Registration, raw: RawFd) -> io::Result<()> {
        self.deregister_unowned(raw)
    }

    fn leave(registration: Registration, raw: RawFd) {
        if let Some(shared) = registration.queue.upgrade() {
            let _ = syscall::delete(shared.queue.as_fd(), raw);
        }
    }

    #[inline]
    fn owner(&self, registration: &Registration) -> Owner {
        owner::owner_of(&self.shared, &registration.queue)
    }

    fn rearm(_: &Registration, _: Interest) -> io::Result<()> {
        // The kernel's edges need no arming.
        Ok(())
    }
}

impl<N: Notifier> RegisterUnowned for Epoll<N> {
    #[inline]
    fn register_unowned(&self, raw: RawFd, token: Token, interest: Interest) -> io::Result<()> {
        syscall::add(self.epfd(), raw, bits(interest)?, token)
    }

    #[inline]
    fn reregister_unowned(&self, raw: RawFd, token: Token, interest: Interest) -> io::Result<()> {
        syscall::modify(self.epfd(), raw, bits(interest)?, token)
    }

    #[inline]
    fn deregister_unowned(&self, raw: RawFd) -> io::Result<()> {
        syscall::delete(self.epfd(), raw)
    }
}

impl<N> Epoll<N> {
    /// The descriptor, for our own calls.
    #[inline]
    fn epfd(&self) -> BorrowedFd<'_> {
        self.shared.queue.as_fd()
    }

    /// One wait of the kernel. The wakes are marked as seen after every return of it, whatever it returned.
    #[inline]
    fn wait(&self, records: &mut Events, wait: Wait) -> io::Result<usize> {
        let result = syscall::wait(self.epfd(), records, wait);
        self.wakes.seen();
        result
    }

    /// The same where the number of milliseconds is known.
    fn wait_millis(&self, records: &mut Events, millis: c_int) -> io::Result<()> {
        let result = syscall::wait_millis(self.epfd(), records, millis);
        self.wakes.seen();
        result.map(drop)
    }

    /// Waits for some time.
    fn select_timed(&self, records: &mut Events, timeout: Duration) -> io::Result<()> {
        let (wait, is_a_piece) = timeout::plan(Some(timeout));
        if is_a_piece {
            return self.select_in_pieces(records, timeout);
        }
        self.wait(records, wait).map(drop)
    }

    /// Waits for longer than the kernel can in one call.
    #[cold]
    fn select_in_pieces(&self, records: &mut Events, timeout: Duration) -> io::Result<()> {
        // A deadline that no clock reaches is none.
        let deadline = Instant::now().checked_add(timeout);
        loop {
            let left = deadline.map(|end| end.saturating_duration_since(Instant::now()));
            let (wait, is_a_piece) = timeout::plan(left);
            if self.wait(records, wait)? != 0 || !is_a_piece {
                return Ok(());
            }
        }
    }
}

/// Wakes an epoll queue. See `wake_bits` for the protocol.
pub(crate) struct Waker<N: Notifier> {
    notifier: N,
    /// Its bit in `wakes`; 0 if there was none left.
    bit: usize,
    wakes: Arc<WakeBits>,
}

impl<N: Notifier> Wake for Waker<N> {
    #[inline]
    fn wake(&self) -> io::Result<()> {
        if !self.wakes.announce(self.bit) {
            return Ok(());
        }
        self.notifier
            .notify()
            .inspect_err(|_| self.wakes.retract(self.bit))
    }
}

impl<N: Notifier> Drop for Waker<N> {
    fn drop(&mut self) {
        if !self.wakes.may_be_forked() {
            // Closing need not do: a child made by vfork(2) has a duplicate until it starts its
            // program. An error has no one to go to, and leaves no more behind than a spurious
            // event.
            let _ = self.notifier.drain();
        }
        // Only now: no notification of this waker can come any more.
        self.wakes.give_back(self.bit);
    }
}

impl<N: Notifier> fmt::Debug for Waker<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waker")
            .field("notifier", &self.notifier)
            .finish_non_exhaustive()
    }
}

/// The flags for each set of interests, edges always; 0 for what epoll cannot watch for.
const FLAGS: [u32; 32] = {
    let mut all = [0; 32];
    let mut set = 1;
    while set < all.len() {
        // A set is below 32, so the cast loses nothing.
        all[set] = flags_for(set as u8);
        set += 1;
    }
    all
};

const fn flags_for(set: u8) -> u32 {
    let mut flags = ffi::EPOLLET;
    if set & (Interest::AIO.bits() | Interest::LIO.bits()) != 0 {
        return 0;
    }
    if set & Interest::READABLE.bits() != 0 {
        flags |= ffi::EPOLLIN | ffi::EPOLLRDHUP;
    }
    if set & Interest::WRITABLE.bits() != 0 {
        flags |= ffi::EPOLLOUT;
    }
    if set & Interest::PRIORITY.bits() != 0 {
        flags |= ffi::EPOLLPRI;
    }
    flags
}

/// The flags that an interest asks for.
#[inline]
fn bits(interest: Interest) -> io::Result<u32> {
    match FLAGS.get(usize::from(interest.bits())) {
        Some(&flags) if flags != 0 => Ok(flags),
        _ => Err(errors::unsupported("epoll cannot watch for AIO or LIO")),
    }
}

impl selector::SelectorEvent for Event {
    #[inline]
    fn token(&self) -> Token {
        Token(self.data())
    }

    #[inline]
    fn is_readable(&self) -> bool {
        self.flags() & (ffi::EPOLLIN | ffi::EPOLLPRI) != 0
    }

    #[inline]
    fn is_writable(&self) -> bool {
        self.flags() & ffi::EPOLLOUT != 0
    }

    #[inline]
    fn is_error(&self) -> bool {
        self.flags() & ffi::EPOLLERR != 0
    }

    #[inline]
    fn is_read_closed(&self) -> bool {
        let flags = self.flags();
        // Both halves are gone, or the peer has shut its writing half.
        flags & ffi::EPOLLHUP != 0
            || flags & (ffi::EPOLLIN | ffi::EPOLLRDHUP) == ffi::EPOLLIN | ffi::EPOLLRDHUP
    }

    #[inline]
    fn is_write_closed(&self) -> bool {
        let flags = self.flags();
        // Both halves are gone, or writing fails, or nothing but an error: what a pipe's writer gets when its reader is gone.
        flags & ffi::EPOLLHUP != 0
            || flags & (ffi::EPOLLOUT | ffi::EPOLLERR) == ffi::EPOLLOUT | ffi::EPOLLERR
            || flags == ffi::EPOLLERR
    }

    #[inline]
    fn is_priority(&self) -> bool {
        self.flags() & ffi::EPOLLPRI != 0
    }

    fn details(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("epoll_event")
            .field("events", &Flags(self.flags()))
            .field("data", &self.data())
            .finish()
    }
}

/// Shows flags by name.
struct Flags(u32);

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        flags::write(f, self.0, ffi::EPOLL_NAMES.iter().copied())
    }
}
