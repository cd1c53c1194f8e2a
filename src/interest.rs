//! The kinds of readiness that a registration asks for, and how it reports them.

use std::fmt;
use std::num::NonZeroU8;
use std::ops;

/// The kinds of readiness that a registration asks for. At least one bit is set.
///
/// # Modes
///
/// [`LEVEL`](Interest::LEVEL), [`ONESHOT`](Interest::ONESHOT) and
/// [`EXCLUSIVE`](Interest::EXCLUSIVE) are no readiness. They qualify a registration for all kinds
/// beside them, until the source is registered again, and they are never part of an event. Without
/// any of them a registration is edge-triggered. Any [`Source`](crate::event::Source) that passes
/// its interests on supports them, also one of another crate.
///
/// Registering with modes alone fails with [`InvalidInput`], and with a mode that the selector does
/// not have with [`Unsupported`].
///
/// | | epoll | kqueue | poll(2), event ports, `poll_oneoff` | AFD | named pipes | `SourceHandle` |
/// |---|---|---|---|---|---|---|
/// | `LEVEL` | not on Redox | yes | yes | yes | no | no |
/// | `ONESHOT` | not on Redox | for each direction | yes | yes | no | yes |
/// | `EXCLUSIVE` | Linux, Android | no | no | no | no | no |
///
/// The [guide](crate::guide#edges-levels-and-single-events) describes which mode suits a program.
///
/// [`InvalidInput`]: std::io::ErrorKind::InvalidInput
/// [`Unsupported`]: std::io::ErrorKind::Unsupported
///
/// # Examples
///
/// ```
/// use mio::Interest;
///
/// let both = Interest::READABLE | Interest::WRITABLE;
/// assert!(both.is_readable() && both.is_writable());
/// assert_eq!(both.remove(Interest::READABLE), Some(Interest::WRITABLE));
/// assert_eq!(Interest::READABLE.remove(Interest::READABLE), None);
/// ```
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interest(NonZeroU8);

/// The interest with these bits. At least one bit must be set.
#[allow(clippy::panic)] // The compiler evaluates it: a wrong constant does not compile.
const fn from_bits(bits: u8) -> Interest {
    match NonZeroU8::new(bits) {
        Some(bits) => Interest(bits),
        None => panic!("an interest has at least one bit"),
    }
}

impl Interest {
    /// Data, a connection or an end of file that can be read.
    pub const READABLE: Interest = from_bits(0b0_0001);

    /// Room for data to write, or the end of a connection attempt.
    pub const WRITABLE: Interest = from_bits(0b0_0010);

    /// Completion of POSIX asynchronous I/O.
    ///
    /// Available on FreeBSD, DragonFly BSD and Apple systems ([`EVFILT_AIO`][kqueue]). There,
    /// registering with it adds nothing to the kqueue: the system call that starts the operation
    /// names the kqueue and the token. On other systems, registering with it fails with
    /// [`Unsupported`](std::io::ErrorKind::Unsupported).
    ///
    /// [kqueue]: https://man.freebsd.org/cgi/man.cgi?query=kqueue&sektion=2
    pub const AIO: Interest = from_bits(0b0_0100);

    /// Completion of a list of POSIX asynchronous I/O operations.
    ///
    /// Available on FreeBSD ([`EVFILT_LIO`][aio]). There, registering with it adds nothing to the
    /// kqueue. On other systems, registering with it fails with
    /// [`Unsupported`](std::io::ErrorKind::Unsupported).
    ///
    /// [aio]: https://github.com/freebsd/freebsd-src/blob/release/13.1.0/sys/kern/vfs_aio.c
    pub const LIO: Interest = from_bits(0b0_1000);

    /// Priority data, such as the out-of-band byte of TCP.
    ///
    /// Available on epoll (Redox ignores it), event ports, Windows, and poll(2) except on Vita and
    /// WASI. Where the
    /// system cannot watch for it, registering with it fails with
    /// [`Unsupported`](std::io::ErrorKind::Unsupported).
    pub const PRIORITY: Interest = from_bits(0b1_0000);

