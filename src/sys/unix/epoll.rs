//! epoll(7): the kernel keeps the registrations and reports real edges.
//!
//! Kernels guarantee (<https://man7.org/linux/man-pages/man7/epoll.7.html>): with `EPOLLET` each
//! new edge of a registered fd is an event, and closing the last fd of an open file description
//! removes it. A condition that already holds at `EPOLL_CTL_ADD` or `EPOLL_CTL_MOD` is reported
//! (`ep_insert` and `ep_modify` in
//! <https://github.com/torvalds/linux/blob/v6.12/fs/eventpoll.c>). Linux and Android do not remove
//! an fd of which a duplicate is still open.
//!
//! illumos differs. Closing the registered fd ends its events, whatever duplicates there are
//! (<https://illumos.org/man/7/epoll>). The kernel finds out when it polls, and looks up the number
//! in the process that polls: a forked child that has closed its copy ends the registration of its
//! parent, and a file that got the number takes over the registration with its token
//! (`dp_pcache_poll` in
//! <https://github.com/illumos/illumos-gate/blob/02487698bcad6bbce8bd91d7d44e30cad1adce33/usr/src/uts/common/io/devpoll.c>).
//! The documentation of `Poll` advises callers.
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
//! Kernels have the modes (`Interest::LEVEL` and the others) as flags, except for Redox, whose C
//! library passes on `EPOLLIN` and `EPOLLOUT` alone (`epoll_to_event_flags` in
//! <https://github.com/redox-os/relibc/blob/0a9095bb17b241dd3ac4b224729b01ad7903b5e0/src/platform/redox/epoll.rs>).
//! Linux accepts `EPOLLEXCLUSIVE` with `EPOLL_CTL_ADD` only, and refuses to modify a registration
//! that has it (`do_epoll_ctl` in the same file). So such a registration is deleted and added
//! again: see `syscall::modify`.
//!
//! The 64 bits of `epoll_data` hold the token and nothing else. Callers may register fds of their
//! own through the fd of the epoll instance, and several sources may share a token, so the selector
//! cannot tell which event is a waker's. `wake_bits` describes what follows.

use std::ffi::c_int;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::mem;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::ptr;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

#[cfg(feature = "os-ext")]
use crate::sys::platform::BUSY_POLL;
use crate::sys::platform::EPOLLEXCLUSIVE;
#[cfg(feature = "os-ext")]
use crate::sys::selector::BusyPoll;
use crate::sys::selector::{self, Owner, RegisterUnowned, Wake};
use crate::sys::timeout::{Deadline, KernelTimeout, clamp_timeout, wait_repeatedly};
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
    link: Arc<Link>,
    notifier: PhantomData<fn() -> N>,
}

/// The state that all clones of a selector share.
#[derive(Debug)]
struct Shared {
    epfd: OwnedFd,
    creator: Creator,
}

/// What refers to a selector without keeping it open. A registration holds an `Arc` of it, which
/// costs fewer instructions to clone, compare and drop than a `Weak` of the selector does.
#[derive(Debug)]
struct Link {
    wakes: WakeBits,
    selector: Weak<Shared>,
}

impl AsRef<WakeBits> for Arc<Link> {
    fn as_ref(&self) -> &WakeBits {
        &self.wakes
    }
}

/// The selector that a source is registered with.
#[derive(Debug)]
pub(crate) struct Registration {
    link: Arc<Link>,
}

