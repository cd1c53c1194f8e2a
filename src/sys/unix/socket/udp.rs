//! UDP sockets.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd;

use super::{address, new};
use crate::sys::unix::syscalls::socket as syscall;

/// Makes a bound socket.
pub(crate) fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = new(address::domain(address), libc::SOCK_DGRAM)?;
    syscall::bind(socket.as_fd(), address::to_internet(address).address())?;
    Ok(socket.into())
}

/// `IPV6_V6ONLY`.
pub(crate) fn only_v6(socket: &UdpSocket) -> io::Result<bool> {
    let value = syscall::option(socket.as_fd(), libc::IPPROTO_IPV6, libc::IPV6_V6ONLY)?;
    Ok(value != 0)
}
