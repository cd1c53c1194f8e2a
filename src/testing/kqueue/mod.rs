//! A double of kqueue(2), made of epoll(7), so that the selector above it runs on Linux. For tests only.
//!
//! A descriptor of the double is an epoll queue, so that it can be duplicated, inherited and polled. The knotes are in this
//! process, in one table under one lock. What they watch is watched for the whole process by two inner epoll queues, one for
//! reading and one for writing: each filter has edges of its own. Every queue watches both, and a bell that is rung when knotes
//! become active by other means.
//!
//! What all five kernels do, with FreeBSD's source
//! (<https://github.com/freebsd/freebsd-src/blob/release/13.1.0/sys/kern/kern_event.c>; `quirks`
//! has what differs, and the others' sources):
//!
//! - Changes are made in order, and kevent(2) returns at once with the receipts and errors if there
//!   are any (`kern_kevent_fp`), or if the event list has no room (`kqueue_scan`).
//! - A knote is found by its filter and identifier; adding it again replaces `udata` and evaluates its
//!   condition, but leaves its flags (`kqueue_register`). An unknown filter is EINVAL, a closed
//!   descriptor EBADF, a knote that is not there ENOENT.
//! - Before an event is handed out its condition is evaluated again; `EV_CLEAR` and `EV_DISPATCH`
//!   deactivate the knote, and without them it goes to the end of the queue (`kqueue_scan`).
//! - Closing a descriptor drops its knotes (`knote_fdclose`).
//! - A wait that a signal interrupts is EINTR, also with SA_RESTART (`kqueue_scan`).
//!
//! Known to differ from a kernel: the end of a peer's stream gives one more event for writing; a
//! listener's `data` is 0 or 1; the reading end of a pipe reports room where the kernel's pipes are
//! full duplex, but cannot be written to; a FIFO is a pipe; DragonFly's `EV_NODATA`, out-of-band data
//! and watching a kqueue by a kqueue are missing.

mod condition;
mod delivery;
pub(crate) mod faults;
mod kernel;
mod quirks;
mod syscall;
mod watching;

use std::os::fd::RawFd;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::sys::ffi;

use super::syscall as queue;
use kernel::{FakeKernel, Queue};
use queue::Errno;
use quirks::PERSONALITY;
pub(crate) use syscall::{kevent, kqueue};

/// `EV_ADD` and its kin, which have one value everywhere.
const ADD: u32 = ffi::EV_ADD as _;
const DELETE: u32 = ffi::EV_DELETE as _;
const ENABLE: u32 = 0x4;
const DISABLE: u32 = 0x8;
const ONE_SHOT: u32 = 0x10;
const CLEAR: u32 = ffi::EV_CLEAR as _;
const RECEIPT: u32 = ffi::EV_RECEIPT as _;
const DISPATCH: u32 = 0x80;
const TRIGGER: u32 = ffi::NOTE_TRIGGER as _;
const ERROR: u32 = ffi::EV_ERROR as _;
const EOF: u32 = ffi::EV_EOF as _;

/// A filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Filter {
    Read,
    Write,
    User,
}

impl Filter {
    fn of(number: i32) -> Option<Filter> {
        if number == ffi::EVFILT_READ as i32 {
            Some(Filter::Read)
        } else if number == ffi::EVFILT_WRITE as i32 {
            Some(Filter::Write)
        } else if number == ffi::EVFILT_USER as i32 {
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

type Key = (usize, Filter);

/// Made with the first queue.
static WORLD: Mutex<Option<FakeKernel>> = Mutex::new(None);

fn world() -> MutexGuard<'static, Option<FakeKernel>> {
    WORLD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// kqueue(2). As the real one, it does not set close-on-exec.
fn new_queue() -> Result<RawFd, Errno> {
    let mut guard = world();
    let world = match &mut *guard {
        Some(world) => world,
        none => none.insert(FakeKernel::new()?),
    };
    world.last_queue += 1;
    let id = world.last_queue;
    let queue = queue::make_queue(&world.inner, &world.bell, id)?;
    world.queues.insert(id, Queue::default());
    if id % 32 == 0 {
        world.forget_closed_queues();
    }
    Ok(queue)
}

/// kevent(2).
fn call(
    fd: RawFd,
    changes: &[KernelEvent],
    room: usize,
    timeout: Option<Result<Duration, Errno>>,
) -> Result<Vec<KernelEvent>, Errno> {
    let mut guard = world();
    let world = guard.as_mut().ok_or(libc::EBADF)?;
    let id = world.identify(fd)?;
    let timeout = timeout.transpose()?;
    let mut posted = Vec::new();
    for change in changes {
        let answer = match faults::refusal(change) {
            Some(error) => Err(error),
            None => world.change(id, change),
        };
        if answer.is_ok() && change.flags & RECEIPT == 0 {
            continue;
        }
        if posted.len() < room {
            let kept = if PERSONALITY.receipts_keep_flags {
                change.flags
            } else {
                0
            };
            posted.push(KernelEvent {
                flags: kept | ERROR,
                data: answer.err().unwrap_or(0).into(),
                ..*change
            });
        } else if let Err(error) = answer {
            return Err(error);
        } else if PERSONALITY.receipts_need_room {
            return Ok(Vec::new());
        }
    }
    if !posted.is_empty() || room == 0 {
        return Ok(posted);
    }
    drop(guard);

    let room = faults::room(room);
    if faults::interrupts() {
        return Err(libc::EINTR);
    }
    // A deadline that no clock reaches is none.
    let start = Instant::now();
    let deadline = timeout.and_then(|timeout| start.checked_add(timeout));
    loop {
        let mut guard = self::world();
        let world = guard.as_mut().ok_or(libc::EBADF)?;
        world.gather(id);
        let mut events = world.collect(id, room);
        drop(guard);
        faults::disturb(&mut events, room);
        if !events.is_empty() {
            return Ok(events);
        }
        let left = deadline.map(|end| end.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) {
            return Ok(events);
        }
        queue::wait(fd, left)?;
        // Takes the bell's edge.
        queue::taken(fd);
    }
}
