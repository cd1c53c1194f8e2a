//! Sockets: TCP, UDP and, on Unix, Unix domain sockets.
//!
//! The sockets that this module creates are non-blocking: an operation returns [`WouldBlock`]
//! instead of waiting. Register a socket with a [`Poll`](crate::Poll) to learn when to repeat the
//! operation. The sockets themselves need no `Poll`, and work without feature `os-poll`.
//!
//! | type | in the standard library |
//! |---|---|
//! | [`TcpListener`], [`TcpStream`] | [`std::net::TcpListener`], [`std::net::TcpStream`] |
//! | [`UdpSocket`] | [`std::net::UdpSocket`] |
//! | `UnixListener`, `UnixStream`, `UnixDatagram` (Unix only) | those of `std::os::unix::net` |
//!
//! [`SpareSocket`] lets both listeners accept when no file descriptor is left.
//!
//! `from_std` converts from the type of the standard library, and `From` converts back. Neither
//! changes whether the socket blocks: call `set_nonblocking(true)` before `from_std`. Call
//! `set_nonblocking(false)` after converting back if operations should wait again.
//!
//! # Sockets that this module creates
//!
//! Child processes do not inherit the sockets that this module creates, nor those that `accept`
//! returns. Where this needs two steps, a process that another thread starts between them may
//! inherit the socket:
//!
//! - on Apple's systems, AIX and Haiku, which set close-on-exec by a call of its own. So does QNX
//!   for accepted sockets, and every system whose accept4(2) is missing or refused, such as
//!   [Android on x86][android].
//! - on Windows for accepted sockets, because [the system call][accept] does not document whether
//!   the new socket is inherited.
//!
//! On Unix, a write to a peer that is gone returns [`BrokenPipe`], and never sends the signal
//! `SIGPIPE` (for instance because of [`MSG_NOSIGNAL`][send]).
//!
//! # Operations outside of these types
//!
//! An operation through a method of these types re-arms the registration when it returns
//! [`WouldBlock`]. Run any other operation on the socket, such as a system call on its file
//! descriptor, in `try_io`, which does the same.
//!
//! # Datagrams longer than the buffer
//!
//! If the buffer is shorter than the datagram, the rest of the datagram is lost. On Unix, the
//! operation fills the buffer and returns its length, and nothing shows that data is missing
//! ([udp(7)][udp]). On Windows, it fails with [`WSAEMSGSIZE`][recvfrom]. Use a buffer that is
//! longer than the longest datagram you expect.
//!
//! # Errors
//!
//! Methods return the error of the system, with its code in
//! [`raw_os_error`](std::io::Error::raw_os_error). The `# Errors` section of a method lists the
//! kinds that a caller may have to handle.
//!
//! [`WouldBlock`]: std::io::ErrorKind::WouldBlock
//! [`BrokenPipe`]: std::io::ErrorKind::BrokenPipe
//! [android]: https://github.com/tokio-rs/mio/issues/1445
//! [accept]: https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-accept
//! [send]: https://man7.org/linux/man-pages/man2/send.2.html
//! [udp]: https://man7.org/linux/man-pages/man7/udp.7.html
//! [recvfrom]: https://learn.microsoft.com/windows/win32/api/winsock/nf-winsock-recvfrom

use std::io;

use crate::Interest;
use crate::io_source::IoSource;
use crate::sys::socket::{self, tcp};

#[macro_use]
mod forward;

mod tcp_listener;
mod tcp_stream;
mod udp;
#[cfg(all(unix, not(target_os = "emscripten")))]
mod unix_datagram;
#[cfg(unix)]
mod unix_listener;
#[cfg(unix)]
mod unix_stream;

pub use tcp_listener::TcpListener;
pub use tcp_stream::TcpStream;
pub use udp::UdpSocket;
#[cfg(all(unix, not(target_os = "emscripten")))]
pub use unix_datagram::UnixDatagram;
#[cfg(unix)]
pub use unix_listener::UnixListener;
#[cfg(unix)]
pub use unix_stream::UnixStream;

