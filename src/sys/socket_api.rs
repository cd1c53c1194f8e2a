//! The functions that the socket module of a platform must have, with their types. Their docs are
//! beside them.
//!
//! Sockets are passed as std's types, which own their fd or handle on every system. The sockets
//! made here are non-blocking, and child processes do not inherit them.

use std::io::{self, IoSlice};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};

use crate::sys::socket::{self, tcp, udp};

const _: fn() = socket::ensure_winsock_started;

const _: fn(SocketAddr) -> io::Result<TcpStream> = tcp::connect;
const _: fn(SocketAddr) -> io::Result<TcpListener> = tcp::bind;
const _: fn(&TcpListener) -> io::Result<(TcpStream, SocketAddr)> = tcp::accept;
const _: fn(&TcpStream, &[u8]) -> io::Result<usize> = tcp::write;
const _: fn(&TcpStream, &[IoSlice<'_>]) -> io::Result<usize> = tcp::write_vectored;

const _: fn(SocketAddr) -> io::Result<UdpSocket> = udp::bind;
const _: fn(&UdpSocket) -> io::Result<bool> = udp::only_v6;

/// Unix domain sockets.
#[cfg(unix)]
mod unix {
    use std::io::{self, IoSlice};
    use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};

    use crate::sys::uds;

    const _: fn(&SocketAddr) -> io::Result<UnixStream> = uds::connect;
    const _: fn() -> io::Result<(UnixStream, UnixStream)> = uds::pair;
    const _: fn(&SocketAddr) -> io::Result<UnixListener> = uds::bind;
    const _: fn(&UnixListener) -> io::Result<(UnixStream, SocketAddr)> = uds::accept;
    const _: fn(&UnixStream, &[u8]) -> io::Result<usize> = uds::write;
    const _: fn(&UnixStream, &[IoSlice<'_>]) -> io::Result<usize> = uds::write_vectored;

    const _: fn(&SocketAddr) -> io::Result<UnixDatagram> = uds::bind_datagram;
    const _: fn() -> io::Result<UnixDatagram> = uds::unbound_datagram;
    const _: fn() -> io::Result<(UnixDatagram, UnixDatagram)> = uds::datagram_pair;
}
