//! The listening side of Unix domain streams.

use std::io;
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;

use crate::Interest;
use crate::io_source::IoSource;
use crate::net::{Accepted, SpareSocket, UnixStream};
use crate::sys::uds;

/// A Unix domain socket that accepts connections.
///
/// It is readable when a connection waits. One event may report several connections: call
/// [`accept`](UnixListener::accept) until it returns [`WouldBlock`](io::ErrorKind::WouldBlock).
/// Dropping the listener does not remove the file of the socket.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// # if cfg!(not(feature = "os-poll")) { return Ok(()); }
/// use mio::net::{UnixListener, UnixStream};
/// use mio::{Events, Interest, Poll, Token};
///
/// let path = std::env::temp_dir().join(format!("mio-listener-{}", std::process::id()));
/// let mut listener = UnixListener::bind(&path)?;
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(8);
/// poll.registry().register(&mut listener, Token(0), Interest::READABLE)?;
///
/// let _client = UnixStream::connect(&path)?;
/// poll.poll(&mut events, None)?;
/// let (_stream, peer) = listener.accept()?;
/// assert!(peer.is_unnamed());
/// # std::fs::remove_file(&path)?;
/// # Ok(())
/// # }
/// ```
pub struct UnixListener {
    pub(crate) inner: IoSource<net::UnixListener>,
}

impl UnixListener {
    /// Creates a listener at `path`, and the file. The file must not exist.
    ///
    /// # Errors
    ///
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) if the path contains a NUL or is too long.
    ///   The limit is [108 bytes with the final NUL][unix] on Linux, and less on other systems.
    /// - [`AddrInUse`](io::ErrorKind::AddrInUse) if the file exists.
    /// - Otherwise the error of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UnixListener;
    /// use std::io::ErrorKind;
    ///
    /// let path = std::env::temp_dir().join(format!("mio-bind-{}", std::process::id()));
    /// let _listener = UnixListener::bind(&path)?;
    /// assert_eq!(UnixListener::bind(&path).unwrap_err().kind(), ErrorKind::AddrInUse);
    /// std::fs::remove_file(&path)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [unix]: https://man7.org/linux/man-pages/man7/unix.7.html
    #[inline]
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<UnixListener> {
        let address = SocketAddr::from_pathname(path)?;
        UnixListener::bind_addr(&address)
    }

    /// Creates a listener at `address`. The address may be abstract on systems that have abstract
    /// addresses.
    ///
    /// # Errors
    ///
    /// Those of [`bind`](UnixListener::bind).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(target_os = "linux")]
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UnixListener;
    /// use std::os::linux::net::SocketAddrExt;
    /// use std::os::unix::net::SocketAddr;
    ///
    /// let name = format!("mio-bind-addr-{}", std::process::id());
    /// let address = SocketAddr::from_abstract_name(&name)?;
    /// let listener = UnixListener::bind_addr(&address)?;
    /// assert_eq!(listener.local_addr()?.as_abstract_name(), Some(name.as_bytes()));
    /// # Ok(())
    /// # }
    /// # #[cfg(not(target_os = "linux"))]
    /// # fn main() {}
    /// ```
    #[inline]
    pub fn bind_addr(address: &SocketAddr) -> io::Result<UnixListener> {
        uds::bind(address).map(UnixListener::from_std)
    }

    /// Converts a listener of the standard library. The listener should be non-blocking: its mode
    /// is not changed.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let name = format!("mio-listener-from-std-{}", std::process::id());
    /// let path = std::env::temp_dir().join(name);
    /// let listener = std::os::unix::net::UnixListener::bind(&path)?;
    /// listener.set_nonblocking(true)?;
    /// let listener = mio::net::UnixListener::from_std(listener);
    /// assert!(listener.accept().is_err());
    /// std::fs::remove_file(&path)?;
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn from_std(listener: net::UnixListener) -> UnixListener {
        UnixListener {
            inner: IoSource::new(listener),
        }
    }

    /// Accepts one waiting connection. Returns its stream, which is non-blocking if the listener
    /// is, and the address of the peer, which is usually unnamed.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if no connection waits, or another error of the
    /// system, such as too many open files. The connection then still waits, except on Apple's
    /// systems and Haiku, where the kernel has [closed it](SpareSocket). No further event may
    /// report it, nor, except on epoll and kqueue, later connections: call `accept` again, or use
    /// [`accept_or_shed`](UnixListener::accept_or_shed).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::{UnixListener, UnixStream};
    /// use std::io::ErrorKind;
    ///
    /// let path = std::env::temp_dir().join(format!("mio-accept-{}", std::process::id()));
    /// let listener = UnixListener::bind(&path)?;
    /// assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    /// let _client = UnixStream::connect(&path)?;
    /// assert!(listener.accept().is_ok());
    /// # std::fs::remove_file(&path)?;
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        let (stream, peer) = self.inner.do_io(Interest::READABLE, uds::accept)?;
        Ok((UnixStream::from_std(stream), peer))
    }

    /// Accepts one waiting connection, also if no file descriptor is left: then the connection is
    /// closed, with the help of `spare`, and [`Accepted::Shed`] has the address of its peer. See
    /// [`SpareSocket`] for an example.
    ///
    /// # Errors
    ///
    /// Those of [`accept`](UnixListener::accept). Too many open files only if another thread has
    /// taken the descriptor of `spare` (see [`SpareSocket`](SpareSocket#other-threads)).
    #[inline]
    pub fn accept_or_shed(
        &self,
        spare: &mut SpareSocket,
    ) -> io::Result<Accepted<UnixStream, SocketAddr>> {
        self.inner.do_io(Interest::READABLE, |listener| {
            spare.accept_or_shed(|| {
                let (stream, peer) = uds::accept(listener)?;
                Ok((UnixStream::from_std(stream), peer))
            })
        })
    }

    /// Returns the address of the listener.
    ///
    /// # Errors
    ///
    /// The error of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UnixListener;
    ///
    /// let name = format!("mio-listener-local-addr-{}", std::process::id());
    /// let path = std::env::temp_dir().join(name);
    /// let listener = UnixListener::bind(&path)?;
    /// assert_eq!(listener.local_addr()?.as_pathname(), Some(path.as_path()));
    /// std::fs::remove_file(&path)?;
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// Takes the pending error of the socket (`SO_ERROR`), if there is one.
    ///
    /// # Errors
    ///
    /// The error of the query. The pending error is the `Ok` value.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UnixListener;
    ///
    /// let name = format!("mio-listener-take-error-{}", std::process::id());
    /// let path = std::env::temp_dir().join(name);
    /// let listener = UnixListener::bind(&path)?;
    /// assert!(listener.take_error()?.is_none());
    /// std::fs::remove_file(&path)?;
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.inner.take_error()
    }
}

// `Source`, `Debug` and the conversions: see forward.rs.
forward_socket!(UnixListener, net::UnixListener);
