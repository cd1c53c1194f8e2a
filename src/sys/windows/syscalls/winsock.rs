//! Winsock: starting it, sockets, and queries of sockets.
#![allow(unsafe_code)]

use std::io;
use std::mem::MaybeUninit;

use crate::sys::ffi;

/// Winsock 2.2, the current version of the specification
/// (<https://learn.microsoft.com/windows/win32/api/winsock/nf-winsock-wsastartup#remarks>).
const VERSION: u16 = 0x0202;

/// `WSAStartup`. Returns 0 or the error's code.
#[inline]
pub(crate) fn startup() -> i32 {
    let mut data = MaybeUninit::<ffi::WSADATA>::uninit();
    // SAFETY: WSAStartup writes one `WSADATA` to the pointer, which has room for it. The data is
    // not read.
    unsafe { ffi::WSAStartup(VERSION, data.as_mut_ptr()) }
}

/// The error of the last call of this thread.
#[inline]
fn last_error() -> io::Error {
    // SAFETY: WSAGetLastError takes no argument and accesses no memory of ours.
    io::Error::from_raw_os_error(unsafe { ffi::WSAGetLastError() })
}

/// Converts the result of a call that returns `SOCKET_ERROR` on failure.
#[inline]
fn ret(result: i32) -> io::Result<()> {
    if result == ffi::SOCKET_ERROR {
        return Err(last_error());
    }
    Ok(())
}

#[cfg(feature = "net")]
pub(crate) mod socket {
    //! Making, binding and connecting sockets.

    use std::io;
    use std::mem::size_of_val;
    use std::os::windows::io::{
        AsRawSocket, BorrowedSocket, FromRawSocket, OwnedSocket, RawSocket,
    };
    use std::ptr;

    use super::super::ret_bool;
    use super::{last_error, ret};
    use crate::sys::ffi;
    use crate::sys::windows::socket::InetAddress;

    /// The `SOCKET` that the calls take.
    #[inline]
    fn raw(socket: BorrowedSocket<'_>) -> ffi::SOCKET {
        socket.as_raw_socket() as ffi::SOCKET
    }

    /// The address as a pointer, and its size.
    #[inline]
    fn parts(address: &InetAddress) -> (*const ffi::SOCKADDR, i32) {
        match address {
            InetAddress::V4(address) => ((&raw const *address).cast(), size_of_val(address) as i32),
            InetAddress::V6(address) => ((&raw const *address).cast(), size_of_val(address) as i32),
        }
    }

    /// `WSASocketW`: an overlapped socket that is not inherited.
    #[inline]
    pub(crate) fn socket(family: i32, kind: i32) -> io::Result<OwnedSocket> {
        let flags = (ffi::WSA_FLAG_OVERLAPPED | ffi::WSA_FLAG_NO_HANDLE_INHERIT) as u32;
        // SAFETY: WSASocketW takes integers and a pointer that may be null; it accesses no memory
        // of ours.
        let socket = unsafe { ffi::WSASocketW(family, kind, 0, ptr::null(), 0, flags) };
        if socket == ffi::INVALID_SOCKET {
            return Err(last_error());
        }
        // SAFETY: the call succeeded, so `socket` is a new socket that nothing else owns.
        Ok(unsafe { OwnedSocket::from_raw_socket(socket as RawSocket) })
    }

    /// `bind`.
    #[inline]
    pub(crate) fn bind(socket: BorrowedSocket<'_>, address: &InetAddress) -> io::Result<()> {
        let (pointer, length) = parts(address);
        // SAFETY: bind reads `length` bytes at `pointer`, the size of a structure that is borrowed
        // for the call.
        ret(unsafe { ffi::bind(raw(socket), pointer, length) })
    }

    /// `connect`.
    #[inline]
    pub(crate) fn connect(socket: BorrowedSocket<'_>, address: &InetAddress) -> io::Result<()> {
        let (pointer, length) = parts(address);
        // SAFETY: connect reads `length` bytes at `pointer`, the size of a structure that is
        // borrowed for the call.
        ret(unsafe { ffi::connect(raw(socket), pointer, length) })
    }

