//! Sources that the caller owns: file descriptors, and on Windows sockets and waitable handles.

use std::io;
#[cfg(not(windows))]
use std::os::fd::RawFd;
#[cfg(windows)]
use std::os::windows::io::{RawHandle, RawSocket};

use crate::event::Source;
use crate::sys::selector::RegisterUnowned as _;
#[cfg(windows)]
use crate::sys::windows::wait::WaitBackend;
use crate::{Interest, Registry, Token};

/// Watches a file descriptor that this crate does not own.
///
/// A `SourceFd` neither owns nor keeps the file descriptor. The caller keeps it open while it is
/// registered, and deregisters it before closing it. The file descriptor should be non-blocking.
///
/// Registering a file descriptor that is closed, or that never was open, fails. Only poll(2) and
/// `poll_oneoff` accept one that is not negative, and then ignore it. It never causes undefined
/// behavior.
///
/// A regular file or a directory never blocks. epoll refuses both with
/// [`PermissionDenied`](io::ErrorKind::PermissionDenied) ([`EPERM`][epoll_ctl]); poll(2) and
/// others report a regular file as ready.
///
/// # Platform differences
///
/// Without a mode ([`Interest::LEVEL`], [`Interest::ONESHOT`]):
///
/// **epoll and kqueue** are edge-triggered: they report each new readiness once.
///
/// **[Event ports][port] (Solaris) and [poll(2)][poll]** (other Unix systems, WASI, or when it is
/// forced) report conditions instead of changes, and this crate does not see the operations on the
/// file descriptor. So these selectors cannot know whether a condition still holds or holds again.
/// They repeat their reports, and delay them, for each direction:
///
/// | condition | delay of an event, at most | while it persists, reported |
/// |---|---|---|
/// | reading, writing | 10 ms | 64 times at once, then about 100 times a second |
/// | hang-up, error, priority | 10 ms | about 100 times in the first second |
/// | the same, after about one second | 100 ms | 10 times a second |
/// | both halves of a socket closed (`POLLRDHUP`) | 1 s | once a second |
///
/// - None of this applies to a registration with [`LEVEL`](Interest::LEVEL) or
///   [`ONESHOT`](Interest::ONESHOT): they report conditions by nature, and without delay.
/// - Reading and writing are delayed only if no `poll` has found the direction not ready before.
///   Otherwise the event comes at once.
/// - The first second starts again after each new condition.
/// - While a hang-up or an error persists, the selector cannot wait for the file descriptor. So
///   reading and writing have the delays of the second to fourth row, too. So have the next writer
///   of a FIFO, the next message of an error queue, and the next user of a pseudoterminal.
/// - What may follow two closed halves is a late error, a new connection, or a datagram after
///   `shutdown`.
/// - The repeated events are spurious: they report the condition that persists. Drop or deregister
///   a source that has hung up.
/// - An idle file descriptor that is registered for writing persists in being writable, so it wakes
///   the process about 100 times a second. Register it for writing only while you have something to
///   write. Under tokio that is `AsyncFd::with_interest`.
/// - [`reregister`](Registry::reregister) re-arms at once. If you call it after a
///   [`WouldBlock`](io::ErrorKind::WouldBlock), the next event is exact.
/// - A file descriptor that was closed while it was registered can be registered again after a
///   `poll` has found it closed. On event ports it can be registered at once if no event of it has
///   come since the last wait for it. A `poll` cannot detect that a file descriptor was closed and
///   *reused*. Then the events of the new file carry the old token, and registering it fails with
///   [`AlreadyExists`](io::ErrorKind::AlreadyExists) until the file descriptor is deregistered.
///   After the event of a `ONESHOT` registration no `poll` looks at the file descriptor, so
///   deregister it before you close it.
/// - poll(2) of [PlayStation Vita][vita] and [Hermit][hermit] skips a closed file descriptor, so no
///   `poll` finds it closed there. Vita also skips one of which no event is wanted, such as a
///   reported `ONESHOT`, and then reports no hang-up. On [Fuchsia][fuchsia] every `poll` fails
///   while a file descriptor is registered that has no handle to wait for.
///
/// **kqueue** does not report whether a file descriptor is registered ([kqueue(2)][kqueue]: adding
/// a filter again changes the one that exists). So on kqueue:
///
/// - [`register`](Registry::register) of a registered file descriptor adds to its interests. The
///   new token is that of the interests that the call names; another one keeps the old token. A
///   direction that was registered keeps its mode ([`LEVEL`](Interest::LEVEL) and others).
/// - [`reregister`](Registry::reregister) of one that is not registered registers it.
/// - [`deregister`](Registry::deregister) of one that is not registered returns `Ok`.
///
/// On other systems, these fail with [`AlreadyExists`](io::ErrorKind::AlreadyExists) and
/// [`NotFound`](io::ErrorKind::NotFound).
///
/// **macOS**: kqueue refuses `/dev/tty` ([mio#1377]). Registering it opens the terminal that
/// controls the process by its own name, such as `/dev/ttys003`, and watches that until the file
/// descriptor is deregistered. Reading stays with the caller's file descriptor. One that is closed
/// without being deregistered keeps the terminal open until its number is registered or
/// deregistered again, an event of the terminal comes, which is not reported, or the `Poll` and its
/// registries are dropped. Registering fails
/// with [`Unsupported`](io::ErrorKind::Unsupported) if the process has no controlling terminal or
/// may not open it, and for any other character device that kqueue refuses. Read such a device on a
/// thread of its own. On the other systems the kernel watches `/dev/tty` itself.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use mio::{Events, Interest, Poll, Token, unix::SourceFd};
/// use std::net::TcpListener;
/// use std::os::fd::AsRawFd;
///
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// listener.set_nonblocking(true)?;
///
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(8);
/// poll.registry().register(
///     &mut SourceFd(&listener.as_raw_fd()),
///     Token(0),
///     Interest::READABLE,
/// )?;
///
/// let client = std::net::TcpStream::connect(listener.local_addr()?)?;
/// poll.poll(&mut events, None)?;
/// assert!(events.iter().any(|event| event.is_readable()));
/// poll.registry().deregister(&mut SourceFd(&listener.as_raw_fd()))?;
/// # drop(client);
/// # Ok(())
/// # }
/// ```
///
/// The keyboard, also while stdin is a pipe:
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use mio::{Interest, Poll, Token, unix::SourceFd};
/// use std::fs::OpenOptions;
/// use std::os::fd::AsRawFd;
///
/// let poll = Poll::new()?;
/// // A process without a controlling terminal, such as a daemon, cannot open it.
/// if let Ok(tty) = OpenOptions::new().read(true).open("/dev/tty") {
///     let fd = tty.as_raw_fd();
///     poll.registry().register(&mut SourceFd(&fd), Token(0), Interest::READABLE)?;
///     // Here `poll` reports input, which is read from `tty`.
///     poll.registry().deregister(&mut SourceFd(&fd))?;
/// }
/// # Ok(())
/// # }
/// ```
///
/// [epoll_ctl]: https://man7.org/linux/man-pages/man2/epoll_ctl.2.html
/// [vita]: https://github.com/vitasdk/newlib/blob/b89e5bc183b516945f9ee07eef483ecb916e45ff/newlib/libc/sys/vita/poll.c
/// [hermit]: https://github.com/hermit-os/kernel/blob/b0678ba01937374cf8f6648e49a97070829a8437/src/fd/mod.rs#L383-L410
/// [fuchsia]: https://github.com/gnoliyil/fuchsia/blob/90ba949e14e0ce6146641bb6b654089c1c43ae54/sdk/lib/fdio/unistd.cc
/// [mio#1377]: https://github.com/tokio-rs/mio/issues/1377
/// [port]: https://illumos.org/man/3C/port_associate
/// [poll]: https://man7.org/linux/man-pages/man2/poll.2.html
/// [kqueue]: https://man.freebsd.org/cgi/man.cgi?query=kqueue&sektion=2
#[cfg(not(windows))]
#[derive(Debug)]
pub struct SourceFd<'a>(
    /// The file descriptor.
    pub &'a RawFd,
);

