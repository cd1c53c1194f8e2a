//! What a kernel may do, but seldom does when a test looks.
//!
//! A unit test asks for it with `with`, for the calls of its own thread. Every thread of the process gets what the environment
//! variable `MIO_KQUEUE_DOUBLE` names, separated by commas: `short` (one event a call), `reverse` (the order of events),
//! `no-user` (no user events), `interrupt` (every fifth wait). Unit tests that expect several events of one call fail with `short`.

use std::cell::{Cell, RefCell};
use std::env;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::queue::Errno;
use super::quirks::PERSONALITY;
use super::{ADD, KernelEvent};

/// What goes wrong.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    /// How many of the next waits a signal interrupts.
    pub(crate) interruptions: usize,
    /// Events out of the blue, which come first.
    pub(crate) spurious: Vec<KernelEvent>,
    /// How adding a filter is answered.
    pub(crate) refusals: Vec<(i32, Errno)>,
    /// One event a call.
    pub(crate) short: bool,
    /// The last event first.
    pub(crate) reverse: bool,
    /// No user events.
    pub(crate) no_user_events: bool,
}

thread_local! {
    static FAULTS: RefCell<Faults> = RefCell::new(Faults::default());
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

/// Runs with these faults in the calls of this thread.
#[allow(dead_code)] // For unit tests.
pub(crate) fn with<T>(faults: Faults, run: impl FnOnce() -> T) -> T {
    let old = FAULTS.replace(faults);
    let result = run();
    FAULTS.set(old);
    result
}

/// How many calls of kevent(2) this thread has made.
#[allow(dead_code)] // For unit tests.
pub(crate) fn calls() -> usize {
    CALLS.get()
}

pub(super) fn count_call() {
    CALLS.set(CALLS.get() + 1);
}

/// What the environment asks for, read once.
fn always(name: &str) -> bool {
    static NAMES: OnceLock<String> = OnceLock::new();
    NAMES
        .get_or_init(|| env::var("MIO_KQUEUE_DOUBLE").unwrap_or_default())
        .split(',')
        .any(|found| found == name)
}

pub(super) fn has_user_events() -> bool {
    PERSONALITY.user_events && !FAULTS.with_borrow(|f| f.no_user_events) && !always("no-user")
}

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

pub(super) fn room(room: usize) -> usize {
    if FAULTS.with_borrow(|f| f.short) || always("short") {
        room.min(1)
    } else {
        room
    }
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

pub(super) fn disturb(events: &mut Vec<KernelEvent>, room: usize) {
    FAULTS.with_borrow_mut(|faults| {
        while events.len() < room {
            let Some(event) = faults.spurious.pop() else {
                break;
            };
            events.insert(0, event);
        }
        if faults.reverse || always("reverse") {
            events.reverse();
        }
    });
}
