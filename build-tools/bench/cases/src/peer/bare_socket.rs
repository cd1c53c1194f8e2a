//! Sockets and eventfds without a library.

use std::ffi::c_int;
use std::io;
use std::mem::{self, size_of};
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;

use crate::peer::must;

fn count(result: isize) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}

fn owned(fd: c_int) -> io::Result<OwnedFd> {
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call that returned the fd succeeded, so it is open and has no other owner.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// A non-blocking eventfd.
#[must_use]
pub fn eventfd() -> OwnedFd {
    // SAFETY: eventfd(2) takes two integers.
    let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
    must(owned(fd))
}

/// Makes an eventfd readable.
pub fn set_event(descriptor: c_int) {
    let one = 1_u64;
    // SAFETY: write(2) reads the 8 bytes of `one`.
    let result = unsafe { libc::write(descriptor, (&raw const one).cast(), 8) };
    must(count(result));
}

/// read(2).
#[inline(always)]
pub fn read(descriptor: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    // SAFETY: read(2) writes at most `buffer.len()` bytes.
    let result = unsafe {
        libc::read(
            descriptor.as_raw_fd(),
            buffer.as_mut_ptr().cast(),
            buffer.len(),
        )
    };
    count(result)
}

/// send(2), without SIGPIPE.
#[inline(always)]
pub fn send(descriptor: BorrowedFd<'_>, buffer: &[u8]) -> io::Result<usize> {
    // SAFETY: send(2) reads at most `buffer.len()` bytes.
    let result = unsafe {
        libc::send(
            descriptor.as_raw_fd(),
            buffer.as_ptr().cast(),
            buffer.len(),
            libc::MSG_NOSIGNAL,
        )
    };
    count(result)
}

fn encode(address: SocketAddr) -> libc::sockaddr_in {
    let SocketAddr::V4(address) = address else {
        panic!("the cases use IPv4");
    };
    // SAFETY: all fields are integers, for which zero is valid.
    let mut encoded: libc::sockaddr_in = unsafe { mem::zeroed() };
    encoded.sin_family = libc::AF_INET as libc::sa_family_t;
    encoded.sin_port = address.port().to_be();
    encoded.sin_addr.s_addr = u32::from_ne_bytes(address.ip().octets());
    encoded
}

const LENGTH: libc::socklen_t = size_of::<libc::sockaddr_in>() as libc::socklen_t;

/// sendto(2).
#[inline(always)]
pub fn send_to(descriptor: BorrowedFd<'_>, buffer: &[u8], to: SocketAddr) -> io::Result<usize> {
    let to = encode(to);
    // SAFETY: sendto(2) reads at most `buffer.len()` bytes, and an address of the given length.
    let result = unsafe {
        libc::sendto(
            descriptor.as_raw_fd(),
            buffer.as_ptr().cast(),
            buffer.len(),
            libc::MSG_NOSIGNAL,
            (&raw const to).cast(),
            LENGTH,
        )
    };
    count(result)
}

/// accept4(2), without the address.
#[inline(always)]
pub fn accept(descriptor: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    // SAFETY: with a null pointer accept4(2) writes no address.
    owned(unsafe {
        libc::accept4(
            descriptor.as_raw_fd(),
            ptr::null_mut(),
            ptr::null_mut(),
            libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK,
        )
    })
}

/// socket(2) and connect(2), non-blocking.
#[inline(always)]
#[must_use]
pub fn connect(address: SocketAddr) -> OwnedFd {
    let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: socket(2) takes three integers.
    let socket = must(owned(unsafe { libc::socket(libc::AF_INET, kind, 0) }));
    let address = encode(address);
    // SAFETY: connect(2) reads an address of the given length.
    let result = unsafe { libc::connect(socket.as_raw_fd(), (&raw const address).cast(), LENGTH) };
    if result < 0 {
        let error = io::Error::last_os_error();
        assert_eq!(error.raw_os_error(), Some(libc::EINPROGRESS), "{error}");
    }
    socket
}

/// The methods of [`Peer`](crate::peer::Peer) that both bare selectors share.
macro_rules! bare_sockets {
    () => {
        fn source(descriptor: OwnedFd) -> OwnedFd {
            descriptor
        }

        #[inline(always)]
        fn read_source(source: &mut OwnedFd, buffer: &mut [u8]) -> io::Result<usize> {
            bare_socket::read(source.as_fd(), buffer)
        }

        fn listen() -> (OwnedFd, SocketAddr) {
            let listener = must(std::net::TcpListener::bind(loopback()));
            must(listener.set_nonblocking(true));
            let address = must(listener.local_addr());
            (listener.into(), address)
        }

        #[inline(always)]
        fn accept(listener: &mut OwnedFd) -> io::Result<OwnedFd> {
            bare_socket::accept(listener.as_fd())
        }

        #[inline(always)]
        fn connect(address: SocketAddr) -> OwnedFd {
            bare_socket::connect(address)
        }

        #[inline(always)]
        fn read(stream: &mut OwnedFd, buffer: &mut [u8]) -> io::Result<usize> {
            bare_socket::read(stream.as_fd(), buffer)
        }

        #[inline(always)]
        fn write(stream: &mut OwnedFd, buffer: &[u8]) -> io::Result<usize> {
            bare_socket::send(stream.as_fd(), buffer)
        }

        fn udp() -> (OwnedFd, SocketAddr) {
            let socket = must(std::net::UdpSocket::bind(loopback()));
            must(socket.set_nonblocking(true));
            let address = must(socket.local_addr());
            (socket.into(), address)
        }

        #[inline(always)]
        fn send_to(socket: &mut OwnedFd, data: &[u8], to: SocketAddr) -> io::Result<usize> {
            bare_socket::send_to(socket.as_fd(), data, to)
        }

        #[inline(always)]
        fn receive(socket: &mut OwnedFd, buffer: &mut [u8]) -> io::Result<usize> {
            bare_socket::read(socket.as_fd(), buffer)
        }
    };
}
pub(crate) use bare_sockets;
