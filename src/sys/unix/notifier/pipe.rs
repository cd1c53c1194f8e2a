//! The notifier made of a [pipe(7)]: one byte for a notification, another byte for one from a copy
//! of the process.
//!
//! A full pipe gives no new edge, so the notifier drains it and writes again.
//!
//! [pipe(7)]: https://man7.org/linux/man-pages/man7/pipe.7.html

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::Notifier;
use crate::sys::unix::syscalls::pipe;

/// Reads until nothing or an end of file is left, and passes on what was read.
fn drain(fd: BorrowedFd<'_>, mut consume: impl FnMut(&[u8])) -> io::Result<()> {
    let mut buffer = [0; 256];
    loop {
        match pipe::read(fd, &mut buffer) {
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

/// The notifier. See the head of this file.
#[derive(Debug)]
pub(crate) struct Pipe {
    reader: OwnedFd,
    writer: OwnedFd,
}

/// A notification.
const OWN: u8 = 1;
/// A notification from a copy of the process.
const FROM_COPY: u8 = 2;

impl Pipe {
    fn write(&self, mut byte: u8) -> io::Result<()> {
        loop {
            match pipe::write(self.writer.as_fd(), &[byte]) {
                Ok(_) => return Ok(()),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => {
                        if self.drain()? {
                            // Passes on the notification that was drained.
                            byte = FROM_COPY;
                        }
                    }
                    io::ErrorKind::Interrupted => {}
                    _ => return Err(error),
                },
            }
        }
    }
}

impl Notifier for Pipe {
    fn new() -> io::Result<Pipe> {
        let (reader, writer) = pipe::pipe()?;
        Ok(Pipe { reader, writer })
    }

    fn notify(&self) -> io::Result<()> {
        self.write(OWN)
    }

    fn notify_from_copy(&self) -> io::Result<()> {
        self.write(FROM_COPY)
    }

    fn drain(&self) -> io::Result<bool> {
        let mut is_from_copy = false;
        drain(self.reader.as_fd(), |bytes| {
            is_from_copy |= bytes.contains(&FROM_COPY);
        })?;
        Ok(is_from_copy)
    }

    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A full pipe neither blocks nor loses the wake.
    #[test]
    fn full_pipe_is_drained() {
        let pipe = Pipe::new().unwrap();
        while pipe::write(pipe.writer.as_fd(), &[0; 4096]).is_ok() {}
        while pipe::write(pipe.writer.as_fd(), &[0]).is_ok() {}
        pipe.notify().unwrap();
        let mut buffer = [0; 8];
        assert_eq!(pipe::read(pipe.as_fd(), &mut buffer).unwrap(), 1);
    }

    #[test]
    fn drain_reports_notification_from_copy() {
        let pipe = Pipe::new().unwrap();
        pipe.notify().unwrap();
        assert!(!pipe.drain().unwrap());
        pipe.notify_from_copy().unwrap();
        // Also in a pipe that was full.
        while pipe::write(pipe.writer.as_fd(), &[0; 4096]).is_ok() {}
        while pipe::write(pipe.writer.as_fd(), &[0]).is_ok() {}
        pipe.notify().unwrap();
        assert!(pipe.drain().unwrap());
        assert!(!pipe.drain().unwrap());
    }
}
