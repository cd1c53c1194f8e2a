//! The selector, and the handle that registers sources with it.

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use crate::event::{self, Events};
use crate::sys;
use crate::sys::selector::Selector as _;
use crate::{Interest, Token};

/// Waits for events of any number of sources.
///
/// # Events
///
/// Events are edge-triggered: `poll` reports a source when it *becomes* ready, and again only after
/// an operation on it has returned [`WouldBlock`](io::ErrorKind::WouldBlock) (exceptions:
/// *Level-triggered kernels* below, and registrations with another [mode](Interest#modes)). So
/// repeat an operation until it returns `WouldBlock`. A short read may leave data behind.
///
/// An event may be spurious, and one event may report several conditions. After a source is dropped
/// or [deregistered](Registry::deregister), no `poll` that begins later returns an event of it.
///
/// A duplicate of a file descriptor (`try_clone`, `fork`, a program that is starting) can keep the
/// events of a dropped source coming, for instance on epoll ([epoll(7), question 6][epoll]).
/// Deregister such a source before it is dropped. On illumos, deregister every source: some kernels
/// give the next file of a number that was only dropped its token, too ([`dp_pcache_poll`]).
///
/// On Windows, the thread that drops the last handle of a selector (a `Poll` or one of its
/// registries) cancels the pending I/O of named pipes, and waits for its completion for at most one
/// second. It leaks the operations that a driver has not completed by then, because the driver
/// still uses their buffers.
///
/// # Level-triggered kernels
///
/// [poll(2)][poll], [event ports][port] and [`poll_oneoff`][oneoff] report conditions instead of
/// changes. Sources of this crate still get exact events, because an operation that returns
/// `WouldBlock` re-arms them. In these cases an event follows each `WouldBlock`:
///
/// - A datagram socket that is shut down for reading stays readable. So does for writing a Unix
///   one that sends, without being connected, to a full receiver; on epoll, too.
/// - `try_io` re-arms both directions, also the one that is still ready.
///
/// A hang-up, an error or a priority condition that persists is reported repeatedly until it ends,
/// or the source is deregistered or dropped. The same poll(2) bits may mean something new (a FIFO
/// writer came and went), so one report would not be enough. What follows, such as the next writer
/// of a FIFO or the next message of an error queue, is reported late, also for reading and writing:
///
/// | condition that persists | reported | delay of what follows, at most |
/// |---|---|---|
/// | hang-up, error, priority | about 100 times in the first second | 10 ms |
/// | the same, after one second | 10 times a second | 100 ms |
/// | both halves of a socket closed (`POLLRDHUP`) | once a second | 1 s |
///
/// After a pipe has returned an end of file or an error, or a result in `Receiver::try_io`, the
/// selector watches it like a file descriptor that this crate does not own. The documentation of
/// `unix::SourceFd` has the bounds of those.
///
/// # Child processes
///
/// A program that is started with `exec` inherits nothing of the selector (on Solaris, and on AIX,
/// Haiku and QNX, unless it starts while `Poll::new` runs). After `fork`, the child has:
///
/// - On epoll and event ports, the selector of the parent ([fork(2)][fork]: both share the open
///   file). Each event goes to the process that polls first. On epoll, a source that one process
///   deregisters is deregistered for both; on event ports only the process that registered a source
///   can [end its events][dissociate]. Dropping a `Poll` or a source affects the other process only
///   as closing file descriptors does. A [`Waker`](crate::Waker) that one process drops keeps
///   working in the other. Closing a source does not end its events while the other process has it
///   open: to end them for both processes, deregister it first. A source whose descriptor the child
///   gives away (`into_raw_fd`, `OwnedFd::from`, into std) stays registered on epoll, because the
///   parent may be watching it; one that the process which created the selector gives away is
///   deregistered for both. Do not poll an inherited `Poll` on illumos: a source that the child has
///   closed would be deregistered for its parent ([`dp_pcache_poll`]).
/// - On poll(2), a selector of its own with the same registrations. A wake in the child is an event
///   of the child. If the process that created the selector also created the waker, the wake is an
///   event of that process, too. A wake in that process is an event of that process only. No other
///   process gets one, neither another copy nor one between the two.
/// - On kqueue, no selector ([kqueue(2)][kqueue]: a child does not inherit it). Operations on it
///   fail. The child can drop the `Poll`, its sources and its wakers. Where wakers are pipes, a
///   wake in the child is an event of the parent.
///
/// A server that forks before it serves should create one `Poll` in each process, after the fork.
/// This works even if other threads of the parent were inside this library at the time of the fork:
/// [`Poll::new`] takes only locks of the C library, which `fork` leaves free (see [glibc][glibc]).
/// Create the first `Poll` of a program neither in a handler that runs before a fork nor while
/// another thread forks: the C library may leave out this crate's handlers for that fork.
/// A selector that the child inherits on poll(2) or event ports has a lock of its own. If another
/// thread was using the selector at the time of the fork, then using it, an operation of one of its
/// sources that would block, or dropping a registered source or a waker, may block forever.
///
/// Wakes of selectors that existed before a fork merge no longer on epoll and event ports. On
/// NetBSD, Haiku and Apple's systems a library that contains this crate must stay loaded: the next
/// `fork` would call [its fork handlers][netbsd]. A process that was copied without the fork
/// handlers of the C library (`clone(2)`, [`_Fork(3)`][underscore-fork]) must not poll a copied
/// selector. On epoll it may drop and wake the selector. On poll(2) it may do so where the kernel
/// has [`MADV_WIPEONFORK`][wipe] and a sandbox allows it. In such a copy, `Poll::new` may block
/// forever if another thread was allocating memory, or calling `pthread_atfork` as the first `Poll`
/// of a program does, at the time.
///
/// # Timeouts
///
/// Without an event, `poll` never returns before the timeout has elapsed. It may return later, when
/// the scheduler runs the thread again. Every [`Duration`] is accepted; [`Duration::MAX`] waits for
/// an event. The resolution is:
///
/// - nanoseconds on kqueue, event ports, WASI preview 1 and Linux 5.11 ([`epoll_pwait2`][pwait2])
///   and later, but not on Android.
/// - half a millisecond on Windows 10 1803 and later, for timeouts of less than 32 ms. Longer ones,
///   and all on older systems and Wine, end at a tick of the [system's clock][tick], by default up
///   to 15.6 ms late.
/// - a millisecond elsewhere.
///
/// # Implementation notes
///
/// | system | selector | waker |
/// |---|---|---|
/// | Linux, Android, illumos | epoll(7) | eventfd(2) |
/// | Redox, Emscripten | epoll | pipe |
/// | macOS, iOS, tvOS, visionOS, watchOS | kqueue(2) | `EVFILT_USER` |
/// | FreeBSD, NetBSD, DragonFly BSD | kqueue(2) | `EVFILT_USER` |
/// | OpenBSD | kqueue(2) | `EVFILT_USER`, or a pipe where the kernel does not have it |
/// | Solaris | event ports | `port_send` |
/// | ESP-IDF, Fuchsia, Hermit, NuttX | poll(2) | eventfd |
/// | AIX, Cygwin, Haiku, Hurd, QNX, Vita | poll(2) | pipe |
/// | Windows | AFD, the driver of sockets, and a completion port | a packet posted to the port |
/// | Nintendo 3DS, WASI preview 2 | poll(2) | none |
/// | WASI preview 1 | `poll_oneoff` | none |
/// | any other | none: [`Poll::new`] returns [`Unsupported`](io::ErrorKind::Unsupported) | |
///
/// On WASI, a `poll` without a timeout for which no source is armed could never return. It fails
/// with [`InvalidInput`](io::ErrorKind::InvalidInput). On Nintendo 3DS it blocks.
///
/// # Examples
///
/// ```
/// # #[cfg(all(feature = "os-poll", feature = "net"))] {
/// # fn main() -> std::io::Result<()> {
/// use mio::net::{TcpListener, TcpStream};
/// use mio::{Events, Interest, Poll, Token};
/// use std::time::Duration;
///
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(64);
/// let mut listener = TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
/// let mut client = TcpStream::connect(listener.local_addr()?)?;
/// poll.registry().register(&mut listener, Token(0), Interest::READABLE)?;
/// poll.registry().register(&mut client, Token(1), Interest::WRITABLE)?;
///
/// let (mut accepted, mut connected) = (false, false);
/// while !(accepted && connected) {
///     poll.poll(&mut events, Some(Duration::from_secs(5)))?;
///     for event in &events {
///         match event.token() {
///             Token(0) => accepted = listener.accept().is_ok(),
///             _ => connected = client.peer_addr().is_ok(),
///         }
///     }
/// }
/// # Ok(())
/// # }
/// # main().unwrap() }
/// ```
///
/// [epoll]: https://man7.org/linux/man-pages/man7/epoll.7.html
/// [`dp_pcache_poll`]: https://github.com/illumos/illumos-gate/blob/02487698bcad6bbce8bd91d7d44e30cad1adce33/usr/src/uts/common/io/devpoll.c
/// [netbsd]: https://github.com/NetBSD/src/blob/41eeee9ba59f302801aa4508c11200b069226be6/lib/libc/gen/pthread_atfork.c
/// [poll]: https://man7.org/linux/man-pages/man2/poll.2.html
/// [port]: https://illumos.org/man/3C/port_associate
/// [tick]: https://learn.microsoft.com/windows/win32/api/timeapi/nf-timeapi-timebeginperiod
/// [oneoff]: https://github.com/WebAssembly/WASI/blob/d6962d161b92/legacy/preview1/docs.md
/// [kqueue]: https://man.freebsd.org/cgi/man.cgi?query=kqueue&sektion=2
/// [dissociate]: https://docs.oracle.com/cd/E36784_01/html/E36874/port-dissociate-3c.html
/// [fork]: https://man7.org/linux/man-pages/man2/fork.2.html
/// [glibc]: https://github.com/bminor/glibc/blob/04277e02d7f54d3582bebcf8386b317018cd5e1d/sysdeps/nptl/fork.c
/// [underscore-fork]: https://man7.org/linux/man-pages/man3/_Fork.3.html
/// [wipe]: https://man7.org/linux/man-pages/man2/madvise.2.html
/// [pwait2]: https://man7.org/linux/man-pages/man2/epoll_wait.2.html
pub struct Poll {
    registry: Registry,
}

