//! Sockets: TCP, UDP and, on Unix, Unix domain sockets.
//!
//! All of them are non-blocking: an operation that would have to wait returns [`WouldBlock`] instead. Register a socket with a
//! [`Poll`](crate::Poll) to learn when to try again. The sockets themselves need no `Poll`, and work without feature `os-poll`.
//!
//! | type | std's counterpart |
//! |---|---|
//! | [`TcpListener`], [`TcpStream`] | [`std::net::TcpListener`], [`std::net::TcpStream`] |
//! | [`UdpSocket`] | [`std::net::UdpSocket`] |
//! | `UnixListener`, `UnixStream`, `UnixDatagram` (Unix only) | those of `std::os::unix::net` |
//!
//! `from_std` makes one of std's sockets one of these, and `From` turns it back. Neither changes the socket's mode:
//! call `set_nonblocking(true)` before the one, and `set_nonblocking(false)` after the other if it shall block again.
//!
//! # The sockets made here
//!
//! Child processes do not inherit them, nor those that [`TcpListener::accept`] returns. Windows cannot do the latter in one step:
//! a process that another thread starts at that very moment may. On Unix a write to a peer that is gone is [`BrokenPipe`], never
//! the signal `SIGPIPE`.
//!
//! # Going on after `WouldBlock`
//!
//! An operation through a method of these types arms the socket again when it says [`WouldBlock`]. An operation around them,
//! such as a system call on the descriptor, belongs into `try_io`, which does the same.
//!
//! # Datagrams that are too long
//!
//! A datagram is received once, whole or not. If the buffer is too short Unix fills it and returns its length, without a sign that
//! something is missing; Windows returns the error `WSAEMSGSIZE` and the datagram is lost. Use a buffer that is longer than
//! any datagram you expect.
//!
//! # Errors
//!
//! Methods return what the system says with its code in [`raw_os_error`](std::io::Error::raw_os_error). Only what differs from
//! that is written at a method.
//!
//! [`WouldBlock`]: std::io::ErrorKind::WouldBlock
//! [`BrokenPipe`]: std::io::ErrorKind::BrokenPipe

#[macro_use]
mod forward;

#[cfg(any(unix, target_os = "hermit", target_os = "wasi"))]
mod fd_handles;

mod tcp;
pub use tcp::{TcpListener, TcpStream};

mod udp;
pub use udp::UdpSocket;

#[cfg(unix)]
mod uds;
#[cfg(unix)]
pub use uds::{UnixListener, UnixStream};

#[cfg(all(unix, not(target_os = "emscripten")))]
pub use uds::UnixDatagram;
