//! Events, the buffer that holds them, and the trait of their sources.

#[allow(clippy::module_inception)]
mod event;
mod events;

use std::io;

use crate::{Interest, Registry, Token};

pub use event::Event;
pub use events::{Events, Iter};

/// An object that a [`Registry`] can register.
///
/// The sockets, pipes and file descriptors of this crate implement it. A type that contains one of
/// them implements `Source` by forwarding each method to it. Do not call these methods directly:
/// call [`Registry::register`], [`Registry::reregister`] and [`Registry::deregister`].
///
/// Deregister or drop a source before its file descriptor is closed by other means.
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
///     fn register(
///         &mut self,
///         registry: &Registry,
///         token: Token,
///         interests: Interest,
///     ) -> io::Result<()> {
///         self.socket.register(registry, token, interests)
///     }
///
///     fn reregister(
///         &mut self,
///         registry: &Registry,
///         token: Token,
///         interests: Interest,
///     ) -> io::Result<()> {
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
    /// Starts a registration. [`Registry::register`] calls this method.
    ///
    /// # Errors
    ///
    /// - [`AlreadyExists`](io::ErrorKind::AlreadyExists) if the source is registered.
    /// - [`Unsupported`](io::ErrorKind::Unsupported) if the system cannot watch for `interests`.
    /// - Otherwise the error of the system, with its code.
    ///
    /// A call that returns an error registers nothing.
    fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()>;

    /// Replaces the token and the interests. [`Registry::reregister`] calls this method.
    ///
    /// # Errors
    ///
    /// - [`NotFound`](io::ErrorKind::NotFound) if the source is not registered.
    /// - [`AlreadyExists`](io::ErrorKind::AlreadyExists) if the source is registered with another
    ///   `Poll`.
    /// - Otherwise the error of the system, with its code.
    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()>;

    /// Ends the registration. [`Registry::deregister`] calls this method.
    ///
    /// # Errors
    ///
    /// - [`NotFound`](io::ErrorKind::NotFound) if the source is not registered with this `Poll`.
    /// - Otherwise the error of the system, with its code.
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
