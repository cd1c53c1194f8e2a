//! TCP sockets.

use std::io::{self, IoSlice};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;

use super::{accept as accept_fd, address, begun, syscall};
use crate::sys::socket_facts;

/// A stream whose connection has begun.
pub(crate) fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = syscall::socket(address::domain(address), libc::SOCK_STREAM)?;
    begun(syscall::connect(
        socket.as_fd(),
        &address::to_internet(address),
    ))?;
    Ok(socket.into())
}

/// A listener. The address may be in use by connections of an earlier one that still wind down.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = syscall::socket(address::domain(address), libc::SOCK_STREAM)?;
    syscall::set_option(socket.as_fd(), libc::SOL_SOCKET, libc::SO_REUSEADDR, 1)?;
    syscall::bind(socket.as_fd(), &address::to_internet(address))?;
    syscall::listen(socket.as_fd(), socket_facts::TCP_BACKLOG)?;
    Ok(socket.into())
}

/// One connection and the address of its peer.
pub(crate) fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let mut storage = syscall::Storage::internet();
    let socket = accept_fd(listener.as_fd(), &mut storage)?;
    let peer = address::from_internet(&storage)?;
    Ok((socket.into(), peer))
}

/// Writes without SIGPIPE.
pub(crate) fn write(stream: &TcpStream, buffer: &[u8]) -> io::Result<usize> {
    syscall::send(stream.as_fd(), buffer)
}

/// Writes several buffers without SIGPIPE: std's writev(2) has no flag for that.
pub(crate) fn write_vectored(stream: &TcpStream, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
    syscall::sendmsg(stream.as_fd(), buffers)
}
