//! Unix domain sockets.

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};

use crate::sys::platform::SOCKETS;
use crate::sys::unix::socket::{self, ignore_in_progress, stream};
use crate::sys::unix::syscalls::socket as syscall;

mod address;

/// Connects a stream. A full backlog is EAGAIN, not a connection in progress: see [connect(2)].
///
/// [connect(2)]: https://man7.org/linux/man-pages/man2/connect.2.html
pub(crate) fn connect(address: &SocketAddr) -> io::Result<UnixStream> {
    let address = address::to_unix(address)?;
    let socket = socket::new(libc::AF_UNIX, libc::SOCK_STREAM)?;
    ignore_in_progress(syscall::connect(socket.as_fd(), address.address()))?;
    Ok(socket.into())
}

/// Makes two connected streams.
pub(crate) fn pair() -> io::Result<(UnixStream, UnixStream)> {
    let (left, right) = socketpair(libc::SOCK_STREAM)?;
    Ok((left.into(), right.into()))
}

/// Makes a listener.
pub(crate) fn bind(address: &SocketAddr) -> io::Result<UnixListener> {
    let socket = bound(address, libc::SOCK_STREAM)?;
    syscall::listen(socket.as_fd(), SOCKETS.unix_backlog)?;
    Ok(socket.into())
}

/// Accepts one connection, and returns it with the address of its peer.
pub(crate) fn accept(listener: &UnixListener) -> io::Result<(UnixStream, SocketAddr)> {
    let mut storage = syscall::Storage::new();
    let stream: UnixStream = socket::accept(listener.as_fd(), &mut storage)?.into();
    let peer = match address::from_unix(&storage) {
        Some(peer) => peer,
        None => stream.peer_addr()?,
    };
    Ok((stream, peer))
}

/// Makes a bound datagram socket.
pub(crate) fn bind_datagram(address: &SocketAddr) -> io::Result<UnixDatagram> {
    Ok(bound(address, libc::SOCK_DGRAM)?.into())
}

/// Makes a datagram socket without a name.
pub(crate) fn unbound_datagram() -> io::Result<UnixDatagram> {
    Ok(socket::new(libc::AF_UNIX, libc::SOCK_DGRAM)?.into())
}

/// Makes two connected datagram sockets.
pub(crate) fn datagram_pair() -> io::Result<(UnixDatagram, UnixDatagram)> {
    let (left, right) = socketpair(libc::SOCK_DGRAM)?;
    Ok((left.into(), right.into()))
}

/// Writes without SIGPIPE.
pub(crate) fn write(stream: &UnixStream, buffer: &[u8]) -> io::Result<usize> {
    stream::write(stream, buffer)
}

/// Writes several buffers without SIGPIPE.
pub(crate) fn write_vectored(stream: &UnixStream, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
    stream::write_vectored(stream, buffers)
}

/// Makes a bound socket.
fn bound(address: &SocketAddr, kind: libc::c_int) -> io::Result<OwnedFd> {
    let address = address::to_unix(address)?;
    let socket = socket::new(libc::AF_UNIX, kind)?;
    syscall::bind(socket.as_fd(), address.address())?;
    Ok(socket)
}

/// Makes two connected sockets.
fn socketpair(kind: libc::c_int) -> io::Result<(OwnedFd, OwnedFd)> {
    let (left, right) = syscall::socketpair(kind | SOCKETS.creation_flags)?;
    socket::finish_creation(left.as_fd())?;
    socket::finish_creation(right.as_fd())?;
    Ok((left, right))
}