impl Poll {
    /// Creates a selector without registrations.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](io::ErrorKind::Unsupported) without feature `os-poll`, and on systems for
    /// which this crate has no selector. Otherwise the error of the system, such as too many open
    /// files.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "os-poll")] {
    /// # fn main() -> std::io::Result<()> {
    /// use mio::{Events, Poll};
    /// use std::time::Duration;
    ///
    /// let mut poll = Poll::new()?;
    /// let mut events = Events::with_capacity(8);
    /// poll.poll(&mut events, Some(Duration::ZERO))?;
    /// assert!(events.is_empty());
    /// # Ok(())
    /// # }
    /// # main().unwrap() }
    /// ```
    #[inline]
    pub fn new() -> io::Result<Poll> {
        let selector = sys::Selector::new()?;
        let registry = Registry { selector };
        Ok(Poll { registry })
    }

    /// Returns the handle that registers sources with this `Poll`.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "os-poll")] {
    /// # fn main() -> std::io::Result<()> {
    /// use mio::{Poll, Token, Waker};
    ///
    /// let poll = Poll::new()?;
    /// # if cfg!(not(target_os = "wasi")) {
    /// let _waker = Waker::new(poll.registry(), Token(1))?;
    /// # }
    /// # Ok(())
    /// # }
    /// # main().unwrap() }
    /// ```
    #[must_use]
    #[inline]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Waits until events arrive or `timeout` elapses. `None` waits for events without a limit;
    /// zero returns at once.
    ///
    /// Clears `events`, and then fills it with at most [`capacity`](Events::capacity) events.
    /// `events` is empty after the timeout has elapsed and after an error.
    ///
    /// # Errors
    ///
    /// - [`Interrupted`](io::ErrorKind::Interrupted) if a signal handler interrupted the wait. Call
    ///   again with the rest of the timeout, as [`poll_until`](Poll::poll_until) does.
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) if the capacity of `events` is 0, or if
    ///   nothing could end the wait (see [Implementation notes](Poll#implementation-notes)).
    /// - Otherwise the error of the system, with its code.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "os-poll")] {
    /// # fn main() -> std::io::Result<()> {
    /// use mio::{Events, Poll};
    /// use std::time::{Duration, Instant};
    ///
    /// let mut poll = Poll::new()?;
    /// let mut events = Events::with_capacity(8);
    /// let start = Instant::now();
    /// poll.poll(&mut events, Some(Duration::from_micros(200)))?;
    /// assert!(events.is_empty() && start.elapsed() >= Duration::from_micros(200));
    /// # Ok(())
    /// # }
    /// # main().unwrap() }
    /// ```
    #[inline]
    pub fn poll(&mut self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        // The default method prepares the buffer, classifies the timeout and calls `select`.
        self.registry.selector.poll(events.buffer(), timeout)
    }

    /// Waits until events arrive or `deadline` is reached. `None` waits for events without a limit;
    /// a deadline in the past polls once, without waiting.
    ///
    /// Like [`poll`](Poll::poll), but a signal does not end the wait: this function waits again for
    /// the rest of the time. So an error of it is a fault, and `events` is empty only after the
    /// deadline.
    ///
    /// # Errors
    ///
    /// Those of [`poll`](Poll::poll), and never [`Interrupted`](io::ErrorKind::Interrupted). A loop
    /// that a signal should end, as Ctrl-C does, needs a signal handler that
    /// [wakes](crate::Waker::wake) the `Poll`, or [`poll`](Poll::poll).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "os-poll")] {
    /// # fn main() -> std::io::Result<()> {
    /// use mio::{Events, Poll};
    /// use std::time::{Duration, Instant};
    ///
    /// let mut poll = Poll::new()?;
    /// let mut events = Events::with_capacity(8);
    /// let deadline = Instant::now() + Duration::from_millis(2);
    /// poll.poll_until(&mut events, Some(deadline))?;
    /// assert!(events.is_empty() && Instant::now() >= deadline);
    /// # Ok(())
    /// # }
    /// # main().unwrap() }
    /// ```
    #[inline]
    pub fn poll_until(&mut self, events: &mut Events, deadline: Option<Instant>) -> io::Result<()> {
        loop {
            let timeout = deadline.map(|at| at.saturating_duration_since(Instant::now()));
            match self.poll(events, timeout) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}

impl fmt::Debug for Poll {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poll")
            .field("registry", &self.registry)
            .finish()
    }
}

