//! The value by which the caller recognizes the events of a source.

/// A value that the caller chooses for a registration, and that each of its events carries.
///
/// Every value is valid, also [`usize::MAX`], and several sources may have the same token. This
/// crate does not interpret the value. It is often an index into a table of connections.
///
/// # Examples
///
/// ```
/// # #[cfg(all(feature = "os-poll", feature = "net"))] {
/// # fn main() -> std::io::Result<()> {
/// use mio::net::UdpSocket;
/// use mio::{Events, Interest, Poll, Token};
///
/// const SOCKET: Token = Token(7);
///
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(16);
/// let mut socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
/// poll.registry().register(&mut socket, SOCKET, Interest::WRITABLE)?;
/// poll.poll(&mut events, None)?;
/// assert!(events.iter().all(|event| event.token() == SOCKET));
/// # Ok(())
/// # }
/// # main().unwrap() }
/// ```
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub usize);

impl From<Token> for usize {
    #[inline]
    fn from(token: Token) -> usize {
        token.0
    }
}
