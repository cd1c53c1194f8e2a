//! The state of file descriptors, by fcntl(2): not every Unix has `/proc` or `/dev/fd`.
#![allow(unsafe_code)]

use std::os::fd::RawFd;

/// An fd that no test reaches.
const END: RawFd = 4096;

/// The open file descriptors.
pub(crate) fn open() -> Vec<RawFd> {
    (0..END).filter(|fd| fd_flags(*fd) != -1).collect()
}

/// The fd's flags, among them `FD_CLOEXEC`; -1 if it is not open.
fn fd_flags(fd: RawFd) -> i32 {
    // SAFETY: fcntl(2) with F_GETFD takes no argument and touches no memory.
    unsafe { libc::fcntl(fd, libc::F_GETFD) }
}

pub(crate) fn is_close_on_exec(fd: RawFd) -> bool {
    let flags = fd_flags(fd);
    assert_ne!(flags, -1, "{fd}");
    flags & libc::FD_CLOEXEC != 0
}

pub(crate) fn is_nonblocking(fd: RawFd) -> bool {
    // SAFETY: fcntl(2) with F_GETFL takes no argument and touches no memory.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFL) };
    assert_ne!(flags, -1, "{fd}");
    flags & libc::O_NONBLOCK != 0
}
