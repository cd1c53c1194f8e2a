//! Windows sockets.
//!
//! Every socket made here is overlapped (AFD needs that), non-blocking, and not inherited by child
//! processes. std's type owns it as soon as the system call has returned it, so a later step that
//! fails closes it. All other operations are std's.

use std::io;
use std::net::SocketAddr;
use std::os::windows::io::OwnedSocket;

use super::syscalls::socket as syscall;
use super::winsock;
use crate::sys::ffi;

/// Called for every socket that was not made here, since Winsock may not have been started. If
/// starting fails, so does every operation on the socket, with `WSANOTINITIALISED`.
pub(crate) fn ensure_winsock_started() {
    let _ = winsock::ensure_started();
}

/// A socket of the address's family. It still blocks: the caller changes that through std's type.
fn new(address: SocketAddr, kind: i32) -> io::Result<OwnedSocket> {
    winsock::ensure_started()?;
    let family = match address {
        SocketAddr::V4(_) => ffi::AF_INET,
        SocketAddr::V6(_) => ffi::AF_INET6,
    };
    syscall::socket(family, kind)
}

/// An IPv4 or IPv6 address as Winsock has it.
pub(super) enum InetAddress {
    V4(ffi::SOCKADDR_IN),
    V6(ffi::SOCKADDR_IN6),
}

impl From<SocketAddr> for InetAddress {
    /// Converts field by field: the layout of std's types is
    /// [not specified](https://doc.rust-lang.org/std/net/enum.SocketAddr.html#portability).
    fn from(address: SocketAddr) -> InetAddress {
        match address {
            SocketAddr::V4(address) => InetAddress::V4(ffi::SOCKADDR_IN {
                sin_family: ffi::AF_INET as ffi::ADDRESS_FAMILY,
                sin_port: address.port().to_be(),
                sin_addr: ffi::IN_ADDR {
                    // In network byte order in both.
                    S_un: ffi::IN_ADDR_0 {
                        S_addr: u32::from_ne_bytes(address.ip().octets()),
                    },
                },
                sin_zero: [0; 8],
            }),
            SocketAddr::V6(address) => InetAddress::V6(ffi::SOCKADDR_IN6 {
                sin6_family: ffi::AF_INET6 as ffi::ADDRESS_FAMILY,
                sin6_port: address.port().to_be(),
                // std keeps the byte order of the system.
                sin6_flowinfo: address.flowinfo(),
                sin6_addr: ffi::IN6_ADDR {
                    u: ffi::IN6_ADDR_0 {
                        Byte: address.ip().octets(),
                    },
                },
                Anonymous: ffi::SOCKADDR_IN6_LH_0 {
                    sin6_scope_id: address.scope_id(),
                },
            }),
        }
    }
}

pub(crate) mod tcp {
    //! TCP sockets.

    use std::io::{self, IoSlice, Write};
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::os::windows::io::AsSocket;

    use super::{ffi, new, syscall};

    /// The backlog of a listener, as std has it.
    const BACKLOG: i32 = 128;

    /// A stream whose connection is in progress.
    pub(crate) fn connect(address: SocketAddr) -> io::Result<TcpStream> {
        let stream = TcpStream::from(new(address, ffi::SOCK_STREAM)?);
        stream.set_nonblocking(true)?;
        let result = syscall::connect(stream.as_socket(), &address.into());
        ignore_in_progress(result)?;
        Ok(stream)
    }

    /// `WSAEWOULDBLOCK` of a non-blocking connect means that the connection is in progress
    /// (<https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-connect#return-value>).
    fn ignore_in_progress(result: io::Result<()>) -> io::Result<()> {
        match result {
            Err(error) if error.raw_os_error() == Some(ffi::WSAEWOULDBLOCK) => Ok(()),
            result => result,
        }
    }

    /// A listener. `SO_REUSEADDR` stays off: on Windows it lets two listeners share an address, and
    /// a listener can be restarted without it ([Using SO_REUSEADDR][reuse]).
    ///
    /// [reuse]: https://learn.microsoft.com/windows/win32/winsock/using-so-reuseaddr-and-so-exclusiveaddruse
    pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
        let listener = TcpListener::from(new(address, ffi::SOCK_STREAM)?);
        listener.set_nonblocking(true)?;
        syscall::bind(listener.as_socket(), &address.into())?;
        syscall::listen(listener.as_socket(), BACKLOG)?;
        Ok(listener)
    }

    /// A connection and the address of its peer. [accept] does not document whether the new socket
    /// is non-blocking or inherited, so both are set.
    ///
    /// [accept]: https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-accept
    pub(crate) fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = listener.accept()?;
        stream.set_nonblocking(true)?;
        ignore_not_a_handle(syscall::do_not_inherit(stream.as_socket()))?;
        Ok((stream, peer))
    }

    /// The socket of a layered provider may not be a kernel handle. A child process cannot inherit
    /// such a socket.
    fn ignore_not_a_handle(result: io::Result<()>) -> io::Result<()> {
        match result {
            Err(error) if error.raw_os_error() == Some(ffi::ERROR_INVALID_HANDLE) => Ok(()),
            result => result,
        }
    }

    /// Writes as std does: Windows has no SIGPIPE.
    pub(crate) fn write(mut stream: &TcpStream, buffer: &[u8]) -> io::Result<usize> {
        stream.write(buffer)
    }

    /// Writes as std does: Windows has no SIGPIPE.
    pub(crate) fn write_vectored(
        mut stream: &TcpStream,
        buffers: &[IoSlice<'_>],
    ) -> io::Result<usize> {
        stream.write_vectored(buffers)
    }
}

pub(crate) mod udp {
    //! UDP sockets.

    use std::io;
    use std::net::{SocketAddr, UdpSocket};
    use std::os::windows::io::AsSocket;

    use super::{ffi, new, syscall};

    /// A bound socket.
    pub(crate) fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
        let socket = UdpSocket::from(new(address, ffi::SOCK_DGRAM)?);
        socket.set_nonblocking(true)?;
        syscall::bind(socket.as_socket(), &address.into())?;
        Ok(socket)
    }

    /// `IPV6_V6ONLY`.
    pub(crate) fn only_v6(socket: &UdpSocket) -> io::Result<bool> {
        let value = syscall::option(socket.as_socket(), ffi::IPPROTO_IPV6, ffi::IPV6_V6ONLY)?;
        Ok(value != 0)
    }
}
