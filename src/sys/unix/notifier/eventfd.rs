//! A notifier made of one [eventfd(2)]: a 64-bit counter in the kernel.
//!
//! Every write gives epoll(7) a new edge, also when the counter is not 0. A write that would take
//! the counter beyond its limit fails with `EAGAIN` and gives no edge: the counter is then drained
//! and written again.
//!
//! A copy of the process counts in the upper half, so that a reader detects it. Only poll(2) asks
//! for that, and it drains the counter in each wait: the lower half does not overflow.
//!
//! [eventfd(2)]: https://man7.org/linux/man-pages/man2/eventfd.2.html

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::Notifier;
use crate::sys::unix::syscalls::pipe::{eventfd, read, write};

/// See the head of this file.
#[derive(Debug)]
#[allow(dead_code)] // With `mio_unsupported_force_waker_pipe` pipes wake.
pub(crate) struct EventFd {
    counter: OwnedFd,
}

/// What a notification adds to the counter.
const OWN: u64 = 1;
/// What a notification from a copy of the process adds.
const FROM_COPY: u64 = 1 << 32;

impl EventFd {
    #[inline]
    fn add(&self, value: u64) -> io::Result<()> {
        match write(self.counter.as_fd(), &value.to_ne_bytes()) {
            Ok(_) => Ok(()),
            Err(error) => self.add_after(error, value),
        }
    }

    /// Adds a number after an error of write(2).
    #[cold]
    #[inline(never)]
    fn add_after(&self, mut error: io::Error, mut value: u64) -> io::Result<()> {
        loop {
            match error.kind() {
                io::ErrorKind::WouldBlock => {
                    if self.drain()? {
                        // Passes on the notification that was drained.
                        value = FROM_COPY;
                    }
                }
                io::ErrorKind::Interrupted => {}
                _ => return Err(error),
            }
            match write(self.counter.as_fd(), &value.to_ne_bytes()) {
                Ok(_) => return Ok(()),
                Err(next) => error = next,
            }
        }
    }
}

impl Notifier for EventFd {
    fn new() -> io::Result<EventFd> {
        let counter = eventfd()?;
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
            match read(self.counter.as_fd(), &mut count) {
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
    fn full_counter_is_drained() {
        let eventfd = EventFd::new().unwrap();
        let full = (u64::MAX - 1).to_ne_bytes();
        write(eventfd.as_fd(), &full).unwrap();
        eventfd.notify().unwrap();
        let mut count = [0; 8];
        read(eventfd.as_fd(), &mut count).unwrap();
        // Only copies of the process fill a counter like that.
        assert_eq!(u64::from_ne_bytes(count), FROM_COPY);
    }

    #[test]
    fn drained_counter_would_block() {
        let eventfd = EventFd::new().unwrap();
        eventfd.notify().unwrap();
        eventfd.notify().unwrap();
        assert!(!eventfd.drain().unwrap());
        let error = read(eventfd.as_fd(), &mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        assert!(!eventfd.drain().unwrap());
    }

    #[test]
    fn drain_reports_notification_from_copy() {
        let eventfd = EventFd::new().unwrap();
        eventfd.notify().unwrap();
        eventfd.notify_from_copy().unwrap();
        eventfd.notify().unwrap();
        assert!(eventfd.drain().unwrap());
        eventfd.notify().unwrap();
        assert!(!eventfd.drain().unwrap());
        // Also in a counter that was full.
        let full = (u64::MAX - 1).to_ne_bytes();
        write(eventfd.as_fd(), &full).unwrap();
        eventfd.notify().unwrap();
        assert!(eventfd.drain().unwrap());
    }
}