/// Registers sources with a [`Poll`].
///
/// It can be [cloned](Registry::try_clone). Any thread can use it, also while the `Poll` waits.
pub struct Registry {
    selector: sys::Selector,
}

impl Registry {
    /// Registers `source`: `poll` reports its events for `interests`, and they carry `token`.
    ///
    /// The next `poll` reports a condition that holds already.
    ///
    /// # Errors
    ///
    /// - [`AlreadyExists`](io::ErrorKind::AlreadyExists) if the source is registered with this
    ///   `Poll` or another. Of a file descriptor, socket or handle that this crate does not own,
    ///   only the registrations with this `Poll` are known.
    /// - [`Unsupported`](io::ErrorKind::Unsupported) if the system cannot watch for `interests`.
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) if `interests` has [modes](Interest#modes)
    ///   and no readiness, or modes that exclude each other.
    /// - Otherwise the error of the system, with its code.
    ///
    /// A call that returns an error registers nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(all(feature = "os-poll", feature = "net"))] {
    /// # fn main() -> std::io::Result<()> {
    /// use mio::{Interest, Poll, Token, net::UdpSocket};
    /// use std::io::ErrorKind;
    ///
    /// let poll = Poll::new()?;
    /// let mut socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// poll.registry().register(&mut socket, Token(0), Interest::READABLE)?;
    /// let again = poll.registry().register(&mut socket, Token(0), Interest::READABLE);
    /// assert_eq!(again.unwrap_err().kind(), ErrorKind::AlreadyExists);
    /// # Ok(())
    /// # }
    /// # main().unwrap() }
    /// ```
    #[inline]
    pub fn register<S>(&self, source: &mut S, token: Token, interests: Interest) -> io::Result<()>
    where
        S: event::Source + ?Sized,
    {
        trace!("register {token:?} for {interests:?}");
        source.register(self, token, interests)
    }

    /// Replaces the token and the interests of `source`, always both, modes included. The next
    /// `poll` reports a condition that holds already, even if an event has reported it before.
    ///
    /// # Errors
    ///
    /// - [`NotFound`](io::ErrorKind::NotFound) if the source is not registered.
    /// - [`AlreadyExists`](io::ErrorKind::AlreadyExists) if the source is registered with another
    ///   `Poll`.
    /// - [`Unsupported`](io::ErrorKind::Unsupported) and
    ///   [`InvalidInput`](io::ErrorKind::InvalidInput) as [`register`](Registry::register).
    /// - Otherwise the error of the system, with its code.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(all(feature = "os-poll", feature = "net"))] {
    /// # fn main() -> std::io::Result<()> {
    /// use mio::{Interest, Poll, Token, net::UdpSocket};
    ///
    /// let poll = Poll::new()?;
    /// let mut socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// poll.registry().register(&mut socket, Token(0), Interest::READABLE)?;
    /// poll.registry().reregister(&mut socket, Token(1), Interest::WRITABLE)?;
    /// # Ok(())
    /// # }
    /// # main().unwrap() }
    /// ```
    #[inline]
    pub fn reregister<S>(&self, source: &mut S, token: Token, interests: Interest) -> io::Result<()>
    where
        S: event::Source + ?Sized,
    {
        trace!("reregister {token:?} for {interests:?}");
        source.reregister(self, token, interests)
    }

    /// Ends the registration of `source`. No `poll` that begins later returns an event of it. The
    /// source can then be registered again, with any `Poll` (a `windows::NamedPipe`: with the same
    /// one only).
    ///
    /// # Errors
    ///
    /// - [`NotFound`](io::ErrorKind::NotFound) if the source is not registered with this `Poll`.
    /// - Otherwise the error of the system, with its code.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(all(feature = "os-poll", feature = "net"))] {
    /// # fn main() -> std::io::Result<()> {
    /// use mio::{Interest, Poll, Token, net::UdpSocket};
    /// use std::io::ErrorKind;
    ///
    /// let poll = Poll::new()?;
    /// let mut socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// poll.registry().register(&mut socket, Token(0), Interest::READABLE)?;
    /// poll.registry().deregister(&mut socket)?;
    /// let error = poll.registry().deregister(&mut socket).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::NotFound);
    /// # Ok(())
    /// # }
    /// # main().unwrap() }
    /// ```
    #[inline]
    pub fn deregister<S>(&self, source: &mut S) -> io::Result<()>
    where
        S: event::Source + ?Sized,
    {
        trace!("deregister");
        source.deregister(self)
    }

    /// Creates another handle of the same selector, for instance for another thread. The handle
    /// keeps working after the `Poll` is dropped.
    ///
    /// The handle has no file descriptor of its own. Where `as_raw_fd` exists, it returns that of
    /// the `Poll`.
    ///
    /// # Errors
    ///
    /// None at present, on any system.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(all(feature = "os-poll", feature = "net"))] {
    /// # fn main() -> std::io::Result<()> {
    /// use mio::{Events, Interest, Poll, Token, net::UdpSocket};
    /// use std::thread;
    ///
    /// let mut poll = Poll::new()?;
    /// let registry = poll.registry().try_clone()?;
    /// let other = thread::spawn(move || {
    ///     let mut socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    ///     registry.register(&mut socket, Token(1), Interest::WRITABLE)?;
    ///     std::io::Result::Ok(socket)
    /// });
    /// let mut events = Events::with_capacity(8);
    /// poll.poll(&mut events, None)?;
    /// assert!(events.iter().any(|event| event.token() == Token(1)));
    /// let _socket = other.join().unwrap()?;
    /// # Ok(())
    /// # }
    /// # main().unwrap() }
    /// ```
    #[inline]
    pub fn try_clone(&self) -> io::Result<Registry> {
        let selector = self.selector.try_clone()?;
        Ok(Registry { selector })
    }

    #[inline]
    pub(crate) fn selector(&self) -> &sys::Selector {
        &self.selector
    }
}

impl fmt::Debug for Registry {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("selector", &self.selector)
            .finish()
    }
}