/// Registers a socket by its raw value: the counterpart of `SourceFd` on Unix.
///
/// The caller keeps the ownership: the socket must stay open while it is registered, and must be
/// deregistered before it is closed. A value that is closed, or that never was a socket, is an
/// error, never undefined behavior. The socket should be non-blocking. It may be any socket that
/// Winsock can poll, such as one of std's or of another library.
///
/// # When events come
///
/// Windows reports whether a socket *is* ready, not when it becomes ready, and this crate does not
/// see the operations on this socket. So it cannot distinguish a socket that was not read yet from
/// one that was read and has received new data:
///
/// - Readiness is reported at once if `poll` has observed the socket not ready since the last
///   event, as it does after the socket was read or written until it would block. Other readiness
///   is reported within 10 ms.
/// - A socket that stays ready and is not served causes spurious events: 64, then about 100 a
///   second. A socket that is served, but ready again whenever `poll` begins, is limited to the
///   same rate after 64 events in a row.
/// - [`reregister`](Registry::reregister) reports current readiness at once. After
///   [`WouldBlock`](io::ErrorKind::WouldBlock) it makes the next event exact.
/// - A failure of the connection is reported once, until the socket is reregistered. So reregister
///   it before each further `connect`.
/// - A socket that is closed while registered loses its registration once a `poll` detects it.
///
/// With [`LEVEL`](Interest::LEVEL) or [`ONESHOT`](Interest::ONESHOT), reports have no delay, and a
/// failure of the connection is a condition like others.
///
/// # One socket as two sources
///
/// A socket may be registered with one `Poll` both as one of this crate's types and by its raw
/// value; each gets its events. Do not register a duplicate of it (`WSADuplicateSocket`,
/// `try_clone` of std's types) as well: Windows may report the events of one to the other
/// ([trio#52]), and this crate cannot detect duplicates.
///
/// [trio#52]: https://github.com/python-trio/trio/issues/52
///
/// # Errors
///
/// - `register` returns [`AlreadyExists`](io::ErrorKind::AlreadyExists) if the socket is registered
///   by its raw value with this `Poll`, and the code `WSAENOTSOCK` if the value is not a socket.
/// - `reregister` and `deregister` return [`NotFound`](io::ErrorKind::NotFound) if it is not
///   registered.
/// - Interest in AIO or LIO is [`Unsupported`](io::ErrorKind::Unsupported).
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use mio::{Events, Interest, Poll, Token, windows::SourceSocket};
/// use std::net::TcpListener;
/// use std::os::windows::io::AsRawSocket;
///
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// listener.set_nonblocking(true)?;
///
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(8);
/// poll.registry().register(
///     &mut SourceSocket(&listener.as_raw_socket()),
///     Token(0),
///     Interest::READABLE,
/// )?;
///
/// let client = std::net::TcpStream::connect(listener.local_addr()?)?;
/// poll.poll(&mut events, None)?;
/// assert!(events.iter().any(|event| event.is_readable()));
/// poll.registry().deregister(&mut SourceSocket(&listener.as_raw_socket()))?;
/// # drop(client);
/// # Ok(())
/// # }
/// ```
#[cfg(windows)]
#[derive(Debug)]
pub struct SourceSocket<'a>(
    /// The socket.
    pub &'a RawSocket,
);

