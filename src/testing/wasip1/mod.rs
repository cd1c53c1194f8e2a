//! Hosts of WASI preview 1 played by ppoll(2), so that the selector's tests run on Linux. How they
//! differ was measured on wasmtime 48, the `wasmtime` 17 wheel and Node 20.
//!
//! Of `poll_oneoff` the specification says little: events that are ready are written to a list, and
//! a subscription may fail on its own
//! (<https://github.com/WebAssembly/WASI/blob/d6962d161b928ddff126ac3cb1464860cf0732e6/legacy/preview1/docs.md>).
//!
//! Known to differ from the hosts: sockets are those of Linux, where wasmtime 48 returns EBADF for
//! one; a regular file at its end has no `HANGUP`, which wasmtime 48 sets.

mod syscall;

use std::io;
use std::marker::PhantomData;
use std::os::fd::RawFd;
use std::time::Duration;

use crate::sys::ffi;
use crate::sys::wasip1::poll_oneoff;
use poll_oneoff::host::{Host, HostEvent, Subscription};

/// How a host behaves where preview 1 leaves it open.
pub(crate) trait Manner: 'static {
    /// Whether one closed number fails the whole call. If not, the clock is said to have passed, at once.
    const FAILS_FOR_CLOSED: bool;
    /// Whether one regular file fails the whole call. If not, it is ready.
    const FAILS_FOR_FILES: bool;
    /// Whether a clock that has passed is reported beside descriptors that are ready.
    const CLOCK_BESIDE: bool;
    /// Whether every descriptor of the list is reported when one of them is ready.
    const REPORTS_ALL: bool;
    /// Whether the guest has threads.
    const THREADS: bool;
}

/// wasmtime 48, the guest with threads. An empty list is EINVAL and a closed descriptor EBADF, both
/// of the whole call; regular files are ready; every pollable that is ready is reported, the
/// clock's among them (`poll_oneoff` in
/// <https://github.com/bytecodealliance/wasmtime/blob/1f4c3ded3d57a5709ca7f2877b34d7bc4ef324ec/crates/wasi/src/p1.rs>).
#[derive(Debug)]
pub(crate) struct Wasmtime;

impl Manner for Wasmtime {
    const FAILS_FOR_CLOSED: bool = true;
    const FAILS_FOR_FILES: bool = false;
    const CLOCK_BESIDE: bool = true;
    const REPORTS_ALL: bool = false;
    const THREADS: bool = true;
}

/// The wheel of wasmtime 17, the guest without threads. It calls poll(2); if that finds a
/// descriptor ready, each one of the list is reported and the clock is not, and POLLERR is the
/// error EIO
/// (<https://github.com/bytecodealliance/wasmtime/blob/1b3ce2148658b9d7a1b3b4b076ec4979b278ed65/crates/wasi-common/cap-std-sync/src/sched/unix.rs>).
#[derive(Debug)]
#[allow(dead_code)] // For unit tests.
pub(crate) struct Wheel;

impl Manner for Wheel {
    const FAILS_FOR_CLOSED: bool = true;
    const FAILS_FOR_FILES: bool = false;
    const CLOCK_BESIDE: bool = false;
    const REPORTS_ALL: bool = true;
    const THREADS: bool = false;
}

/// Node 20, the guest with threads. A closed descriptor is not watched, and then nothing keeps
/// libuv's loop from ending at once; one that libuv cannot watch fails the call with the code of
/// epoll_ctl(2), which is EPERM for a regular file
/// (<https://github.com/nodejs/uvwasi/blob/59420fce6e96585b5112857c4cff0b0c9153a6ad/src/poll_oneoff.c>).
#[derive(Debug)]
#[allow(dead_code)] // For unit tests.
pub(crate) struct Node;

impl Manner for Node {
    const FAILS_FOR_CLOSED: bool = false;
    const FAILS_FOR_FILES: bool = true;
    const CLOCK_BESIDE: bool = false;
    const REPORTS_ALL: bool = false;
    const THREADS: bool = true;
}

/// A host of that manner.
#[derive(Debug)]
pub(crate) struct Double<M>(PhantomData<fn() -> M>);

impl<M> Default for Double<M> {
    fn default() -> Double<M> {
        Double(PhantomData)
    }
}

impl<M: Manner + std::fmt::Debug> Host for Double<M> {
    const THREADS: bool = M::THREADS;

    fn wait(&mut self, list: &[Subscription], events: &mut Vec<HostEvent>) -> io::Result<()> {
        events.clear();
        if list.is_empty() {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        let mut array = Vec::new();
        let mut clock: Option<(usize, Duration)> = None;
        let mut has_closed = false;
        for (place, subscription) in list.iter().enumerate() {
            let (fd, conditions) = match *subscription {
                Subscription::Read(fd) => (fd, ffi::POLLIN),
                Subscription::Write(fd) => (fd, ffi::POLLOUT),
                Subscription::Clock(pause) => {
                    clock = Some((place, pause));
                    (-1, 0)
                }
            };
            if fd >= 0 {
                has_closed |= !syscall::is_open(fd);
                if M::FAILS_FOR_FILES && syscall::is_file(fd) {
                    return Err(io::Error::from_raw_os_error(libc::EPERM));
                }
            }
            array.push(ffi::pollfd {
                fd,
                events: conditions,
                revents: 0,
            });
        }
        if has_closed && M::FAILS_FOR_CLOSED {
            return Err(io::Error::from_raw_os_error(ffi::EBADF));
        }
        if has_closed {
            events.extend(clock.map(|(place, _)| HostEvent {
                place,
                ..HostEvent::default()
            }));
            return Ok(());
        }
        let count = syscall::poll(&mut array, clock.map(|(_, pause)| pause))?;
        for (place, entry) in array.iter().enumerate() {
            let is_fd = entry.fd >= 0;
            if entry.revents != 0 || is_fd && count > 0 && M::REPORTS_ALL {
                let has_failed = M::REPORTS_ALL && entry.revents & ffi::POLLERR != 0;
                // A half-close is told by reading only.
                let hang_up = !has_failed && entry.revents & ffi::POLLHUP != 0;
                events.push(HostEvent {
                    place,
                    hang_up,
                    error: if has_failed { libc::EIO } else { 0 },
                });
            }
        }
        if let Some((place, pause)) = clock {
            if count == 0 || M::CLOCK_BESIDE && pause.is_zero() {
                events.push(HostEvent {
                    place,
                    hang_up: true, // Garbage: nobody may look at it.
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
