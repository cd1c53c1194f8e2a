//! kqueue(2) and kevent(2) of the fake kernel, with the signatures of the C library's, and the
//! calls to Linux that the fake kernel needs.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_short};
use std::mem;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::ptr;

use crate::sys::ffi;

use super::host::{Errno, duration, epoll_add, epoll_remove, errno, fail, ret, take_epoll_events};
use super::{KernelEvent, QUIRKS, kevent_call, new_kqueue};
use crate::testing::injection::{self, Call, Effect};

/// kqueue(2).
///
/// # Safety
///
/// None beyond the real call's.
pub(crate) unsafe fn kqueue() -> c_int {
    match injection::error(Call::Kqueue) {
        Some(error) => fail(error),
        None => new_kqueue().unwrap_or_else(fail),
    }
}

/// kevent(2).
///
/// # Safety
///
/// As for the real call: `changes` has `change_count` changes, `events` has room for `room` events,
/// and `timeout` is valid or null.
pub(crate) unsafe fn kevent(
    fd: c_int,
    changes: *const ffi::kevent,
    change_count: c_int,
    events: *mut ffi::kevent,
    room: c_int,
    timeout: *const ffi::timespec,
) -> c_int {
    let call = if change_count > 0 {
        Call::KeventChange
    } else {
        Call::KeventWait
    };
    let effect = injection::effect(call);
    if let Some(Effect::Fail(error)) = effect {
        return fail(error);
    }
    let mut copied = Vec::new();
    for index in 0..usize::try_from(change_count).unwrap_or(0) {
        // SAFETY: `index` is below `change_count`, and the caller guarantees so many changes.
        let entry = unsafe { changes.add(index) };
        // SAFETY: as above.
        let change = unsafe { entry.read() };
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
        // SAFETY: the caller guarantees that `timeout` is valid if it is not null.
        let timeout = unsafe { timeout.read() };
        Some(duration(timeout.tv_sec as _, timeout.tv_nsec as _))
    };
    let mut room = usize::try_from(room).unwrap_or(0);
    if let Some(Effect::Short(most)) = effect {
        room = room.min(most);
    }
    let result = kevent_call(fd, &copied, room, timeout);
    if let (Some(Effect::FailAfter(error)), Ok(returned)) = (effect, &result) {
        // The changes are applied. A kernel that has an error to return does not fail afterwards.
        if returned.iter().all(|event| event.data == 0) {
            return fail(error);
        }
    }
    let returned = match result {
        Ok(returned) => returned,
        Err(error) => return fail(error),
    };
    for (index, event) in returned.iter().enumerate() {
        // SAFETY: a `struct kevent` consists of integers and a pointer, for all of which zeros are
        // a valid value.
        let mut kevent: ffi::kevent = unsafe { mem::zeroed() };
        kevent.ident = event.ident as _;
        kevent.filter = event.filter as _;
        kevent.flags = event.flags as _;
        kevent.fflags = event.fflags as _;
        kevent.data = event.data as _;
        kevent.udata = event.udata as _;
        // SAFETY: `index` is below `room`, and the caller guarantees room for so many events.
        let entry = unsafe { events.add(index) };
        // SAFETY: as above.
        unsafe { entry.write(kevent) };
    }
    returned.len() as c_int
}

/// fstat(2).
///
/// # Safety
///
/// As for the real call: `status` has room for a `stat`.
pub(crate) unsafe fn fstat(fd: c_int, status: *mut libc::stat) -> c_int {
    // SAFETY: the caller guarantees the room.
    let result = unsafe { libc::fstat(fd, status) };
    if result == 0 && !QUIRKS.pipes_have_inodes {
        // SAFETY: fstat(2) succeeded, so it has written the `stat`, which the caller lends.
        let status = unsafe { &mut *status };
        if status.st_mode & libc::S_IFMT == libc::S_IFIFO {
            (status.st_dev, status.st_ino) = (0, 0);
        }
    }
    result
}

/// Takes all edges that an epoll instance has seen: the fd and the generation of each.
pub(super) fn take_edges(epoll: &OwnedFd) -> Vec<(RawFd, u32)> {
    let mut all = Vec::new();
    loop {
        let taken = take_epoll_events(epoll.as_raw_fd());
        if taken.is_empty() {
            return all;
        }
        all.extend(
            taken
                .iter()
                .map(|(data, _)| (*data as u32 as RawFd, (data >> 32) as u32)),
        );
    }
}

/// Makes an epoll instance watch `fd` for edges of one filter.
pub(super) fn watch(
    epoll: &OwnedFd,
    is_write: bool,
    fd: RawFd,
    generation: u32,
) -> Result<(), Errno> {
    let events = if is_write {
        libc::EPOLLOUT
    } else {
        libc::EPOLLIN | libc::EPOLLRDHUP
    };
    let data = u64::from(generation) << 32 | fd as u32 as u64;
    let result = epoll_add(epoll.as_raw_fd(), fd, events | libc::EPOLLET, data);
    if result == Err(libc::EEXIST) {
        // The fd was closed, but a duplicate keeps its file in the epoll instance.
        unwatch(epoll, fd);
        return epoll_add(epoll.as_raw_fd(), fd, events | libc::EPOLLET, data);
    }
    result
}

