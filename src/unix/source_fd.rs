//! A source that is only a number.

use std::io;
use std::os::fd::RawFd;

use crate::event::Source;
use crate::sys::contract::RegisterRaw as _;
use crate::{Interest, Registry, Token};

/// Watches any descriptor by its number.
///
/// Nothing is owned or kept: the descriptor must stay open while it is registered, and be deregistered before it is closed.
/// A number that is closed or was never open is an error, or on poll(2) and `poll_oneoff` passed over if it is not negative; never
/// undefined behaviour. The descriptor should be non-blocking.
///
/// # Platform differences
///
/// epoll and kqueue report edges: one event for each new readiness. Event ports (Solaris) and poll(2) (other Unix systems and
/// WASI, or when it is forced) cannot tell "not read yet" from "read and filled again" for a descriptor whose operations this
/// crate does not see. There:
///
/// - readiness that follows a wait in which the descriptor was seen not ready is reported at once, any other within 10 ms;
/// - a descriptor that stays ready and is not served causes spurious events, at most about 100 a second once warm;
/// - [`reregister`](Registry::reregister) arms at once, and is exact after [`WouldBlock`](io::ErrorKind::WouldBlock);
/// - a number that was closed while registered can be registered again once a `poll` has seen that it is closed; on event ports at
///   once, if no event of it has come since it was last waited for.
///
/// kqueue cannot tell whether a descriptor is registered: there, [`register`](Registry::register) of one that is replaces its
/// token and adds to its interest, [`reregister`](Registry::reregister) registers one that is not, and
/// [`deregister`](Registry::deregister) of one that is not is `Ok`. Elsewhere these are
/// [`AlreadyExists`](io::ErrorKind::AlreadyExists) and [`NotFound`](io::ErrorKind::NotFound).
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
    /// The number of the descriptor.
    pub &'a RawFd,
);

impl Source for SourceFd<'_> {
    fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        registry.selector().register_raw(*self.0, token, interests)
    }

    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        registry
            .selector()
            .reregister_raw(*self.0, token, interests)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        registry.selector().deregister_raw(*self.0)
    }
}