    /// A registration whose new readiness need not wake every selector that watches the source.
    ///
    /// If several `Poll`s watch one listener, each connection ends the wait of all of them, though
    /// only one can accept it. If all of them registered with `EXCLUSIVE`, the kernel ends the wait
    /// of at least one, usually of one ([`EPOLLEXCLUSIVE`][epoll_ctl]). A `Poll` that is not
    /// waiting may get events that another has handled, so accepting can return `WouldBlock`.
    ///
    /// Available on Linux (since version 4.5; older kernels ignore it) and Android. On other
    /// systems, and where another selector than epoll is in use, registering with it fails with
    /// [`Unsupported`](std::io::ErrorKind::Unsupported). What works everywhere is one `Poll` that
    /// accepts and hands connections to others, and on many systems a listener with `SO_REUSEPORT`
    /// for each `Poll`.
    ///
    /// - With [`LEVEL`](Interest::LEVEL) a connection that is left waiting is reported again.
    /// - With [`PRIORITY`](Interest::PRIORITY) or [`ONESHOT`](Interest::ONESHOT) registering fails
    ///   with [`InvalidInput`](std::io::ErrorKind::InvalidInput): the kernel refuses both beside
    ///   `EPOLLEXCLUSIVE` ([`do_epoll_ctl`]).
    /// - It refuses `EPOLLRDHUP`, too. So a peer that shuts down its writing half is reported as
    ///   readable, without [`is_read_closed`](crate::event::Event::is_read_closed).
    /// - It cannot change such a registration. So `reregister` from or to `EXCLUSIVE` ends the
    ///   registration and begins another. Meanwhile a call of another thread for the same source
    ///   returns [`NotFound`](std::io::ErrorKind::NotFound). If the second step fails, because
    ///   memory is short or the source is an epoll instance, which the kernel refuses, the source
    ///   is not registered any more: `deregister` returns `NotFound`, and `register` begins again.
    ///
    /// ```
    /// # #[cfg(all(target_os = "linux", feature = "os-poll", feature = "net"))] {
    /// # fn main() -> std::io::Result<()> {
    /// use mio::{Interest, Poll, Token, net::TcpListener};
    /// use std::io::ErrorKind;
    ///
    /// let poll = Poll::new()?;
    /// let mut listener = TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
    /// let exclusive = Interest::READABLE | Interest::EXCLUSIVE;
    /// match poll.registry().register(&mut listener, Token(0), exclusive) {
    ///     Err(error) if error.kind() == ErrorKind::Unsupported => {} // Not epoll of Linux.
    ///     result => result?,
    /// }
    /// # Ok(())
    /// # }
    /// # main().unwrap() }
    /// ```
    ///
    /// [epoll_ctl]: https://man7.org/linux/man-pages/man2/epoll_ctl.2.html
    /// [`do_epoll_ctl`]: https://github.com/torvalds/linux/blob/v6.12/fs/eventpoll.c
    pub const EXCLUSIVE: Interest = from_bits(0b10_0000);

