//! Writing to a stream where a flag of send(2) keeps SIGPIPE away: std's write has none.

mod syscall;

use std::io::{self, IoSlice, Write};
use std::os::fd::AsFd;

/// Writes one buffer.
pub(crate) fn write<S: AsFd>(stream: &S, buffer: &[u8]) -> io::Result<usize> {
    syscall::send(stream.as_fd(), buffer)
}

/// Whether it is the call that was refused, and not the data.
fn is_refused(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::ENOTSOCK | libc::ENOSYS | libc::EACCES | libc::EPERM | libc::EINVAL)
    )
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
    match syscall::sendmsg(stream.as_fd(), buffers) {
        Err(error) if is_refused(&error) => stream.write_vectored(buffers),
        result => result,
    }
}
