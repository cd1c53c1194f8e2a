//! A TCP connection.

use std::io;
use std::net::{self, Shutdown, SocketAddr};

use crate::Interest;
use crate::io_source::IoSource;
use crate::sys::socket::{self, tcp};

/// A TCP connection. [`connect`](TcpStream::connect) and
/// [`TcpListener::accept`](crate::net::TcpListener::accept) create it.
///
/// A shared reference is enough to read and write: `&TcpStream` implements `Read` and `Write`.
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
    /// Starts to connect to `addr`.
    ///
    /// The stream is usually not connected yet when this function returns. Register it for
    /// [`WRITABLE`](Interest::WRITABLE), and call [`finish_connect`](TcpStream::finish_connect)
    /// after its event.
    ///
    /// # Errors
    ///
    /// Only errors that the system finds at once, such as
    /// [`NetworkUnreachable`](io::ErrorKind::NetworkUnreachable), and on some systems
    /// [`ConnectionRefused`](io::ErrorKind::ConnectionRefused).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # if cfg!(not(feature = "os-poll")) { return Ok(()); }
    /// use mio::net::TcpStream;
    /// use mio::{Events, Interest, Poll, Token};
    ///
    /// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let mut stream = TcpStream::connect(listener.local_addr()?)?;
    /// let mut poll = Poll::new()?;
    /// let mut events = Events::with_capacity(8);
    /// poll.registry().register(&mut stream, Token(0), Interest::WRITABLE)?;
    /// while !stream.finish_connect()? {
    ///     poll.poll_until(&mut events, None)?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn connect(addr: SocketAddr) -> io::Result<TcpStream> {
        tcp::connect(addr).map(TcpStream::from_std)
    }

    /// Returns whether the attempt of [`connect`](TcpStream::connect) has succeeded. Call it after
    /// each event of a stream that is not connected yet.
    ///
    /// - `Ok(true)`: the stream is connected.
    /// - `Ok(false)`: it is not connected yet, the event was spurious. Wait for the next one.
    /// - `Err`: the attempt has failed, and this is the reason. Drop the stream: a later call
    ///   may no longer have the reason, and may return `Ok(false)` or another error.
    ///
    /// It is [`take_error`](TcpStream::take_error), and then [`peer_addr`](TcpStream::peer_addr).
    ///
    /// # Errors
    ///
    /// The reason why the attempt has failed, such as
    /// [`ConnectionRefused`](io::ErrorKind::ConnectionRefused), or
    /// [`TimedOut`](io::ErrorKind::TimedOut). If the connection was made and has failed since, such
    /// as by [`ConnectionReset`](io::ErrorKind::ConnectionReset), that error. WASI preview 1, which
    /// cannot connect, may return [`Unsupported`](io::ErrorKind::Unsupported).
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
    /// let address = listener.local_addr()?;
    /// drop(listener);
    ///
    /// let mut stream = TcpStream::connect(address)?;
    /// let mut poll = Poll::new()?;
    /// let mut events = Events::with_capacity(8);
    /// poll.registry().register(&mut stream, Token(0), Interest::WRITABLE)?;
    /// let error = loop {
    ///     poll.poll_until(&mut events, None)?;
    ///     match stream.finish_connect() {
    ///         Ok(is_connected) => assert!(!is_connected),
    ///         Err(error) => break error,
    ///     }
    /// };
    /// assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn finish_connect(&self) -> io::Result<bool> {
        let peer = self.peer_addr();
        super::finish_connect(&self.inner, peer, self.take_error()?)
    }

    /// Converts a stream of the standard library. The stream should be non-blocking: its mode is
    /// not changed.
    ///
    /// Connect the stream, or start to connect it, before it is registered. Otherwise its event may
    /// report that it is closed.
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
    #[inline]
    pub fn from_std(stream: net::TcpStream) -> TcpStream {
        socket::ensure_winsock_started();
        TcpStream {
            inner: IoSource::new(stream),
        }
    }

    /// Returns the address of the peer.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected) if the stream is not connected yet, or no
    /// longer. Otherwise the error of the system.
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
    #[inline]
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.peer_addr()
    }

    /// Returns the address of this side.
    ///
    /// # Errors
    ///
    /// The error of the system.
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
    #[inline]
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// Shuts down reading, writing or both.
    ///
    /// After shutting down writing, the peer reads the data that was written, and then an end of
    /// file. After shutting down reading, a read returns `Ok(0)`. A write after shutting down
    /// writing returns [`BrokenPipe`](io::ErrorKind::BrokenPipe), on Windows `WSAESHUTDOWN`.
    /// Systems differ in what a second call returns.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected), or another error of the system.
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
    #[inline]
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.inner.shutdown(how)
    }

    /// Sets `TCP_NODELAY`. With `true`, the system sends small writes at once, instead of
    /// collecting them.
    ///
    /// On Windows, call it on a connected stream only. mio documents the result on a stream that is
    /// not connected as [unspecified][unspecified].
    ///
    /// # Errors
    ///
    /// The error of the system.
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
    ///
    /// [unspecified]: https://github.com/tokio-rs/mio/blob/1b7bac917bc34b235dac4b8c7743fd2895b8f189/src/net/tcp/stream.rs
    #[inline]
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.inner.set_nodelay(nodelay)
    }

    /// Returns the value of `TCP_NODELAY`. See [`set_nodelay`](TcpStream::set_nodelay) for an
    /// example.
    ///
    /// # Errors
    ///
    /// The error of the system.
    #[inline]
    pub fn nodelay(&self) -> io::Result<bool> {
        self.inner.nodelay()
    }

    /// Sets the time to live of its packets, in hops (`IP_TTL`).
    ///
    /// On Windows, call it on a connected stream only. mio documents the result on a stream that is
    /// not connected as [unspecified][unspecified].
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
    /// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let stream = std::net::TcpStream::connect(listener.local_addr()?)?;
    /// let stream = mio::net::TcpStream::from_std(stream);
    /// stream.set_ttl(42)?;
    /// assert_eq!(stream.ttl()?, 42);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [unspecified]: https://github.com/tokio-rs/mio/blob/1b7bac917bc34b235dac4b8c7743fd2895b8f189/src/net/tcp/stream.rs
    #[inline]
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.inner.set_ttl(ttl)
    }

    /// Returns the value of `IP_TTL`. See [`set_ttl`](TcpStream::set_ttl) for an example.
    ///
    /// # Errors
    ///
    /// The error of the system.
    #[inline]
    pub fn ttl(&self) -> io::Result<u32> {
        self.inner.ttl()
    }

    /// Takes the pending error of the socket (`SO_ERROR`), if there is one. This is the reason why
    /// a connection has failed.
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
    /// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let stream = std::net::TcpStream::connect(listener.local_addr()?)?;
    /// let stream = mio::net::TcpStream::from_std(stream);
    /// assert!(stream.take_error()?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.inner.take_any_error(|inner| inner.take_error())
    }

    /// Reads data, and leaves it for the next read. Returns the number of bytes, which is 0 at the
    /// end of file.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if there is no data, or another error of the
    /// system.
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
    /// // The stream is still blocking, because `from_std` does not change its mode.
    /// let mut stream = mio::net::TcpStream::from_std(stream);
    /// assert_eq!(stream.peek(&mut [0; 8])?, 1);
    /// assert_eq!(stream.read(&mut [0; 8])?, 1);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.inner
            .do_io(Interest::READABLE, |stream| stream.peek(buf))
    }

    /// Runs an I/O operation of the caller on the socket, and re-arms the registration if the
    /// operation returns [`WouldBlock`](io::ErrorKind::WouldBlock).
    ///
    /// `f` must return `WouldBlock` if, and only if, the socket was not ready. `f` should not use
    /// the methods of this type.
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
    #[inline]
    pub fn try_io<F, T>(&self, f: F) -> io::Result<T>
    where
        F: FnOnce() -> io::Result<T>,
    {
        self.inner
            .do_io(Interest::READABLE | Interest::WRITABLE, |_| f())
    }
}

// `Source`, `Debug` and the conversions: see forward.rs.
forward_socket!(TcpStream, net::TcpStream);
forward_stream!(TcpStream, tcp::write, tcp::write_vectored);
