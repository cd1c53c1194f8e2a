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
/// Datagrams keep their order and are not lost ([unix(7)][unix]). Sending to a receiver whose
/// buffer is full fails:
///
/// - Linux returns [`WouldBlock`](io::ErrorKind::WouldBlock). A writable event follows when the
///   receiver has room again.
/// - macOS and the BSDs return `ENOBUFS` (`uipc_send` of [FreeBSD][freebsd]), for which
///   [`ErrorKind`](io::ErrorKind) has no variant. No event follows, because the socket of the
///   sender stays writable. Send again after a pause, or let the receiver acknowledge.
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
///
/// [unix]: https://man7.org/linux/man-pages/man7/unix.7.html
/// [freebsd]: https://github.com/freebsd/freebsd-src/blob/release/13.1.0/sys/kern/uipc_usrreq.c
pub struct UnixDatagram {
    pub(crate) inner: IoSource<net::UnixDatagram>,
}

impl UnixDatagram {
    /// Creates a socket at `path`, and the file. The file must not exist. Dropping the socket does
    /// not remove it.
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
    ///
    /// [unix]: https://man7.org/linux/man-pages/man7/unix.7.html
    #[inline]
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<UnixDatagram> {
        let address = SocketAddr::from_pathname(path)?;
        UnixDatagram::bind_addr(&address)
    }

    /// Creates a socket at `address`. The address may be abstract on systems that have abstract
    /// addresses.
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
    #[inline]
    pub fn bind_addr(address: &SocketAddr) -> io::Result<UnixDatagram> {
        uds::bind_datagram(address).map(UnixDatagram::from_std)
    }

    /// Converts a socket of the standard library. The socket should be non-blocking: its mode is
    /// not changed.
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
    #[inline]
    pub fn from_std(socket: net::UnixDatagram) -> UnixDatagram {
        UnixDatagram {
            inner: IoSource::new(socket),
        }
    }

