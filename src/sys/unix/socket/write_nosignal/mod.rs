//! Writing to a stream where a flag of send(2) keeps SIGPIPE away: std's write has none.

mod syscall;

use std::io::{self, IoSlice};
use std::os::fd::AsFd;

/// Writes one buffer.
pub(crate) fn write<S: AsFd>(stream: &S, buffer: &[u8]) -> io::Result<usize> {
    syscall::send(stream.as_fd(), buffer)
}

/// Writes several buffers, as many as the system takes.
pub(crate) fn write_vectored<S: AsFd>(stream: &S, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
    syscall::sendmsg(stream.as_fd(), buffers)
}
