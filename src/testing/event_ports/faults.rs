//! Behavior that a kernel shows rarely: faults that a test injects.
//!
//! A unit test calls `with`, which affects the calls of its own thread. The environment variable
//! `MIO_FAKE_KERNEL_FAULTS` affects all threads of the process. It is a comma-separated list of:
//!
//! - `etime`: port_getn(3C) returns events together with ETIME.
//! - `eintr`: port_getn(3C) returns events together with EINTR.
//! - `leave-count`: with ETIME and no events, port_getn(3C) does not write the count.
//! - `interrupt`: every fifth wait returns EINTR and no events.

use std::cell::{Cell, RefCell};
use std::env;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::PortEvent;
use super::host::Errno;
use crate::sys::ffi;

/// The faults to inject.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    /// The number of the next waits that a signal interrupts.
    pub(crate) interruptions: usize,
    /// Events are returned together with this error.
    pub(crate) error_with_events: Option<Errno>,
    /// With ETIME and no events, the count is not written.
    pub(crate) leaves_count: bool,
    /// The number of the next user events for which the port is full.
    pub(crate) full: usize,
    /// The errors of the next associations, the last one first.
    pub(crate) refusals: Vec<Errno>,
}

thread_local! {
    static FAULTS: RefCell<Faults> = RefCell::new(Faults::default());
    static CALLS: Cell<Calls> = const { Cell::new(Calls::NONE) };
}

/// Counts of system calls of one thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Calls {
    pub(crate) associate: usize,
    pub(crate) dissociate: usize,
    pub(crate) get: usize,
    pub(crate) send: usize,
}

impl Calls {
    /// No calls.
    pub(crate) const NONE: Calls = Calls {
        associate: 0,
        dissociate: 0,
        get: 0,
        send: 0,
    };
}

/// Runs `run` with these faults in the calls of this thread.
#[allow(dead_code)] // Only unit tests use it.
pub(crate) fn with<T>(faults: Faults, run: impl FnOnce() -> T) -> T {
    let old = FAULTS.replace(faults);
    let result = run();
    FAULTS.set(old);
    result
}

/// The calls that this thread makes in `run`.
#[allow(dead_code)] // Only unit tests use it.
pub(crate) fn calls(run: impl FnOnce()) -> Calls {
    let old = CALLS.replace(Calls::NONE);
    run();
    CALLS.replace(old)
}

pub(super) fn count_call(increment: impl FnOnce(&mut Calls)) {
    let mut calls = CALLS.get();
    increment(&mut calls);
    CALLS.set(calls);
}

/// Whether the environment variable has this fault. The variable is read once.
fn is_in_environment(name: &str) -> bool {
    static NAMES: OnceLock<String> = OnceLock::new();
    NAMES
        .get_or_init(|| env::var("MIO_FAKE_KERNEL_FAULTS").unwrap_or_default())
        .split(',')
        .any(|listed| listed == name)
}

pub(super) fn refuses_association() -> Option<Errno> {
    FAULTS.with_borrow_mut(|faults| faults.refusals.pop())
}

pub(super) fn is_full() -> bool {
    FAULTS.with_borrow_mut(|faults| {
        let is_full = faults.full > 0;
        faults.full = faults.full.saturating_sub(1);
        is_full
    })
}

pub(super) fn interrupts() -> bool {
    static WAITS: AtomicUsize = AtomicUsize::new(0);
    if is_in_environment("interrupt") && WAITS.fetch_add(1, Ordering::Relaxed) % 5 == 4 {
        return true;
    }
    FAULTS.with_borrow_mut(|faults| {
        let interrupts = faults.interruptions > 0;
        faults.interruptions = faults.interruptions.saturating_sub(1);
        interrupts
    })
}

pub(super) fn error_with_events() -> Option<Errno> {
    if is_in_environment("etime") {
        Some(ffi::ETIME)
    } else if is_in_environment("eintr") {
        Some(libc::EINTR)
    } else {
        FAULTS.with_borrow(|faults| faults.error_with_events)
    }
}

pub(super) fn leaves_count() -> bool {
    is_in_environment("leave-count") || FAULTS.with_borrow(|faults| faults.leaves_count)
}

/// port_dissociate(3C).
#[allow(dead_code)] // Only unit tests use it.
pub(crate) fn dissociate(port: BorrowedFd<'_>, fd: RawFd) -> Result<(), Errno> {
    super::dissociate(port.as_raw_fd(), fd as usize)
}

/// port_getn(3C) that waits for `wanted` events. Returns the number of events, and the error.
#[allow(dead_code)] // Only unit tests use it.
pub(crate) fn get(
    port: BorrowedFd<'_>,
    wanted: usize,
    timeout: Duration,
) -> (usize, Option<Errno>) {
    match super::get(port.as_raw_fd(), 4, wanted, Some(timeout)) {
        Ok(outcome) => (outcome.events.len(), outcome.error),
        Err(error) => (0, Some(error)),
    }
}

/// Queues an event that no association or port_send(3C) has caused.
#[allow(dead_code)] // Only unit tests use it.
pub(crate) fn inject_event(port: BorrowedFd<'_>, event: PortEvent) -> Result<(), Errno> {
    super::send(port.as_raw_fd(), event)
}

/// Closes `fd` and opens another file with the same fd.
#[allow(dead_code)] // Only unit tests use it.
pub(crate) fn replace(fd: RawFd, by: OwnedFd) {
    super::syscall::replace(fd, &by);
}

/// Closes a file descriptor.
#[allow(dead_code)] // Only unit tests use it.
pub(crate) fn close(fd: RawFd) {
    super::syscall::close(fd);
}