/// Hands out the fd of the epoll instance: from then on the caller may wait on it.
impl<N> AsFd for Epoll<N> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.link.wakes.expose();
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
        let shared = Arc::new(Shared { epfd, creator });
        let selector = Arc::downgrade(&shared);
        Ok(Epoll {
            shared,
            link: Arc::new(Link { wakes, selector }),
            notifier: PhantomData,
        })
    }

    fn try_clone(&self) -> io::Result<Epoll<N>> {
        Ok(Epoll {
            shared: Arc::clone(&self.shared),
            link: Arc::clone(&self.link),
            notifier: PhantomData,
        })
    }

    fn waker(&self, token: Token) -> io::Result<Waker<N>> {
        let notifier = N::new()?;
        let fd = notifier.as_fd().as_raw_fd();
        self.register_unowned(fd, token, Interest::READABLE)?;
        Ok(Waker {
            notifier,
            bit: WakeBit::acquire(Arc::clone(&self.link)),
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
        let mut held = None;
        self.register_held(&mut held, fd, token, interest)?;
        held.ok_or_else(errors::not_registered)
    }

    #[inline]
    fn is_owner(&self, held: &Option<Registration>) -> bool {
        // One comparison: the selector's pointer is not null.
        let held = held
            .as_ref()
            .map_or(ptr::null(), |held| Arc::as_ptr(&held.link));
        ptr::eq(held, Arc::as_ptr(&self.link))
    }

    /// Writes the registration first, so that only an error leaves work to do after the call.
    #[inline]
    fn register_held(
        &self,
        held: &mut Option<Registration>,
        fd: RawFd,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        let link = Arc::clone(&self.link);
        // There was none, so there is nothing to drop.
        mem::forget(held.replace(Registration { link }));
        match syscall::plain_flags(interest) {
            0 => self
                .shared
                .register_held_with_modes(held, fd, token, interest),
            flags => match syscall::add(self.epfd(), fd, flags, token) {
                Ok(()) => Ok(()),
                Err(error) => end(held, Err(error)),
            },
        }
    }

    #[inline]
    fn deregister_held(&self, held: &mut Option<Registration>, fd: RawFd) -> io::Result<()> {
        if let Err(error) = self.deregister_unowned(fd) {
            let was_removed = is_removed(&error);
            return end(held, if was_removed { Ok(()) } else { Err(error) });
        }
        *held = None;
        Ok(())
    }

    #[inline]
    fn reregister(
        &self,
        _: &mut Registration,
        fd: RawFd,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        self.reregister_held(&mut None, fd, token, interest)
    }

    #[inline]
    fn reregister_held(
        &self,
        _: &mut Option<Registration>,
        fd: RawFd,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        match self.reregister_unowned(fd, token, interest) {
            Err(error) if is_removed(&error) => self.register_unowned(fd, token, interest),
            result => result,
        }
    }

    #[inline]
    fn deregister(&self, registration: Registration, fd: RawFd) -> io::Result<()> {
        self.deregister_held(&mut Some(registration), fd)
    }

    fn leave(registration: Registration, fd: RawFd) {
        if let Some(shared) = registration.link.selector.upgrade() {
            // A forked child does not tell the registration of its parent, which goes on watching
            // the source, from one of its own. So it leaves both.
            if !shared.creator.is_in_child() {
                let _ = syscall::delete(shared.epfd.as_fd(), fd);
            }
        }
    }

    #[inline]
    fn owner(&self, registration: &Registration) -> Owner {
        if Arc::ptr_eq(&self.link, &registration.link) {
            Owner::This
        } else if registration.link.selector.strong_count() == 0 {
            Owner::Dropped
        } else {
            Owner::Other
        }
    }

    fn rearm(_: &Registration, _: Interest) -> io::Result<()> {
        // The kernel reports real edges.
        Ok(())
    }

    #[cfg(feature = "os-ext")]
    fn set_busy_poll(&self, parameters: BusyPoll) -> io::Result<()> {
        let calls = BUSY_POLL.ok_or_else(|| errors::unsupported(selector::NO_BUSY_POLL))?;
        (calls.set)(self.epfd(), parameters)
    }

    #[cfg(feature = "os-ext")]
    fn busy_poll(&self) -> io::Result<BusyPoll> {
        let calls = BUSY_POLL.ok_or_else(|| errors::unsupported(selector::NO_BUSY_POLL))?;
        (calls.get)(self.epfd())
    }
}

impl<N: Notifier> RegisterUnowned for Epoll<N> {
    #[inline]
    fn register_unowned(&self, fd: RawFd, token: Token, interest: Interest) -> io::Result<()> {
        match syscall::plain_flags(interest) {
            0 => self.shared.register_with_modes(fd, token, interest),
            flags => syscall::add(self.epfd(), fd, flags, token),
        }
    }

    #[inline]
    fn reregister_unowned(&self, fd: RawFd, token: Token, interest: Interest) -> io::Result<()> {
        match syscall::plain_flags(interest) {
            0 => self.shared.reregister_with_modes(fd, token, interest),
            flags => syscall::modify(self.epfd(), fd, flags, token),
        }
    }

    #[inline]
    fn deregister_unowned(&self, fd: RawFd) -> io::Result<()> {
        syscall::delete(self.epfd(), fd)
    }
}

impl Shared {
    #[cold]
    #[inline(never)]
    fn register_held_with_modes(
        &self,
        held: &mut Option<Registration>,
        fd: RawFd,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        let result = self.register_with_modes(fd, token, interest);
        if result.is_err() {
            *held = None;
        }
        result
    }

    #[cold]
    #[inline]
    fn register_with_modes(&self, fd: RawFd, token: Token, interest: Interest) -> io::Result<()> {
        let flags = Shared::flags_of_modes(interest)?;
        syscall::add(self.epfd.as_fd(), fd, flags, token)
    }

    #[cold]
    #[inline]
    fn reregister_with_modes(&self, fd: RawFd, token: Token, interest: Interest) -> io::Result<()> {
        let flags = Shared::flags_of_modes(interest)?;
        syscall::modify(self.epfd.as_fd(), fd, flags, token)
    }

    /// The flags of an interest that has modes, or that epoll does not have.
    #[inline]
    fn flags_of_modes(interest: Interest) -> io::Result<u32> {
        selector::check_readiness(interest)?;
        let mut flags = syscall::flags_for(interest.bits());
        if flags == 0 {
            return Err(errors::unsupported(
                "`Interest::AIO` and `Interest::LIO` require kqueue",
            ));
        }
        if (interest.is_level() || interest.is_oneshot()) && !HAS_MODES {
            return Err(errors::unsupported(
                "epoll on this system ignores `Interest::LEVEL` and `Interest::ONESHOT`",
            ));
        }
        if interest.is_level() {
            flags &= !ffi::EPOLLET;
        }
        if interest.is_oneshot() {
            flags |= ffi::EPOLLONESHOT;
        }
        if interest.is_exclusive() {
            let Some(exclusive) = EPOLLEXCLUSIVE else {
                return Err(errors::unsupported(selector::NOT_EXCLUSIVE));
            };
            if interest.is_priority() || interest.is_oneshot() {
                return Err(errors::invalid(
                    "epoll refuses `Interest::PRIORITY` and `Interest::ONESHOT` beside \
                     `Interest::EXCLUSIVE`",
                ));
            }
            // The kernel refuses EPOLLRDHUP, too. A listener has no peer.
            flags = flags & !ffi::EPOLLRDHUP | exclusive;
        }
        Ok(flags)
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
        self.link.wakes.after_wait();
        result
    }

    /// Like `wait`, with a timeout in milliseconds; -1 is infinite.
    fn wait_millis(&self, events: &mut Events, millis: c_int) -> io::Result<()> {
        let result = syscall::wait_millis(self.epfd(), events, millis);
        self.link.wakes.after_wait();
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
        wait_repeatedly(timeout, Instant::now, |part| self.wait(events, part))
    }
}

/// Wakes a selector over epoll. `wake_bits` describes the protocol.
pub(crate) struct Waker<N: Notifier> {
    notifier: N,
    bit: WakeBit<Arc<Link>>,
}

impl<N: Notifier> Wake for Waker<N> {
    #[inline]
    fn wake(&self) -> io::Result<()> {
        if !self.bit.must_notify() {
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

/// Drops the registration of a source for which the kernel has returned an error.
#[cold]
#[inline(never)]
fn end(held: &mut Option<Registration>, result: io::Result<()>) -> io::Result<()> {
    *held = None;
    result
}

/// See `EventCaps::has_epoll_modes`.
const HAS_MODES: bool = crate::sys::platform::EVENTS.has_epoll_modes;

/// See `EventCaps::may_remove_oneshot`.
const MAY_REMOVE_ONESHOT: bool = crate::sys::platform::EVENTS.may_remove_oneshot;

/// Whether the kernel has removed the registration of an owned source, together with its one-shot
/// event. `/dev/poll` of illumos, which its epoll(7) is made of, did so (`dpioctl`):
/// <https://github.com/illumos/illumos-gate/blob/02487698bcad6bbce8bd91d7d44e30cad1adce33/usr/src/uts/common/io/devpoll.c>.
fn is_removed(error: &io::Error) -> bool {
    MAY_REMOVE_ONESHOT && error.kind() == io::ErrorKind::NotFound
}
