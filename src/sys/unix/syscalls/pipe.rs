//! Reading, writing and the mode of fds of our own; pipes and eventfds, which wakers are made of.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use super::ret::{ret, ret_c_int, ret_count, ret_owned_fds};
use super::{Pipe, Pipe2};
use crate::sys::platform::EVENTS;
use crate::sys::unix::caps::PipeCall;
use crate::sys::{errors, ffi};

/// Sets or clears `O_NONBLOCK`.
#[allow(dead_code)] // For feature `os-ext` and for pipes that wake.
#[inline]
pub(crate) fn set_nonblocking(fd: BorrowedFd<'_>, nonblocking: bool) -> io::Result<()> {
    // SAFETY: fcntl(2) with F_GETFL ignores its argument and touches no memory. Hermit's function
    // has a fixed number of arguments.
    let old = ret_c_int(unsafe { ffi::fcntl(fd.as_raw_fd(), ffi::F_GETFL, 0 as c_int) })?;
    let new = if nonblocking {
        old | ffi::O_NONBLOCK
    } else {
        old & !ffi::O_NONBLOCK
    };
    if new == old {
        return Ok(());
    }
    // SAFETY: fcntl(2) with F_SETFL takes an int, the flags, and touches no memory.
    ret(unsafe { ffi::fcntl(fd.as_raw_fd(), ffi::F_SETFL, new) })
}

/// read(2).
#[inline]
pub(crate) fn read(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    let pointer = buffer.as_mut_ptr().cast();
    // SAFETY: read(2) writes at most `buffer.len()` bytes to a buffer of that length.
    ret_count(unsafe { ffi::read(fd.as_raw_fd(), pointer, buffer.len() as _) })
}

/// write(2).
#[inline]
pub(crate) fn write(fd: BorrowedFd<'_>, buffer: &[u8]) -> io::Result<usize> {
    let pointer = buffer.as_ptr().cast();
    // SAFETY: write(2) reads at most `buffer.len()` bytes of a buffer of that length.
    ret_count(unsafe { ffi::write(fd.as_raw_fd(), pointer, buffer.len() as _) })
}

/// How a pipe is made.
const PIPE: PipeCall = EVENTS.pipe;

/// Makes a pipe, (reader, writer), with both ends non-blocking and close-on-exec.
#[allow(dead_code)] // For feature `os-ext` and for wakers.
#[inline]
pub(crate) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    match PIPE {
        PipeCall::Pipe2(call, flags) => pipe2(call, flags),
        PipeCall::Pipe(call, set_close_on_exec) => pipe_fcntl(call, set_close_on_exec),
        PipeCall::Missing => Err(errors::unsupported("this system has no pipes")),
    }
}

/// pipe2(2) with these flags: (reader, writer).
#[inline]
fn pipe2(call: Pipe2, flags: c_int) -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends: [c_int; 2] = [-1; 2];
    // SAFETY: pipe2(2) writes two ints, for which `ends` has room.
    let result = unsafe { call(ends.as_mut_ptr(), flags) };
    // SAFETY: unless it fails, pipe2(2) has opened two fds that nothing else owns.
    unsafe { ret_owned_fds(result, ends) }
}

/// pipe(2), then fcntl(2) for the flags: (reader, writer). `set_close_on_exec` is the command and
/// argument of fcntl(2).
///
/// A child process that another thread makes in between inherits both ends: these systems have no
/// call that does both.
#[inline]
fn pipe_fcntl(call: Pipe, set_close_on_exec: [c_int; 2]) -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends: [c_int; 2] = [-1; 2];
    // SAFETY: pipe(2) writes two ints, for which `ends` has room.
    let result = unsafe { call(ends.as_mut_ptr()) };
    // SAFETY: unless it fails, pipe(2) has opened two fds that nothing else owns.
    let (reader, writer) = unsafe { ret_owned_fds(result, ends) }?;
    for end in [&reader, &writer] {
        let [command, argument] = set_close_on_exec;
        // SAFETY: fcntl(2) with F_SETFD takes an int, the flags, and touches no memory.
        ret(unsafe { ffi::fcntl(end.as_raw_fd(), command, argument) })?;
        set_nonblocking(end.as_fd(), true)?;
    }
    Ok((reader, writer))
}

cfg_eventfd! {
    /// The flags of eventfd(2). A constant of its own names no other call of `EVENTS`.
    #[allow(dead_code)] // With `mio_unsupported_force_waker_pipe` pipes wake.
    const EVENTFD_FLAGS: c_int = EVENTS.eventfd_flags;

    /// eventfd(2): a counter of 0, close-on-exec and non-blocking.
    #[allow(dead_code)] // With `mio_unsupported_force_waker_pipe` pipes wake.
    #[inline]
    pub(crate) fn eventfd() -> io::Result<OwnedFd> {
        // SAFETY: eventfd(2) takes two integers and touches no memory.
        let fd = unsafe { ffi::eventfd(0, EVENTFD_FLAGS as _) };
        // SAFETY: unless it is -1, `fd` is a new fd that nothing else owns.
        unsafe { super::ret::ret_owned_fd(fd) }
    }
}
