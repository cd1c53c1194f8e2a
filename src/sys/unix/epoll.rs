//! epoll(7): the kernel keeps the registrations and reports real edges.
//!
//! Kernels guarantee (<https://man7.org/linux/man-pages/man7/epoll.7.html>): with `EPOLLET` each
//! new edge of a registered fd is an event, and closing the last fd of an open file description
//! removes it. A condition that already holds at `EPOLL_CTL_ADD` or `EPOLL_CTL_MOD` is reported
//! (`ep_insert` and `ep_modify` in
//! <https://github.com/torvalds/linux/blob/v6.12/fs/eventpoll.c>). They do not remove an fd of
//! which a duplicate is still open.
//!
//! After fork(2) both processes share the epoll instance with all registrations, wakers included.
//! So a dropped waker is not removed with `EPOLL_CTL_DEL`, which would also remove the waker of the
//! other process. In a process that was never forked its notifier is drained instead: this ends its
//! events even while a child of vfork(2), which has not called `exec` yet, has a duplicate. After a
//! fork the notifier is only closed, because its notification may belong to the other process.
//!
//! For the same reason `leave` removes nothing in a forked child: the child's copy of a source has
//! the registration of its parent, and the parent goes on watching the source.
//!
//! The 64 bits of `epoll_data` hold the token and nothing else. Callers may register fds of their
//! own through the fd of the epoll instance, and several sources may share a token, so the selector
//! cannot tell which event is a waker's. `wake_bits` describes what follows.

use std::ffi::c_int;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::sys::selector::{self, Owner, RegisterUnowned, Wake};
use crate::sys::timeout::{Deadline, KernelTimeout, clamp_timeout, time_until};
use crate::sys::unix::forks::{self, Creator};
use crate::sys::unix::notifier::Notifier;
use crate::sys::unix::syscalls::epoll as syscall;
use crate::sys::wake_bits::{WakeBit, WakeBits};
use crate::sys::{errors, ffi};
use crate::{Interest, Token};

pub(crate) use syscall::{Event, Events};

/// A selector over epoll whose wakers use the notifier `N`.
pub(crate) struct Epoll<N> {
    shared: Arc<Shared>,
    wakes: Arc<WakeBits>,
    notifier: PhantomData<fn() -> N>,
}

/// The state that all clones of a selector share.
#[derive(Debug)]
struct Shared {
    epfd: OwnedFd,
    creator: Creator,
}

/// The selector that a source is registered with.
#[derive(Debug)]
pub(crate) struct Registration {
    selector: Weak<Shared>,
}

/// Hands out the fd of the epoll instance: from then on the caller may wait on it.
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
        // Before the epoll instance exists, which a forked child would share.
        let wakes = WakeBits::new(forks::generation());
        let creator = Creator::this_process();
        let epfd = syscall::create()?;
        Ok(Epoll {
            shared: Arc::new(Shared { epfd, creator }),
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
        let fd = notifier.as_fd().as_raw_fd();
        syscall::add(self.epfd(), fd, bits(Interest::READABLE)?, token)?;
        Ok(Waker {
            notifier,
            bit: WakeBit::acquire(Arc::clone(&self.wakes)),
        })
    }

    #[inline]
    fn select(&mut self, events: &mut Events, deadline: Deadline) -> io::Result<()> {
        match deadline {
            Deadline::Never => self.wait_millis(events, -1),
            Deadline::Immediate => self.wait_millis(events, 0),
            Deadline::After(timeout) => self.select_timed(events, timeout),
        }
    }

    #[inline]
    fn register(&self, fd: RawFd, token: Token, interest: Interest) -> io::Result<Registration> {
        self.register_unowned(fd, token, interest)?;
        Ok(Registration {
            selector: Arc::downgrade(&self.shared),
        })
    }

    #[inline]
    fn reregister(
        &self,
        _: &mut Registration,
        fd: RawFd,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        self.reregister_unowned(fd, token, interest)
    }

    #[inline]
    fn deregister(&self, _: Registration, fd: RawFd) -> io::Result<()> {
        self.deregister_unowned(fd)
    }

    fn leave(registration: Registration, fd: RawFd) {
        if let Some(shared) = registration.selector.upgrade() {
            // A forked child does not tell the registration of its parent, which goes on watching
            // the source, from one of its own. So it leaves both.
            if !shared.creator.is_in_child() {
                let _ = syscall::delete(shared.epfd.as_fd(), fd);
            }
        }
    }

    #[inline]
    fn owner(&self, registration: &Registration) -> Owner {
        Owner::of(&self.shared, &registration.selector)
    }

    fn rearm(_: &Registration, _: Interest) -> io::Result<()> {
        // The kernel reports real edges.
        Ok(())
    }
}