    /// `listen`.
    #[inline]
    pub(crate) fn listen(socket: BorrowedSocket<'_>, backlog: i32) -> io::Result<()> {
        // SAFETY: listen takes two integers and accesses no memory of ours.
        ret(unsafe { ffi::listen(raw(socket), backlog) })
    }

    /// `getsockopt` of an option that is a `DWORD`.
    #[inline]
    pub(crate) fn option(socket: BorrowedSocket<'_>, level: i32, name: i32) -> io::Result<u32> {
        let mut value = 0_u32;
        let mut length = size_of_val(&value) as i32;
        let pointer = (&raw mut value).cast();
        // SAFETY: getsockopt writes at most `length` bytes, the size of `value`, to `pointer`, and
        // it writes `length`.
        ret(unsafe { ffi::getsockopt(raw(socket), level, name, pointer, &mut length) })?;
        Ok(value)
    }

    /// `WSAIoctl` with a `code` that takes a `BOOL`, such as `SIO_UDP_CONNRESET`.
    #[inline]
    pub(crate) fn set_bool(socket: BorrowedSocket<'_>, code: u32, on: bool) -> io::Result<()> {
        let value = i32::from(on);
        let mut returned = 0;
        // SAFETY: the call reads the `BOOL` at the pointer, whose size it is passed, and writes the
        // number of bytes returned. There is no output buffer. Without an `OVERLAPPED` it is
        // complete when it returns.
        let result = unsafe {
            ffi::WSAIoctl(
                raw(socket),
                code,
                (&raw const value).cast(),
                size_of_val(&value) as u32,
                ptr::null_mut(),
                0,
                &raw mut returned,
                ptr::null_mut(),
                None,
            )
        };
        ret(result)
    }

    /// `SetHandleInformation`: child processes do not inherit the socket.
    #[inline]
    pub(crate) fn do_not_inherit(socket: BorrowedSocket<'_>) -> io::Result<()> {
        let handle = socket.as_raw_socket() as ffi::HANDLE;
        // SAFETY: SetHandleInformation takes a handle and two integers; it accesses no memory of
        // ours.
        let result =
            unsafe { ffi::SetHandleInformation(handle, ffi::HANDLE_FLAG_INHERIT as u32, 0) };
        ret_bool(result)
    }

    #[cfg(test)]
    mod tests {
        use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};
        use std::slice;

        use super::*;

        #[inline]
        fn bytes(address: &InetAddress) -> &[u8] {
            let (pointer, length) = parts(address);
            // SAFETY: the structure has `length` bytes without padding, and is borrowed as long as
            // the slice.
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
}

#[cfg(feature = "os-poll")]
pub(crate) mod socket_query {
    //! Queries of sockets for the selector: the base socket, whether a value is a socket, and the
    //! current readiness.

    use std::io;
    use std::os::windows::io::RawSocket;
    use std::ptr;

    use super::super::faults;
    use super::ret;
    use crate::sys::ffi;

    /// `WSAIoctl` with a `code` that returns a socket, such as `SIO_BASE_HANDLE`.
    #[inline]
    pub(crate) fn base_socket_ioctl(socket: RawSocket, code: u32) -> io::Result<RawSocket> {
        let mut base: usize = 0;
        let mut length = 0;
        // SAFETY: the call writes at most one SOCKET and the length. Without an `OVERLAPPED` it is
        // complete when it returns. Winsock validates the socket, whatever its value is.
        let result = unsafe {
            ffi::WSAIoctl(
                socket as usize,
                code,
                ptr::null(),
                0,
                (&raw mut base).cast(),
                size_of::<usize>() as u32,
                &raw mut length,
                ptr::null_mut(),
                None,
            )
        };
        ret(result)?;
        Ok(base as RawSocket)
    }

