//! Writing to a stream without SIGPIPE: with a flag of send(2), or as std does where no SIGPIPE
//! comes or an option of the socket suppresses it.

use std::io::{self, IoSlice, Write};
use std::os::fd::AsFd;

use crate::sys::platform::SOCKETS;

/// Writes one buffer.
pub(crate) fn write<'a, S>(mut stream: &'a S, buffer: &[u8]) -> io::Result<usize>
where
    S: AsFd,
    &'a S: Write,
{
    match SOCKETS.no_signal {
        Some(calls) => (calls.send)(stream.as_fd(), buffer),
        None => stream.write(buffer),
    }
}

/// Writes several buffers, as many as the system takes.
///
/// A stream may be made from the fd of a pipe or a terminal, which sendmsg(2) refuses and the
/// writev(2) of std takes. So does a sandbox that knows the calls of mio 1.2 alone; with these
/// errors sendmsg(2) has sent nothing.
pub(crate) fn write_vectored<'a, S>(mut stream: &'a S, buffers: &[IoSlice<'_>]) -> io::Result<usize>
where
    S: AsFd,
    &'a S: Write,
{
    let Some(calls) = SOCKETS.no_signal else {
        return stream.write_vectored(buffers);
    };
    match (calls.sendmsg)(stream.as_fd(), buffers) {
        Err(error) if is_refused(&error) => stream.write_vectored(buffers),
        result => result,
    }
}

/// Whether the call was refused, and not the data.
fn is_refused(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::ENOTSOCK | libc::ENOSYS | libc::EACCES | libc::EPERM | libc::EINVAL)
    )
}
