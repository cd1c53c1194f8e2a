//! Descriptors: reading, writing and their mode. How pipes are made is beside it, one file for each
//! way.

mod syscall;

use std::io;
use std::os::fd::BorrowedFd;

#[allow(unused_imports)] // As for the whole module.
pub(crate) use syscall::{read, set_nonblocking, write};

/// Reads until nothing is left, and shows what was read. An end of file ends it, too.
pub(crate) fn drain(fd: BorrowedFd<'_>, mut show: impl FnMut(&[u8])) -> io::Result<()> {
    let mut buffer = [0; 256];
    loop {
        match read(fd, &mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => show(buffer.get(..count).unwrap_or_default()),
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock => return Ok(()),
                io::ErrorKind::Interrupted => {}
                _ => return Err(error),
            },
        }
    }
}