    /// `getsockopt` of `SO_TYPE`, for its error alone: `WSAENOTSOCK` if `socket` is not a socket.
    /// Registering makes no poll request, so nothing else would detect an invalid value then.
    #[inline]
    pub(crate) fn check_is_socket(socket: RawSocket) -> io::Result<()> {
        let mut kind = 0_i32;
        let mut length = size_of::<i32>() as i32;
        // SAFETY: the call writes at most `length` bytes, for which there is room, and the length.
        // Winsock validates the socket, whatever its value is.
        let result = unsafe {
            ffi::getsockopt(
                socket as usize,
                ffi::SOL_SOCKET,
                ffi::SO_TYPE,
                (&raw mut kind).cast(),
                &raw mut length,
            )
        };
        ret(result)
    }

    /// One socket of a `WSAPoll`, and the result.
    #[repr(transparent)]
    pub(crate) struct Probe(ffi::WSAPOLLFD);

    impl Probe {
        /// Probes `socket` for AFD's `conditions` that `WSAPoll` has a flag for: normal data or a
        /// connection, out-of-band data, room to send.
        #[inline]
        pub(crate) fn new(socket: RawSocket, conditions: u32) -> Probe {
            let mut events = 0;
            if conditions & (ffi::AFD_POLL_RECEIVE | ffi::AFD_POLL_ACCEPT) != 0 {
                events |= ffi::POLLRDNORM;
            }
            if conditions & ffi::AFD_POLL_RECEIVE_EXPEDITED != 0 {
                events |= ffi::POLLRDBAND;
            }
            if conditions & ffi::AFD_POLL_SEND != 0 {
                events |= ffi::POLLWRNORM;
            }
            Probe(ffi::WSAPOLLFD {
                fd: socket as usize,
                events: events as i16,
                revents: 0,
            })
        }

        /// Records that the socket is closed.
        #[inline]
        pub(crate) fn set_closed(&mut self) {
            self.0.revents = ffi::POLLNVAL as i16;
        }

        /// Records no condition.
        #[inline]
        pub(crate) fn clear(&mut self) {
            self.0.revents = 0;
        }

        /// The result as AFD's conditions. An invalid socket has `LOCAL_CLOSE`.
        #[inline]
        pub(crate) fn seen(&self) -> u32 {
            let seen = self.0.revents;
            let mut conditions = 0;
            for (bits, means) in [
                (
                    ffi::POLLRDNORM,
                    ffi::AFD_POLL_RECEIVE | ffi::AFD_POLL_ACCEPT,
                ),
                (ffi::POLLRDBAND, ffi::AFD_POLL_RECEIVE_EXPEDITED),
                (ffi::POLLWRNORM, ffi::AFD_POLL_SEND),
                (ffi::POLLHUP, ffi::AFD_POLL_DISCONNECT),
                (ffi::POLLNVAL, ffi::AFD_POLL_LOCAL_CLOSE),
            ] {
                if seen & bits as i16 != 0 {
                    conditions |= means;
                }
            }
            conditions
        }
    }

    /// Whether a probe failed because the value is not that of a socket.
    #[inline]
    pub(crate) fn is_not_socket(error: &io::Error) -> bool {
        error.raw_os_error() == Some(ffi::WSAENOTSOCK)
    }

    /// `WSAPoll` with a timeout of 0.
    ///
    /// A closed socket is documented as `POLLNVAL` in its entry; if no socket of the array is
    /// valid, the call fails ([WSAPoll][poll]). A caller has to expect both, and `WSAENOTSOCK`
    /// besides.
    ///
    /// [poll]: https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-wsapoll
    #[inline]
    pub(crate) fn probe(sockets: &mut [Probe]) -> io::Result<()> {
        if let Some(code) = faults::probe(sockets.len()) {
            return Err(io::Error::from_raw_os_error(code));
        }
        let count = u32::try_from(sockets.len()).unwrap_or(u32::MAX);
        // SAFETY: the call reads and writes at most `count` entries, for which there is room; a
        // `Probe` is one `WSAPOLLFD`.
        let result = unsafe { ffi::WSAPoll(sockets.as_mut_ptr().cast(), count, 0) };
        ret(result)
    }
}
