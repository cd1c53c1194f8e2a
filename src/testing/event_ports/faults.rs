//! What the kernel may do, but seldom does when a test looks.
//!
//! A unit test asks for it with `with`, for the calls of its own thread. Every thread of the process gets what the environment
//! variable `MIO_EVENT_PORTS_DOUBLE` names, separated by commas: `time-up` (events come with ETIME), `signal` (events come with
//! EINTR), `keep-count` (ETIME without events leaves the count as it was), `interrupt` (every fifth wait has EINTR and no events).

use std::cell::{Cell, RefCell};
use std::env;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::PortEvent;
use super::queue::Errno;
use crate::sys::ffi;

/// What goes wrong.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    /// How many of the next waits a signal interrupts.
    pub(crate) interruptions: usize,
    /// Events come with this error.
    pub(crate) beside_events: Option<Errno>,
    /// ETIME without events leaves the count as it was.
    pub(crate) keeps_count: bool,
    /// How many of the next events of our own find the queue full.
    pub(crate) full: usize,
    /// How the next associations are answered.
    pub(crate) refusals: Vec<Errno>,
}

thread_local! {
    static FAULTS: RefCell<Faults> = RefCell::new(Faults::default());
    static CALLS: Cell<Calls> = const { Cell::new(Calls::NONE) };
}

/// How many calls this thread has made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Calls {
    pub(crate) associate: usize,
    pub(crate) dissociate: usize,
    pub(crate) get: usize,
    pub(crate) send: usize,
}

impl Calls {
    /// No call.
    pub(crate) const NONE: Calls = Calls {
        associate: 0,
        dissociate: 0,
        get: 0,
        send: 0,
    };
}

/// Runs with these faults in the calls of this thread.
#[allow(dead_code)] // For unit tests.
pub(crate) fn with<T>(faults: Faults, run: impl FnOnce() -> T) -> T {
    let old = FAULTS.replace(faults);
    let result = run();
    FAULTS.set(old);
    result
}

/// The calls that this thread has made while `run` ran.
#[allow(dead_code)] // For unit tests.
pub(crate) fn calls(run: impl FnOnce()) -> Calls {
    let old = CALLS.replace(Calls::NONE);
    run();
    CALLS.replace(old)
}

pub(super) fn count(count: impl FnOnce(&mut Calls)) {
    let mut calls = CALLS.get();
    count(&mut calls);
    CALLS.set(calls);
}

/// What the environment asks for, read once.
fn always(name: &str) -> bool {
    static NAMES: OnceLock<String> = OnceLock::new();
    NAMES
        .get_or_init(|| env::var("MIO_EVENT_PORTS_DOUBLE").unwrap_or_default())
        .split(',')
        .any(|found| found == name)
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
    if always("interrupt") && WAITS.fetch_add(1, Ordering::Relaxed) % 5 == 4 {
        return true;
    }
    FAULTS.with_borrow_mut(|faults| {
        let more = faults.interruptions > 0;
        faults.interruptions = faults.interruptions.saturating_sub(1);
        more
    })
}

pub(super) fn beside_events() -> Option<Errno> {
    if always("time-up") {
        Some(ffi::ETIME)
    } else if always("signal") {
        Some(libc::EINTR)
    } else {
        FAULTS.with_borrow(|faults| faults.beside_events)
    }
}

pub(super) fn keeps_count() -> bool {
    always("keep-count") || FAULTS.with_borrow(|faults| faults.keeps_count)
}

/// port_dissociate(3C).
#[allow(dead_code)] // For unit tests.
pub(crate) fn dissociate(port: BorrowedFd<'_>, number: RawFd) -> Result<(), Errno> {
    super::dissociate(port.as_raw_fd(), number as usize)
}

/// port_getn(3C) for so many events: how many there were, and the error.
#[allow(dead_code)] // For unit tests.
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

/// Puts an event into the queue that the kernel has no reason for.
#[allow(dead_code)] // For unit tests.
pub(crate) fn tell(port: BorrowedFd<'_>, event: PortEvent) -> Result<(), Errno> {
    super::send(port.as_raw_fd(), event)
}

/// Closes a number and gives it to something else, as an unlucky program does.
#[allow(dead_code)] // For unit tests.
pub(crate) fn replace(number: RawFd, by: OwnedFd) {
    super::syscall::replace(number, &by);
}

/// Closes a number.
#[allow(dead_code)] // For unit tests.
pub(crate) fn close(number: RawFd) {
    super::syscall::close(number);
}
