//! A SOCKET that the caller owns.

use std::io;
use std::os::windows::io::RawSocket;

use crate::event::Source;
use crate::sys::selector::RegisterUnowned as _;
use crate::{Interest, Registry, Token};

/// Watches any socket by its number: the counterpart of `SourceFd` on Unix.
///
/// Nothing is owned or kept: the socket must stay open while it is registered, and be deregistered
/// before it is closed. A number that is closed or was never a socket is an error, never undefined
/// behaviour. The socket should be non-blocking. It may be of any kind that Winsock can poll, such
/// as one of std's, or one made by another library.
///
/// # When events come
///
/// The system tells whether a socket *is* ready, not when it becomes so, and the operations on this
/// socket are not seen by this crate. So it cannot tell "not read yet" from "read and filled
/// again":
///
/// - readiness is reported at once if `poll` has found the socket not ready since the last event,
///   as it does when the socket was read or written until it would block; any other within 10 ms;
/// - a socket that stays ready and is not served causes spurious events: 64, and then about 100 a
///   second. A socket that is served, but ready again whenever `poll` begins, is held to the same
///   rate after 64 events in a row;
/// - [`reregister`](Registry::reregister) arms at once, and is exact after [`WouldBlock`](io::ErrorKind::WouldBlock);
/// - a failure of the connection is reported once, until the socket is registered anew;
/// - a socket that was closed while registered loses its registration as soon as a `poll` has seen that.
///
/// # One socket twice
///
/// A socket may be registered with one `Poll` both as one of this crate's types and by its value:
/// each gets its events. Do not register a duplicate of it (`WSADuplicateSocket`, `try_clone` of
/// std's types) as well: Windows may deliver the events of one to the other, and this crate cannot
/// tell that they are the same.
///
/// # Errors
///
/// `register`: [`AlreadyExists`](io::ErrorKind::AlreadyExists) if the number is registered with this `Poll`; the code
/// `WSAENOTSOCK` if it is no socket. `reregister` and `deregister`: [`NotFound`](io::ErrorKind::NotFound) if it is not
/// registered. Interest in AIO or LIO is [`Unsupported`](io::ErrorKind::Unsupported).
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
#[derive(Debug)]
pub struct SourceSocket<'a>(
    /// The number of the socket.
    pub &'a RawSocket,
);

impl Source for SourceSocket<'_> {
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
