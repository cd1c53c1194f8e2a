//! send(2) and sendmsg(2) with `MSG_NOSIGNAL`.
#![allow(unsafe_code)]

use std::io::{self, IoSlice};
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd};

/// The result of a call that returns a count, or -1 and sets `errno`.
fn ret_count(result: libc::ssize_t) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}

/// send(2) without SIGPIPE.
pub(super) fn send(socket: BorrowedFd<'_>, buffer: &[u8]) -> io::Result<usize> {
    let pointer = buffer.as_ptr().cast();
    let flags = libc::MSG_NOSIGNAL;
    // SAFETY: send(2) reads `buffer.len()` bytes of a buffer of that length.
    let count = unsafe { libc::send(socket.as_raw_fd(), pointer, buffer.len(), flags) };
    ret_count(count)
}

/// How many buffers every system takes in one call; more would be EMSGSIZE.
const MOST_BUFFERS: usize = 1024;

/// sendmsg(2) without SIGPIPE, without an address and without control data. Buffers beyond the kernel's limit are left out.
pub(super) fn sendmsg(socket: BorrowedFd<'_>, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
    let count = buffers.len().min(MOST_BUFFERS);
    // SAFETY: a plain C structure of integers and raw pointers, for which all bits zero are valid.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    // std promises that an `IoSlice` has the layout of an `iovec`. The kernel does not write to it.
    message.msg_iov = buffers.as_ptr().cast::<libc::iovec>().cast_mut();
    message.msg_iovlen = count as _;
    // SAFETY: sendmsg(2) reads `message`, its `count` vectors, of which there are so many, and the buffers they point to, which
    // are borrowed while the call runs; address and control data have no length.
    let count = unsafe { libc::sendmsg(socket.as_raw_fd(), &message, libc::MSG_NOSIGNAL) };
    ret_count(count)
}
