//! The file descriptor of the selector, where the selector is one.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use crate::{Poll, Registry};

/// The file descriptor of the selector itself, for instance to watch it with another selector.
///
/// The caller may wait on it, for instance with `epoll_wait`, and then takes the events of
/// [`Waker::wake`](crate::Waker::wake). So from the first call of `as_fd` of a `Poll` or of one of
/// its registries, wakes of its wakers are no longer merged, and each costs a system call.
impl AsFd for Poll {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.registry().as_fd()
    }
}

/// The same as a [`RawFd`]; see `AsFd`, also for its cost.
impl AsRawFd for Poll {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

/// The file descriptor on which the [`Poll`] waits. All clones of a registry return the same one.
/// See `AsFd` of [`Poll`].
impl AsFd for Registry {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.selector().as_fd()
    }
}

/// The same as a [`RawFd`]; see `AsFd` of [`Poll`].
impl AsRawFd for Registry {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}
