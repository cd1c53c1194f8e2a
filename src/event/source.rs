//! What can be registered.

use std::io;

use crate::{Interest, Registry, Token};

/// Something that a [`Registry`] can watch.
///
/// The sockets, pipes and descriptors of this crate implement it. Implement it for a type of your own by handing each call on
/// to what it holds. Do not call these methods yourself: go through [`Registry::register`] and its siblings.
///
/// A source must be deregistered, or dropped, before its descriptor is closed by other means.
///
/// # Examples
///
/// A type that wraps a socket:
///
/// ```
/// # #[cfg(feature = "net")] {
/// use mio::{Interest, Registry, Token, event::Source, net::UdpSocket};
/// use std::io;
///
/// # #[allow(dead_code)]
/// pub struct Beacon {
///     socket: UdpSocket,
/// }
///
/// impl Source for Beacon {
///     fn register(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
///         self.socket.register(registry, token, interests)
///     }
///
///     fn reregister(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
///         self.socket.reregister(registry, token, interests)
///     }
///
///     fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
///         self.socket.deregister(registry)
///     }
/// }
/// # }
/// ```
pub trait Source {
    /// Starts watching. Called by [`Registry::register`].
    ///
    /// # Errors
    ///
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) if the source is registered;
    /// [`Unsupported`](io::ErrorKind::Unsupported) for an interest that the system cannot watch; otherwise what the system
    /// says, with its code. The source is then not registered.
    fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()>;

    /// Replaces token and interests. Called by [`Registry::reregister`].
    ///
    /// # Errors
    ///
    /// [`NotFound`](io::ErrorKind::NotFound) if the source is not registered,
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) if it is registered with another `Poll`; otherwise what the system says.
    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()>;

    /// Stops watching. Called by [`Registry::deregister`].
    ///
    /// # Errors
    ///
    /// [`NotFound`](io::ErrorKind::NotFound) if the source is not registered with this `Poll`; otherwise what the system says.
    fn deregister(&mut self, registry: &Registry) -> io::Result<()>;
}

impl<T: Source + ?Sized> Source for Box<T> {
    fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        (**self).register(registry, token, interests)
    }

    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        (**self).reregister(registry, token, interests)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        (**self).deregister(registry)
    }
}
