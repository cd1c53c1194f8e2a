//! The functions that the socket module of a platform must have, with their types. Their docs are
//! beside them.
//!
//! Sockets are passed as std's types, which own their fd or handle on every system. The sockets
//! made here are non-blocking, and child processes do not inherit them.

use std::io::{self, IoSlice};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};

use crate::sys::socket::{self, tcp, udp};

const _: () = {
    let _: fn() = socket::ensure_winsock_started;
    let _: fn(&io::Error) -> bool = socket::is_out_of_descriptors;

    let _: fn(SocketAddr) -> io::Result<TcpStream> = tcp::connect;
    let _: fn() -> io::Result<TcpStream> = tcp::unconnected;
    let _: fn(SocketAddr) -> io::Result<TcpListener> = tcp::bind;
    let _: fn(&TcpListener, u32) -> io::Result<()> = tcp::set_backlog;
    let _: fn(&TcpListener) -> io::Result<(TcpStream, SocketAddr)> = tcp::accept;
    let _: fn(&TcpStream, &[u8]) -> io::Result<usize> = tcp::write;
    let _: fn(&TcpStream, &[IoSlice<'_>]) -> io::Result<usize> = tcp::write_vectored;

    let _: fn(SocketAddr) -> io::Result<UdpSocket> = udp::bind;
    let _: fn(&UdpSocket) -> io::Result<bool> = udp::only_v6;
    let _: fn(&UdpSocket, bool) -> io::Result<()> = udp::set_connection_resets;
};

/// Unix domain sockets.
#[cfg(unix)]
mod unix {
    use std::io::{self, IoSlice};
    use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};

    use crate::sys::uds;

    const _: () = {
        let _: fn(&SocketAddr) -> io::Result<UnixStream> = uds::connect;
        let _: fn() -> io::Result<(UnixStream, UnixStream)> = uds::pair;
        let _: fn(&SocketAddr) -> io::Result<UnixListener> = uds::bind;
        let _: fn(&UnixListener) -> io::Result<(UnixStream, SocketAddr)> = uds::accept;
        let _: fn(&UnixStream, &[u8]) -> io::Result<usize> = uds::write;
        let _: fn(&UnixStream, &[IoSlice<'_>]) -> io::Result<usize> = uds::write_vectored;

        let _: fn(&SocketAddr) -> io::Result<UnixDatagram> = uds::bind_datagram;
        let _: fn() -> io::Result<UnixDatagram> = uds::unbound_datagram;
        let _: fn() -> io::Result<(UnixDatagram, UnixDatagram)> = uds::datagram_pair;
    };
}