    /// A level-triggered registration: every `poll` reports the conditions that hold, a hang-up or
    /// an error among them, until the caller has ended them.
    ///
    /// Data that was left unread is reported again, so one read for each event loses nothing. A
    /// condition that the program does not end makes every `poll` return at once: an idle socket is
    /// always writable, and a hang-up stays until the source is deregistered. So register for
    /// writing only while there is something to write.
    ///
    /// Available on all selectors but epoll of Redox; not for `windows::NamedPipe` and
    /// `windows::SourceHandle`, where registering with it fails with
    /// [`Unsupported`](std::io::ErrorKind::Unsupported). Beside [`ONESHOT`](Interest::ONESHOT) it
    /// changes nothing.
    ///
    /// - On FreeBSD the kernel removes its filter for a pipe's writer when it has reported that the
    ///   reader is gone ([`pipeclose`]). So that hang-up is reported once, unless it came before
    ///   the registration.
    /// - Event ports examine a condition when the source is registered and after each event. So one
    ///   that has changed before the next `poll` may be reported once more or one `poll` later. An
    ///   event that one process of a fork takes ends the watch of both until `reregister`.
    /// - On WASI preview 2, wasmtime reports a stream as readable until a read has returned
    ///   [`WouldBlock`](std::io::ErrorKind::WouldBlock), also if all data was read before (observed
    ///   on wasmtime 48).
    /// - A source that a selector cannot watch (`is_error` on WASI preview 1 and Windows) is
    ///   reported once, until an operation would block or the source is reregistered.
    ///
    /// ```
    /// # #[cfg(all(feature = "os-poll", feature = "net"))] {
    /// # fn main() -> std::io::Result<()> {
    /// use mio::{Events, Interest, Poll, Token, net::UdpSocket};
    ///
    /// let mut poll = Poll::new()?;
    /// let mut events = Events::with_capacity(8);
    /// let mut socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// let level = Interest::READABLE | Interest::LEVEL;
    /// poll.registry().register(&mut socket, Token(0), level)?;
    /// socket.send_to(b"one", socket.local_addr()?)?;
    /// for _ in 0..3 {
    ///     poll.poll(&mut events, None)?; // The datagram is still there.
    ///     assert!(events.iter().any(|event| event.is_readable()));
    /// }
    /// # Ok(())
    /// # }
    /// # main().unwrap() }
    /// ```
    ///
    /// [`pipeclose`]: https://github.com/freebsd/freebsd-src/blob/release/13.1.0/sys/kern/sys_pipe.c
    pub const LEVEL: Interest = from_bits(0b100_0000);

    /// A registration that reports one event, and then none, not even a hang-up, until
    /// [`reregister`](crate::Registry::reregister) arms it again.
    ///
    /// The event has the conditions that hold when it is made. `reregister` reports what holds
    /// then, so nothing is lost. With it, a program whose threads serve sources in turn has one
    /// thread at a time serve a source.
    ///
    /// Available on all selectors but epoll of Redox; not for `windows::NamedPipe`, where
    /// registering with it fails with [`Unsupported`](std::io::ErrorKind::Unsupported). A
    /// `windows::SourceHandle` is always like this.
    ///
    /// On kqueue reading and writing are two filters, and each is disarmed by an event of its own:
    /// a registration for both reports up to two events. Once a registration of a kqueue had this
    /// mode or `LEVEL`, `reregister` deletes the filters of its source and adds them again. If the
    /// second step fails because memory is short, the source gets no events until `reregister`
    /// succeeds.
    ///
    /// Some versions of illumos remove the registration together with its event. A `unix::SourceFd`
    /// is then `NotFound` for `reregister` and `deregister`: register it again. For sources that
    /// own their file descriptor this crate does that.
    ///
    /// ```
    /// # #[cfg(all(feature = "os-poll", feature = "net"))] {
    /// # fn main() -> std::io::Result<()> {
    /// use mio::{Events, Interest, Poll, Token, net::UdpSocket};
    /// use std::time::Duration;
    ///
    /// let mut poll = Poll::new()?;
    /// let mut events = Events::with_capacity(8);
    /// let mut socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// let once = Interest::WRITABLE | Interest::ONESHOT;
    /// poll.registry().register(&mut socket, Token(0), once)?;
    /// poll.poll(&mut events, None)?;
    /// assert_eq!(events.iter().count(), 1);
    /// poll.poll(&mut events, Some(Duration::from_millis(1)))?;
    /// assert!(events.is_empty());
    ///
    /// poll.registry().reregister(&mut socket, Token(0), once)?;
    /// poll.poll(&mut events, None)?;
    /// assert_eq!(events.iter().count(), 1);
    /// # Ok(())
    /// # }
    /// # main().unwrap() }
    /// ```
    pub const ONESHOT: Interest = from_bits(0b1000_0000);

    /// The bits that are kinds of readiness. All others are modes.
    pub(crate) const READINESS: u8 = 0b1_1111;

