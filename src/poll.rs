//! The event queue and the handle that registers sources with it.

use std::fmt;
use std::io;
use std::time::Duration;

use crate::event::{self, Events};
use crate::sys;
use crate::sys::selector::Selector as _;
use crate::{Interest, Token};

/// Waits for events of many sources at once.
///
/// # How events come
///
/// Events are edges: one comes when a source *becomes* ready, and the next after an operation has said
/// [`WouldBlock`](io::ErrorKind::WouldBlock). So read or write until it does. A short read need not have emptied the source.
/// Events may be spurious, and several conditions may share one event. Dropping a source, or
/// [`deregister`](Registry::deregister), ends its events: none comes from a `poll` that begins afterwards.
///
/// On Windows the thread that drops the last of a `Poll` and its registries waits for I/O of named
/// pipes that is in flight, which it cancels, for at most one second. What a driver does not end by
/// then is leaked on purpose.
///
/// Over poll(2), event ports and `poll_oneoff`, whose kernels report levels, a hang-up, error or
/// priority condition that stays is reported again, lest it hide what follows it (a FIFO's next
/// writer, the next message of an error queue): about 100 times in the first second, then 10 times
/// a second (a socket with both halves closed, on systems with `POLLRDHUP`: once a second), until
/// the source is dropped. What follows it is at most 10 ms late in the first second and 100 ms
/// afterwards (1 s for such a closed socket), also for reading and writing. A pipe that has returned
/// an end or an error is from then on watched like a file descriptor that this crate does not own;
/// the documentation of `unix::SourceFd` has the bounds of those.
///
/// Without such a condition the events of a source of this crate are exact, as long as an operation
/// that returns `WouldBlock` waits for what the kernel reports. It does not if a datagram socket is
/// shut for reading, which stays readable; nor for the other direction of `try_io`, which arms both:
/// then each [`WouldBlock`](io::ErrorKind::WouldBlock) is followed by an event.
///
/// Closing a descriptor ends its events only once every duplicate of it is closed (`try_clone`, `fork`): deregister first.
///
/// # Child processes
///
/// A program that is started (`exec`) has nothing of the selector. What a copy made by `fork` has
/// depends on the system:
///
/// - epoll, event ports: both processes have the same selector. An event goes to whichever of them
///   polls first, and what one of them deregisters is gone for the other. Dropping disturbs the
///   other process only by what closing does; a dropped [`Waker`](crate::Waker) stays a waker of
///   the other process. Closing a source does not end its events while the other process has it
///   open: deregister first, if it is to end for both.
/// - poll(2): each process has a selector of its own from the fork on, with the same registrations.
///   A wake in a copy is reported in the copy, and in the process that has made the selector for all
///   wakers that were made there. A wake in that process is reported there alone. Processes between
///   the two, and other copies, get nothing.
/// - kqueue: the copy has no selector, and what uses it fails. A `Poll`, its sources and its wakers
///   can be dropped there. Where wakers are pipes, a wake in the copy is an event of the parent.
///
/// So a server that forks before it serves makes one `Poll` in each process after the fork, also
/// where other threads of the parent were in this library at that moment: [`Poll::new`] takes no
/// lock but those of the C library, which `fork` leaves free. Over poll(2) and event ports a copied
/// selector has a lock of its own: using it, and dropping a registered source or a waker of it, may
/// wait for ever if another thread was using it at the moment of the fork.
///
/// After a fork no wakes of the selectors that existed before are merged any more on epoll and
/// event ports, in both processes. Copies made without the C library's handlers of `fork`
/// (`clone(2)`, `_Fork(3)`) must not poll a copied selector; on epoll they may drop it and wake it,
/// also on poll(2) where the kernel has `MADV_WIPEONFORK` and a sandbox allows it. `Poll::new`
/// there may wait for ever if another thread was allocating memory or calling `pthread_atfork`,
/// which the first `Poll` of a program does.
///
/// # Time
///
/// A time-out is never cut short: without an event `poll` returns no earlier. It may return later by what the system's
/// scheduler takes. Sub-millisecond time-outs are exact on Linux 5.11 and later (not on Android), kqueue, event ports and WASI;
/// elsewhere they may be rounded up to a millisecond. Any [`Duration`] is lawful; [`Duration::MAX`] waits until there is an event.
///
/// # Implementation notes
///
/// | system | selector | waker |
/// |---|---|---|
/// | Linux, Android, illumos | epoll(7) | eventfd(2) |
/// | Redox, Emscripten | epoll | pipe |
/// | macOS, iOS, tvOS, visionOS, watchOS, FreeBSD, NetBSD, DragonFly BSD | kqueue(2) | `EVFILT_USER` |
/// | OpenBSD | kqueue(2) | `EVFILT_USER`, or a pipe where the kernel does not have it |
/// | Solaris | event ports | `port_send` |
/// | ESP-IDF, Fuchsia, Hermit, NuttX | poll(2) | eventfd |
/// | AIX, Cygwin, Haiku, Hurd, QNX, Vita | poll(2) | pipe |
/// | Windows | AFD, the driver of sockets, through a completion port | a packet posted to the port |
/// | Nintendo 3DS, WASI preview 2 | poll(2) | none: [`Waker::new`](crate::Waker::new) is `Unsupported` |
/// | WASI preview 1 | `poll_oneoff` | none |
/// | any other | none: [`Poll::new`] returns [`Unsupported`](io::ErrorKind::Unsupported) | |
///
/// On WASI and where there is no waker, a `poll` without any source and without a time-out could never end: it is
/// [`InvalidInput`](io::ErrorKind::InvalidInput).
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
pub struct Poll {
    registry: Registry,
}

