//! UDP sockets.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::windows::io::AsSocket;

use super::{address, new, syscall};
use crate::sys::ffi;

/// A bound socket.
pub(crate) fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::from(new(address, ffi::SOCK_DGRAM)?);
    socket.set_nonblocking(true)?;
    syscall::bind(socket.as_socket(), &address::to_internet(address))?;
    Ok(socket)
}

/// `IPV6_V6ONLY`.
pub(crate) fn only_v6(socket: &UdpSocket) -> io::Result<bool> {
    let value = syscall::option(socket.as_socket(), ffi::IPPROTO_IPV6, ffi::IPV6_V6ONLY)?;
    Ok(value != 0)
}