/// Whether a stream is connected, by its pending error and the result of `getpeername`. The error
/// comes first: a connection that was made and then reset has no peer either. A stream that is not
/// connected yet is re-armed for writing, because its event was spurious.
///
/// The caller asks for the address before the error: if the attempt fails in between, the error is
/// the reason. The other way round getpeername(2) of macOS would return EINVAL (`getpeername`):
/// <https://github.com/apple-oss-distributions/xnu/blob/xnu-11417.101.15/bsd/kern/uipc_syscalls.c>.
///
/// Some systems report EINPROGRESS instead of ENOTCONN, as [mio documents][connect].
///
/// [connect]: https://github.com/tokio-rs/mio/blob/1b7bac917bc34b235dac4b8c7743fd2895b8f189/src/net/tcp/stream.rs
fn finish_connect<T, A>(
    source: &IoSource<T>,
    peer: io::Result<A>,
    pending: Option<io::Error>,
) -> io::Result<bool> {
    let result = source.do_io(Interest::WRITABLE, |_| match (pending, peer) {
        (Some(error), _) => Err(error),
        (None, Err(error)) if is_not_connected(&error) => Err(io::ErrorKind::WouldBlock.into()),
        (None, peer) => peer.map(drop),
    });
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error),
    }
}

/// See [`finish_connect`].
#[inline]
fn is_not_connected(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(libc::EINPROGRESS) {
        return true;
    }
    error.kind() == io::ErrorKind::NotConnected
}

/// A socket in reserve: with it, a listener accepts and closes connections after the process has
/// run out of file descriptors.
///
/// Without a descriptor, `accept` returns an error (EMFILE, ENFILE or WSAEMFILE), and the
/// connections keep waiting. A loop over edge-triggered events then hangs: no event reports these
/// connections again, and each later connection waits behind them. A loop over level-triggered
/// events runs hot.
///
/// Apple's systems and Haiku are different: the kernel takes a connection from the queue before it
/// looks for a descriptor, and closes it if there is none ([xnu][xnu], [Haiku][haiku]). So `accept`
/// itself sheds a connection there with each such error, and no connection keeps waiting.
/// `accept_or_shed` closes two connections at a time and reports the second. If there was only one,
/// it returns [`WouldBlock`].
///
/// [`TcpListener::accept_or_shed`] and `UnixListener::accept_or_shed` close the spare socket
/// instead, accept one connection with its descriptor, close that connection, and open a new spare
/// socket. So the loop still accepts until [`WouldBlock`], and the peers learn at once that the
/// server cannot serve them.
///
/// One spare socket is enough for all listeners of a thread. Threads that accept at the same time
/// need one each.
///
/// # Other threads
///
/// While the spare socket is closed, another thread may take its descriptor, for instance to open a
/// file. Then `accept_or_shed` returns the error of `accept`, or the connection is shed and the
/// spare socket stays closed ([`is_open`](SpareSocket::is_open) returns `false`). Each later
/// `accept_or_shed` first tries to open it again. Call `accept_or_shed` again after a while, as you
/// would call `accept` again after such an error: no further event may report the connections.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// # if cfg!(not(feature = "os-poll")) { return Ok(()); }
/// use mio::net::{Accepted, SpareSocket, TcpListener, TcpStream};
/// use mio::{Events, Interest, Poll, Token};
/// use std::io::ErrorKind;
///
/// let mut spare = SpareSocket::new()?;
/// let mut listener = TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(8);
/// poll.registry().register(&mut listener, Token(0), Interest::READABLE)?;
/// let _client = TcpStream::connect(listener.local_addr()?)?;
///
/// poll.poll_until(&mut events, None)?;
/// let mut streams = Vec::new();
/// loop {
///     match listener.accept_or_shed(&mut spare) {
///         Ok(Accepted::Stream(stream, _)) => streams.push(stream),
///         Ok(Accepted::Shed(peer)) => eprintln!("{peer}: too many connections"),
///         Err(error) if error.kind() == ErrorKind::WouldBlock => break,
///         // One connection failed before it was accepted.
///         Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
///         Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
///         Err(error) => return Err(error),
///     }
/// }
/// assert_eq!(streams.len(), 1);
/// # Ok(())
/// # }
/// ```
///
/// [xnu]: https://github.com/apple-oss-distributions/xnu/blob/e3723e1f17661b24996789d8afc084c0c3303b26/bsd/kern/uipc_syscalls.c#L619-L634
/// [haiku]: https://github.com/haiku/haiku/blob/00400fd6839f05e645a604e4e155bb17aa9a2e6a/src/system/kernel/fs/socket.cpp
/// [`TcpListener::accept_or_shed`]: crate::net::TcpListener::accept_or_shed
/// [`WouldBlock`]: io::ErrorKind::WouldBlock
#[derive(Debug)]
pub struct SpareSocket {
    /// A TCP socket that is never connected. `None` if another thread has taken its descriptor.
    socket: Option<std::net::TcpStream>,
}

