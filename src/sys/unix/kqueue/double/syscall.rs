//! The double's two calls with their C signatures, and what it asks of Linux.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_short};
use std::fs;
use std::mem;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::time::Duration;

use crate::sys::raw;

use super::{Event, call, faults, new_queue};

/// A number of errno(3).
pub(crate) type Errno = c_int;

/// The data by which a descriptor of the double is known, with the queue's number in the lower half.
const MAGIC: u64 = 0x6b71_6462 << 32;

fn errno() -> Errno {
    // SAFETY: the C library's pointer to the thread's own number.
    let place = unsafe { libc::__errno_location() };
    // SAFETY: it is valid for as long as the thread is.
    unsafe { *place }
}

fn fail(error: Errno) -> c_int {
    // SAFETY: the C library's pointer to the thread's own number.
    let place = unsafe { libc::__errno_location() };
    // SAFETY: it is valid for as long as the thread is.
    unsafe { *place = error };
    -1
}

fn ret(result: c_int) -> Result<c_int, Errno> {
    if result == -1 {
        Err(errno())
    } else {
        Ok(result)
    }
}

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
    changes: *const raw::kevent,
    change_count: c_int,
    events: *mut raw::kevent,
    room: c_int,
    timeout: *const raw::timespec,
) -> c_int {
    faults::count_call();
    let mut copied = Vec::new();
    for index in 0..usize::try_from(change_count).unwrap_or(0) {
        // SAFETY: the caller promises so many records.
        let place = unsafe { changes.add(index) };
        // SAFETY: as above.
        let change = unsafe { place.read() };
        copied.push(Event {
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
        let mut record: raw::kevent = unsafe { mem::zeroed() };
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

fn duration(seconds: i64, nanos: i64) -> Result<Duration, Errno> {
    match (u64::try_from(seconds), u32::try_from(nanos)) {
        (Ok(seconds), Ok(nanos)) if nanos < 1_000_000_000 => Ok(Duration::new(seconds, nanos)),
        _ => Err(libc::EINVAL),
    }
}

/// An inner queue.
pub(super) fn new_inner() -> Result<OwnedFd, Errno> {
    // SAFETY: epoll_create1(2) takes an integer and touches no memory.
    let number = ret(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
    // SAFETY: a new descriptor that nothing else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// A counter to ring.
pub(super) fn new_bell() -> Result<OwnedFd, Errno> {
    // SAFETY: eventfd(2) takes two integers and touches no memory.
    let number = ret(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })?;
    // SAFETY: a new descriptor that nothing else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Wakes every waiter, which look for themselves whether it concerns them.
pub(super) fn ring(bell: &OwnedFd) {
    let one = 1_u64;
    // SAFETY: write(2) reads 8 bytes of `one`. The counter does not fill up in any life of a test.
    unsafe { libc::write(bell.as_raw_fd(), (&raw const one).cast(), 8) };
}

/// A descriptor of the double, which the kernel keeps open across exec(2), as it does a real one on some systems.
pub(super) fn make_queue(inner: &[OwnedFd; 2], bell: &OwnedFd, id: u32) -> Result<RawFd, Errno> {
    // SAFETY: epoll_create1(2) takes an integer and touches no memory.
    let number = ret(unsafe { libc::epoll_create1(0) })?;
    // SAFETY: a new descriptor that nothing else owns.
    let queue = unsafe { OwnedFd::from_raw_fd(number) };
    for inner in inner {
        control(queue.as_raw_fd(), inner.as_raw_fd(), libc::EPOLLIN, 0)?;
    }
    let edges = libc::EPOLLIN | libc::EPOLLET;
    let data = MAGIC | u64::from(id);
    control(queue.as_raw_fd(), bell.as_raw_fd(), edges, data)?;
    Ok(std::os::fd::IntoRawFd::into_raw_fd(queue))
}

fn control(queue: RawFd, fd: RawFd, events: c_int, data: u64) -> Result<(), Errno> {
    let mut event = libc::epoll_event {
        events: events as u32,
        u64: data,
    };
    // SAFETY: epoll_ctl(2) reads one `epoll_event`.
    ret(unsafe { libc::epoll_ctl(queue, libc::EPOLL_CTL_ADD, fd, &raw mut event) })?;
    Ok(())
}

/// Which queue a descriptor is: the kernel tells which data the bell has in it.
pub(super) fn identify(fd: RawFd) -> Result<u32, Errno> {
    let text = match fs::read_to_string(format!("/proc/self/fdinfo/{fd}")) {
        Ok(text) => text,
        Err(error) if error.raw_os_error() == Some(libc::EMFILE) => return Err(libc::EMFILE),
        Err(_) => return Err(libc::EBADF),
    };
    text.lines()
        .filter(|line| line.starts_with("tfd:"))
        .filter_map(|line| line.split("data:").nth(1)?.split_whitespace().next())
        .filter_map(|data| u64::from_str_radix(data, 16).ok())
        .find(|data| data & !0xffff_ffff == MAGIC)
        .map(|data| data as u32)
        .ok_or(libc::EBADF)
}

/// The queues that have a descriptor.
pub(super) fn open_queues() -> Vec<u32> {
    let Ok(all) = fs::read_dir("/proc/self/fd") else {
        return Vec::new();
    };
    all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|fd| identify(fd).ok())
        .collect()
}

/// Sleeps until something may have happened to a queue.
pub(super) fn wait(fd: RawFd, timeout: Option<Duration>) -> Result<(), Errno> {
    // The caller comes back after an hour.
    let timeout = timeout.map(|timeout| timeout.min(Duration::from_secs(3600)));
    let timeout = timeout.map(|timeout| libc::timespec {
        tv_sec: timeout.as_secs() as _,
        tv_nsec: timeout.subsec_nanos() as _,
    });
    let pointer = timeout.as_ref().map_or(ptr::null(), ptr::from_ref);
    let mut one = libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: ppoll(2) reads and writes one `pollfd` and reads the time-out if there is one.
    ret(unsafe { libc::ppoll(&raw mut one, 1, pointer, ptr::null()) })?;
    // Takes the bell's edge.
    taken(fd);
    Ok(())
}

/// The data of what is ready.
fn taken(queue: RawFd) -> Vec<u64> {
    let mut room = [libc::epoll_event { events: 0, u64: 0 }; 64];
    // SAFETY: epoll_wait(2) writes at most 64 events to a buffer of 64.
    let count = unsafe { libc::epoll_wait(queue, room.as_mut_ptr(), 64, 0) };
    let count = usize::try_from(count).unwrap_or(0);
    room[..count].iter().map(|event| event.u64).collect()
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
                .map(|data| (*data as u32 as RawFd, (data >> 32) as u32)),
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

fn delete(inner: RawFd, fd: RawFd) {
    let mut event = libc::epoll_event { events: 0, u64: 0 };
    // SAFETY: epoll_ctl(2) reads one `epoll_event` at most.
    unsafe { libc::epoll_ctl(inner, libc::EPOLL_CTL_DEL, fd, &raw mut event) };
}

/// Whether the number is still what was added: the kernel says so when it is added once more.
pub(super) fn is_watched(inner: RawFd, fd: RawFd) -> bool {
    match control(inner, fd, 0, 0) {
        Ok(()) => {
            delete(inner, fd);
            false
        }
        Err(error) => error == libc::EEXIST,
    }
}

pub(super) fn is_open(fd: RawFd) -> bool {
    // SAFETY: fcntl(2) with F_GETFD touches no memory.
    ret(unsafe { libc::fcntl(fd, libc::F_GETFD) }).is_ok()
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
    Pipe,
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
        libc::S_IFIFO => File::Pipe,
        libc::S_IFSOCK => match option(fd, libc::SO_TYPE) {
            libc::SOCK_DGRAM => File::Datagram,
            _ if option(fd, libc::SO_ACCEPTCONN) != 0 => File::Listener,
            _ => File::Stream,
        },
        _ => File::Other,
    }
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
