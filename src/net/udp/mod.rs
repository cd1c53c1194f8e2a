//! UDP sockets.

mod options;

use std::io;
use std::net::{self, SocketAddr};

use crate::Interest;
use crate::io_source::IoSource;
use crate::sys::socket::{self, udp};

/// A UDP socket.
///
/// # Errors of earlier datagrams
///
/// If no socket receives on the port of a datagram, a *later* operation of the sender may return an
/// error. On Unix this is [`ConnectionRefused`](io::ErrorKind::ConnectionRefused), and only on a
/// connected socket (for instance `__udp4_lib_err` of [Linux][linux]). On Windows any socket may
/// also get [`ConnectionReset`](io::ErrorKind::ConnectionReset) ([`WSAECONNRESET`][recvfrom]);
/// [`set_connection_resets`](UdpSocket::set_connection_resets) turns that off. The socket remains
/// usable.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// # if cfg!(not(feature = "os-poll")) { return Ok(()); }
/// use mio::net::UdpSocket;
/// use mio::{Events, Interest, Poll, Token};
///
/// let mut receiver = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(8);
/// poll.registry().register(&mut receiver, Token(0), Interest::READABLE)?;
///
/// let sender = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
/// sender.send_to(b"hello", receiver.local_addr()?)?;
///
/// poll.poll(&mut events, None)?;
/// let mut buffer = [0; 64];
/// let (count, from) = receiver.recv_from(&mut buffer)?;
/// assert_eq!(&buffer[..count], b"hello");
/// assert_eq!(from, sender.local_addr()?);
/// # Ok(())
/// # }
/// ```
///
/// [linux]: https://github.com/torvalds/linux/blob/v6.12/net/ipv4/udp.c
/// [recvfrom]: https://learn.microsoft.com/windows/win32/api/winsock/nf-winsock-recvfrom
pub struct UdpSocket {
    pub(crate) inner: IoSource<net::UdpSocket>,
}

