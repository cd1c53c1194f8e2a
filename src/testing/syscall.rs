//! What the doubles of kernel queues have in common. Their descriptors are epoll queues, so that they can be duplicated, inherited
//! and polled, and known again by the data of a bell that is in each of them. Ringing it makes all waiters look.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::fs;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::ptr;
use std::time::Duration;

/// A number of errno(3).
pub(crate) type Errno = c_int;

/// The data by which a descriptor of the double is known, with the queue's number in the lower half.
const MAGIC: u64 = 0x6b71_6462 << 32;

/// The last error.
pub(crate) fn errno() -> Errno {
    // SAFETY: the C library's pointer to the thread's own number.
    let place = unsafe { libc::__errno_location() };
    // SAFETY: it is valid for as long as the thread is.
    unsafe { *place }
}

/// Makes it the last error.
pub(crate) fn fail(error: Errno) -> c_int {
    // SAFETY: the C library's pointer to the thread's own number.
    let place = unsafe { libc::__errno_location() };
    // SAFETY: it is valid for as long as the thread is.
    unsafe { *place = error };
    -1
}

/// What a call returned.
pub(crate) fn ret(result: c_int) -> Result<c_int, Errno> {
    if result == -1 {
        Err(errno())
    } else {
        Ok(result)
    }
}

/// A time-out.
pub(crate) fn duration(seconds: i64, nanos: i64) -> Result<Duration, Errno> {
    match (u64::try_from(seconds), u32::try_from(nanos)) {
        (Ok(seconds), Ok(nanos)) if nanos < 1_000_000_000 => Ok(Duration::new(seconds, nanos)),
        _ => Err(libc::EINVAL),
    }
}

/// An inner queue.
#[allow(dead_code)] // For kqueue(2).
pub(crate) fn new_inner() -> Result<OwnedFd, Errno> {
    // SAFETY: epoll_create1(2) takes an integer and touches no memory.
    let number = ret(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
    // SAFETY: a new descriptor that nothing else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// A counter to ring.
pub(crate) fn new_bell() -> Result<OwnedFd, Errno> {
    // SAFETY: eventfd(2) takes two integers and touches no memory.
    let number = ret(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })?;
    // SAFETY: a new descriptor that nothing else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Wakes every waiter, which look for themselves whether it concerns them.
pub(crate) fn ring(bell: &OwnedFd) {
    let one = 1_u64;
    // SAFETY: write(2) reads 8 bytes of `one`. The counter does not fill up in any life of a test.
    unsafe { libc::write(bell.as_raw_fd(), (&raw const one).cast(), 8) };
}

/// A file descriptor of the fake, which the kernel keeps open across exec(2), as do FreeBSD,
/// NetBSD, OpenBSD, DragonFly and illumos (`kqueue1` and `port_create`; the fakes' heads have the
/// sources). xnu closes one (`kqueue_internal`:
/// <https://github.com/apple-oss-distributions/xnu/blob/836167ae90b2c5a86bf3f5f9becc34c7be73be4b/bsd/kern/kern_event.c>).
pub(crate) fn make_queue(inner: &[OwnedFd], bell: &OwnedFd, id: u32) -> Result<RawFd, Errno> {
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
    Ok(queue.into_raw_fd())
}

/// Has an epoll queue watch a number.
pub(crate) fn control(queue: RawFd, fd: RawFd, events: c_int, data: u64) -> Result<(), Errno> {
    let mut event = libc::epoll_event {
        events: events as u32,
        u64: data,
    };
    // SAFETY: epoll_ctl(2) reads one `epoll_event`.
    ret(unsafe { libc::epoll_ctl(queue, libc::EPOLL_CTL_ADD, fd, &raw mut event) })?;
    Ok(())
}

/// Which queue a descriptor is: the kernel tells which data the bell has in it.
pub(crate) fn identify(fd: RawFd) -> Result<u32, Errno> {
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
pub(crate) fn open_queues() -> Vec<u32> {
    let Ok(all) = fs::read_dir("/proc/self/fd") else {
        return Vec::new();
    };
    all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|fd| identify(fd).ok())
        .collect()
}

/// Sleeps until something may have happened to a queue.
pub(crate) fn wait(fd: RawFd, timeout: Option<Duration>) -> Result<(), Errno> {
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
    ret(unsafe { libc::ppoll(&raw mut one, 1, pointer, ptr::null()) }).map(drop)
}

/// The data and the conditions of what is ready.
pub(crate) fn taken(queue: RawFd) -> Vec<(u64, u32)> {
    let mut room = [libc::epoll_event { events: 0, u64: 0 }; 64];
    // SAFETY: epoll_wait(2) writes at most 64 events to a buffer of 64.
    let count = unsafe { libc::epoll_wait(queue, room.as_mut_ptr(), 64, 0) };
    let count = usize::try_from(count).unwrap_or(0);
    room[..count]
        .iter()
        .map(|event| (event.u64, event.events))
        .collect()
}

/// Whether a number is open.
pub(crate) fn is_open(fd: RawFd) -> bool {
    // SAFETY: fcntl(2) with F_GETFD touches no memory.
    ret(unsafe { libc::fcntl(fd, libc::F_GETFD) }).is_ok()
}

/// Has an epoll queue watch a number no more.
pub(crate) fn delete(inner: RawFd, fd: RawFd) {
    let mut event = libc::epoll_event { events: 0, u64: 0 };
    // SAFETY: epoll_ctl(2) reads one `epoll_event` at most.
    unsafe { libc::epoll_ctl(inner, libc::EPOLL_CTL_DEL, fd, &raw mut event) };
}

/// Whether the number is still what was added: the kernel says so when it is added once more.
pub(crate) fn is_watched(inner: RawFd, fd: RawFd) -> bool {
    match control(inner, fd, 0, 0) {
        Ok(()) => {
            delete(inner, fd);
            false
        }
        Err(error) => error == libc::EEXIST,
    }
}
