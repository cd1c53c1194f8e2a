//! `SourceSocket`: a SOCKET that the caller owns.

use std::io;
use std::os::windows::io::RawSocket;

use crate::event::Source;
use crate::sys::selector::RegisterUnowned as _;
use crate::{Interest, Registry, Token};

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
/// - A failure of the connection is reported once, until the socket is reregistered.
/// - A socket that is closed while registered loses its registration once a `poll` detects it.
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
#[derive(Debug)]
pub struct SourceSocket<'a>(
    /// The socket.
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
