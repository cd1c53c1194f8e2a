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
//! `from_std` converts from the type of the standard library, and `From` converts back. Neither
//! changes whether the socket blocks: call `set_nonblocking(true)` before `from_std`. Call
//! `set_nonblocking(false)` after converting back if operations should wait again.
//!
//! # Sockets that this module creates
//!
//! Child processes do not inherit the sockets that this module creates, nor those that
//! [`TcpListener::accept`] returns. On Windows, `accept` needs two steps for this, because [the
//! system call][accept] does not document whether the new socket is inherited. A process that
//! another thread starts between the steps may inherit the socket.
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
//! [accept]: https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-accept
//! [send]: https://man7.org/linux/man-pages/man2/send.2.html
//! [udp]: https://man7.org/linux/man-pages/man7/udp.7.html
//! [recvfrom]: https://learn.microsoft.com/windows/win32/api/winsock/nf-winsock-recvfrom

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
