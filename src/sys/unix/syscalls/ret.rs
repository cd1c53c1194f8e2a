//! The results of system calls that return -1 and set `errno` on failure.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

/// The result of a call that returns nothing of interest.
#[inline(always)]
pub(crate) fn ret(result: c_int) -> io::Result<()> {
    if result == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// The result of a call that returns a value in which -1 is no success.
#[inline]
#[cfg(feature = "os-poll")]
#[allow(dead_code)] // WASI has no such call here.
pub(crate) fn ret_c_int(result: c_int) -> io::Result<c_int> {
    ret(result).map(|()| result)
}

/// The result of a call that returns a count.
#[inline]
#[allow(dead_code)] // Where std writes to sockets, sockets need no count.
pub(crate) fn ret_count<T: TryInto<usize>>(result: T) -> io::Result<usize> {
    result.try_into().map_err(|_| io::Error::last_os_error())
}

/// The result of a call that returns a new fd.
///
/// # Safety
///
/// Unless `result` is -1, it must be an open fd that nothing else owns.
#[inline(always)]
pub(crate) unsafe fn ret_owned_fd(result: c_int) -> io::Result<OwnedFd> {
    ret(result)?;
    // SAFETY: `result` is not -1, so the caller promises that it is an fd that nothing else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(result) })
}

/// The result of a call that writes two new fds.
///
/// # Safety
///
/// Unless `result` is -1, both must be open fds that nothing else owns.
#[inline(always)]
#[allow(dead_code)] // WASI has neither pipes nor socketpair(2).
pub(crate) unsafe fn ret_owned_fds(
    result: c_int,
    [first, second]: [c_int; 2],
) -> io::Result<(OwnedFd, OwnedFd)> {
    if result == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: `result` is not -1, so the caller promises that `first` is an fd that nothing else
    // owns.
    let first = unsafe { OwnedFd::from_raw_fd(first) };
    // SAFETY: `result` is not -1, so the caller promises that `second` is an fd that nothing else
    // owns.
    let second = unsafe { OwnedFd::from_raw_fd(second) };
    Ok((first, second))
}
