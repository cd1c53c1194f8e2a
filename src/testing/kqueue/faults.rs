//! Behavior that a kernel shows rarely: faults that a test injects.
//!
//! A unit test calls `with`, which affects the calls of its own thread. `errors` are calls that
//! fail (see `testing::injection`), the other fields what else this kernel may do. The environment
//! variable `MIO_FAKE_KERNEL_FAULTS` affects all threads of the process:
//!
//! - `one-event`: kevent(2) returns one event at a time. Unit tests that expect several events of
//!   one call fail with it.
//! - `reverse`: kevent(2) returns events in reverse order.
//! - `no-user-events`: the kernel does not support `EVFILT_USER`.
//! - `interrupt`: every fifth wait returns EINTR.

use std::cell::RefCell;

use super::quirks::QUIRKS;
use super::{ADD, DELETE, Filter, KernelEvent};
use crate::testing::injection::{self, Call, Effect, Fault, environment};

/// The faults to inject.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    /// Calls and changes that fail.
    pub(crate) errors: Vec<Fault>,
    /// Events that no filter has caused. They are returned before all others.
    pub(crate) spurious: Vec<KernelEvent>,
    /// Events in reverse order.
    pub(crate) reverse: bool,
}

thread_local! {
    static FAULTS: RefCell<Faults> = RefCell::new(Faults::default());
}

/// Runs `run` with these faults in the calls of this thread.
#[allow(dead_code)] // Only unit tests use it.
pub(crate) fn with<T>(faults: Faults, run: impl FnOnce() -> T) -> T {
    let errors = faults.errors.clone();
    let old = FAULTS.replace(faults);
    let result = injection::with(&errors, run);
    FAULTS.set(old);
    result
}

pub(super) fn has_user_events() -> bool {
    QUIRKS.user_events && !environment::has("no-user-events")
}

/// What is to happen to one change.
pub(super) fn effect(change: &KernelEvent) -> Option<Effect> {
    injection::effect(if change.flags & DELETE != 0 {
        Call::ChangeDelete
    } else if change.flags & ADD == 0 {
        Call::ChangeTrigger
    } else {
        match Filter::from_c(change.filter) {
            Some(Filter::Read) => Call::ChangeAddRead,
            Some(Filter::Write) => Call::ChangeAddWrite,
            Some(Filter::User) | None => Call::ChangeAddUser,
        }
    })
}

/// The number of events that a call with `room` may return.
pub(super) fn clamp_room(room: usize) -> usize {
    if environment::has("one-event") {
        room.min(1)
    } else {
        room
    }
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
        if faults.reverse || environment::has("reverse") {
            events.reverse();
        }
    });
}