/// Makes an epoll instance stop watching `fd`.
pub(super) fn unwatch(epoll: &OwnedFd, fd: RawFd) {
    epoll_remove(epoll.as_raw_fd(), fd);
}

/// The conditions of `fd`, from a zero-timeout poll(2).
pub(super) fn poll(fd: RawFd) -> c_short {
    let mut entry = libc::pollfd {
        fd,
        events: libc::POLLIN | libc::POLLOUT | libc::POLLRDHUP,
        revents: 0,
    };
    // SAFETY: poll(2) reads and writes one `pollfd`.
    match ret(unsafe { libc::poll(&raw mut entry, 1, 0) }) {
        Ok(_) => entry.revents,
        Err(_) => 0,
    }
}

/// The kind of a file.
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

/// The kind of the file that `fd` is open for.
pub(super) fn file(fd: RawFd) -> File {
    // SAFETY: `struct stat` consists of integers, for which zeros are a valid value.
    let mut status: libc::stat = unsafe { mem::zeroed() };
    // SAFETY: fstat(2) writes one `stat`.
    if ret(unsafe { libc::fstat(fd, &raw mut status) }).is_err() {
        return File::Other;
    }
    match status.st_mode & libc::S_IFMT {
        libc::S_IFIFO if is_opened_for_reading(fd) => File::PipeReader,
        libc::S_IFIFO => File::PipeWriter,
        libc::S_IFSOCK => match socket_option(fd, libc::SO_TYPE) {
            libc::SOCK_DGRAM => File::Datagram,
            _ if socket_option(fd, libc::SO_ACCEPTCONN) != 0 => File::Listener,
            _ => File::Stream,
        },
        _ => File::Other,
    }
}

/// Whether `fd` is open for `/dev/tty`, device 5:0 on Linux ([devices.txt]).
///
/// [devices.txt]: https://github.com/torvalds/linux/blob/v6.12/Documentation/admin-guide/devices.txt
pub(super) fn is_controlling_terminal(fd: RawFd) -> bool {
    // SAFETY: `struct stat` consists of integers, for which zeros are a valid value.
    let mut status: libc::stat = unsafe { mem::zeroed() };
    // SAFETY: fstat(2) writes one `stat`.
    let result = ret(unsafe { libc::fstat(fd, &raw mut status) });
    let is_device = status.st_mode & libc::S_IFMT == libc::S_IFCHR;
    result.is_ok() && is_device && status.st_rdev == libc::makedev(5, 0)
}

fn is_opened_for_reading(fd: RawFd) -> bool {
    // SAFETY: fcntl(2) with F_GETFL takes no argument and touches no memory.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFL) };
    flags & libc::O_ACCMODE == libc::O_RDONLY
}

/// Whether `fd` is a Unix domain socket.
pub(super) fn is_unix(fd: RawFd) -> bool {
    socket_option(fd, libc::SO_DOMAIN) == libc::AF_UNIX
}

/// The value of a socket option that is one integer.
fn socket_option(fd: RawFd, name: c_int) -> c_int {
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

/// Whether a socket is connected.
pub(super) fn is_connected(fd: RawFd) -> bool {
    // SAFETY: addresses consist of integers, for which zeros are a valid value.
    let mut address: libc::sockaddr_storage = unsafe { mem::zeroed() };
    let mut length = mem::size_of::<libc::sockaddr_storage>() as libc::socklen_t;
    // SAFETY: getpeername(2) writes at most `length` bytes to `address` and the length.
    ret(unsafe { libc::getpeername(fd, (&raw mut address).cast(), &raw mut length) }).is_ok()
}

/// The number of unread bytes.
pub(super) fn unread_bytes(fd: RawFd) -> i64 {
    let mut count: c_int = 0;
    // SAFETY: ioctl(2) with FIONREAD writes one integer.
    match ret(unsafe { libc::ioctl(fd, libc::FIONREAD, &raw mut count) }) {
        Ok(_) => count.into(),
        Err(_) => 0,
    }
}

/// Whether the writing half of a stream socket is shut down. Then send(2) of no bytes returns EPIPE
/// (`tcp_sendmsg_locked`: <https://github.com/torvalds/linux/blob/v6.12/net/ipv4/tcp.c>,
/// `unix_stream_sendmsg`: <https://github.com/torvalds/linux/blob/v6.12/net/unix/af_unix.c>).
pub(super) fn is_writing_shut_down(fd: RawFd) -> bool {
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    // SAFETY: send(2) of no bytes reads no memory.
    let result = unsafe { libc::send(fd, ptr::null(), 0, flags) };
    result == -1 && errno() == libc::EPIPE
}