/// `SourceFd`, or the same for a socket.
#[cfg(not(windows))]
type Unowned<'a> = SourceFd<'a>;
#[cfg(windows)]
type Unowned<'a> = SourceSocket<'a>;

impl Source for Unowned<'_> {
    #[inline]
    fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        registry
            .selector()
            .register_unowned(*self.0, token, interests)
    }

    #[inline]
    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        registry
            .selector()
            .reregister_unowned(*self.0, token, interests)
    }

    #[inline]
    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        registry.selector().deregister_unowned(*self.0)
    }
}

/// Registers a waitable handle: a process, a thread, an event, a semaphore, a waitable timer, a
/// change notification, or console input.
///
/// # One event for each arming
///
/// Registering arms the handle, and so does [`reregister`](Registry::reregister). An armed handle
/// gives one event once the object is signaled, or at once if it is signaled already. After that it
/// gives none until it is armed again: the mode [`ONESHOT`](Interest::ONESHOT), which may be named
/// beside the interest. Arming an armed handle changes its token only; a signal that
/// the wait has consumed is not lost.
///
/// The wait changes the object as any wait function does: it resets an auto-reset event or timer,
/// and decrements a semaphore ([wait functions]). So the receiver of the event should not wait for
/// the object again. An object that stays signaled, such as a process that has exited, gives an
/// event for each arming. Do not register a mutex: an unspecified thread would own it.
///
/// [wait functions]: https://learn.microsoft.com/windows/win32/sync/wait-functions#wait-functions-and-synchronization-objects
///
/// # The handle
///
/// The handle needs the access right `SYNCHRONIZE`. Registering duplicates it, so the object lives
/// at least until it is deregistered, and the handle may be closed meanwhile. Deregister it before
/// its value can be that of another handle. A handle that is closed, or that never was open, is an
/// error, never undefined behavior.
///
/// # Implementation
///
/// On Windows 8 and later, [wait completion packets] report the signal. Elsewhere a thread of the
/// system's thread pool waits, and each event takes a detour through such a thread.
///
/// [wait completion packets]: https://learn.microsoft.com/windows/win32/devnotes/ntassociatewaitcompletionpacket
///
/// # Errors
///
/// - `register` returns [`AlreadyExists`](io::ErrorKind::AlreadyExists) if the handle is registered
///   with this `Poll`.
/// - `register` and `reregister` return [`Unsupported`](io::ErrorKind::Unsupported) if the interest
///   is not [`READABLE`](Interest::READABLE), with or without [`ONESHOT`](Interest::ONESHOT).
/// - `reregister` and `deregister` return [`NotFound`](io::ErrorKind::NotFound) if the handle is
///   not registered.
/// - Other errors are those of the system, such as `ERROR_INVALID_HANDLE`.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use mio::{Events, Interest, Poll, Token, windows::SourceHandle};
/// use std::os::windows::io::AsRawHandle;
/// use std::process::Command;
///
/// let mut child = Command::new("cmd").args(["/c", "exit 3"]).spawn()?;
///
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(8);
/// poll.registry().register(
///     &mut SourceHandle(&child.as_raw_handle()),
///     Token(0),
///     Interest::READABLE,
/// )?;
/// poll.poll(&mut events, None)?;
/// assert!(events.iter().any(|event| event.token() == Token(0)));
/// assert_eq!(child.try_wait()?.and_then(|status| status.code()), Some(3));
/// poll.registry().deregister(&mut SourceHandle(&child.as_raw_handle()))?;
/// # Ok(())
/// # }
/// ```
#[cfg(windows)]
#[derive(Debug)]
pub struct SourceHandle<'a>(
    /// The handle.
    pub &'a RawHandle,
);

#[cfg(windows)]
impl Source for SourceHandle<'_> {
    #[inline]
    fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        let selector = registry.selector();
        let (waits, port) = (selector.waits(), selector.port());
        waits.register(port, *self.0, token, interests, WaitBackend::best())
    }

    #[inline]
    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        let selector = registry.selector();
        let (waits, port) = (selector.waits(), selector.port());
        waits.reregister(port, *self.0, token, interests)
    }

    #[inline]
    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        registry.selector().waits().deregister(*self.0)
    }
}
