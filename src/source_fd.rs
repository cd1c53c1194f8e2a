//! A file descriptor that this crate does not own, as a source.

use std::io;
use std::os::fd::RawFd;

use crate::event::Source;
use crate::sys::selector::RegisterUnowned as _;
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
/// # Platform differences
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
/// - Reading and writing are delayed only if no `poll` has found the direction not ready before.
///   Otherwise the event comes at once.
/// - The first second starts again after each new condition.
/// - While a hang-up or an error persists, the selector cannot wait for the file descriptor. So
///   reading and writing have the delays of the second and third row, too. So have the next writer
///   of a FIFO, the next message of an error queue, and the next user of a pseudoterminal.
/// - What may follow two closed halves is a late error, a new connection, or a datagram after
///   `shutdown`.
/// - The repeated events are spurious: they report the condition that persists. Drop or deregister
///   a source that has hung up.
/// - [`reregister`](Registry::reregister) re-arms at once. After a
///   [`WouldBlock`](io::ErrorKind::WouldBlock), the next event is exact.
/// - A file descriptor that was closed while it was registered can be registered again after a
///   `poll` has found it closed. On event ports it can be registered at once if no event of it has
///   come since the last wait for it. A `poll` cannot detect that a file descriptor was closed and
///   *reused*. Then the events of the new file carry the old token, and registering it fails with
///   [`AlreadyExists`](io::ErrorKind::AlreadyExists) until the file descriptor is deregistered.
///
/// **kqueue** does not report whether a file descriptor is registered ([kqueue(2)][kqueue]: adding
/// a filter again changes the one that exists). So on kqueue:
///
/// - [`register`](Registry::register) of a registered file descriptor replaces its token and adds
///   to its interests.
/// - [`reregister`](Registry::reregister) of one that is not registered registers it.
/// - [`deregister`](Registry::deregister) of one that is not registered returns `Ok`.
///
/// On other systems, these fail with [`AlreadyExists`](io::ErrorKind::AlreadyExists) and
/// [`NotFound`](io::ErrorKind::NotFound).
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
/// [port]: https://illumos.org/man/3C/port_associate
/// [poll]: https://man7.org/linux/man-pages/man2/poll.2.html
/// [kqueue]: https://man.freebsd.org/cgi/man.cgi?query=kqueue&sektion=2
#[derive(Debug)]
pub struct SourceFd<'a>(
    /// The file descriptor.
    pub &'a RawFd,
);

impl Source for SourceFd<'_> {
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

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        registry.selector().deregister_unowned(*self.0)
    }
}
