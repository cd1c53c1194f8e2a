//! UDP sockets.

mod options;

use std::io;
use std::net::{self, SocketAddr};

use crate::Interest;
use crate::io_source::IoSource;
use crate::sys::socket::{self, udp};

/// A UDP socket.
///
/// # Errors of other datagrams
///
/// A datagram to a port where nobody listens may come back as an error of a *later* operation: on Unix
/// [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) of a connected socket, on Windows also
/// [`ConnectionReset`](io::ErrorKind::ConnectionReset) of any. The socket goes on working.
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
pub struct UdpSocket {
    pub(crate) inner: IoSource<net::UdpSocket>,
}

impl UdpSocket {
    /// Makes a socket at `addr`. Port 0 lets the system choose a port, see [`local_addr`](UdpSocket::local_addr).
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
    /// use mio::net::UdpSocket;
    /// use std::io::ErrorKind;
    ///
    /// let socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// assert_eq!(socket.recv(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
    /// assert_eq!(UdpSocket::bind(socket.local_addr()?).unwrap_err().kind(), ErrorKind::AddrInUse);
    /// # Ok(())
    /// # }
    /// ```
    pub fn bind(addr: SocketAddr) -> io::Result<UdpSocket> {
        udp::bind(addr).map(UdpSocket::from_std)
    }

    /// Takes one of std's sockets. It should be non-blocking: its mode is not changed.
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
    pub fn from_std(socket: net::UdpSocket) -> UdpSocket {
        socket::ensure_winsock_started();
        UdpSocket {
            inner: IoSource::new(socket),
        }
    }

    /// The address of this socket.
    ///
    /// # Errors
    ///
    /// What the system says.
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
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// The address of the peer that [`connect`](UdpSocket::connect) set.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected) without one, or what else the system says.
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
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.peer_addr()
    }

    /// Sends a datagram to `target`. Returns its length.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if the send buffer is full; an error if `target` is of the other IP version or
    /// the datagram is too long; or what else the system says.
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
    pub fn send_to(&self, buf: &[u8], target: SocketAddr) -> io::Result<usize> {
        self.inner
            .do_io(Interest::WRITABLE, |socket| socket.send_to(buf, target))
    }

    /// Receives a datagram: its length and where it came from. The module says what happens if `buf` is too short.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if there is none, or what else the system says.
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
    pub fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.inner
            .do_io(Interest::READABLE, |socket| socket.recv_from(buf))
    }

    /// As [`recv_from`](UdpSocket::recv_from), and leaves the datagram for the next call.
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
    pub fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.inner
            .do_io(Interest::READABLE, |socket| socket.peek_from(buf))
    }

    /// Sends a datagram to the peer that [`connect`](UdpSocket::connect) set. Returns its length.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if the send buffer is full; an error without a peer; or what else the system
    /// says.
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
    pub fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.inner
            .do_io(Interest::WRITABLE, |socket| socket.send(buf))
    }

    /// Receives a datagram: its length. The module says what happens if `buf` is too short.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if there is none, or what else the system says.
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
    pub fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.inner
            .do_io(Interest::READABLE, |socket| socket.recv(buf))
    }

    /// As [`recv`](UdpSocket::recv), and leaves the datagram for the next call.
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
    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.inner
            .do_io(Interest::READABLE, |socket| socket.peek(buf))
    }

    /// Sets the peer: [`send`](UdpSocket::send) goes to it, and only its datagrams are received.
    ///
    /// # Errors
    ///
    /// What the system says: for instance if it knows no way there, or `addr` is of the other IP version.
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
    pub fn connect(&self, addr: SocketAddr) -> io::Result<()> {
        self.inner.connect(addr)
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
    /// use mio::net::UdpSocket;
    ///
    /// let socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
    /// assert!(socket.take_error()?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.inner.take_any_error(|inner| inner.take_error())
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
    pub fn try_io<F, T>(&self, f: F) -> io::Result<T>
    where
        F: FnOnce() -> io::Result<T>,
    {
        self.inner
            .do_io(Interest::READABLE | Interest::WRITABLE, |_| f())
    }
}

forward_socket!(UdpSocket, net::UdpSocket);
