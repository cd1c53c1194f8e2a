//! A notifier made of one eventfd(2): a 64-bit counter in the kernel.
//!
//! Every write gives epoll a new edge, also when the counter is not 0. A write that would take the counter beyond its limit
//! fails with `EAGAIN` and gives no edge: then the counter is emptied and written again.
//!
//! A copy of the process counts in the upper half, so that a reader sees whether one has written.
//! That is asked on poll(2) only, where each wait empties the counter: the lower half does not
//! overflow.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::Notifier;
use crate::sys::unix::fd;
use crate::sys::unix::syscalls::eventfd as syscall;

/// See the head of this file.
#[derive(Debug)]
pub(crate) struct EventFd {
    counter: OwnedFd,
}

/// What a notification adds.
const OWN: u64 = 1;
/// What the notification of a copy adds.
const FROM_COPY: u64 = 1 << 32;

impl EventFd {
    fn add(&self, mut number: u64) -> io::Result<()> {
        loop {
            match fd::write(self.counter.as_fd(), &number.to_ne_bytes()) {
                Ok(_) => return Ok(()),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => {
                        if self.drain()? {
                            // Not lost with what was emptied.
                            number = FROM_COPY;
                        }
                    }
                    io::ErrorKind::Interrupted => {}
                    _ => return Err(error),
                },
            }
        }
    }
}

impl Notifier for EventFd {
    fn new() -> io::Result<EventFd> {
        let counter = syscall::eventfd()?;
        Ok(EventFd { counter })
    }

    fn notify(&self) -> io::Result<()> {
        self.add(OWN)
    }

    fn notify_from_copy(&self) -> io::Result<()> {
        self.add(FROM_COPY)
    }

    fn drain(&self) -> io::Result<bool> {
        // One read takes the whole counter.
        let mut count = [0; 8];
        loop {
            match fd::read(self.counter.as_fd(), &mut count) {
                Ok(_) => return Ok(u64::from_ne_bytes(count) >= FROM_COPY),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => return Ok(false),
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

    /// A full counter neither blocks nor loses the wake.
    #[test]
    fn a_full_counter_is_emptied() {
        let eventfd = EventFd::new().unwrap();
        let full = (u64::MAX - 1).to_ne_bytes();
        fd::write(eventfd.as_fd(), &full).unwrap();
        eventfd.notify().unwrap();
        let mut count = [0; 8];
        fd::read(eventfd.as_fd(), &mut count).unwrap();
        // Such a counter was filled by copies.
        assert_eq!(u64::from_ne_bytes(count), FROM_COPY);
    }

    #[test]
    fn drain_leaves_nothing() {
        let eventfd = EventFd::new().unwrap();
        eventfd.notify().unwrap();
        eventfd.notify().unwrap();
        assert!(!eventfd.drain().unwrap());
        let error = fd::read(eventfd.as_fd(), &mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        assert!(!eventfd.drain().unwrap());
    }

    #[test]
    fn a_notification_of_a_copy_is_told_apart() {
        let eventfd = EventFd::new().unwrap();
        eventfd.notify().unwrap();
        eventfd.notify_from_copy().unwrap();
        eventfd.notify().unwrap();
        assert!(eventfd.drain().unwrap());
        eventfd.notify().unwrap();
        assert!(!eventfd.drain().unwrap());
        // Also in a counter that was full.
        let full = (u64::MAX - 1).to_ne_bytes();
        fd::write(eventfd.as_fd(), &full).unwrap();
        eventfd.notify().unwrap();
        assert!(eventfd.drain().unwrap());
    }
}
