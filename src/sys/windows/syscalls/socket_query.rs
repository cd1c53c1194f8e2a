//! What the selector asks Winsock about a socket: its base socket, whether it is a socket, and its
//! readiness now.
#![allow(unsafe_code)]

use std::io;
use std::os::windows::io::RawSocket;
use std::ptr;

use super::faults;
use crate::sys::ffi;

/// `WSAIoctl` with a `code` that returns a socket, such as `SIO_BASE_HANDLE`.
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
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(base as RawSocket)
}

/// `getsockopt` of `SO_TYPE`, for its error alone: `WSAENOTSOCK` if `socket` is not a socket.
/// Registering makes no poll request, so nothing else would detect an invalid value then.
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
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// One socket of a `WSAPoll`, and the result.
#[repr(transparent)]
pub(crate) struct Probe(ffi::WSAPOLLFD);

impl Probe {
    /// Probes `socket` for AFD's `conditions` that `WSAPoll` has a flag for: normal data or a
    /// connection, out-of-band data, room to send.
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
    pub(crate) fn set_closed(&mut self) {
        self.0.revents = ffi::POLLNVAL as i16;
    }

    /// Records no condition.
    pub(crate) fn clear(&mut self) {
        self.0.revents = 0;
    }

    /// The result as AFD's conditions. An invalid socket has `LOCAL_CLOSE`.
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
pub(crate) fn is_not_socket(error: &io::Error) -> bool {
    error.raw_os_error() == Some(ffi::WSAENOTSOCK)
}

/// `WSAPoll` with a timeout of 0.
///
/// A closed socket is documented as `POLLNVAL` in its entry; if no socket of the array is valid,
/// the call fails ([WSAPoll][poll]). A caller has to expect both, and `WSAENOTSOCK` besides.
///
/// [poll]: https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-wsapoll
pub(crate) fn probe(sockets: &mut [Probe]) -> io::Result<()> {
    if let Some(code) = faults::probe(sockets.len()) {
        return Err(io::Error::from_raw_os_error(code));
    }
    let count = u32::try_from(sockets.len()).unwrap_or(u32::MAX);
    // SAFETY: the call reads and writes at most `count` entries, for which there is room; a
    // `Probe` is one `WSAPOLLFD`.
    let result = unsafe { ffi::WSAPoll(sockets.as_mut_ptr().cast(), count, 0) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
