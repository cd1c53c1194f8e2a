//! A TCP connection.

use std::io;
use std::net::{self, Shutdown, SocketAddr};

use crate::Interest;
use crate::io_source::IoSource;
use crate::sys::socket::{self, tcp};

/// A TCP connection, made by [`connect`](TcpStream::connect) or [`TcpListener::accept`](crate::net::TcpListener::accept).
///
/// Reading and writing also works through a shared reference: `Read` and `Write` are implemented for `&TcpStream`.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// # if cfg!(not(feature = "os-poll")) { return Ok(()); }
/// use mio::net::TcpStream;
/// use mio::{Events, Interest, Poll, Token};
/// use std::io::{Read, Write};
///
/// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// let mut stream = TcpStream::connect(listener.local_addr()?)?;
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(8);
/// poll.registry().register(&mut stream, Token(0), Interest::WRITABLE)?;
///
/// poll.poll(&mut events, None)?;
/// assert!(stream.take_error()?.is_none());
/// stream.write_all(b"hello")?;
///
/// let (mut peer, _) = listener.accept()?;
/// let mut received = [0; 5];
/// peer.read_exact(&mut received)?;
/// assert_eq!(&received, b"hello");
/// # Ok(())
/// # }
/// ```
pub struct TcpStream {
    pub(crate) inner: IoSource<net::TcpStream>,
}

