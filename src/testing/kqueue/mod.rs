//! A fake kernel with kqueue(2), for tests only: it runs the kqueue selector on Linux.
//!
//! The fd of a kqueue is an epoll(7) instance, so that it can be duplicated, inherited and polled.
//! The knotes of all kqueues of a process are in one table, under one lock. Two more epoll
//! instances watch their file descriptors, one for `EVFILT_READ` and one for `EVFILT_WRITE`,
//! because each filter has edges of its own. The fd of each kqueue watches both, and the wake fd,
//! which is written when a knote becomes active for another reason.
//!
//! These properties are common to all five kernels, here with FreeBSD's source
//! (<https://github.com/freebsd/freebsd-src/blob/release/13.1.0/sys/kern/kern_event.c>; `quirks`
//! has what differs, and the others' sources):
//!
//! - kevent(2) applies changes in order. It then returns at once if there are receipts or errors
//!   (`kern_kevent_fp`), or if the event list has no room (`kqueue_scan`).
//! - The filter and the ident identify a knote. Adding it again replaces `udata` and evaluates its
//!   condition, but leaves its flags, `EV_CLEAR` and `EV_ONESHOT` among them (`kqueue_register`;
//!   `quirks` links the sources of the other kernels). The error is EINVAL for an unknown
//!   filter, EBADF for a file descriptor that is not open, and ENOENT for a knote that does not
//!   exist.
//! - The condition is evaluated again before an event is returned. `EV_CLEAR` and `EV_DISPATCH`
//!   deactivate the knote. `EV_ONESHOT` deletes it. Without them it moves to the end of the list,
//!   and each call reports it while its condition holds (`kqueue_scan`).
//! - Closing a file descriptor removes its knotes (`knote_fdclose`).
//! - A child of fork(2) has no kqueue of its parent (`fdcopy` in
//!   <https://github.com/freebsd/freebsd-src/blob/release/13.1.0/sys/kern/kern_descrip.c>).
//! - A wait that a signal interrupts returns EINTR, even with SA_RESTART (`kqueue_scan`).
//!
//! Known differences from a real kernel:
//!
//! - When a peer shuts down its writing half, `EVFILT_WRITE` reports one more event.
//! - `data` of a listener is 0 or 1.
//! - Where pipes are full duplex, the reading end of a pipe reports room, but cannot be written to.
//! - A FIFO is treated as a pipe.
//! - `EV_NODATA` of DragonFly BSD, out-of-band data, and a kqueue that watches a kqueue are
//!   missing.

mod condition;
mod delivery;
pub(crate) mod faults;
mod kernel;
mod quirks;
mod syscall;

use std::os::fd::RawFd;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::sys::ffi;

use super::injection::{Effect, environment};
use super::syscall as host;
use host::Errno;
use kernel::{FakeKernel, FakeKqueue};
use quirks::QUIRKS;
pub(crate) use syscall::{fstat, kevent, kqueue};

/// The flags of kevent(2). Those that the library does not use have the same value in all five
/// kernels.
const ADD: u32 = ffi::EV_ADD as _;
const DELETE: u32 = ffi::EV_DELETE as _;
const ENABLE: u32 = 0x4;
const DISABLE: u32 = 0x8;
const ONE_SHOT: u32 = ffi::EV_ONESHOT as _;
const CLEAR: u32 = ffi::EV_CLEAR as _;
const RECEIPT: u32 = ffi::EV_RECEIPT as _;
const DISPATCH: u32 = 0x80;
const TRIGGER: u32 = ffi::NOTE_TRIGGER as _;
const ERROR: u32 = ffi::EV_ERROR as _;
const EOF: u32 = ffi::EV_EOF as _;

/// The filters that the fake kernel supports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Filter {
    Read,
    Write,
    User,
}

impl Filter {
    fn from_c(filter: i32) -> Option<Filter> {
        if filter == ffi::EVFILT_READ as i32 {
            Some(Filter::Read)
        } else if filter == ffi::EVFILT_WRITE as i32 {
            Some(Filter::Write)
        } else if filter == ffi::EVFILT_USER as i32 {
            Some(Filter::User)
        } else {
            None
        }
    }
}

/// A `struct kevent` without its system's types.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KernelEvent {
    pub(crate) ident: usize,
    pub(crate) filter: i32,
    pub(crate) flags: u32,
    pub(crate) fflags: u32,
    pub(crate) data: i64,
    pub(crate) udata: usize,
}

/// What identifies a knote: the ident and the filter.
type Key = (usize, Filter);

/// The fake kernel of one process.
struct Process {
    /// The process, or 0.
    id: AtomicU32,
    /// Created with the first kqueue.
    kernel: Mutex<Option<FakeKernel>>,
}

