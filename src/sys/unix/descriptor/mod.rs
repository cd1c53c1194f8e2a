//! Descriptors: duplicating, reading, writing and their flags.

mod syscall;

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

#[allow(unused_imports)] // As for the whole module.
pub(crate) use syscall::{duplicate, read, set_nonblocking, write};

/// A pipe(7) as (reader, writer), both ends non-blocking and close-on-exec from the start.
pub(crate) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    syscall::pipe2()
}

/// Reads until nothing is left. An end of file ends it, too.
pub(crate) fn drain(fd: BorrowedFd<'_>) -> io::Result<()> {
    let mut buffer = [0; 256];
    loop {
        match read(fd, &mut buffer) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock => return Ok(()),
                io::ErrorKind::Interrupted => {}
                _ => return Err(error),
            },
        }
    }
}
