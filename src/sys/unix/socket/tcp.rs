//! TCP sockets.

use std::io::{self, IoSlice};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;

use super::{accept as accept_fd, address, ignore_in_progress, new, stream};
use crate::sys::platform::SOCKETS;
use crate::sys::unix::syscalls::socket as syscall;

/// Starts to connect a stream.
pub(crate) fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = new(address::domain(address), libc::SOCK_STREAM)?;
    let address = address::to_internet(address);
    ignore_in_progress(syscall::connect(socket.as_fd(), address.address()))?;
    Ok(socket.into())
}

/// Makes a listener. `SO_REUSEADDR`: connections of an earlier listener may still be in TIME_WAIT.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = new(address::domain(address), libc::SOCK_STREAM)?;
    syscall::set_option(socket.as_fd(), libc::SOL_SOCKET, libc::SO_REUSEADDR, 1)?;
    syscall::bind(socket.as_fd(), address::to_internet(address).address())?;
    syscall::listen(socket.as_fd(), SOCKETS.tcp_backlog)?;
    Ok(socket.into())
}

/// Accepts one connection, and returns it with the address of its peer.
#[inline]
pub(crate) fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let mut storage = syscall::Storage::new();
    let socket = accept_fd(listener.as_fd(), &mut storage)?;
    let peer = address::from_internet(&storage)?;
    Ok((socket.into(), peer))
}

/// Writes without SIGPIPE.
pub(crate) fn write(stream: &TcpStream, buffer: &[u8]) -> io::Result<usize> {
    stream::write(stream, buffer)
}

/// Writes several buffers without SIGPIPE.
pub(crate) fn write_vectored(stream: &TcpStream, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
    stream::write_vectored(stream, buffers)
}
