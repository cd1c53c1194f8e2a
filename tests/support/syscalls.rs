//! System calls on sockets that neither this library nor std has.
#![allow(unsafe_code)]

#[cfg(not(target_os = "wasi"))]
use std::io;
#[cfg(not(target_os = "wasi"))]
use std::mem::size_of;
#[cfg(not(target_os = "wasi"))]
use std::net::SocketAddr;
use std::net::TcpStream;

#[cfg(not(target_os = "wasi"))]
use system::{AsRaw, as_raw};

/// The calls of Unix, as far as WASI has them.
#[cfg(not(windows))]
mod system {
    #[cfg(not(target_os = "wasi"))]
    pub(super) use libc::{
        AF_INET, EINPROGRESS as IN_PROGRESS, MSG_OOB, SO_LINGER, SOCK_STREAM, SOL_SOCKET, connect,
        linger, send, setsockopt, sockaddr_in, socket,
    };
    #[cfg(target_os = "wasi")]
    pub(super) use libc::{AF_INET, SOCK_STREAM, socket};
    use std::net::TcpStream;
    #[cfg(not(target_os = "wasi"))]
    pub(super) use std::os::fd::AsRawFd as AsRaw;
    use std::os::fd::FromRawFd;

    #[cfg(not(target_os = "wasi"))]
    pub(super) fn as_raw(socket: &impl AsRaw) -> i32 {
        socket.as_raw_fd()
    }

    /// Takes ownership of a new socket.
    pub(super) fn own(fd: i32) -> TcpStream {
        assert!(fd >= 0, "{}", std::io::Error::last_os_error());
        // SAFETY: the call succeeded, so `fd` is a new file descriptor that nothing else owns.
        unsafe { TcpStream::from_raw_fd(fd) }
    }
}

/// The calls of Windows, by the same names.
#[cfg(windows)]
#[allow(non_camel_case_types)]
mod system {
    use std::net::TcpStream;
    pub(super) use std::os::windows::io::AsRawSocket as AsRaw;
    use std::os::windows::io::{FromRawSocket, RawSocket};

    pub(super) const AF_INET: i32 = 2;
    pub(super) const IN_PROGRESS: i32 = 10_035; // WSAEWOULDBLOCK
    pub(super) const MSG_OOB: i32 = 1;
    pub(super) const SOCK_STREAM: i32 = 1;
    pub(super) const SOL_SOCKET: i32 = 0xffff;
    pub(super) const SO_LINGER: i32 = 0x80;

    #[repr(C)]
    pub(super) struct linger {
        pub(super) l_onoff: u16,
        pub(super) l_linger: u16,
    }

    #[repr(C)]
    pub(super) struct in_addr {
        pub(super) s_addr: u32,
    }

    #[repr(C)]
    pub(super) struct sockaddr_in {
        pub(super) sin_family: u16,
        pub(super) sin_port: u16,
        pub(super) sin_addr: in_addr,
        sin_zero: [u8; 8],
    }

    #[link(name = "ws2_32")]
    unsafe extern "system" {
        pub(super) fn socket(family: i32, kind: i32, protocol: i32) -> usize;
        pub(super) fn connect(socket: usize, address: *const u8, length: i32) -> i32;
        pub(super) fn send(socket: usize, buffer: *const u8, length: i32, flags: i32) -> i32;
        pub(super) fn setsockopt(
            socket: usize,
            level: i32,
            name: i32,
            value: *const u8,
            length: i32,
        ) -> i32;
    }

    pub(super) fn as_raw(socket: &impl AsRaw) -> usize {
        socket.as_raw_socket() as usize
    }

    /// Takes ownership of a new socket.
    pub(super) fn own(socket: usize) -> TcpStream {
        assert_ne!(socket, usize::MAX, "{}", std::io::Error::last_os_error());
        // SAFETY: the call succeeded, so `socket` is a new socket that nothing else owns.
        unsafe { TcpStream::from_raw_socket(socket as RawSocket) }
    }
}

/// A non-blocking TCP socket that is neither bound nor connected.
pub(crate) fn unconnected() -> TcpStream {
    // SAFETY: socket takes three integers and touches no memory.
    let new = unsafe { system::socket(system::AF_INET, system::SOCK_STREAM, 0) };
    let socket = system::own(new);
    socket.set_nonblocking(true).unwrap();
    socket
}

/// A non-blocking Unix stream socket that is neither bound nor connected.
#[cfg(unix)]
pub(crate) fn unconnected_unix() -> std::os::unix::net::UnixStream {
    // SAFETY: socket takes three integers and touches no memory.
    let new = unsafe { system::socket(libc::AF_UNIX, system::SOCK_STREAM, 0) };
    let socket = std::os::fd::OwnedFd::from(system::own(new));
    let socket = std::os::unix::net::UnixStream::from(socket);
    socket.set_nonblocking(true).unwrap();
    socket
}

/// Connects a socket past the library.
#[cfg(not(target_os = "wasi"))]
pub(crate) fn connect(stream: &impl AsRaw, address: SocketAddr) {
    // SAFETY: a C structure of integers, for which zeros are valid. Some systems have more fields.
    let mut name: system::sockaddr_in = unsafe { std::mem::zeroed() };
    name.sin_family = system::AF_INET as _;
    name.sin_port = address.port().to_be();
    name.sin_addr.s_addr = u32::from_ne_bytes([127, 0, 0, 1]);
    let length = size_of::<system::sockaddr_in>() as _;
    // SAFETY: connect reads `length` bytes of `name`, its size.
    let result = unsafe { system::connect(as_raw(stream), (&raw const name).cast(), length) };
    let error = io::Error::last_os_error();
    assert!(
        result == 0 || error.raw_os_error() == Some(system::IN_PROGRESS),
        "{error}"
    );
}

/// Sends one out-of-band byte.
#[cfg(not(target_os = "wasi"))]
pub(crate) fn send_out_of_band(stream: &impl AsRaw) {
    // SAFETY: send reads one byte of a buffer of one.
    let sent = unsafe { system::send(as_raw(stream), b"!".as_ptr().cast(), 1, system::MSG_OOB) };
    assert_eq!(sent, 1, "{}", io::Error::last_os_error());
}

/// Lets a close reset the connection.
#[cfg(not(target_os = "wasi"))]
pub(crate) fn reset_on_close(stream: &impl AsRaw) {
    let linger = system::linger {
        l_onoff: 1,
        l_linger: 0,
    };
    let length = size_of::<system::linger>() as _;
    // SAFETY: setsockopt reads `length` bytes of `linger`, its size.
    let result = unsafe {
        system::setsockopt(
            as_raw(stream),
            system::SOL_SOCKET,
            system::SO_LINGER,
            (&raw const linger).cast(),
            length,
        )
    };
    assert_eq!(result, 0, "{}", io::Error::last_os_error());
}
