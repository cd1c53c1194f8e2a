//! The listening side of TCP.

use std::io;
use std::net::{self, SocketAddr};

use crate::Interest;
use crate::io_source::IoSource;
use crate::net::{Accepted, SpareSocket, TcpStream};
use crate::sys::socket::{self, tcp};

/// A socket that accepts TCP connections.
///
/// It is readable when a connection waits. One event may report several connections: call
/// [`accept`](TcpListener::accept) until it returns [`WouldBlock`](io::ErrorKind::WouldBlock).
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// # if cfg!(not(feature = "os-poll")) { return Ok(()); }
/// use mio::net::{TcpListener, TcpStream};
/// use mio::{Events, Interest, Poll, Token};
///
/// let mut listener = TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(8);
/// poll.registry().register(&mut listener, Token(0), Interest::READABLE)?;
///
/// let client = TcpStream::connect(listener.local_addr()?)?;
/// poll.poll(&mut events, None)?;
/// let (_stream, peer) = listener.accept()?;
/// assert_eq!(peer, client.local_addr()?);
/// # Ok(())
/// # }
/// ```
pub struct TcpListener {
    pub(crate) inner: IoSource<net::TcpListener>,
}

impl TcpListener {
    /// Creates a listener at `addr`. For port 0, the system chooses a port, which
    /// [`local_addr`](TcpListener::local_addr) returns.
    ///
    /// As many connections may wait to be accepted as [the system allows][listen], on Linux
    /// `net.core.somaxconn`. On systems that are not known to reduce a greater number it is that of
    /// the standard library: 128, and 32 on Haiku. See [`set_backlog`](TcpListener::set_backlog).
    ///
    /// On Unix, this function sets `SO_REUSEADDR`, so that connections of an earlier listener in
    /// the state `TIME_WAIT` do not keep the address in use. On Windows it does not, because there
    /// the option would let [two listeners share an address][reuse].
    ///
    /// # Errors
    ///
    /// [`AddrInUse`](io::ErrorKind::AddrInUse),
    /// [`AddrNotAvailable`](io::ErrorKind::AddrNotAvailable),
    /// [`PermissionDenied`](io::ErrorKind::PermissionDenied) (a privileged port), or another error
    /// of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::TcpListener;
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
    /// assert_ne!(listener.local_addr()?.port(), 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [listen]: https://man7.org/linux/man-pages/man2/listen.2.html
    /// [reuse]: https://learn.microsoft.com/windows/win32/winsock/using-so-reuseaddr-and-so-exclusiveaddruse
    #[inline]
    pub fn bind(addr: SocketAddr) -> io::Result<TcpListener> {
        tcp::bind(addr).map(TcpListener::from_std)
    }

    /// Changes how many connections may wait to be accepted, by [listen(2)][listen] once more. The
    /// system reduces a number that is greater than it allows. 0 counts as 1. A system may take the
    /// number as a hint: with 1, two connections can wait on Linux.
    ///
    /// Connections that wait stay, also if they are more than `backlog`. A listener of
    /// [`bind`](TcpListener::bind) begins with as many as the system allows, and one of the
    /// standard library with 128 on most systems.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](io::ErrorKind::Unsupported) on Windows, where [a second call][windows]
    /// changes nothing, and on WASI preview 1. Otherwise the error of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::TcpListener;
    ///
    /// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let listener = TcpListener::from_std(listener);
    /// # if cfg!(not(windows)) {
    /// listener.set_backlog(4096)?;
    /// # }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [listen]: https://man7.org/linux/man-pages/man2/listen.2.html
    /// [windows]: https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-listen#remarks
    #[inline]
    pub fn set_backlog(&self, backlog: u32) -> io::Result<()> {
        tcp::set_backlog(&self.inner, backlog)
    }

    /// Converts a listener of the standard library. The listener should be non-blocking: its mode
    /// is not changed.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// listener.set_nonblocking(true)?;
    /// let listener = mio::net::TcpListener::from_std(listener);
    /// assert!(listener.accept().is_err());
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn from_std(listener: net::TcpListener) -> TcpListener {
        socket::ensure_winsock_started();
        TcpListener {
            inner: IoSource::new(listener),
        }
    }

    /// Accepts one waiting connection. Returns its stream, which is non-blocking if the listener
    /// is, and the address of the peer.
    ///
    /// # Errors
    ///
    /// - [`WouldBlock`](io::ErrorKind::WouldBlock) if no connection waits.
    /// - [`ConnectionAborted`](io::ErrorKind::ConnectionAborted), or on Windows
    ///   [`ConnectionReset`](io::ErrorKind::ConnectionReset), if one connection failed. Call
    ///   `accept` again.
    /// - Another error of the system, such as too many open files. The connection still waits, but
    ///   no further event may report it, nor, except on epoll and kqueue, later connections. Call
    ///   `accept` again after some files are closed, or use
    ///   [`accept_or_shed`](TcpListener::accept_or_shed). On Apple's systems and Haiku the kernel
    ///   has [closed the connection](SpareSocket).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::TcpListener;
    /// use std::io::ErrorKind;
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
    /// assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = self.inner.do_io(Interest::READABLE, tcp::accept)?;
        Ok((TcpStream::from_std(stream), peer))
    }

    /// Accepts one waiting connection, also if no file descriptor is left: then the connection is
    /// closed, with the help of `spare`, and [`Accepted::Shed`] has the address of its peer. See
    /// [`SpareSocket`] for an example.
    ///
    /// # Errors
    ///
    /// Those of [`accept`](TcpListener::accept). Too many open files only if another thread has
    /// taken the descriptor of `spare` (see [`SpareSocket`](SpareSocket#other-threads)).
    #[inline]
    pub fn accept_or_shed(
        &self,
        spare: &mut SpareSocket,
    ) -> io::Result<Accepted<TcpStream, SocketAddr>> {
        self.inner.do_io(Interest::READABLE, |listener| {
            spare.accept_or_shed(|| {
                let (stream, peer) = tcp::accept(listener)?;
                Ok((TcpStream::from_std(stream), peer))
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
    /// use mio::net::TcpListener;
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
    /// assert!(listener.local_addr()?.ip().is_loopback());
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// Sets the time to live of the packets of its connections, in hops (`IP_TTL`).
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) on most systems if `ttl` is not in `1..=255`.
    /// Otherwise the error of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::TcpListener;
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
    /// listener.set_ttl(42)?;
    /// assert_eq!(listener.ttl()?, 42);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.inner.set_ttl(ttl)
    }

    /// Returns the value of `IP_TTL`. See [`set_ttl`](TcpListener::set_ttl) for an example.
    ///
    /// # Errors
    ///
    /// The error of the system.
    #[inline]
    pub fn ttl(&self) -> io::Result<u32> {
        self.inner.ttl()
    }

    /// Takes the pending error of the socket (`SO_ERROR`), if there is one.
    ///
    /// # Errors
    ///
    /// The error of the query. The pending error is the `Ok` value. On Windows the `Ok` value may
    /// also be the error for which the system refuses to watch the socket, after an event with
    /// [`is_error`](crate::event::Event::is_error).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::TcpListener;
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
    /// assert!(listener.take_error()?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.inner.take_any_error(|inner| inner.take_error())
    }
}

// `Source`, `Debug` and the conversions: see forward.rs.
forward_socket!(TcpListener, net::TcpListener);