impl<N: Notifier> RegisterUnowned for Epoll<N> {
    #[inline]
    fn register_unowned(&self, fd: RawFd, token: Token, interest: Interest) -> io::Result<()> {
        syscall::add(self.epfd(), fd, bits(interest)?, token)
    }

    #[inline]
    fn reregister_unowned(&self, fd: RawFd, token: Token, interest: Interest) -> io::Result<()> {
        syscall::modify(self.epfd(), fd, bits(interest)?, token)
    }

    #[inline]
    fn deregister_unowned(&self, fd: RawFd) -> io::Result<()> {
        syscall::delete(self.epfd(), fd)
    }
}

impl<N> Epoll<N> {
    /// The fd of the epoll instance, for calls of this module.
    #[inline]
    fn epfd(&self) -> BorrowedFd<'_> {
        self.shared.epfd.as_fd()
    }

    /// One wait of the kernel. Every return of it, errors included, clears the pending wakes.
    #[inline]
    fn wait(&self, events: &mut Events, timeout: KernelTimeout) -> io::Result<usize> {
        let result = syscall::wait(self.epfd(), events, timeout);
        self.wakes.clear_all();
        result
    }

    /// Like `wait`, with a timeout in milliseconds; -1 is infinite.
    fn wait_millis(&self, events: &mut Events, millis: c_int) -> io::Result<()> {
        let result = syscall::wait_millis(self.epfd(), events, millis);
        self.wakes.clear_all();
        result.map(drop)
    }

    /// Waits with a timeout that is not zero.
    fn select_timed(&self, events: &mut Events, timeout: Duration) -> io::Result<()> {
        let (kernel_timeout, is_clamped) = clamp_timeout(Some(timeout));
        if is_clamped {
            return self.select_repeatedly(events, timeout);
        }
        self.wait(events, kernel_timeout).map(drop)
    }

    /// Waits for longer than the kernel does in one call.
    #[cold]
    fn select_repeatedly(&self, events: &mut Events, timeout: Duration) -> io::Result<()> {
        let deadline = Deadline::After(timeout).start();
        loop {
            let (timeout, is_clamped) = clamp_timeout(time_until(deadline.at));
            if self.wait(events, timeout)? != 0 || !is_clamped {
                return Ok(());
            }
        }
    }
}

/// Wakes a selector over epoll. `wake_bits` describes the protocol.
pub(crate) struct Waker<N: Notifier> {
    notifier: N,
    bit: WakeBit,
}

impl<N: Notifier> Wake for Waker<N> {
    #[inline]
    fn wake(&self) -> io::Result<()> {
        if !self.bit.set_pending() {
            return Ok(());
        }
        self.notifier
            .notify()
            .inspect_err(|_| self.bit.clear_pending())
    }
}

impl<N: Notifier> Drop for Waker<N> {
    fn drop(&mut self) {
        if !self.bit.all().may_be_forked() {
            // Closing is not enough: a child of vfork(2) has a duplicate until it calls `exec`. An
            // error is ignored; the worst case is one spurious event.
            let _ = self.notifier.drain();
        }
    }
}

impl<N: Notifier> fmt::Debug for Waker<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waker")
            .field("notifier", &self.notifier)
            .finish_non_exhaustive()
    }
}

/// The flags for each set of interests, always edge-triggered; 0 for unsupported interests.
#[allow(clippy::indexing_slicing)] // The compiler evaluates it, once.
const FLAGS: [u32; 32] = {
    let mut all = [0; 32];
    let mut set = 1;
    while set < all.len() {
        // `set` is below 32, so the cast is lossless.
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

/// The flags that an interest requests.
#[inline]
fn bits(interest: Interest) -> io::Result<u32> {
    match FLAGS.get(usize::from(interest.bits())) {
        Some(&flags) if flags != 0 => Ok(flags),
        _ => Err(errors::unsupported(
            "`Interest::AIO` and `Interest::LIO` require kqueue",
        )),
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
        // Both halves are closed, or the peer has shut down its writing half.
        flags & ffi::EPOLLHUP != 0
            || flags & (ffi::EPOLLIN | ffi::EPOLLRDHUP) == ffi::EPOLLIN | ffi::EPOLLRDHUP
    }

    #[inline]
    fn is_write_closed(&self) -> bool {
        let flags = self.flags();
        // Both halves are closed; or writing fails; or the only condition is an error, which is
        // what the write end of a pipe gets when its read end was closed.
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

/// Writes the names of the flags.
struct Flags(u32);

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        selector::write_flags(f, self.0, ffi::EPOLL_NAMES.iter().copied())
    }
}
