//! Writing to a stream as std does, where no SIGPIPE comes or an option of the socket keeps it away.

use std::io::{self, IoSlice, Write};

/// Writes one buffer.
pub(crate) fn write<'a, S>(mut stream: &'a S, buffer: &[u8]) -> io::Result<usize>
where
    &'a S: Write,
{
    stream.write(buffer)
}

/// Writes several buffers.
pub(crate) fn write_vectored<'a, S>(mut stream: &'a S, buffers: &[IoSlice<'_>]) -> io::Result<usize>
where
    &'a S: Write,
{
    stream.write_vectored(buffers)
}
