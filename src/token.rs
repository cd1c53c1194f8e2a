//! What names a source in its events.

/// A number of the caller's choice that every event of a source carries.
///
/// Any value is lawful, [`usize::MAX`] included, and several sources may share one token. This crate never looks at it.
/// Usually it is an index into a table of connections.
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
    fn from(token: Token) -> usize {
        token.0
    }
}
