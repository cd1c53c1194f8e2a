//! The descriptor of the queue, where the queue is one.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use crate::{Poll, Registry};

/// The descriptor of the queue itself, for instance to put it under another queue.
impl AsFd for Poll {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.registry().as_fd()
    }
}

/// The number of the queue's descriptor.
impl AsRawFd for Poll {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

/// A descriptor of the same queue that the [`Poll`] waits on.
impl AsFd for Registry {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.selector().as_fd()
    }
}

/// The number of the descriptor.
impl AsRawFd for Registry {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}
