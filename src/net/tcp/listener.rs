//! The listening side of TCP.

use std::io;
use std::net::{self, SocketAddr};

use crate::Interest;
use crate::io_source::IoSource;
use crate::net::TcpStream;
use crate::sys::socket::{self, tcp};

/// Accepts TCP connections.
///
/// It is readable when a connection waits. One event may stand for several: accept until
/// [`WouldBlock`](io::ErrorKind::WouldBlock).
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
    /// Makes a listener at `addr`. Port 0 lets the system choose a port, see [`local_addr`](TcpListener::local_addr).
    ///
    /// As many connections may wait as with std's listener: 128, or what the system allows if that is less. On Unix
    /// `SO_REUSEADDR` is set, so connections of an earlier listener that still wind down do not keep the address in use;
    /// on Windows, where that option would let two listeners share an address, it is not.
    ///
    /// # Errors
    ///
    /// [`AddrInUse`](io::ErrorKind::AddrInUse), [`AddrNotAvailable`](io::ErrorKind::AddrNotAvailable),
    /// [`PermissionDenied`](io::ErrorKind::PermissionDenied) (a privileged port), or what else the system says.
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
    pub fn bind(addr: SocketAddr) -> io::Result<TcpListener> {
        tcp::bind(addr).map(TcpListener::from_std)
    }

    /// Takes one of std's listeners. It should be non-blocking: its mode is not changed.
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
    pub fn from_std(listener: net::TcpListener) -> TcpListener {
        socket::ensure_winsock_started();
        TcpListener {
            inner: IoSource::new(listener),
        }
    }

    /// Takes one waiting connection: the stream, which is non-blocking if the listener is, and the
    /// peer's address.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if none waits. [`ConnectionAborted`](io::ErrorKind::ConnectionAborted)
    /// concerns one connection only: go on. So do after "too many open files", once some are closed; the connection still waits,
    /// but there may be no further event for it.
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
    pub fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = self.inner.do_io(Interest::READABLE, tcp::accept)?;
        Ok((TcpStream::from_std(stream), peer))
    }

    /// The address it listens at.
    ///
    /// # Errors
    ///
    /// What the system says.
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
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// Sets how many routers a packet of its connections may pass (`IP_TTL`).
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) on most systems if `ttl` is not in `1..=255`, or what else the system says.
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
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.inner.set_ttl(ttl)
    }

    /// What [`set_ttl`](TcpListener::set_ttl) sets; there is an example, too.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn ttl(&self) -> io::Result<u32> {
        self.inner.ttl()
    }

    /// Takes the pending error of the socket (`SO_ERROR`), if there is one.
    ///
    /// # Errors
    ///
    /// What the system says about the query; the pending error is the `Ok` value.
    /// On Windows that may also be the error for which the system refuses to watch the socket,
    /// after an event that says [`is_error`](crate::event::Event::is_error).
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
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.inner.take_any_error(|inner| inner.take_error())
    }
}

forward_socket!(TcpListener, net::TcpListener);
