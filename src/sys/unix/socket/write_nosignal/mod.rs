//! Writing to a stream where a flag of send(2) keeps SIGPIPE away: std's write has none.

mod syscall;

use std::io::{self, IoSlice, Write};
use std::os::fd::AsFd;

/// Writes one buffer.
pub(crate) fn write<S: AsFd>(stream: &S, buffer: &[u8]) -> io::Result<usize> {
    syscall::send(stream.as_fd(), buffer)
}

/// Writes several buffers, as many as the system takes.
///
/// A stream may be made from the fd of a pipe or a terminal, which sendmsg(2) refuses and the
/// writev(2) of std takes.
pub(crate) fn write_vectored<'a, S>(mut stream: &'a S, buffers: &[IoSlice<'_>]) -> io::Result<usize>
where
    S: AsFd,
    &'a S: Write,
{
    match syscall::sendmsg(stream.as_fd(), buffers) {
        Err(error) if error.raw_os_error() == Some(libc::ENOTSOCK) => {
            stream.write_vectored(buffers)
        }
        result => result,
    }
}
