//! Windows: the levels of a socket are what WSAPoll returns for it.

use std::io;
use std::mem::ManuallyDrop;
use std::net::TcpStream;
use std::os::windows::io::{AsRawSocket, FromRawSocket as _, OwnedSocket, RawSocket};

use super::Levels;

pub(crate) type RawSource = RawSocket;
pub(crate) type OwnedSource = OwnedSocket;

// The values of poll(2) on Linux, so that a failure reads alike.
pub(crate) const IN: Levels = 0x1;
pub(crate) const PRI: Levels = 0x2;
pub(crate) const OUT: Levels = 0x4;
pub(crate) const ERR: Levels = 0x8;
pub(crate) const HUP: Levels = 0x10;
pub(crate) const RDHUP: Levels = 0x2000;

// <https://learn.microsoft.com/windows/win32/api/winsock2/ns-winsock2-wsapollfd>
const POLLERR: i16 = 0x1;
const POLLHUP: i16 = 0x2;
const POLLWRNORM: i16 = 0x10;
const POLLRDNORM: i16 = 0x100;

const SOL_SOCKET: i32 = 0xffff;
const SO_SNDBUF: i32 = 0x1001;
const SO_RCVBUF: i32 = 0x1002;

#[repr(C)]
struct PollFd {
    socket: RawSocket,
    events: i16,
    revents: i16,
}

#[link(name = "ws2_32")]
unsafe extern "system" {
    fn WSAPoll(array: *mut PollFd, count: u32, millis: i32) -> i32;
    fn setsockopt(socket: RawSocket, level: i32, name: i32, value: *const u8, len: i32) -> i32;
}

pub(crate) fn raw(source: &impl AsRawSocket) -> RawSource {
    source.as_raw_socket()
}

/// The levels of `socket`.
pub(crate) fn levels(socket: RawSocket) -> Levels {
    let found = poll(socket, POLLRDNORM) | poll(socket, POLLWRNORM);
    let known = [
        (POLLRDNORM, IN),
        (POLLWRNORM, OUT),
        (POLLERR, ERR),
        (POLLHUP, HUP),
    ];
    let known = known.into_iter().filter(|(theirs, _)| found & theirs != 0);
    known.fold(0, |levels, (_, level)| levels | level)
}

fn poll(socket: RawSocket, events: i16) -> i16 {
    let revents = 0;
    let mut entry = PollFd {
        socket,
        events,
        revents,
    };
    // SAFETY: `entry` is one valid `WSAPOLLFD` for the time of the call, which does not block.
    unsafe { WSAPoll(&raw mut entry, 1, 0) };
    entry.revents
}

/// Calls a method of std on a socket.
pub(crate) fn with_stream<T>(
    socket: &OwnedSocket,
    call: impl FnOnce(&TcpStream) -> io::Result<T>,
) -> io::Result<T> {
    // SAFETY: the socket is open, and is not closed here, because nothing drops the stream.
    let stream = ManuallyDrop::new(unsafe { TcpStream::from_raw_socket(socket.as_raw_socket()) });
    call(&stream)
}

/// Makes the buffers of a socket small, so that it soon would block.
pub(crate) fn shrink_buffers(socket: RawSocket) -> io::Result<()> {
    let size = 8 * 1024_i32;
    for option in [SO_SNDBUF, SO_RCVBUF] {
        let value = (&raw const size).cast();
        // SAFETY: the value is an integer, as both options take it, and its length is given.
        let result = unsafe { setsockopt(socket, SOL_SOCKET, option, value, 4) };
        if result != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}
