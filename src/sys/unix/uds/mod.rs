//! Unix domain sockets.

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};

use crate::sys::socket::{self, begun, syscall as calls};
use crate::sys::{SOCKETS, socket_write};

mod address;
mod syscall;

/// A stream. A full backlog is EAGAIN: that connection has not begun.
pub(crate) fn connect(address: &SocketAddr) -> io::Result<UnixStream> {
    let address = address::to_unix(address)?;
    let socket = socket::new(libc::AF_UNIX, libc::SOCK_STREAM)?;
    begun(calls::connect(socket.as_fd(), address.address()))?;
    Ok(socket.into())
}

/// Two connected streams.
pub(crate) fn pair() -> io::Result<(UnixStream, UnixStream)> {
    let (left, right) = socketpair(libc::SOCK_STREAM)?;
    Ok((left.into(), right.into()))
}

/// A listener.
pub(crate) fn bind(address: &SocketAddr) -> io::Result<UnixListener> {
    let socket = bound(address, libc::SOCK_STREAM)?;
    calls::listen(socket.as_fd(), SOCKETS.unix_backlog)?;
    Ok(socket.into())
}

/// One connection and the address of its peer.
pub(crate) fn accept(listener: &UnixListener) -> io::Result<(UnixStream, SocketAddr)> {
    let mut storage = calls::Storage::new();
    let stream: UnixStream = socket::accept(listener.as_fd(), &mut storage)?.into();
    let peer = match address::from_unix(&storage) {
        Some(peer) => peer,
        None => stream.peer_addr()?,
    };
    Ok((stream, peer))
}

/// A bound datagram socket.
pub(crate) fn bind_datagram(address: &SocketAddr) -> io::Result<UnixDatagram> {
    Ok(bound(address, libc::SOCK_DGRAM)?.into())
}

/// A datagram socket without a name.
pub(crate) fn unbound_datagram() -> io::Result<UnixDatagram> {
    Ok(socket::new(libc::AF_UNIX, libc::SOCK_DGRAM)?.into())
}

/// Two connected datagram sockets.
pub(crate) fn datagram_pair() -> io::Result<(UnixDatagram, UnixDatagram)> {
    let (left, right) = socketpair(libc::SOCK_DGRAM)?;
    Ok((left.into(), right.into()))
}

/// Writes without SIGPIPE.
pub(crate) fn write(stream: &UnixStream, buffer: &[u8]) -> io::Result<usize> {
    socket_write::write(stream, buffer)
}

/// Writes several buffers without SIGPIPE.
pub(crate) fn write_vectored(stream: &UnixStream, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
    socket_write::write_vectored(stream, buffers)
}

/// A socket with this name.
fn bound(address: &SocketAddr, kind: libc::c_int) -> io::Result<OwnedFd> {
    let address = address::to_unix(address)?;
    let socket = socket::new(libc::AF_UNIX, kind)?;
    calls::bind(socket.as_fd(), address.address())?;
    Ok(socket)
}

/// Two connected sockets.
fn socketpair(kind: libc::c_int) -> io::Result<(OwnedFd, OwnedFd)> {
    let (left, right) = syscall::socketpair(kind | SOCKETS.at_once)?;
    socket::finish(left.as_fd(), SOCKETS.later)?;
    socket::finish(right.as_fd(), SOCKETS.later)?;
    Ok((left, right))
}