    /// Returns the union of both: the same as `self | other`, and usable in constants.
    ///
    /// ```
    /// use mio::Interest;
    ///
    /// const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
    /// assert_eq!(BOTH, Interest::READABLE | Interest::WRITABLE);
    /// ```
    #[must_use]
    #[allow(clippy::should_implement_trait)]
    #[inline]
    pub const fn add(self, other: Interest) -> Interest {
        match NonZeroU8::new(self.0.get() | other.0.get()) {
            Some(bits) => Interest(bits),
            // Unreachable, because the union of non-empty sets is not empty.
            None => self,
        }
    }

    /// Returns `self` without the bits of `other`, or `None` if no kind of readiness is left: modes
    /// alone cannot be registered.
    ///
    /// ```
    /// use mio::Interest;
    ///
    /// const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
    /// assert_eq!(BOTH.remove(Interest::WRITABLE).unwrap(), Interest::READABLE);
    /// let level = Interest::READABLE | Interest::LEVEL;
    /// assert_eq!(level.remove(Interest::READABLE), None);
    /// ```
    #[must_use]
    #[inline]
    pub fn remove(self, other: Interest) -> Option<Interest> {
        let left = self.0.get() & !other.0.get();
        if left & Interest::READINESS == 0 {
            return None;
        }
        NonZeroU8::new(left).map(Interest)
    }

    /// Returns whether [`READABLE`](Interest::READABLE) is set.
    #[must_use]
    #[inline]
    pub const fn is_readable(self) -> bool {
        self.has(Interest::READABLE)
    }

    /// Returns whether [`WRITABLE`](Interest::WRITABLE) is set.
    #[must_use]
    #[inline]
    pub const fn is_writable(self) -> bool {
        self.has(Interest::WRITABLE)
    }

    /// Returns whether [`AIO`](Interest::AIO) is set.
    #[must_use]
    #[inline]
    pub const fn is_aio(self) -> bool {
        self.has(Interest::AIO)
    }

    /// Returns whether [`LIO`](Interest::LIO) is set.
    #[must_use]
    #[inline]
    pub const fn is_lio(self) -> bool {
        self.has(Interest::LIO)
    }

    /// Returns whether [`PRIORITY`](Interest::PRIORITY) is set.
    #[must_use]
    #[inline]
    pub const fn is_priority(self) -> bool {
        self.has(Interest::PRIORITY)
    }

    /// Returns whether [`EXCLUSIVE`](Interest::EXCLUSIVE) is set.
    #[must_use]
    #[inline]
    pub const fn is_exclusive(self) -> bool {
        self.has(Interest::EXCLUSIVE)
    }

    /// Returns whether [`LEVEL`](Interest::LEVEL) is set.
    #[must_use]
    #[inline]
    pub const fn is_level(self) -> bool {
        self.has(Interest::LEVEL)
    }

    /// Returns whether [`ONESHOT`](Interest::ONESHOT) is set.
    #[must_use]
    #[inline]
    pub const fn is_oneshot(self) -> bool {
        self.has(Interest::ONESHOT)
    }

    /// One bit for each kind of readiness, the five lowest, and one for each mode.
    #[inline]
    pub(crate) const fn bits(self) -> u8 {
        self.0.get()
    }

    const fn has(self, other: Interest) -> bool {
        self.bits() & other.bits() != 0
    }
}

impl ops::BitOr for Interest {
    type Output = Self;

    #[inline]
    fn bitor(self, other: Self) -> Self {
        self.add(other)
    }
}

impl ops::BitOrAssign for Interest {
    #[inline]
    fn bitor_assign(&mut self, other: Self) {
        *self = self.add(other);
    }
}

impl fmt::Debug for Interest {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = [
            (Interest::READABLE, "READABLE"),
            (Interest::WRITABLE, "WRITABLE"),
            (Interest::AIO, "AIO"),
            (Interest::LIO, "LIO"),
            (Interest::PRIORITY, "PRIORITY"),
            (Interest::EXCLUSIVE, "EXCLUSIVE"),
            (Interest::LEVEL, "LEVEL"),
            (Interest::ONESHOT, "ONESHOT"),
        ];
        let mut separator = "";
        for (kind, name) in kinds {
            if self.has(kind) {
                write!(f, "{separator}{name}")?;
                separator = " | ";
            }
        }
        Ok(())
    }
}
