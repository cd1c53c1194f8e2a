//! WSAStartup.
#![allow(unsafe_code)]

use std::io;
use std::mem::MaybeUninit;
use std::os::windows::io::RawSocket;
use std::ptr;

use super::faults;

use crate::sys::ffi;

/// Version 2.2, the only one since Windows 98.
const VERSION: u16 = 0x0202;

/// WSAStartup. Returns the error's code, or 0.
pub(crate) fn startup() -> i32 {
    let mut facts = MaybeUninit::<ffi::WSADATA>::uninit();
    // SAFETY: WSAStartup writes one `WSADATA` to the pointer, which has that room. Nobody reads it.
    unsafe { ffi::WSAStartup(VERSION, facts.as_mut_ptr()) }
}

/// `WSAIoctl` that answers with a socket.
pub(crate) fn base_socket_ioctl(socket: RawSocket, code: u32) -> io::Result<RawSocket> {
    let mut answer: usize = 0;
    let mut length = 0;
    // SAFETY: the call writes at most one socket number and the length, during the call: without an
    // `OVERLAPPED` it does not return before it is over. The socket is a number for the system.
    let result = unsafe {
        ffi::WSAIoctl(
            socket as usize,
            code,
            ptr::null(),
            0,
            (&raw mut answer).cast(),
            size_of::<usize>() as u32,
            &raw mut length,
            ptr::null_mut(),
            None,
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(answer as RawSocket)
}

/// `getsockopt` of the type, for the error alone: not every system looks at the number of a socket before it is polled.
pub(crate) fn check_is_socket(socket: RawSocket) -> io::Result<()> {
    let mut kind = 0_i32;
    let mut length = size_of::<i32>() as i32;
    // SAFETY: the call writes at most `length` bytes, for which there is room, and the length. The
    // socket is a number for the system.
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

/// One socket to look at, and what was seen.
#[repr(transparent)]
pub(crate) struct Probe(ffi::WSAPOLLFD);

impl Probe {
    /// Looks for what is to be read, written, or read out of band.
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

    /// It was found closed.
    pub(crate) fn set_closed(&mut self) {
        self.0.revents = ffi::POLLNVAL as i16;
    }

    /// Nothing is known of it.
    pub(crate) fn clear(&mut self) {
        self.0.revents = 0;
    }

    /// What was seen, in AFD's words. A socket that is not open has been closed.
    pub(crate) fn seen(&self) -> u32 {
        let seen = self.0.revents;
        let mut conditions = 0;
        for (bits, backend) in [
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
                conditions |= backend;
            }
        }
        conditions
    }
}

/// Whether a look has failed because there is no such socket.
pub(crate) fn is_not_socket(error: &io::Error) -> bool {
    error.raw_os_error() == Some(ffi::WSAENOTSOCK)
}

/// `WSAPoll` without waiting. One socket that is closed may be told by its record, or by an error.
pub(crate) fn probe(sockets: &mut [Probe]) -> io::Result<()> {
    if let Some(code) = faults::probe(sockets.len()) {
        return Err(io::Error::from_raw_os_error(code));
    }
    let count = u32::try_from(sockets.len()).unwrap_or(u32::MAX);
    // SAFETY: the call reads and writes so many records, for which there is room; a `Probe` is one
    // `WSAPOLLFD`.
    let result = unsafe { ffi::WSAPoll(sockets.as_mut_ptr().cast(), count, 0) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
