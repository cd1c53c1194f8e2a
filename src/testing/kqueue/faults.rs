//! Behavior that a kernel shows rarely: faults that a test injects.
//!
//! A unit test calls `with`, which affects the calls of its own thread. The environment variable
//! `MIO_FAKE_KERNEL_FAULTS` affects all threads of the process. It is a comma-separated list of:
//!
//! - `one-event`: kevent(2) returns one event at a time. Unit tests that expect several events of
//!   one call fail with it.
//! - `reverse`: kevent(2) returns events in reverse order.
//! - `no-user-events`: the kernel does not support `EVFILT_USER`.
//! - `interrupt`: every fifth wait returns EINTR.

use std::cell::{Cell, RefCell};
use std::env;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::host::Errno;
use super::quirks::QUIRKS;
use super::{ADD, KernelEvent};

/// The faults to inject.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    /// The number of the next waits that a signal interrupts.
    pub(crate) interruptions: usize,
    /// Events that no filter has caused. They are returned before all others.
    pub(crate) spurious: Vec<KernelEvent>,
    /// The error of each `EV_ADD` of a filter.
    pub(crate) refusals: Vec<(i32, Errno)>,
    /// One event at a time.
    pub(crate) one_event: bool,
    /// Events in reverse order.
    pub(crate) reverse: bool,
    /// No support for user events.
    pub(crate) no_user_events: bool,
}

thread_local! {
    static FAULTS: RefCell<Faults> = RefCell::new(Faults::default());
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

/// Runs `run` with these faults in the calls of this thread.
#[allow(dead_code)] // Only unit tests use it.
pub(crate) fn with<T>(faults: Faults, run: impl FnOnce() -> T) -> T {
    let old = FAULTS.replace(faults);
    let result = run();
    FAULTS.set(old);
    result
}

/// The number of calls of kevent(2) that this thread has made.
#[allow(dead_code)] // Only unit tests use it.
pub(crate) fn calls() -> usize {
    CALLS.get()
}

pub(super) fn count_call() {
    CALLS.set(CALLS.get() + 1);
}

/// Whether the environment variable has this fault. The variable is read once.
fn is_in_environment(name: &str) -> bool {
    static NAMES: OnceLock<String> = OnceLock::new();
    NAMES
        .get_or_init(|| env::var("MIO_FAKE_KERNEL_FAULTS").unwrap_or_default())
        .split(',')
        .any(|listed| listed == name)
}

pub(super) fn has_user_events() -> bool {
    QUIRKS.user_events
        && !FAULTS.with_borrow(|f| f.no_user_events)
        && !is_in_environment("no-user-events")
}

/// The error of a change, if it is to be refused.
pub(super) fn refusal(change: &KernelEvent) -> Option<Errno> {
    if change.flags & ADD == 0 {
        return None;
    }
    FAULTS.with_borrow(|faults| {
        let mut all = faults.refusals.iter();
        all.find(|(filter, _)| *filter == change.filter)
            .map(|(_, error)| *error)
    })
}

/// The number of events that a call with `room` may return.
pub(super) fn clamp_room(room: usize) -> usize {
    if FAULTS.with_borrow(|f| f.one_event) || is_in_environment("one-event") {
        room.min(1)
    } else {
        room
    }
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

/// Adds spurious events, and reverses the order.
pub(super) fn disturb(events: &mut Vec<KernelEvent>, room: usize) {
    FAULTS.with_borrow_mut(|faults| {
        while events.len() < room {
            let Some(event) = faults.spurious.pop() else {
                break;
            };
            events.insert(0, event);
        }
        if faults.reverse || is_in_environment("reverse") {
            events.reverse();
        }
    });
}