/// What `accept_or_shed` did with one connection.
#[derive(Debug)]
pub enum Accepted<S, A> {
    /// The connection and the address of its peer, as `accept` returns them.
    Stream(S, A),
    /// No descriptor was left: the connection of the peer with this address was closed.
    Shed(A),
}

impl SpareSocket {
    /// Opens a socket in reserve. It is neither bound nor connected.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](io::ErrorKind::Unsupported) on WASI preview 1, which cannot create sockets.
    /// Otherwise the error of the system, such as too many open files.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let spare = mio::net::SpareSocket::new()?;
    /// assert!(spare.is_open());
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn new() -> io::Result<SpareSocket> {
        let socket = Some(tcp::unconnected()?);
        Ok(SpareSocket { socket })
    }

    /// Returns whether the spare socket is open. It is not after another thread has taken its
    /// descriptor. See [`new`](SpareSocket::new) for an example.
    #[must_use]
    #[inline]
    pub fn is_open(&self) -> bool {
        self.socket.is_some()
    }

    /// Runs `accept`. If no descriptor is left, runs it again with that of the spare socket.
    fn accept_or_shed<S, A>(
        &mut self,
        mut accept: impl FnMut() -> io::Result<(S, A)>,
    ) -> io::Result<Accepted<S, A>> {
        if self.socket.is_none() {
            self.open();
        }
        match accept() {
            Err(error) if socket::is_out_of_descriptors(&error) => self.shed(error, accept),
            result => result.map(|(stream, peer)| Accepted::Stream(stream, peer)),
        }
    }

    /// Accepts one connection with the descriptor of the spare socket, and closes it. Without a
    /// spare socket, returns `error`.
    #[cold]
    fn shed<S, A>(
        &mut self,
        error: io::Error,
        mut accept: impl FnMut() -> io::Result<(S, A)>,
    ) -> io::Result<Accepted<S, A>> {
        if self.socket.take().is_none() {
            return Err(error);
        }
        let result = accept().map(|(stream, peer)| {
            drop(stream);
            Accepted::Shed(peer)
        });
        self.open();
        result
    }

