//! Making, binding and connecting sockets.
#![allow(unsafe_code)]

use std::io;
use std::mem::size_of_val;
use std::os::windows::io::{AsRawSocket, BorrowedSocket, FromRawSocket, OwnedSocket, RawSocket};
use std::ptr;

use crate::sys::ffi;
use crate::sys::windows::socket::InetAddress;

/// The `SOCKET` that the calls take.
fn raw(socket: BorrowedSocket<'_>) -> ffi::SOCKET {
    socket.as_raw_socket() as ffi::SOCKET
}

/// The error of the last call of this thread.
fn last_error() -> io::Error {
    // SAFETY: WSAGetLastError takes no argument and accesses no memory of ours.
    io::Error::from_raw_os_error(unsafe { ffi::WSAGetLastError() })
}

/// Converts the result of a call that returns `SOCKET_ERROR` on failure.
fn ret(result: i32) -> io::Result<()> {
    if result == ffi::SOCKET_ERROR {
        return Err(last_error());
    }
    Ok(())
}

/// The address as a pointer, and its size.
fn parts(address: &InetAddress) -> (*const ffi::SOCKADDR, i32) {
    match address {
        InetAddress::V4(address) => ((&raw const *address).cast(), size_of_val(address) as i32),
        InetAddress::V6(address) => ((&raw const *address).cast(), size_of_val(address) as i32),
    }
}

/// `WSASocketW`: an overlapped socket that is not inherited.
pub(crate) fn socket(family: i32, kind: i32) -> io::Result<OwnedSocket> {
    let flags = (ffi::WSA_FLAG_OVERLAPPED | ffi::WSA_FLAG_NO_HANDLE_INHERIT) as u32;
    // SAFETY: WSASocketW takes integers and a pointer that may be null; it accesses no memory of
    // ours.
    let socket = unsafe { ffi::WSASocketW(family, kind, 0, ptr::null(), 0, flags) };
    if socket == ffi::INVALID_SOCKET {
        return Err(last_error());
    }
    // SAFETY: the call succeeded, so `socket` is a new socket that nothing else owns.
    Ok(unsafe { OwnedSocket::from_raw_socket(socket as RawSocket) })
}

/// `bind`.
pub(crate) fn bind(socket: BorrowedSocket<'_>, address: &InetAddress) -> io::Result<()> {
    let (pointer, length) = parts(address);
    // SAFETY: bind reads `length` bytes at `pointer`, the size of a structure that is borrowed for
    // the call.
    ret(unsafe { ffi::bind(raw(socket), pointer, length) })
}

/// `connect`.
pub(crate) fn connect(socket: BorrowedSocket<'_>, address: &InetAddress) -> io::Result<()> {
    let (pointer, length) = parts(address);
    // SAFETY: connect reads `length` bytes at `pointer`, the size of a structure that is borrowed
    // for the call.
    ret(unsafe { ffi::connect(raw(socket), pointer, length) })
}

/// `listen`.
pub(crate) fn listen(socket: BorrowedSocket<'_>, backlog: i32) -> io::Result<()> {
    // SAFETY: listen takes two integers and accesses no memory of ours.
    ret(unsafe { ffi::listen(raw(socket), backlog) })
}

/// `getsockopt` of an option that is a `DWORD`.
pub(crate) fn option(socket: BorrowedSocket<'_>, level: i32, name: i32) -> io::Result<u32> {
    let mut value = 0_u32;
    let mut length = size_of_val(&value) as i32;
    let pointer = (&raw mut value).cast();
    // SAFETY: getsockopt writes at most `length` bytes, the size of `value`, to `pointer`, and it
    // writes `length`.
    ret(unsafe { ffi::getsockopt(raw(socket), level, name, pointer, &mut length) })?;
    Ok(value)
}

/// `SetHandleInformation`: child processes do not inherit the socket.
pub(crate) fn do_not_inherit(socket: BorrowedSocket<'_>) -> io::Result<()> {
    let handle = socket.as_raw_socket() as ffi::HANDLE;
    // SAFETY: SetHandleInformation takes a handle and two integers; it accesses no memory of ours.
    let result = unsafe { ffi::SetHandleInformation(handle, ffi::HANDLE_FLAG_INHERIT as u32, 0) };
    if result == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};
    use std::slice;

    use super::*;

    fn bytes(address: &InetAddress) -> &[u8] {
        let (pointer, length) = parts(address);
        // SAFETY: the structure has `length` bytes without padding, and is borrowed as long as the
        // slice.
        unsafe { slice::from_raw_parts(pointer.cast(), length as usize) }
    }

    /// Every field is where the system reads it.
    #[test]
    fn internet_addresses_keep_their_fields() {
        let address: SocketAddr = "1.2.3.4:5678".parse().unwrap();
        let expected = [2, 0, 0x16, 0x2e, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(bytes(&address.into()), expected);

        let ip: Ipv6Addr = "1:2:3:4:5:6:7:8".parse().unwrap();
        let address = SocketAddrV6::new(ip, 9, 0x0a0b, 0x0c0d);
        let mut expected = vec![23, 0, 0, 9, 0x0b, 0x0a, 0, 0];
        expected.extend(ip.octets());
        expected.extend([0x0d, 0x0c, 0, 0]);
        assert_eq!(bytes(&SocketAddr::V6(address).into()), expected);
    }
}
