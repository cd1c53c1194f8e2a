//! A notifier made of one eventfd(2): a 64-bit counter in the kernel.
//!
//! Every write gives epoll a new edge, also when the counter is not 0. A write that would take the counter beyond its limit
//! fails with `EAGAIN` and gives no edge: then the counter is emptied and written again.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::sys::descriptor;
use crate::sys::wake::Notifier;

mod syscall;

/// See the head of this file.
#[derive(Debug)]
pub(crate) struct EventFd {
    counter: OwnedFd,
}

impl Notifier for EventFd {
    fn new() -> io::Result<EventFd> {
        let counter = syscall::eventfd()?;
        Ok(EventFd { counter })
    }

    fn notify(&self) -> io::Result<()> {
        let one = 1_u64.to_ne_bytes();
        loop {
            match descriptor::write(self.counter.as_fd(), &one) {
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
        // One read takes the whole counter.
        let mut count = [0; 8];
        loop {
            match descriptor::read(self.counter.as_fd(), &mut count) {
                Ok(_) => return Ok(()),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => return Ok(()),
                    io::ErrorKind::Interrupted => {}
                    _ => return Err(error),
                },
            }
        }
    }

    fn as_fd(&self) -> BorrowedFd<'_> {
        self.counter.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// a full counter neither blocks nor loses the wake.
    #[test]
    fn a_full_counter_is_emptied() {
        let eventfd = EventFd::new().unwrap();
        let full = (u64::MAX - 1).to_ne_bytes();
        descriptor::write(eventfd.as_fd(), &full).unwrap();
        eventfd.notify().unwrap();
        let mut count = [0; 8];
        descriptor::read(eventfd.as_fd(), &mut count).unwrap();
        assert_eq!(u64::from_ne_bytes(count), 1);
    }

    #[test]
    fn drain_leaves_nothing() {
        let eventfd = EventFd::new().unwrap();
        eventfd.notify().unwrap();
        eventfd.notify().unwrap();
        eventfd.drain().unwrap();
        let error = descriptor::read(eventfd.as_fd(), &mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        eventfd.drain().unwrap();
    }
}
