//! The system calls on any descriptor.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use crate::sys::ffi;

/// The result of a call that returns -1 and sets `errno` on failure.
fn ret(result: c_int) -> io::Result<c_int> {
    if result == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(result)
}

/// The same for calls that return a count.
fn ret_count(result: isize) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}

/// Sets or clears `O_NONBLOCK`.
pub(crate) fn set_nonblocking(fd: BorrowedFd<'_>, nonblocking: bool) -> io::Result<()> {
    // SAFETY: fcntl(2) with F_GETFL ignores its argument and touches no memory. Hermit's function has a fixed number of them.
    let old = ret(unsafe { ffi::fcntl(fd.as_raw_fd(), ffi::F_GETFL, 0 as c_int) })?;
    let new = if nonblocking {
        old | ffi::O_NONBLOCK
    } else {
        old & !ffi::O_NONBLOCK
    };
    if new != old {
        // SAFETY: fcntl(2) with F_SETFL takes an int, the flags, and touches no memory.
        ret(unsafe { ffi::fcntl(fd.as_raw_fd(), ffi::F_SETFL, new) })?;
    }
    Ok(())
}

/// read(2).
pub(crate) fn read(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    // SAFETY: read(2) writes at most `buffer.len()` bytes to a buffer of that length.
    let count = unsafe {
        ffi::read(
            fd.as_raw_fd(),
            buffer.as_mut_ptr().cast(),
            buffer.len() as _,
        )
    };
    ret_count(count)
}

/// write(2).
pub(crate) fn write(fd: BorrowedFd<'_>, buffer: &[u8]) -> io::Result<usize> {
    // SAFETY: write(2) reads at most `buffer.len()` bytes of a buffer of that length.
    let count = unsafe { ffi::write(fd.as_raw_fd(), buffer.as_ptr().cast(), buffer.len() as _) };
    ret_count(count)
}