impl UdpSocket {
    /// Creates a socket at `addr`. For port 0, the system chooses a port, which
    /// [`local_addr`](UdpSocket::local_addr) returns.
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
    /// use mio::net::UdpSocket;
    /// use std::io::ErrorKind;
    ///
    /// let socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// assert_eq!(socket.recv(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
    /// assert_eq!(UdpSocket::bind(socket.local_addr()?).unwrap_err().kind(), ErrorKind::AddrInUse);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn bind(addr: SocketAddr) -> io::Result<UdpSocket> {
        udp::bind(addr).map(UdpSocket::from_std)
    }

    /// Converts a socket of the standard library. The socket should be non-blocking: its mode is
    /// not changed. With the Cargo feature `udp-quiet`,
    /// [`set_connection_resets`](UdpSocket::set_connection_resets) is turned off.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
    /// socket.set_nonblocking(true)?;
    /// let socket = mio::net::UdpSocket::from_std(socket);
    /// assert!(socket.recv(&mut [0; 8]).is_err());
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn from_std(socket: net::UdpSocket) -> UdpSocket {
        socket::ensure_winsock_started();
        if cfg!(feature = "udp-quiet") {
            // The socket is usable without it, and this function returns no error.
            let _ = udp::set_connection_resets(&socket, false);
        }
        UdpSocket {
            inner: IoSource::new(socket),
        }
    }

    /// Returns the address of this socket.
    ///
    /// # Errors
    ///
    /// The error of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UdpSocket;
    ///
    /// let socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// assert_ne!(socket.local_addr()?.port(), 0);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// Returns the address of the peer that [`connect`](UdpSocket::connect) set.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected) without a peer, or another error of the
    /// system.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UdpSocket;
    /// use std::io::ErrorKind;
    ///
    /// let socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// assert_eq!(socket.peer_addr().unwrap_err().kind(), ErrorKind::NotConnected);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.peer_addr()
    }

    /// Sends a datagram to `target`. Returns the number of bytes sent.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if the send buffer is full. Otherwise the error of
    /// the system, for instance if `target` is of the other IP version, or the datagram is too
    /// long.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UdpSocket;
    ///
    /// let receiver = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// let sender = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// assert_eq!(sender.send_to(b"hello", receiver.local_addr()?)?, 5);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn send_to(&self, buf: &[u8], target: SocketAddr) -> io::Result<usize> {
        self.inner
            .do_io(Interest::WRITABLE, |socket| socket.send_to(buf, target))
    }

    /// Receives a datagram. Returns its length and the address of its sender. [The
    /// module](crate::net) documents what happens if `buf` is too short.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if no datagram waits, or another error of the
    /// system.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UdpSocket;
    ///
    /// let receiver = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// let sender = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// sender.send_to(b"hello", receiver.local_addr()?)?;
    ///
    /// let mut buffer = [0; 64];
    /// let (count, from) = receiver.recv_from(&mut buffer)?;
    /// assert_eq!(&buffer[..count], b"hello");
    /// assert_eq!(from, sender.local_addr()?);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.inner
            .do_io(Interest::READABLE, |socket| socket.recv_from(buf))
    }

    /// Receives a datagram like [`recv_from`](UdpSocket::recv_from), and leaves it for the next
    /// call.
    ///
    /// # Errors
    ///
    /// Those of [`recv_from`](UdpSocket::recv_from).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UdpSocket;
    ///
    /// let receiver = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// let sender = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// sender.send_to(b"hello", receiver.local_addr()?)?;
    ///
    /// let mut buffer = [0; 64];
    /// assert_eq!(receiver.peek_from(&mut buffer)?, (5, sender.local_addr()?));
    /// assert_eq!(receiver.recv(&mut buffer)?, 5);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.inner
            .do_io(Interest::READABLE, |socket| socket.peek_from(buf))
    }

    /// Sends a datagram to the peer that [`connect`](UdpSocket::connect) set. Returns the number of
    /// bytes sent.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if the send buffer is full. Otherwise the error of
    /// the system, for instance without a peer.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UdpSocket;
    ///
    /// let receiver = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// let sender = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// sender.connect(receiver.local_addr()?)?;
    /// assert_eq!(sender.send(b"hello")?, 5);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.inner
            .do_io(Interest::WRITABLE, |socket| socket.send(buf))
    }

    /// Receives a datagram. Returns its length. [The module](crate::net) documents what happens if
    /// `buf` is too short.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if no datagram waits, or another error of the
    /// system.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UdpSocket;
    ///
    /// let receiver = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// let sender = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// sender.send_to(b"hello", receiver.local_addr()?)?;
    ///
    /// let mut buffer = [0; 64];
    /// let count = receiver.recv(&mut buffer)?;
    /// assert_eq!(&buffer[..count], b"hello");
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.inner
            .do_io(Interest::READABLE, |socket| socket.recv(buf))
    }

    /// Receives a datagram like [`recv`](UdpSocket::recv), and leaves it for the next call.
    ///
    /// # Errors
    ///
    /// Those of [`recv`](UdpSocket::recv).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UdpSocket;
    ///
    /// let receiver = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// let sender = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// sender.send_to(b"hello", receiver.local_addr()?)?;
    ///
    /// let mut buffer = [0; 64];
    /// assert_eq!(receiver.peek(&mut buffer)?, 5);
    /// assert_eq!(receiver.recv(&mut buffer)?, 5);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.inner
            .do_io(Interest::READABLE, |socket| socket.peek(buf))
    }

    /// Sets the peer: [`send`](UdpSocket::send) sends to it, and the socket receives only its
    /// datagrams.
    ///
    /// # Errors
    ///
    /// The error of the system, for instance if it has no route to `addr`, or `addr` is of the
    /// other IP version.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UdpSocket;
    ///
    /// let receiver = std::net::UdpSocket::bind("127.0.0.1:0")?;
    /// let sender = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// sender.connect(receiver.local_addr()?)?;
    /// assert_eq!(sender.peer_addr()?, receiver.local_addr()?);
    /// sender.send(b"hello")?;
    /// assert_eq!(receiver.recv(&mut [0; 64])?, 5);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn connect(&self, addr: SocketAddr) -> io::Result<()> {
        self.inner.connect(addr)
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
    /// use mio::net::UdpSocket;
    ///
    /// let socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// assert!(socket.take_error()?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.inner.take_any_error(|inner| inner.take_error())
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
    /// use std::io::ErrorKind;
    ///
    /// let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
    /// socket.set_nonblocking(true)?;
    /// let other = socket.try_clone()?; // The same socket.
    /// let socket = mio::net::UdpSocket::from_std(socket);
    /// let error = socket.try_io(|| other.recv(&mut [0; 8])).unwrap_err();
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
forward_socket!(UdpSocket, net::UdpSocket);
