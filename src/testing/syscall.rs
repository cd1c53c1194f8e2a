//! What the fake kernels of kqueue(2) and event ports have in common: calls to Linux.
//!
//! The fd of a fake kqueue or port is an epoll(7) instance, so that it can be duplicated, inherited
//! and polled. It watches one eventfd(2) of the process, the *wake fd*, with an id as data: by that
//! id the fake kernel identifies the fd ([proc_pid_fdinfo(5)] shows it). Writing to the wake fd
//! wakes all threads that wait on any fake fd, and each checks its own state again.
//!
//! [proc_pid_fdinfo(5)]: https://man7.org/linux/man-pages/man5/proc_pid_fdinfo.5.html
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::fs;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::ptr;
use std::time::Duration;

pub(crate) use super::injection::syscall::{Errno, fail};

/// The upper half of the data with which a fake fd watches the wake fd. The lower half is the id.
const MAGIC: u64 = 0x6b71_6462 << 32;

/// The value of errno(3).
pub(crate) fn errno() -> Errno {
    // SAFETY: this returns the C library's pointer to the errno of this thread.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: the pointer is valid as long as the thread exists.
    unsafe { *errno }
}

/// Converts the return value of a call that returns -1 on failure.
pub(crate) fn ret(result: c_int) -> Result<c_int, Errno> {
    if result == -1 {
        Err(errno())
    } else {
        Ok(result)
    }
}

/// Converts the fields of a `timespec`.
pub(crate) fn duration(seconds: i64, nanos: i64) -> Result<Duration, Errno> {
    match (u64::try_from(seconds), u32::try_from(nanos)) {
        (Ok(seconds), Ok(nanos)) if nanos < 1_000_000_000 => Ok(Duration::new(seconds, nanos)),
        _ => Err(libc::EINVAL),
    }
}

