//! The double's two calls with their C signatures, and what it asks of Linux.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_short};
use std::mem;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::ptr;

use crate::sys::ffi;

use super::queue::{Errno, control, delete, duration, errno, fail, ret, taken};
use super::{KernelEvent, call, faults, new_queue};

/// kqueue(2).
///
/// # Safety
///
/// As the real one.
pub(crate) unsafe fn kqueue() -> c_int {
    new_queue().unwrap_or_else(fail)
}

/// kevent(2).
///
/// # Safety
///
/// As the real one: `change_count` records to read, room for `room` records, and a time-out or null.
pub(crate) unsafe fn kevent(
    fd: c_int,
    changes: *const ffi::kevent,
    change_count: c_int,
    events: *mut ffi::kevent,
    room: c_int,
    timeout: *const ffi::timespec,
) -> c_int {
    faults::count_call();
    let mut copied = Vec::new();
    for index in 0..usize::try_from(change_count).unwrap_or(0) {
        // SAFETY: the caller promises so many records.
        let place = unsafe { changes.add(index) };
        // SAFETY: as above.
        let change = unsafe { place.read() };
        copied.push(KernelEvent {
            ident: change.ident as _,
            filter: change.filter as _,
            flags: change.flags as _,
            fflags: change.fflags as _,
            data: change.data as _,
            udata: change.udata as _,
        });
    }
    let timeout = if timeout.is_null() {
        None
    } else {
        // SAFETY: the caller promises a time-out where the pointer is not null.
        let timeout = unsafe { timeout.read() };
        Some(duration(timeout.tv_sec as _, timeout.tv_nsec as _))
    };
    let result = call(fd, &copied, usize::try_from(room).unwrap_or(0), timeout);
    let posted = match result {
        Ok(posted) => posted,
        Err(error) => return fail(error),
    };
    for (index, event) in posted.iter().enumerate() {
        // SAFETY: a `struct kevent` is made of integers and a pointer, for all of which zeros are a value.
        let mut record: ffi::kevent = unsafe { mem::zeroed() };
        record.ident = event.ident as _;
        record.filter = event.filter as _;
        record.flags = event.flags as _;
        record.fflags = event.fflags as _;
        record.data = event.data as _;
        record.udata = event.udata as _;
        // SAFETY: never more than `room`, for which the caller promises places.
        let place = unsafe { events.add(index) };
        // SAFETY: as above.
        unsafe { place.write(record) };
    }
    posted.len() as c_int
}

/// Takes the edges of an inner queue, as numbers and generations.
pub(super) fn edges(inner: &OwnedFd) -> Vec<(RawFd, u32)> {
    let mut all = Vec::new();
    loop {
        let some = taken(inner.as_raw_fd());
        if some.is_empty() {
            return all;
        }
        all.extend(
            some.iter()
                .map(|(data, _)| (*data as u32 as RawFd, (data >> 32) as u32)),
        );
    }
}

pub(super) fn watch(
    inner: &OwnedFd,
    writes: bool,
    fd: RawFd,
    generation: u32,
) -> Result<(), Errno> {
    let kinds = if writes {
        libc::EPOLLOUT
    } else {
        libc::EPOLLIN | libc::EPOLLRDHUP
    };
    let data = u64::from(generation) << 32 | fd as u32 as u64;
    let result = control(inner.as_raw_fd(), fd, kinds | libc::EPOLLET, data);
    if result == Err(libc::EEXIST) {
        // A closed number that a duplicate keeps alive.
        unwatch(inner, fd);
        return control(inner.as_raw_fd(), fd, kinds | libc::EPOLLET, data);
    }
    result
}

pub(super) fn unwatch(inner: &OwnedFd, fd: RawFd) {
    delete(inner.as_raw_fd(), fd);
}

/// What is ready, without waiting.
pub(super) fn poll(fd: RawFd) -> c_short {
    let mut one = libc::pollfd {
        fd,
        events: libc::POLLIN | libc::POLLOUT | libc::POLLRDHUP,
        revents: 0,
    };
    // SAFETY: poll(2) reads and writes one `pollfd`.
    match ret(unsafe { libc::poll(&raw mut one, 1, 0) }) {
        Ok(_) => one.revents,
        Err(_) => 0,
    }
}

/// What kind of file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum File {
    Stream,
    Listener,
    Datagram,
    /// The reading end of a pipe, or a FIFO opened for reading.
    PipeReader,
    PipeWriter,
    Other,
}

pub(super) fn file(fd: RawFd) -> File {
    // SAFETY: `struct stat` is made of integers, for which zeros are a value.
    let mut status: libc::stat = unsafe { mem::zeroed() };
    // SAFETY: fstat(2) writes one `stat`.
    if ret(unsafe { libc::fstat(fd, &raw mut status) }).is_err() {
        return File::Other;
    }
    match status.st_mode & libc::S_IFMT {
        libc::S_IFIFO if opened_for_reading(fd) => File::PipeReader,
        libc::S_IFIFO => File::PipeWriter,
        libc::S_IFSOCK => match option(fd, libc::SO_TYPE) {
            libc::SOCK_DGRAM => File::Datagram,
            _ if option(fd, libc::SO_ACCEPTCONN) != 0 => File::Listener,
            _ => File::Stream,
        },
        _ => File::Other,
    }
}

fn opened_for_reading(fd: RawFd) -> bool {
    // SAFETY: fcntl(2) with F_GETFL takes no argument and touches no memory.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFL) };
    flags & libc::O_ACCMODE == libc::O_RDONLY
}

/// A Unix domain socket.
pub(super) fn is_unix(fd: RawFd) -> bool {
    option(fd, libc::SO_DOMAIN) == libc::AF_UNIX
}

/// An option of a socket that is one integer.
fn option(fd: RawFd, name: c_int) -> c_int {
    let mut value: c_int = 0;
    let mut length = mem::size_of::<c_int>() as libc::socklen_t;
    // SAFETY: getsockopt(2) writes at most `length` bytes to `value` and the length.
    unsafe {
        libc::getsockopt(
            fd,
            libc::SOL_SOCKET,
            name,
            (&raw mut value).cast(),
            &raw mut length,
        )
    };
    value
}

pub(super) fn is_connected(fd: RawFd) -> bool {
    // SAFETY: addresses are made of integers, for which zeros are a value.
    let mut address: libc::sockaddr_storage = unsafe { mem::zeroed() };
    let mut length = mem::size_of::<libc::sockaddr_storage>() as libc::socklen_t;
    // SAFETY: getpeername(2) writes at most `length` bytes to `address` and the length.
    ret(unsafe { libc::getpeername(fd, (&raw mut address).cast(), &raw mut length) }).is_ok()
}

/// How much there is to read.
pub(super) fn unread(fd: RawFd) -> i64 {
    let mut count: c_int = 0;
    // SAFETY: ioctl(2) with FIONREAD writes one integer.
    match ret(unsafe { libc::ioctl(fd, libc::FIONREAD, &raw mut count) }) {
        Ok(_) => count.into(),
        Err(_) => 0,
    }
}

/// Whether the writing half of a stream is shut: then even nothing cannot be sent.
pub(super) fn writing_is_shut(fd: RawFd) -> bool {
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    // SAFETY: send(2) of no bytes reads no memory.
    let result = unsafe { libc::send(fd, ptr::null(), 0, flags) };
    result == -1 && errno() == libc::EPIPE
}
