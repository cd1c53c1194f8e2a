//! Unix domain datagrams.

use std::io;
use std::net::Shutdown;
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;

use crate::Interest;
use crate::io_source::IoSource;
use crate::sys::uds;

/// A Unix domain socket for datagrams.
///
/// Datagrams keep their order and are not lost: sending to a full receiver fails. Linux returns
/// [`WouldBlock`](io::ErrorKind::WouldBlock), and a writable event follows when the receiver has
/// room again. macOS and the BSDs return `ENOBUFS`, whose [`kind`](io::Error::kind) has no name,
/// and no event follows: the sender's socket stays writable all the time. Send again after a pause
/// there, or have the receiver answer.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use mio::net::UnixDatagram;
/// use std::io::ErrorKind;
///
/// let (left, right) = UnixDatagram::pair()?;
/// let mut buffer = [0; 64];
/// assert_eq!(right.recv(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
/// left.send(b"hello")?;
/// let count = right.recv(&mut buffer)?;
/// assert_eq!(&buffer[..count], b"hello");
/// # Ok(())
/// # }
/// ```
pub struct UnixDatagram {
    pub(crate) inner: IoSource<net::UnixDatagram>,
}

impl UnixDatagram {
    /// Makes a socket at `path`, a file that must not exist yet. It stays when the socket is dropped.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if the path contains a NUL or is too long (108 bytes with its NUL on
    /// Linux, fewer elsewhere); [`AddrInUse`](io::ErrorKind::AddrInUse) if there is such a file; or what else the system says.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UnixDatagram;
    ///
    /// let path = std::env::temp_dir().join(format!("mio-datagram-{}", std::process::id()));
    /// let receiver = UnixDatagram::bind(&path)?;
    /// let sender = UnixDatagram::unbound()?;
    /// sender.send_to(b"hello", &path)?;
    /// let mut buffer = [0; 64];
    /// let (count, from) = receiver.recv_from(&mut buffer)?;
    /// assert_eq!(&buffer[..count], b"hello");
    /// assert!(from.is_unnamed());
    /// std::fs::remove_file(&path)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<UnixDatagram> {
        let address = SocketAddr::from_pathname(path)?;
        UnixDatagram::bind_addr(&address)
    }

    /// Makes a socket at `address`, which may be abstract where the system has such names.
    ///
    /// # Errors
    ///
    /// Those of [`bind`](UnixDatagram::bind).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(target_os = "linux")]
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UnixDatagram;
    /// use std::os::linux::net::SocketAddrExt;
    /// use std::os::unix::net::SocketAddr;
    ///
    /// let name = format!("mio-datagram-addr-{}", std::process::id());
    /// let address = SocketAddr::from_abstract_name(&name)?;
    /// let socket = UnixDatagram::bind_addr(&address)?;
    /// assert_eq!(socket.local_addr()?.as_abstract_name(), Some(name.as_bytes()));
    /// # Ok(())
    /// # }
    /// # #[cfg(not(target_os = "linux"))]
    /// # fn main() {}
    /// ```
    pub fn bind_addr(address: &SocketAddr) -> io::Result<UnixDatagram> {
        uds::bind_datagram(address).map(UnixDatagram::from_std)
    }

    /// Takes one of std's sockets. It should be non-blocking: its mode is not changed.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let (left, _right) = std::os::unix::net::UnixDatagram::pair()?;
    /// left.set_nonblocking(true)?;
    /// let left = mio::net::UnixDatagram::from_std(left);
    /// assert!(left.recv(&mut [0; 8]).is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_std(socket: net::UnixDatagram) -> UnixDatagram {
        UnixDatagram {
            inner: IoSource::new(socket),
        }
    }

    /// Sets the peer: [`send`](UnixDatagram::send) goes to it, and only its datagrams are received.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if the path contains a NUL or is too long,
    /// [`NotFound`](io::ErrorKind::NotFound) without such a file,
    /// [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) if it is nobody's; or what else the system says.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UnixDatagram;
    ///
    /// let path = std::env::temp_dir().join(format!("mio-datagram-connect-{}", std::process::id()));
    /// let receiver = UnixDatagram::bind(&path)?;
    /// let sender = UnixDatagram::unbound()?;
    /// sender.connect(&path)?;
    /// sender.send(b"hello")?;
    /// assert_eq!(receiver.recv(&mut [0; 64])?, 5);
    /// std::fs::remove_file(&path)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn connect<P: AsRef<Path>>(&self, path: P) -> io::Result<()> {
        self.inner.connect(path)
    }

    /// Makes a socket without a name.
    ///
    /// # Errors
    ///
    /// What the system says, such as too many open files.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UnixDatagram;
    ///
    /// assert!(UnixDatagram::unbound()?.local_addr()?.is_unnamed());
    /// # Ok(())
    /// # }
    /// ```
    pub fn unbound() -> io::Result<UnixDatagram> {
        uds::unbound_datagram().map(UnixDatagram::from_std)
    }

    /// Makes two sockets, connected to each other and both non-blocking. [`UnixDatagram`] has an example.
    ///
    /// # Errors
    ///
    /// What the system says, such as too many open files.
    pub fn pair() -> io::Result<(UnixDatagram, UnixDatagram)> {
        let (left, right) = uds::datagram_pair()?;
        Ok((UnixDatagram::from_std(left), UnixDatagram::from_std(right)))
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
    /// use mio::net::UnixDatagram;
    ///
    /// let path = std::env::temp_dir().join(format!("mio-datagram-local-addr-{}", std::process::id()));
    /// let receiver = UnixDatagram::bind(&path)?;
    /// assert_eq!(receiver.local_addr()?.as_pathname(), Some(path.as_path()));
    /// std::fs::remove_file(&path)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// The address of the peer.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected) without one, or what else the system says.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UnixDatagram;
    ///
    /// let path = std::env::temp_dir().join(format!("mio-datagram-peer-addr-{}", std::process::id()));
    /// let _receiver = UnixDatagram::bind(&path)?;
    /// let sender = UnixDatagram::unbound()?;
    /// sender.connect(&path)?;
    /// assert_eq!(sender.peer_addr()?.as_pathname(), Some(path.as_path()));
    /// std::fs::remove_file(&path)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.peer_addr()
    }

    /// Receives a datagram: its length and where it came from. What does not fit in `buf` is lost without a sign.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if there is none, or what else the system says.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UnixDatagram;
    ///
    /// let path = std::env::temp_dir().join(format!("mio-datagram-recv-from-{}", std::process::id()));
    /// let receiver = UnixDatagram::bind(&path)?;
    /// let sender = UnixDatagram::unbound()?;
    /// sender.send_to(b"hello", &path)?;
    ///
    /// let mut buffer = [0; 64];
    /// let (count, from) = receiver.recv_from(&mut buffer)?;
    /// assert_eq!(&buffer[..count], b"hello");
    /// assert!(from.is_unnamed());
    /// std::fs::remove_file(&path)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.inner
            .do_io(Interest::READABLE, |socket| socket.recv_from(buf))
    }

    /// Receives a datagram: its length. What does not fit in `buf` is lost without a sign.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if there is none, or what else the system says.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UnixDatagram;
    ///
    /// let (left, right) = UnixDatagram::pair()?;
    /// left.send(b"hello")?;
    /// let mut short = [0; 2];
    /// assert_eq!(right.recv(&mut short)?, 2);
    /// assert!(right.recv(&mut short).is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.inner
            .do_io(Interest::READABLE, |socket| socket.recv(buf))
    }

    /// Sends a datagram to the socket at `path`. Returns its length.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if the receiver is full; those of [`connect`](UnixDatagram::connect); or what
    /// else the system says.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UnixDatagram;
    ///
    /// let path = std::env::temp_dir().join(format!("mio-datagram-send-to-{}", std::process::id()));
    /// let receiver = UnixDatagram::bind(&path)?;
    /// let sender = UnixDatagram::unbound()?;
    /// assert_eq!(sender.send_to(b"hello", &path)?, 5);
    /// assert_eq!(receiver.recv(&mut [0; 64])?, 5);
    /// std::fs::remove_file(&path)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn send_to<P: AsRef<Path>>(&self, buf: &[u8], path: P) -> io::Result<usize> {
        self.inner
            .do_io(Interest::WRITABLE, |socket| socket.send_to(buf, path))
    }

    /// Sends a datagram to the peer. Returns its length.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if the receiver is full,
    /// [`NotConnected`](io::ErrorKind::NotConnected) without a peer; or what else the system says.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UnixDatagram;
    ///
    /// let (left, right) = UnixDatagram::pair()?;
    /// assert_eq!(left.send(b"hello")?, 5);
    /// assert_eq!(right.recv(&mut [0; 64])?, 5);
    /// # Ok(())
    /// # }
    /// ```
    pub fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.inner
            .do_io(Interest::WRITABLE, |socket| socket.send(buf))
    }

    /// Takes the pending error of the socket (`SO_ERROR`), if there is one.
    ///
    /// # Errors
    ///
    /// What the system says about the query; the pending error is the `Ok` value.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UnixDatagram;
    ///
    /// let (left, right) = UnixDatagram::pair()?;
    /// assert!(left.take_error()?.is_none());
    /// # drop(right);
    /// # Ok(())
    /// # }
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.inner.take_error()
    }

    /// Ends receiving, sending or both.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected), or what else the system says.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use std::net::Shutdown;
    /// use mio::net::UnixDatagram;
    ///
    /// let (left, right) = UnixDatagram::pair()?;
    /// right.shutdown(Shutdown::Read)?;
    /// assert!(left.send(b"hello").is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.inner.shutdown(how)
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
    /// use mio::net::UnixDatagram;
    /// use std::io::{ErrorKind, Read};
    /// use std::os::fd::AsFd;
    ///
    /// let (left, _right) = UnixDatagram::pair()?;
    /// let error = left
    ///     .try_io(|| {
    ///         let other = std::fs::File::from(left.as_fd().try_clone_to_owned()?);
    ///         (&other).read(&mut [0; 8])
    ///     })
    ///     .unwrap_err();
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

forward_socket!(UnixDatagram, net::UnixDatagram);
