//! A notifier made of a pipe(7): one byte a notification.
//!
//! A full pipe gives no new edge, so it is emptied and written again.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::sys::wake::Notifier;
use crate::sys::{descriptor, new_pipe};

/// See the head of this file.
#[derive(Debug)]
pub(crate) struct Pipe {
    reader: OwnedFd,
    writer: OwnedFd,
}

impl Notifier for Pipe {
    fn new() -> io::Result<Pipe> {
        let (reader, writer) = new_pipe::pipe()?;
        Ok(Pipe { reader, writer })
    }

    fn notify(&self) -> io::Result<()> {
        loop {
            match descriptor::write(self.writer.as_fd(), &[1]) {
                Ok(_) => return Ok(()),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => self.drain()?,
                    io::ErrorKind::Interrupted => {}
                    _ => return Err(error),
                },
            }
        }
    }

    fn drain(&self) -> io::Result<()> {
        descriptor::drain(self.reader.as_fd())
    }

    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A-95 for pipes: a full pipe neither blocks nor loses the wake.
    #[test]
    fn a_full_pipe_is_emptied() {
        let pipe = Pipe::new().unwrap();
        while descriptor::write(pipe.writer.as_fd(), &[0; 4096]).is_ok() {}
        while descriptor::write(pipe.writer.as_fd(), &[0]).is_ok() {}
        pipe.notify().unwrap();
        let mut buffer = [0; 8];
        assert_eq!(descriptor::read(pipe.as_fd(), &mut buffer).unwrap(), 1);
    }
}