impl Poll {
    /// Makes an event queue.
    ///
    /// # Errors
    ///
    /// What the system says, such as too many open files; [`Unsupported`](io::ErrorKind::Unsupported) without feature
    /// `os-poll` or where this crate has no selector.
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
    pub fn new() -> io::Result<Poll> {
        let selector = sys::Selector::new()?;
        Ok(Poll {
            registry: Registry { selector },
        })
    }

    /// The handle that registers sources.
    #[must_use]
    #[inline]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Waits for events, at most for `timeout`; `None` waits for ever, zero returns at once.
    ///
    /// `events` is emptied first, and then filled with at most its capacity. It stays empty when the time-out passes and after
    /// an error.
    ///
    /// # Errors
    ///
    /// [`Interrupted`](io::ErrorKind::Interrupted) if a signal came while waiting: call again, with what is left of the
    /// time-out. [`InvalidInput`](io::ErrorKind::InvalidInput) if the capacity of `events` is 0. Anything else the system
    /// says has its code.
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
        self.registry.selector.select(events.records(), timeout)
    }
}

impl fmt::Debug for Poll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poll")
            .field("registry", &self.registry)
            .finish()
    }
}

/// Registers sources with a [`Poll`]. It can be cloned and used from any thread, also while the `Poll` waits.
pub struct Registry {
    selector: sys::Selector,
}

impl Registry {
    /// Starts watching `source`: its events carry `token` and come for `interests`.
    ///
    /// A condition that holds already is reported by the next `poll`.
    ///
    /// # Errors
    ///
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) if the source is registered, with this `Poll` or another;
    /// [`Unsupported`](io::ErrorKind::Unsupported) if the system cannot watch for `interests`; otherwise what the system says,
    /// with its code. The source is then not registered.
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
    /// let error = poll.registry().register(&mut socket, Token(0), Interest::READABLE).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    /// # Ok(())
    /// # }
    /// # main().unwrap() }
    /// ```
    pub fn register<S>(&self, source: &mut S, token: Token, interests: Interest) -> io::Result<()>
    where
        S: event::Source + ?Sized,
    {
        trace!("register {token:?} for {interests:?}");
        source.register(self, token, interests)
    }

    /// Replaces token and interests of `source`, both of them. A condition that holds is reported again.
    ///
    /// # Errors
    ///
    /// [`NotFound`](io::ErrorKind::NotFound) if the source is not registered;
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) if it is registered with another `Poll`; otherwise what the system says,
    /// with its code.
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
    pub fn reregister<S>(&self, source: &mut S, token: Token, interests: Interest) -> io::Result<()>
    where
        S: event::Source + ?Sized,
    {
        trace!("reregister {token:?} for {interests:?}");
        source.reregister(self, token, interests)
    }

    /// Stops watching `source`. No event of it is returned by a `poll` that begins afterwards; it can then be registered
    /// again, with any `Poll`.
    ///
    /// # Errors
    ///
    /// [`NotFound`](io::ErrorKind::NotFound) if the source is not registered with this `Poll`; otherwise what the system
    /// says, with its code.
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
    pub fn deregister<S>(&self, source: &mut S) -> io::Result<()>
    where
        S: event::Source + ?Sized,
    {
        trace!("deregister");
        source.deregister(self)
    }

    /// Makes another handle of the same selector, for another thread. It works as long as it lives,
    /// also without its `Poll`.
    ///
    /// It has no file descriptor of its own: where there is one to be had (`as_raw_fd`), it is that
    /// of the `Poll`.
    ///
    /// # Errors
    ///
    /// None at present on any system.
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
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("selector", &self.selector)
            .finish()
    }
}
