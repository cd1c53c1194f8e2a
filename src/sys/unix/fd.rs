//! Operations on any file descriptor, and pipes.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use crate::sys::errors;
use crate::sys::platform::EVENTS;
use crate::sys::unix::caps::PipeCall;
use crate::sys::unix::syscalls::pipe;

#[allow(unused_imports)] // For pipes, which `os-ext` has.
pub(crate) use pipe::set_nonblocking;
pub(crate) use pipe::{read, write};

/// How a pipe is made.
const PIPE: PipeCall = EVENTS.pipe;

/// Makes a pipe, (reader, writer), with both ends non-blocking and close-on-exec.
pub(crate) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    match PIPE {
        PipeCall::Pipe2(call, flags) => pipe::pipe2(call, flags),
        PipeCall::Pipe(call, set_close_on_exec) => pipe::pipe_fcntl(call, set_close_on_exec),
        PipeCall::Missing => Err(errors::unsupported("this system has no pipes")),
    }
}

/// Reads until nothing or an end of file is left, and passes on what was read.
pub(crate) fn drain(fd: BorrowedFd<'_>, mut consume: impl FnMut(&[u8])) -> io::Result<()> {
    let mut buffer = [0; 256];
    loop {
        match read(fd, &mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => consume(buffer.get(..count).unwrap_or_default()),
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock => return Ok(()),
                io::ErrorKind::Interrupted => {}
                _ => return Err(error),
            },
        }
    }
}
