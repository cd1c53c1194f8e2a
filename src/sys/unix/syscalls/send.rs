//! send(2) and sendmsg(2) with `MSG_NOSIGNAL`.
#![allow(unsafe_code)]

use std::io::{self, IoSlice};
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd};

use super::ret::ret_count;
use crate::sys::unix::caps::NoSignal;
#[cfg(mio_fault_injection)]
use crate::testing::injection::calls::syscall::libc;

/// Both.
#[allow(dead_code)] // Apple's systems set an option of the socket instead.
pub(crate) const NO_SIGNAL: NoSignal = NoSignal {
    send,
    sendmsg,
    refuses_sendmsg,
};

/// send(2) without SIGPIPE.
#[inline]
fn send(socket: BorrowedFd<'_>, buffer: &[u8]) -> io::Result<usize> {
    let pointer = buffer.as_ptr().cast();
    let flags = libc::MSG_NOSIGNAL;
    // SAFETY: send(2) reads `buffer.len()` bytes of a buffer of that length.
    ret_count(unsafe { libc::send(socket.as_raw_fd(), pointer, buffer.len(), flags) })
}

/// How many buffers every system takes in one call; more would be EMSGSIZE.
const MAX_BUFFERS: usize = 1024;

/// sendmsg(2) without SIGPIPE, without an address and without control data. Buffers beyond the
/// kernel's limit are left out.
#[inline]
fn sendmsg(socket: BorrowedFd<'_>, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
    let count = buffers.len().min(MAX_BUFFERS);
    // SAFETY: a plain C structure of integers and raw pointers, for which all bits zero are valid.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    // std promises that an `IoSlice` has the layout of an `iovec`. The kernel does not write to it.
    message.msg_iov = buffers.as_ptr().cast::<libc::iovec>().cast_mut();
    message.msg_iovlen = count as _;
    // SAFETY: sendmsg(2) reads `message`, its `count` vectors, of which there are so many, and the
    // buffers they point to, which are borrowed while the call runs; address and control data have
    // no length.
    ret_count(unsafe { libc::sendmsg(socket.as_raw_fd(), &message, libc::MSG_NOSIGNAL) })
}

/// Whether the system or a sandbox refuses sendmsg(2) as such, with whatever error. A system that
/// has it returns EBADF for an fd that is not open, and sends nothing.
#[cold]
fn refuses_sendmsg() -> bool {
    // SAFETY: a plain C structure of integers and raw pointers, for which all bits zero are valid.
    let message: libc::msghdr = unsafe { mem::zeroed() };
    // SAFETY: sendmsg(2) reads `message`, which has no address, no vectors and no control data. It
    // fails, for no fd is negative.
    let result = ret_count(unsafe { libc::sendmsg(-1, &message, libc::MSG_NOSIGNAL) });
    !result.is_err_and(|error| error.raw_os_error() == Some(libc::EBADF))
}
