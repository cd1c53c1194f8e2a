//! An unowned file descriptor as a source.

use std::io;
use std::os::fd::RawFd;

use crate::event::Source;
use crate::sys::selector::RegisterUnowned as _;
use crate::{Interest, Registry, Token};

/// Watches any file descriptor.
///
/// Nothing is owned or kept: the descriptor must stay open while it is registered, and be
/// deregistered before it is closed. A descriptor that is closed or was never open is an error, or
/// on poll(2) and `poll_oneoff` passed over if it is not negative; never undefined behavior. The
/// descriptor should be non-blocking.
///
/// # Platform differences
///
/// epoll and kqueue report edges: one event for each new readiness. Event ports (Solaris) and
/// poll(2) (other Unix systems and WASI, or when it is forced) cannot tell "not read yet" from
/// "read and filled again" for a descriptor whose operations this crate does not see. There, for
/// each direction:
///
/// | direction | an event is late by at most | a condition that stays is reported |
/// |---|---|---|
/// | reading, writing | 10 ms | 64 times at once, then about 100 times a second |
/// | hang-up, error, priority | 10 ms for about a second after something new, then 100 ms | about 100 times in the first second, then 10 times a second |
/// | hang-up of a socket, where the system returns that both halves are closed (`POLLRDHUP`) | 1 s (a late error, a new connection, a datagram after `shutdown`) | once a second |
///
/// - The bound of reading and writing is for readiness that no wait has seen to be absent before;
///   otherwise the event comes at once.
/// - While a hang-up or error stays, no wait can watch the descriptor: reading and writing follow
///   the second row, too, and so do a FIFO's next writer, the next message of an error queue and
///   the next user of a pseudoterminal.
/// - The repeated events are spurious: they carry the condition that stays. Drop or deregister what
///   has hung up.
/// - [`reregister`](Registry::reregister) arms at once, and is exact after
///   [`WouldBlock`](io::ErrorKind::WouldBlock).
/// - A descriptor that was closed while registered can be registered again once a `poll` has seen
///   that it is closed; on event ports at once, if no event of it has come since it was last waited
///   for. If it was *reused* before that, `poll` cannot see it: events of the new owner carry the
///   old token, and its registration is [`AlreadyExists`](io::ErrorKind::AlreadyExists) until the
///   descriptor is deregistered.
///
/// kqueue cannot tell whether a descriptor is registered: there, [`register`](Registry::register)
/// of one that is replaces its token and adds to its interest, [`reregister`](Registry::reregister)
/// registers one that is not, and [`deregister`](Registry::deregister) of one that is not is `Ok`.
/// Elsewhere these are [`AlreadyExists`](io::ErrorKind::AlreadyExists) and
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
