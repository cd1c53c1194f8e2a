//! Fake hosts of WASI preview 1 over ppoll(2), so that the tests of the selector run on Linux. The
//! differences between the hosts were measured on wasmtime 48, the Python wheel of wasmtime 17 and
//! Node 20.
//!
//! The specification of `poll_oneoff` leaves much open: the host writes the events that are ready
//! to a list, and a subscription may fail on its own
//! (<https://github.com/WebAssembly/WASI/blob/d6962d161b92/legacy/preview1/docs.md>).
//!
//! Known differences to the real hosts: sockets are those of Linux, where wasmtime 48 returns EBADF
//! for a socket; a regular file at its end has no `HANGUP`, which wasmtime 48 reports.

mod syscall;

use std::io;
use std::marker::PhantomData;
use std::os::fd::RawFd;
use std::time::Duration;

use crate::sys::ffi;
use crate::sys::wasip1::{Host, HostEvent, Subscription};

/// The behavior of a host where preview 1 leaves it open.
pub(crate) trait Quirks: 'static {
    /// Whether one closed fd fails the whole call. If not, the host reports immediately that the
    /// clock has passed.
    const FAILS_FOR_CLOSED: bool;
    /// Whether one regular file fails the whole call. If not, it is ready.
    const FAILS_FOR_FILES: bool;
    /// Whether a clock that has passed is reported together with fds that are ready.
    const CLOCK_BESIDE: bool;
    /// Whether the host reports every fd of the list when one of them is ready.
    const REPORTS_ALL: bool;
    /// Whether the guest has threads.
    const THREADS: bool;
}

/// wasmtime 48, the guest with threads. An empty list is EINVAL and a closed fd EBADF, both of the
/// whole call; regular files are ready; every pollable that is ready is reported, also the clock's
/// (`poll_oneoff` in
/// <https://github.com/bytecodealliance/wasmtime/blob/1f4c3ded3d57/crates/wasi/src/p1.rs>).
#[derive(Debug)]
pub(crate) struct Wasmtime48;

impl Quirks for Wasmtime48 {
    const FAILS_FOR_CLOSED: bool = true;
    const FAILS_FOR_FILES: bool = false;
    const CLOCK_BESIDE: bool = true;
    const REPORTS_ALL: bool = false;
    const THREADS: bool = true;
}

/// The Python wheel of wasmtime 17, the guest without threads. It calls poll(2); if that finds an
/// fd ready, it reports every fd of the list but not the clock, and POLLERR as the error EIO
/// (`crates/wasi-common/cap-std-sync/src/sched/unix.rs` in
/// <https://github.com/bytecodealliance/wasmtime/tree/1b3ce2148658>).
#[derive(Debug)]
#[allow(dead_code)] // Only unit tests use this host.
pub(crate) struct Wasmtime17;

impl Quirks for Wasmtime17 {
    const FAILS_FOR_CLOSED: bool = true;
    const FAILS_FOR_FILES: bool = false;
    const CLOCK_BESIDE: bool = false;
    const REPORTS_ALL: bool = true;
    const THREADS: bool = false;
}

/// Node 20, the guest with threads. It does not poll a closed fd. If no other fd is polled, nothing
/// keeps libuv's loop alive, and it ends immediately. An fd that libuv cannot poll fails the call
/// with the code of epoll_ctl(2), which is EPERM for a regular file
/// (<https://github.com/nodejs/uvwasi/blob/59420fce6e96/src/poll_oneoff.c>).
#[derive(Debug)]
#[allow(dead_code)] // Only unit tests use this host.
pub(crate) struct Node20;

impl Quirks for Node20 {
    const FAILS_FOR_CLOSED: bool = false;
    const FAILS_FOR_FILES: bool = true;
    const CLOCK_BESIDE: bool = false;
    const REPORTS_ALL: bool = false;
    const THREADS: bool = true;
}

/// A fake host with the quirks `Q`.
#[derive(Debug)]
pub(crate) struct FakeHost<Q>(PhantomData<fn() -> Q>);

impl<Q> Default for FakeHost<Q> {
    fn default() -> FakeHost<Q> {
        FakeHost(PhantomData)
    }
}

impl<Q: Quirks + std::fmt::Debug> Host for FakeHost<Q> {
    const THREADS: bool = Q::THREADS;

    fn wait(&mut self, list: &[Subscription], events: &mut Vec<HostEvent>) -> io::Result<()> {
        events.clear();
        if list.is_empty() {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        let mut array = Vec::new();
        let mut clock: Option<(usize, Duration)> = None;
        let mut has_closed = false;
        for (index, subscription) in list.iter().enumerate() {
            let (fd, requested) = match *subscription {
                Subscription::Read(fd) => (fd, ffi::POLLIN),
                Subscription::Write(fd) => (fd, ffi::POLLOUT),
                Subscription::Clock(pause) => {
                    clock = Some((index, pause));
                    (-1, 0)
                }
            };
            if fd >= 0 {
                has_closed |= !syscall::is_open(fd);
                if Q::FAILS_FOR_FILES && syscall::is_file(fd) {
                    return Err(io::Error::from_raw_os_error(libc::EPERM));
                }
            }
            array.push(ffi::pollfd {
                fd,
                events: requested,
                revents: 0,
            });
        }
        if has_closed && Q::FAILS_FOR_CLOSED {
            return Err(io::Error::from_raw_os_error(ffi::EBADF));
        }
        if has_closed {
            events.extend(clock.map(|(index, _)| HostEvent {
                index,
                ..HostEvent::default()
            }));
            return Ok(());
        }
        let count = syscall::poll(&mut array, clock.map(|(_, pause)| pause))?;
        for (index, entry) in array.iter().enumerate() {
            let is_fd = entry.fd >= 0;
            if entry.revents != 0 || is_fd && count > 0 && Q::REPORTS_ALL {
                let has_failed = Q::REPORTS_ALL && entry.revents & ffi::POLLERR != 0;
                // Only reading reports a half-close.
                let hang_up = !has_failed && entry.revents & ffi::POLLHUP != 0;
                events.push(HostEvent {
                    index,
                    hang_up,
                    error: if has_failed { libc::EIO } else { 0 },
                });
            }
        }
        if let Some((index, pause)) = clock {
            if count == 0 || Q::CLOCK_BESIDE && pause.is_zero() {
                events.push(HostEvent {
                    index,
                    hang_up: true, // Undefined for a clock: the selector must ignore it.
                    error: 0,
                });
            }
        }
        Ok(())
    }

    fn is_open(fd: RawFd) -> bool {
        syscall::is_open(fd)
    }
}