    /// Opens the socket again. An error leaves it closed, until the next call.
    #[inline]
    fn open(&mut self) {
        self.socket = tcp::unconnected().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use io::ErrorKind;

    fn state(pending: Option<ErrorKind>, peer: Result<(), ErrorKind>) -> Result<bool, ErrorKind> {
        let source = IoSource::new(());
        let peer = peer.map_err(io::Error::from);
        finish_connect(&source, peer, pending.map(io::Error::from)).map_err(|error| error.kind())
    }

    #[test]
    fn pending_error_precedes_the_peer() {
        let refused = ErrorKind::ConnectionRefused;
        assert_eq!(state(None, Ok(())), Ok(true));
        assert_eq!(state(None, Err(ErrorKind::NotConnected)), Ok(false));
        assert_eq!(
            state(Some(refused), Err(ErrorKind::NotConnected)),
            Err(refused)
        );
        assert_eq!(state(Some(refused), Ok(())), Err(refused));
        // Of a socket that was shut down, on Apple's systems.
        let invalid = ErrorKind::InvalidInput;
        assert_eq!(state(None, Err(invalid)), Err(invalid));
    }

    #[cfg(unix)]
    #[test]
    fn connection_in_progress_is_not_connected() {
        let peer: io::Result<()> = Err(io::Error::from_raw_os_error(libc::EINPROGRESS));
        assert!(!finish_connect(&IoSource::new(()), peer, None).unwrap());
    }
}

#[cfg(all(test, any(unix, windows)))]
mod spare_tests {
    use super::*;
    use io::ErrorKind;

    #[cfg(unix)]
    const OUT_OF_DESCRIPTORS: &[i32] = &[libc::EMFILE, libc::ENFILE];
    #[cfg(windows)]
    const OUT_OF_DESCRIPTORS: &[i32] = &[10_024]; // WSAEMFILE

    fn error(code: i32) -> io::Result<(&'static str, u8)> {
        Err(io::Error::from_raw_os_error(code))
    }

    #[test]
    fn connection_is_shed_if_no_descriptor_is_left() {
        for &code in OUT_OF_DESCRIPTORS {
            let mut spare = SpareSocket::new().unwrap();
            let mut results = vec![Ok(("stream", 7)), error(code)];
            let accepted = spare.accept_or_shed(|| results.pop().unwrap());
            assert!(matches!(accepted, Ok(Accepted::Shed(7))), "{accepted:?}");
            assert!(spare.is_open() && results.is_empty());
        }
    }

    #[test]
    fn other_results_are_those_of_accept() {
        let mut spare = SpareSocket::new().unwrap();
        let accepted = spare.accept_or_shed(|| Ok(("stream", 7)));
        assert!(matches!(accepted, Ok(Accepted::Stream("stream", 7))));
        for kind in [ErrorKind::WouldBlock, ErrorKind::ConnectionAborted] {
            let mut calls = 0;
            let accepted: io::Result<Accepted<(), ()>> = spare.accept_or_shed(|| {
                calls += 1;
                Err(kind.into())
            });
            assert_eq!((accepted.unwrap_err().kind(), calls), (kind, 1));
        }
        assert!(spare.is_open());
    }

    /// Another listener has accepted the connection, or another thread has taken the descriptor.
    #[test]
    fn error_of_the_second_accept_is_returned() {
        let code = OUT_OF_DESCRIPTORS[0];
        for second in [
            io::Error::from(ErrorKind::WouldBlock),
            error(code).unwrap_err(),
        ] {
            let mut spare = SpareSocket::new().unwrap();
            let expected = (second.kind(), second.raw_os_error());
            let mut results = vec![Err(second), error(code)];
            let found = spare.accept_or_shed(|| results.pop().unwrap()).unwrap_err();
            assert_eq!((found.kind(), found.raw_os_error()), expected);
            assert!(spare.is_open());
        }
    }

    /// A closed spare socket is opened at the next call. Until then the error is returned, without
    /// a second `accept`.
    #[test]
    fn closed_spare_socket_is_opened_again() {
        let code = OUT_OF_DESCRIPTORS[0];
        let mut spare = SpareSocket { socket: None };
        let found = spare.shed(error(code).unwrap_err(), || -> io::Result<((), ())> {
            Ok(((), ())) // There is no descriptor for it.
        });
        assert_eq!(found.unwrap_err().raw_os_error(), Some(code));
        assert!(!spare.is_open());
        let accepted = spare.accept_or_shed(|| Ok(("stream", 7)));
        assert!(accepted.is_ok() && spare.is_open());
    }
}
