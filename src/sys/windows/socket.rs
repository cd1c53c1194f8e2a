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
#[inline]
pub(crate) fn ensure_winsock_started() {
    let _ = winsock::ensure_started();
}

/// Whether a call failed because the process has no socket left.
#[inline]
pub(crate) fn is_out_of_descriptors(error: &io::Error) -> bool {
    error.raw_os_error() == Some(ffi::WSAEMFILE)
}

/// A socket of the address's family. It still blocks: the caller changes that through std's type.
#[inline]
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
    #[inline]
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
    use crate::sys::errors;

    /// A stream whose connection is in progress.
    #[inline]
    pub(crate) fn connect(address: SocketAddr) -> io::Result<TcpStream> {
        let stream = TcpStream::from(new(address, ffi::SOCK_STREAM)?);
        stream.set_nonblocking(true)?;
        let result = syscall::connect(stream.as_socket(), &address.into());
        ignore_in_progress(result)?;
        Ok(stream)
    }

    /// A socket that is neither bound nor connected.
    #[inline]
    pub(crate) fn unconnected() -> io::Result<TcpStream> {
        let any = SocketAddr::from(([0, 0, 0, 0], 0));
        Ok(TcpStream::from(new(any, ffi::SOCK_STREAM)?))
    }

    /// `WSAEWOULDBLOCK` of a non-blocking connect means that the connection is in progress
    /// (<https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-connect#return-value>).
    #[inline]
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
    #[inline]
    pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
        let listener = TcpListener::from(new(address, ffi::SOCK_STREAM)?);
        listener.set_nonblocking(true)?;
        syscall::bind(listener.as_socket(), &address.into())?;
        syscall::listen(listener.as_socket(), ffi::SOMAXCONN)?;
        Ok(listener)
    }

    /// Returns `Unsupported`: [listen] of a socket that is listening succeeds without a change.
    ///
    /// [listen]: https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-listen#remarks
    #[inline]
    pub(crate) fn set_backlog(_: &TcpListener, _: u32) -> io::Result<()> {
        Err(errors::unsupported(
            "Windows cannot change the backlog of a socket that is listening",
        ))
    }

    /// A connection and the address of its peer. [accept] does not document whether the new socket
    /// is non-blocking or inherited, so both are set.
    ///
    /// [accept]: https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-accept
    #[inline]
    pub(crate) fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = listener.accept()?;
        stream.set_nonblocking(true)?;
        ignore_not_a_handle(syscall::do_not_inherit(stream.as_socket()))?;
        Ok((stream, peer))
    }

    /// The socket of a layered provider may not be a kernel handle. A child process cannot inherit
    /// such a socket.
    #[inline]
    fn ignore_not_a_handle(result: io::Result<()>) -> io::Result<()> {
        match result {
            Err(error) if error.raw_os_error() == Some(ffi::ERROR_INVALID_HANDLE) => Ok(()),
            result => result,
        }
    }

    /// Writes as std does: Windows has no SIGPIPE.
    #[inline]
    pub(crate) fn write(mut stream: &TcpStream, buffer: &[u8]) -> io::Result<usize> {
        stream.write(buffer)
    }

    /// Writes as std does: Windows has no SIGPIPE.
    #[inline]
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
    #[inline]
    pub(crate) fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
        let socket = UdpSocket::from(new(address, ffi::SOCK_DGRAM)?);
        socket.set_nonblocking(true)?;
        syscall::bind(socket.as_socket(), &address.into())?;
        Ok(socket)
    }

    /// `IPV6_V6ONLY`.
    #[inline]
    pub(crate) fn only_v6(socket: &UdpSocket) -> io::Result<bool> {
        let value = syscall::option(socket.as_socket(), ffi::IPPROTO_IPV6, ffi::IPV6_V6ONLY)?;
        Ok(value != 0)
    }

    /// Sets whether a receive returns the error of an earlier datagram.
    ///
    /// [`SIO_UDP_CONNRESET`][ioctls] is about ports that no socket receives on, `SIO_UDP_NETRESET`
    /// about datagrams whose time to live ran out. The latter is missing on some systems, among
    /// them Wine 8, so its refusal is ignored.
    ///
    /// [ioctls]: https://learn.microsoft.com/windows/win32/winsock/winsock-ioctls
    #[inline]
    pub(crate) fn set_connection_resets(socket: &UdpSocket, on: bool) -> io::Result<()> {
        syscall::set_bool(socket.as_socket(), ffi::SIO_UDP_CONNRESET, on)?;
        let _ = syscall::set_bool(socket.as_socket(), ffi::SIO_UDP_NETRESET, on);
        Ok(())
    }
}