    /// Sets the peer: [`send`](UnixDatagram::send) sends to it, and the socket receives only its
    /// datagrams.
    ///
    /// # Errors
    ///
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) if the path contains a NUL or is too long.
    /// - [`NotFound`](io::ErrorKind::NotFound) if the file does not exist.
    /// - [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) if no socket is bound to the file.
    /// - Otherwise the error of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UnixDatagram;
    ///
    /// let name = format!("mio-datagram-connect-{}", std::process::id());
    /// let path = std::env::temp_dir().join(name);
    /// let receiver = UnixDatagram::bind(&path)?;
    /// let sender = UnixDatagram::unbound()?;
    /// sender.connect(&path)?;
    /// sender.send(b"hello")?;
    /// assert_eq!(receiver.recv(&mut [0; 64])?, 5);
    /// std::fs::remove_file(&path)?;
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn connect<P: AsRef<Path>>(&self, path: P) -> io::Result<()> {
        self.inner.connect(path)
    }

    /// Creates a socket without an address.
    ///
    /// # Errors
    ///
    /// The error of the system, such as too many open files.
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
    #[inline]
    pub fn unbound() -> io::Result<UnixDatagram> {
        uds::unbound_datagram().map(UnixDatagram::from_std)
    }

    /// Creates two sockets that are connected to each other. Both are non-blocking. See
    /// [`UnixDatagram`] for an example.
    ///
    /// # Errors
    ///
    /// The error of the system, such as too many open files.
    #[inline]
    pub fn pair() -> io::Result<(UnixDatagram, UnixDatagram)> {
        let (left, right) = uds::datagram_pair()?;
        Ok((UnixDatagram::from_std(left), UnixDatagram::from_std(right)))
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
    /// use mio::net::UnixDatagram;
    ///
    /// let name = format!("mio-datagram-local-addr-{}", std::process::id());
    /// let path = std::env::temp_dir().join(name);
    /// let receiver = UnixDatagram::bind(&path)?;
    /// assert_eq!(receiver.local_addr()?.as_pathname(), Some(path.as_path()));
    /// std::fs::remove_file(&path)?;
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// Returns the address of the peer.
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
    /// use mio::net::UnixDatagram;
    ///
    /// let name = format!("mio-datagram-peer-addr-{}", std::process::id());
    /// let path = std::env::temp_dir().join(name);
    /// let _receiver = UnixDatagram::bind(&path)?;
    /// let sender = UnixDatagram::unbound()?;
    /// sender.connect(&path)?;
    /// assert_eq!(sender.peer_addr()?.as_pathname(), Some(path.as_path()));
    /// std::fs::remove_file(&path)?;
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.peer_addr()
    }

    /// Receives a datagram. Returns the number of bytes in `buf` and the address of the sender.
    /// Bytes that do not fit in `buf` are lost, and nothing shows that they are missing.
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
    /// use mio::net::UnixDatagram;
    ///
    /// let name = format!("mio-datagram-recv-from-{}", std::process::id());
    /// let path = std::env::temp_dir().join(name);
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
    #[inline]
    pub fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.inner
            .do_io(Interest::READABLE, |socket| socket.recv_from(buf))
    }

    /// Receives a datagram. Returns the number of bytes in `buf`. Bytes that do not fit in `buf`
    /// are lost, and nothing shows that they are missing.
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
    #[inline]
    pub fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.inner
            .do_io(Interest::READABLE, |socket| socket.recv(buf))
    }

    /// Sends a datagram to the socket at `path`. Returns the number of bytes sent.
    ///
    /// Linux does not report when a receiver that was full has room again, and reports this socket
    /// as writable after each [`WouldBlock`](io::ErrorKind::WouldBlock), so a loop over events runs
    /// hot ([`unix_dgram_sendmsg`][full]). [`connect`](UnixDatagram::connect) and
    /// [`send`](UnixDatagram::send) instead, or wait a while.
    ///
    /// [full]: https://github.com/torvalds/linux/blob/v6.12/net/unix/af_unix.c
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if the buffer of the receiver is full (on macOS
    /// and the BSDs, see [`UnixDatagram`]), the errors of [`connect`](UnixDatagram::connect), or
    /// another error of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UnixDatagram;
    ///
    /// let name = format!("mio-datagram-send-to-{}", std::process::id());
    /// let path = std::env::temp_dir().join(name);
    /// let receiver = UnixDatagram::bind(&path)?;
    /// let sender = UnixDatagram::unbound()?;
    /// assert_eq!(sender.send_to(b"hello", &path)?, 5);
    /// assert_eq!(receiver.recv(&mut [0; 64])?, 5);
    /// std::fs::remove_file(&path)?;
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn send_to<P: AsRef<Path>>(&self, buf: &[u8], path: P) -> io::Result<usize> {
        self.inner
            .do_io(Interest::WRITABLE, |socket| socket.send_to(buf, path))
    }

    /// Sends a datagram to the peer. Returns the number of bytes sent.
    ///
    /// # Errors
    ///
    /// - [`WouldBlock`](io::ErrorKind::WouldBlock) if the buffer of the receiver is full (on macOS
    ///   and the BSDs, see [`UnixDatagram`]).
    /// - [`NotConnected`](io::ErrorKind::NotConnected) without a peer.
    /// - Otherwise the error of the system.
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
    #[inline]
    pub fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.inner
            .do_io(Interest::WRITABLE, |socket| socket.send(buf))
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
    /// use mio::net::UnixDatagram;
    ///
    /// let (left, right) = UnixDatagram::pair()?;
    /// assert!(left.take_error()?.is_none());
    /// # drop(right);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.inner.take_error()
    }

    /// Shuts down receiving, sending or both.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected), or another error of the system.
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
    #[inline]
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.inner.shutdown(how)
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
forward_socket!(UnixDatagram, net::UnixDatagram);