impl TcpStream {
    /// Begins to connect to `addr`.
    ///
    /// The stream is not connected yet when this returns. Register it as writable; at its event look:
    ///
    /// 1. an error from [`take_error`](TcpStream::take_error) means that the connection failed, and with what;
    /// 2. [`peer_addr`](TcpStream::peer_addr) succeeds: the stream is connected;
    /// 3. [`NotConnected`](io::ErrorKind::NotConnected) from it: not yet, wait for the next event.
    ///
    /// # Errors
    ///
    /// Those which the system knows at once, for instance [`NetworkUnreachable`](io::ErrorKind::NetworkUnreachable), or on some
    /// systems also [`ConnectionRefused`](io::ErrorKind::ConnectionRefused).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # if cfg!(not(feature = "os-poll")) { return Ok(()); }
    /// use mio::net::TcpStream;
    /// use mio::{Events, Interest, Poll, Token};
    /// use std::io::ErrorKind;
    ///
    /// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let mut stream = TcpStream::connect(listener.local_addr()?)?;
    /// let mut poll = Poll::new()?;
    /// let mut events = Events::with_capacity(8);
    /// poll.registry().register(&mut stream, Token(0), Interest::WRITABLE)?;
    ///
    /// loop {
    ///     poll.poll(&mut events, None)?;
    ///     if let Some(error) = stream.take_error()? {
    ///         return Err(error);
    ///     }
    ///     match stream.peer_addr() {
    ///         Ok(_) => break,
    ///         Err(error) if error.kind() == ErrorKind::NotConnected => {}
    ///         Err(error) => return Err(error),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn connect(addr: SocketAddr) -> io::Result<TcpStream> {
        tcp::connect(addr).map(TcpStream::from_std)
    }

    /// Takes one of std's streams. It should be non-blocking: its mode is not changed.
    ///
    /// The stream should be connected, or connecting, before it is registered: a registered stream that is neither may report
    /// that it is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let stream = std::net::TcpStream::connect(listener.local_addr()?)?;
    /// stream.set_nonblocking(true)?;
    /// let stream = mio::net::TcpStream::from_std(stream);
    /// assert_eq!(stream.peer_addr()?, listener.local_addr()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_std(stream: net::TcpStream) -> TcpStream {
        socket::ensure_winsock_started();
        TcpStream {
            inner: IoSource::new(stream),
        }
    }

    /// The address of the other side.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected) if the stream is not connected, not yet or no longer; or what else the
    /// system says.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let stream = std::net::TcpStream::connect(listener.local_addr()?)?;
    /// let stream = mio::net::TcpStream::from_std(stream);
    /// assert_eq!(stream.peer_addr()?, listener.local_addr()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.peer_addr()
    }

    /// The address of this side.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let stream = std::net::TcpStream::connect(listener.local_addr()?)?;
    /// let stream = mio::net::TcpStream::from_std(stream);
    /// let (_peer, address) = listener.accept()?;
    /// assert_eq!(stream.local_addr()?, address);
    /// # Ok(())
    /// # }
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// Closes one direction or both. The peer reads to the end of what was written. Afterwards reading returns `Ok(0)` and
    /// writing [`BrokenPipe`](io::ErrorKind::BrokenPipe), on Windows `WSAESHUTDOWN`. What a second call returns differs between
    /// systems.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected), or what else the system says.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use std::io::{ErrorKind, Read, Write};
    /// use std::net::Shutdown;
    ///
    /// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let stream = std::net::TcpStream::connect(listener.local_addr()?)?;
    /// let mut stream = mio::net::TcpStream::from_std(stream);
    /// stream.shutdown(Shutdown::Write)?;
    /// # if cfg!(unix) {
    /// assert_eq!(stream.write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
    /// # }
    /// let (mut peer, _) = listener.accept()?;
    /// assert_eq!(peer.read(&mut [0; 8])?, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.inner.shutdown(how)
    }

    /// Sets `TCP_NODELAY`: with `true` small writes are sent at once, not gathered.
    ///
    /// On Windows the stream must be connected.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let stream = std::net::TcpStream::connect(listener.local_addr()?)?;
    /// let stream = mio::net::TcpStream::from_std(stream);
    /// stream.set_nodelay(true)?;
    /// assert!(stream.nodelay()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.inner.set_nodelay(nodelay)
    }

    /// What [`set_nodelay`](TcpStream::set_nodelay) sets; there is an example, too.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.inner.nodelay()
    }

    /// Sets how many routers a packet may pass (`IP_TTL`). On Windows the stream must be connected.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) on most systems if `ttl` is not in `1..=255`, or what else the system says.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let stream = std::net::TcpStream::connect(listener.local_addr()?)?;
    /// let stream = mio::net::TcpStream::from_std(stream);
    /// stream.set_ttl(42)?;
    /// assert_eq!(stream.ttl()?, 42);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.inner.set_ttl(ttl)
    }

    /// What [`set_ttl`](TcpStream::set_ttl) sets; there is an example, too.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn ttl(&self) -> io::Result<u32> {
        self.inner.ttl()
    }

    /// Takes the pending error of the socket (`SO_ERROR`), if there is one: this is how a connection that failed says why.
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
    /// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let stream = std::net::TcpStream::connect(listener.local_addr()?)?;
    /// let stream = mio::net::TcpStream::from_std(stream);
    /// assert!(stream.take_error()?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.inner.take_any_error(|inner| inner.take_error())
    }

    /// Reads and leaves what was read for the next read. Returns how many bytes; 0 at the end of the stream.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if nothing is there, or what else the system says.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use std::io::{Read, Write};
    ///
    /// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let stream = std::net::TcpStream::connect(listener.local_addr()?)?;
    /// listener.accept()?.0.write_all(b"x")?;
    ///
    /// let mut stream = mio::net::TcpStream::from_std(stream); // It still blocks: nobody set it to non-blocking.
    /// assert_eq!(stream.peek(&mut [0; 8])?, 1);
    /// assert_eq!(stream.read(&mut [0; 8])?, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.inner
            .do_io(Interest::READABLE, |stream| stream.peek(buf))
    }

    /// Runs an operation of your own on the socket, and arms the socket again if it says
    /// [`WouldBlock`](io::ErrorKind::WouldBlock).
    ///
    /// `f` must say so if, and only if, the socket was not ready, and should not use the methods of this type.
    ///
    /// # Errors
    ///
    /// Those of `f`.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use std::io::{ErrorKind, Read};
    ///
    /// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let stream = std::net::TcpStream::connect(listener.local_addr()?)?;
    /// stream.set_nonblocking(true)?;
    /// let other = stream.try_clone()?; // The same socket.
    /// let stream = mio::net::TcpStream::from_std(stream);
    /// let error = stream.try_io(|| (&other).read(&mut [0; 8])).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::WouldBlock);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_io<F, T>(&self, f: F) -> io::Result<T>
    where
        F: FnOnce() -> io::Result<T>,
    {
        self.inner
            .do_io(Interest::READABLE | Interest::WRITABLE, |_| f())
    }
}

forward_socket!(TcpStream, net::TcpStream);
forward_stream!(TcpStream, tcp::write, tcp::write_vectored);