/// This process, after those whose child it is. A child has none of the kqueues of its parent, and
/// must not take the edges of the epoll instances that both share. It begins with another lock,
/// because fork(2) may have copied that of its parent as locked.
static PROCESSES: [Process; 64] = [const {
    Process {
        id: AtomicU32::new(0),
        kernel: Mutex::new(None),
    }
}; 64];

fn lock_kernel() -> MutexGuard<'static, Option<FakeKernel>> {
    let id = std::process::id();
    let is_this = |process: &&Process| {
        let before = process.id.compare_exchange(0, id, Relaxed, Relaxed);
        before.is_ok() || before == Err(id)
    };
    let [first, ..] = &PROCESSES;
    // No test forks a child of 63 others.
    let process = PROCESSES.iter().find(is_this).unwrap_or(first);
    process
        .kernel
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

/// The device number of the terminal that controls this process: `tty_nr` of
/// [proc_pid_stat(5)]. Its bits 31 to 20 and 7 to 0 are the minor device number.
///
/// [proc_pid_stat(5)]: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
#[cfg(mio_fake_kernel = "apple")]
pub(crate) fn controlling_terminal() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program, in parentheses, may contain spaces.
    let (_, fields) = status.rsplit_once(')')?;
    let number: i32 = fields.split_whitespace().nth(4)?.parse().ok()?;
    let number = number as u32;
    let minor = number & 0xff | (number >> 12) & 0xfff00;
    (number != 0).then(|| libc::makedev((number >> 8) & 0xfff, minor))
}

/// kqueue(2). Like the real one, it does not set close-on-exec.
fn new_kqueue() -> Result<RawFd, Errno> {
    let mut guard = lock_kernel();
    let kernel = match &mut *guard {
        Some(kernel) => kernel,
        none => none.insert(FakeKernel::new()?),
    };
    kernel.last_id += 1;
    let id = kernel.last_id;
    let kq = host::new_fake_fd(&kernel.epolls, &kernel.wake_fd, id)?;
    kernel.kqueues.insert(id, FakeKqueue::default());
    if id % 32 == 0 {
        kernel.remove_closed_kqueues();
    }
    Ok(kq)
}

/// kevent(2): applies changes, then returns receipts and errors, or waits for events.
fn kevent_call(
    kq: RawFd,
    changes: &[KernelEvent],
    room: usize,
    timeout: Option<Result<Duration, Errno>>,
) -> Result<Vec<KernelEvent>, Errno> {
    let mut guard = lock_kernel();
    let kernel = guard.as_mut().ok_or(libc::EBADF)?;
    let id = kernel.identify(kq)?;
    let timeout = timeout.transpose()?;
    let mut receipts = Vec::new();
    for change in changes {
        let result = match faults::effect(change) {
            Some(Effect::Fail(error)) => Err(error),
            Some(Effect::FailAfter(error)) => kernel.apply_change(id, change).and(Err(error)),
            Some(Effect::Short(_)) | None => kernel.apply_change(id, change),
        };
        if result.is_ok() && change.flags & RECEIPT == 0 {
            continue;
        }
        if receipts.len() < room {
            let kept_flags = if QUIRKS.receipts_keep_flags {
                change.flags
            } else {
                0
            };
            receipts.push(KernelEvent {
                flags: kept_flags | ERROR,
                data: result.err().unwrap_or(0).into(),
                ..*change
            });
        } else if let Err(error) = result {
            return Err(error);
        } else if QUIRKS.receipts_need_room {
            return Ok(Vec::new());
        }
    }
    if !receipts.is_empty() || room == 0 {
        return Ok(receipts);
    }
    drop(guard);
    wait_for_events(kq, id, room, timeout)
}

/// The part of kevent(2) that waits.
fn wait_for_events(
    kq: RawFd,
    id: u32,
    room: usize,
    timeout: Option<Duration>,
) -> Result<Vec<KernelEvent>, Errno> {
    let room = faults::clamp_room(room);
    if environment::interrupts() {
        return Err(libc::EINTR);
    }
    // A deadline that the clock cannot represent is none.
    let start = Instant::now();
    let deadline = timeout.and_then(|timeout| start.checked_add(timeout));
    loop {
        let mut guard = lock_kernel();
        let kernel = guard.as_mut().ok_or(libc::EBADF)?;
        kernel.activate_edges(id);
        let mut events = kernel.take_events(id, room);
        drop(guard);
        faults::disturb(&mut events, room);
        if !events.is_empty() {
            return Ok(events);
        }
        let remaining = deadline.map(|end| end.saturating_duration_since(Instant::now()));
        if remaining == Some(Duration::ZERO) {
            return Ok(events);
        }
        host::wait(kq, remaining)?;
        // Takes the edge of the wake fd.
        host::take_epoll_events(kq);
    }
}