/// Creates an epoll instance that is close-on-exec.
#[allow(dead_code)] // Only the fake kqueue(2) uses it.
pub(crate) fn new_epoll() -> Result<OwnedFd, Errno> {
    // SAFETY: epoll_create1(2) takes an integer and touches no memory.
    let fd = ret(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
    // SAFETY: a new file descriptor that nothing else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Creates a wake fd.
pub(crate) fn new_wake_fd() -> Result<OwnedFd, Errno> {
    // SAFETY: eventfd(2) takes two integers and touches no memory.
    let fd = ret(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })?;
    // SAFETY: a new file descriptor that nothing else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Wakes all threads that wait on a fake fd. Each checks whether its own state has changed.
pub(crate) fn wake_waiters(wake_fd: &OwnedFd) {
    let one = 1_u64;
    // SAFETY: write(2) reads 8 bytes of `one`. No test adds 2^64 - 1 times, which would fill the
    // counter.
    unsafe { libc::write(wake_fd.as_raw_fd(), (&raw const one).cast(), 8) };
}

/// Creates a fake fd: an epoll instance that watches `epolls` and the wake fd.
///
/// It stays open across exec(2), as a kqueue or port does on FreeBSD, NetBSD, OpenBSD, DragonFly
/// BSD and illumos (`kqueue1` and `port_create`; the fake kernels' module documentation has the
/// sources). xnu closes a kqueue (`kqueue_internal`:
/// <https://github.com/apple-oss-distributions/xnu/blob/836167ae90b2c5a86bf3f5f9becc34c7be73be4b/bsd/kern/kern_event.c>).
pub(crate) fn new_fake_fd(epolls: &[OwnedFd], wake_fd: &OwnedFd, id: u32) -> Result<RawFd, Errno> {
    // SAFETY: epoll_create1(2) takes an integer and touches no memory.
    let fd = ret(unsafe { libc::epoll_create1(0) })?;
    // SAFETY: a new file descriptor that nothing else owns.
    let fake = unsafe { OwnedFd::from_raw_fd(fd) };
    for epoll in epolls {
        epoll_add(fake.as_raw_fd(), epoll.as_raw_fd(), libc::EPOLLIN, 0)?;
    }
    let events = libc::EPOLLIN | libc::EPOLLET;
    let data = MAGIC | u64::from(id);
    epoll_add(fake.as_raw_fd(), wake_fd.as_raw_fd(), events, data)?;
    Ok(fake.into_raw_fd())
}

/// Makes an epoll instance watch a file descriptor.
pub(crate) fn epoll_add(epfd: RawFd, fd: RawFd, events: c_int, data: u64) -> Result<(), Errno> {
    let mut event = libc::epoll_event {
        events: events as u32,
        u64: data,
    };
    // SAFETY: epoll_ctl(2) reads one `epoll_event`.
    ret(unsafe { libc::epoll_ctl(epfd, libc::EPOLL_CTL_ADD, fd, &raw mut event) })?;
    Ok(())
}

/// The id of a fake fd, which its duplicates share.
pub(crate) fn id_of(fd: RawFd) -> Result<u32, Errno> {
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

/// The ids of all fake fds that are open.
pub(crate) fn open_ids() -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc/self/fd") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|fd| id_of(fd).ok())
        .collect()
}

/// Blocks until the state of a fake fd may have changed.
pub(crate) fn wait(fd: RawFd, timeout: Option<Duration>) -> Result<(), Errno> {
    // The caller waits again after an hour.
    let timeout = timeout.map(|timeout| timeout.min(Duration::from_secs(3600)));
    let timeout = timeout.map(|timeout| libc::timespec {
        tv_sec: timeout.as_secs() as _,
        tv_nsec: timeout.subsec_nanos() as _,
    });
    let pointer = timeout.as_ref().map_or(ptr::null(), ptr::from_ref);
    let mut entry = libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: ppoll(2) reads and writes one `pollfd` and reads the timeout if there is one.
    ret(unsafe { libc::ppoll(&raw mut entry, 1, pointer, ptr::null()) }).map(drop)
}

/// Takes up to 64 events of an epoll instance, without waiting: data and conditions.
pub(crate) fn take_epoll_events(epfd: RawFd) -> Vec<(u64, u32)> {
    let mut buffer = [libc::epoll_event { events: 0, u64: 0 }; 64];
    // SAFETY: epoll_wait(2) writes at most 64 events to a buffer of 64.
    let count = unsafe { libc::epoll_wait(epfd, buffer.as_mut_ptr(), 64, 0) };
    let count = usize::try_from(count).unwrap_or(0);
    buffer[..count]
        .iter()
        .map(|event| (event.u64, event.events))
        .collect()
}

/// Whether a file descriptor is open.
pub(crate) fn is_open(fd: RawFd) -> bool {
    // SAFETY: fcntl(2) with F_GETFD touches no memory.
    ret(unsafe { libc::fcntl(fd, libc::F_GETFD) }).is_ok()
}

/// Makes an epoll instance stop watching a file descriptor.
pub(crate) fn epoll_remove(epfd: RawFd, fd: RawFd) {
    let mut event = libc::epoll_event { events: 0, u64: 0 };
    // SAFETY: epoll_ctl(2) reads one `epoll_event` at most.
    unsafe { libc::epoll_ctl(epfd, libc::EPOLL_CTL_DEL, fd, &raw mut event) };
}

/// Whether an epoll instance watches `fd` for the file that has this fd now: adding it again
/// returns EEXIST ([epoll_ctl(2)]).
///
/// [epoll_ctl(2)]: https://man7.org/linux/man-pages/man2/epoll_ctl.2.html
pub(crate) fn is_in_epoll(epfd: RawFd, fd: RawFd) -> bool {
    match epoll_add(epfd, fd, 0, 0) {
        Ok(()) => {
            epoll_remove(epfd, fd);
            false
        }
        Err(error) => error == libc::EEXIST,
    }
}
