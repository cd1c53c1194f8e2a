//! A Unix domain stream.

use std::io;
use std::net::Shutdown;
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;

use crate::Interest;
use crate::io_source::IoSource;
use crate::sys::uds;

/// A connection between Unix domain sockets.
///
/// A shared reference is enough to read and write: `&UnixStream` implements `Read` and `Write`.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use mio::net::UnixStream;
/// use std::io::{ErrorKind, Read, Write};
///
/// let (mut left, mut right) = UnixStream::pair()?;
/// let mut buffer = [0; 8];
/// assert_eq!(right.read(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
/// left.write_all(b"hello")?;
/// let count = right.read(&mut buffer)?;
/// assert_eq!(&buffer[..count], b"hello");
/// # Ok(())
/// # }
/// ```
pub struct UnixStream {
    pub(crate) inner: IoSource<net::UnixStream>,
}

impl UnixStream {
    /// Connects to the listener at `path`.
    ///
    /// # Errors
    ///
    /// - If too many connections wait at the listener: [`WouldBlock`](io::ErrorKind::WouldBlock) on
    ///   [Linux][connect], and [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) on macOS and
    ///   the BSDs (`unp_connectat` of [FreeBSD][freebsd]). The connection has not started: try
    ///   again later.
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput) if the path contains a NUL or is too long.
    ///   So the abstract name `"\0name"` is an error: use
    ///   [`connect_addr`](UnixStream::connect_addr).
    /// - [`NotFound`](io::ErrorKind::NotFound) if the file does not exist.
    /// - [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) if no socket listens at the file.
    /// - Otherwise the error of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::{UnixListener, UnixStream};
    /// use std::io::ErrorKind;
    ///
    /// let path = std::env::temp_dir().join(format!("mio-connect-{}", std::process::id()));
    /// let listener = UnixListener::bind(&path)?;
    /// let stream = UnixStream::connect(&path)?;
    /// assert_eq!(stream.peer_addr()?.as_pathname(), Some(path.as_path()));
    ///
    /// drop((stream, listener));
    /// assert_eq!(UnixStream::connect(&path).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    /// std::fs::remove_file(&path)?;
    /// assert_eq!(UnixStream::connect("\0name").unwrap_err().kind(), ErrorKind::InvalidInput);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [connect]: https://man7.org/linux/man-pages/man2/connect.2.html
    /// [freebsd]: https://github.com/freebsd/freebsd-src/blob/release/13.1.0/sys/kern/uipc_usrreq.c
    #[inline]
    pub fn connect<P: AsRef<Path>>(path: P) -> io::Result<UnixStream> {
        let address = SocketAddr::from_pathname(path)?;
        UnixStream::connect_addr(&address)
    }

    /// Connects to the listener at `address`. The address may be abstract on systems that have
    /// abstract addresses.
    ///
    /// # Errors
    ///
    /// Those of [`connect`](UnixStream::connect).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(target_os = "linux")]
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::{UnixListener, UnixStream};
    /// use std::os::linux::net::SocketAddrExt;
    /// use std::os::unix::net::SocketAddr;
    ///
    /// let name = format!("mio-connect-addr-{}", std::process::id());
    /// let address = SocketAddr::from_abstract_name(&name)?;
    /// let _listener = UnixListener::bind_addr(&address)?;
    /// let stream = UnixStream::connect_addr(&address)?;
    /// assert_eq!(stream.peer_addr()?.as_abstract_name(), Some(name.as_bytes()));
    /// # Ok(())
    /// # }
    /// # #[cfg(not(target_os = "linux"))]
    /// # fn main() {}
    /// ```
    #[inline]
    pub fn connect_addr(address: &SocketAddr) -> io::Result<UnixStream> {
        uds::connect(address).map(UnixStream::from_std)
    }

    /// Returns whether the attempt of [`connect`](UnixStream::connect) has succeeded. Call it after
    /// each event of a stream that is not connected yet.
    ///
    /// - `Ok(true)`: the stream is connected.
    /// - `Ok(false)`: it is not connected yet, the event was spurious. Wait for the next one.
    /// - `Err`: the attempt has failed, and this is the reason. Drop the stream: a later call
    ///   may no longer have the reason, and may return `Ok(false)` or another error.
    ///
    /// It is [`take_error`](UnixStream::take_error), and then [`peer_addr`](UnixStream::peer_addr).
    ///
    /// # Errors
    ///
    /// The reason why the attempt has failed. Most systems, Linux among them, make or refuse such a
    /// connection at once, so that only [`connect`](UnixStream::connect) returns an error.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::{UnixListener, UnixStream};
    ///
    /// let path = std::env::temp_dir().join(format!("mio-finish-{}", std::process::id()));
    /// let _listener = UnixListener::bind(&path)?;
    /// let stream = UnixStream::connect(&path)?;
    /// assert!(stream.finish_connect()?);
    /// # std::fs::remove_file(&path)?;
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
    /// Connect the stream before it is registered. Otherwise its event may report that it is
    /// closed.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let (left, _right) = std::os::unix::net::UnixStream::pair()?;
    /// left.set_nonblocking(true)?;
    /// let mut left = mio::net::UnixStream::from_std(left);
    /// assert!(std::io::Read::read(&mut left, &mut [0; 8]).is_err());
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn from_std(stream: net::UnixStream) -> UnixStream {
        UnixStream {
            inner: IoSource::new(stream),
        }
    }

    /// Creates two streams that are connected to each other. Both are non-blocking. See
    /// [`UnixStream`] for an example.
    ///
    /// # Errors
    ///
    /// The error of the system, such as too many open files.
    #[inline]
    pub fn pair() -> io::Result<(UnixStream, UnixStream)> {
        let (left, right) = uds::pair()?;
        Ok((UnixStream::from_std(left), UnixStream::from_std(right)))
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
    /// use mio::net::UnixStream;
    ///
    /// let (left, _right) = UnixStream::pair()?;
    /// assert!(left.local_addr()?.is_unnamed());
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
    /// [`NotConnected`](io::ErrorKind::NotConnected), or another error of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UnixStream;
    ///
    /// let (left, _right) = UnixStream::pair()?;
    /// assert!(left.peer_addr()?.is_unnamed());
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.peer_addr()
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
    /// use mio::net::UnixStream;
    ///
    /// let (left, _right) = UnixStream::pair()?;
    /// assert!(left.take_error()?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.inner.take_error()
    }

    /// Shuts down reading, writing or both. A read then returns `Ok(0)`, and a write
    /// [`BrokenPipe`](io::ErrorKind::BrokenPipe).
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected), or another error of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use mio::net::UnixStream;
    /// use std::io::{ErrorKind, Read, Write};
    /// use std::net::Shutdown;
    ///
    /// let (mut left, mut right) = UnixStream::pair()?;
    /// left.shutdown(Shutdown::Write)?;
    /// assert_eq!(left.write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
    /// assert_eq!(right.read(&mut [0; 8])?, 0);
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
    /// use mio::net::UnixStream;
    /// use std::io::{ErrorKind, Read};
    /// use std::os::fd::AsFd;
    ///
    /// let (left, _right) = UnixStream::pair()?;
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
forward_socket!(UnixStream, net::UnixStream);
forward_stream!(UnixStream, uds::write, uds::write_vectored);
