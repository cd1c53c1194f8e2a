//! Every cell of the table at the head of `socket_state`, and the edges.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use super::*;
use crate::sys::windows::event::masks::{READ, RESET, WRITE};
use crate::sys::windows::platform::ffi;
use std::cell::Cell;

/// The memory of an idle request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Memory;
/// A request in flight.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Name;

pub(super) type Tested = SocketState<Memory, Name>;

pub(super) const IN: u32 = ffi::AFD_POLL_RECEIVE;
const ACCEPT: u32 = ffi::AFD_POLL_ACCEPT;
const END: u32 = ffi::AFD_POLL_DISCONNECT;
pub(super) const ALL: u32 = READ | WRITE | RESET;

fn owned(interest: u32) -> Tested {
    SocketState::new(Memory, Token(1), interest | RESET, false)
}

/// What an update did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Calls {
    started: Option<u32>,
    cancelled: bool,
}

pub(super) const NO_CALLS: Calls = Calls {
    started: None,
    cancelled: false,
};

pub(super) fn start(requested: u32) -> Calls {
    Calls {
        started: Some(requested | CLOSED),
        cancelled: false,
    }
}

pub(super) const CANCEL: Calls = Calls {
    started: None,
    cancelled: true,
};

/// One update. The kernel accepts its calls, or refuses them.
fn update_with(
    state: &mut Tested,
    refuses: bool,
    started: Started,
) -> (Calls, Result<(), &'static str>) {
    let calls = Cell::new(NO_CALLS);
    let result = state.update(
        |memory, requested| {
            calls.set(Calls {
                started: Some(requested),
                ..calls.get()
            });
            if refuses {
                Err((memory, "refused"))
            } else {
                Ok((Name, started))
            }
        },
        |_| {
            calls.set(Calls {
                cancelled: true,
                ..calls.get()
            });
            if refuses { Err("refused") } else { Ok(()) }
        },
    );
    (calls.get(), result)
}

/// One update, whose request, if any, completes at once.
pub(super) fn update(state: &mut Tested) -> Calls {
    update_as(state, Started::Completed)
}

pub(super) fn update_as(state: &mut Tested, started: Started) -> Calls {
    let (calls, result) = update_with(state, false, started);
    result.unwrap();
    assert!(!state.needs_update());
    assert!(!matches!(state.request, Request::Submitting));
    calls
}

pub(super) fn completed(state: &mut Tested, completion: Completion) -> u32 {
    let ready = state.completed(Memory, completion, Instant::now);
    assert_eq!(state.request, Request::Idle(Memory));
    ready
}

impl PartialEq for Request<Memory, Name> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Request::Pending { requested: one, .. },
                Request::Pending {
                    requested: other, ..
                },
            ) => one == other,
            _ => mem::discriminant(self) == mem::discriminant(other),
        }
    }
}

fn pending(requested: u32) -> Request<Memory, Name> {
    Request::Pending {
        operation: Name,
        requested,
    }
}

/// An owned source with a request in flight for reading.
fn pending_reader() -> Tested {
    let mut state = owned(READ);
    assert_eq!(update(&mut state), start(READ | RESET));
    assert_eq!(state.request, pending(READ | RESET));
    state
}

/// The same, after its request was canceled to add writing.
fn cancelled_reader() -> Tested {
    let mut state = pending_reader();
    assert!(state.reregister(Token(2), ALL, Mode::Edge));
    assert_eq!(update(&mut state), CANCEL);
    assert_eq!(state.request, Request::CancelRequested(Name));
    state
}

/// A request for the conditions after the read is deferred once, until the reader has read.
#[test]
fn only_failures_after_an_event_are_deferred() {
    let mut state = owned(IN | END);
    assert!(!state.take_deferral());
    assert_eq!(update(&mut state), start(IN | END | RESET));
    assert!(!state.take_deferral());
    assert_eq!(completed(&mut state, Completion::Conditions(IN)), IN);
    assert!(state.take_deferral());
    assert!(!state.take_deferral());
    // Readiness is wanted again.
    update(&mut state);
    assert_eq!(completed(&mut state, Completion::Conditions(END)), END);
    state.rearm(IN);
    assert!(!state.take_deferral());
}

#[test]
fn idle_starts_wanted_conditions() {
    for interest in [READ, WRITE, READ | WRITE] {
        let mut state = owned(interest);
        assert!(state.needs_update());
        assert_eq!(update(&mut state), start(interest | RESET));
        assert_eq!(state.request, pending(interest | RESET));
        assert_eq!(update(&mut state), NO_CALLS);
    }
}

#[test]
fn idle_without_wanted_conditions_stays_idle() {
    let mut state = pending_reader();
    assert_eq!(
        completed(&mut state, Completion::Conditions(ALL)),
        READ | RESET
    );
    assert_eq!(state.wanted(), 0);
    assert_eq!(update(&mut state), NO_CALLS);
    assert_eq!(state.request, Request::Idle(Memory));
}

#[test]
fn refused_start_stays_idle() {
    let mut state = owned(READ);
    let (calls, result) = update_with(&mut state, true, Started::Completed);
    assert_eq!((calls, result), (start(READ | RESET), Err("refused")));
    assert_eq!(state.request, Request::Idle(Memory));
    // The caller of `update` retries, or reports the fault once.
    assert!(state.needs_update());
    assert_eq!(state.fail(5), masks::of_fault(READ | RESET));
    assert!(!state.needs_update());
    assert_eq!(state.fail(5), 0);
    state.rearm(ALL);
    assert_eq!(update(&mut state), start(READ | RESET));
}

#[test]
fn end_of_idle_cancels_nothing() {
    let mut state = owned(READ);
    assert!(state.end(|_| panic!("nothing is in flight")).was_registered);
    assert!(!state.end(|_| panic!("nothing is in flight")).was_registered);
    assert_eq!(update(&mut state), NO_CALLS);
    assert_eq!(state.request, Request::Idle(Memory));
}

#[test]
fn pending_with_enough_conditions_is_kept() {
    let mut state = owned(READ | WRITE);
    update(&mut state);
    for interest in [READ, WRITE, READ | WRITE] {
        assert!(state.reregister(Token(2), interest | RESET, Mode::Edge));
        assert!(!state.needs_update());
        state.rearm(ALL);
        assert_eq!(update(&mut state), NO_CALLS);
        assert_eq!(state.request, pending(ALL));
    }
}

#[test]
fn pending_with_extra_conditions_reports_only_wanted() {
    let mut state = owned(READ | WRITE);
    update(&mut state);
    assert!(state.reregister(Token(2), READ | RESET, Mode::Edge));
    assert_eq!(completed(&mut state, Completion::Conditions(WRITE)), 0);
    assert_eq!(update(&mut state), start(READ | RESET));
}

#[test]
fn pending_with_too_few_conditions_is_cancelled() {
    cancelled_reader();
}

#[test]
fn failed_cancel_stays_pending() {
    let mut state = pending_reader();
    state.reregister(Token(2), ALL, Mode::Edge);
    let (calls, result) = update_with(&mut state, true, Started::Completed);
    assert_eq!((calls, result), (CANCEL, Err("refused")));
    assert_eq!(state.request, pending(READ | RESET));
    assert!(state.needs_update());
    assert_eq!(update(&mut state), CANCEL);
}

#[test]
fn pending_reports_conditions() {
    let mut state = pending_reader();
    assert_eq!(completed(&mut state, Completion::Conditions(IN)), IN);
}

#[test]
fn foreign_cancel_restarts_the_request() {
    // `CancelIoEx` of other code.
    let mut state = pending_reader();
    assert_eq!(completed(&mut state, Completion::NoConditions), 0);
    assert_eq!(update(&mut state), start(READ | RESET));
}

#[test]
fn failed_request_reports_a_fault() {
    let mut state = pending_reader();
    assert_eq!(
        completed(&mut state, Completion::Failed(5)),
        masks::of_fault(READ | RESET)
    );
    assert_eq!(update(&mut state), NO_CALLS);
    state.rearm(ALL);
    assert_eq!(update(&mut state), start(READ | RESET));
}

#[test]
fn pending_detects_a_closed_socket() {
    let unowned = SocketState::new(Memory, Token(1), READ | RESET, true);
    for (completion, mut state) in [
        (Completion::InvalidHandle(6), unowned),
        (Completion::Conditions(IN | CLOSED), owned(READ)),
    ] {
        update(&mut state);
        assert_eq!(completed(&mut state, completion), 0);
        assert!(state.has_ended());
        assert_eq!(update(&mut state), NO_CALLS);
        assert!(!state.reregister(Token(2), ALL, Mode::Edge));
        state.rearm(ALL);
        assert_eq!(update(&mut state), NO_CALLS);
        assert!(!state.end(|_| panic!("nothing is in flight")).was_registered);
        assert!(!state.mark_closed());
    }
}

#[test]
fn end_of_pending_cancels() {
    let mut state = pending_reader();
    let cancelled = Cell::new(0);
    let cancel = |_: &Name| {
        cancelled.set(cancelled.get() + 1);
        true
    };
    let ended = state.end(cancel);
    assert!(ended.was_registered && !ended.lingers);
    assert_eq!(state.request, Request::CancelRequested(Name));
    assert!(!state.end(cancel).was_registered);
    assert_eq!(cancelled.get(), 1);
    // A request that cannot be canceled lingers.
    assert!(pending_reader().end(|_| false).lingers);
}

#[test]
fn cancel_requested_waits_for_its_packet() {
    let mut state = cancelled_reader();
    for interest in [READ, WRITE, READ | WRITE] {
        state.reregister(Token(3), interest | RESET, Mode::Edge);
        assert_eq!(update(&mut state), NO_CALLS);
        assert_eq!(state.request, Request::CancelRequested(Name));
    }
    assert_eq!(completed(&mut state, Completion::NoConditions), 0);
    assert_eq!(update(&mut state), start(ALL));
}

#[test]
fn late_cancel_reports_conditions() {
    let mut state = cancelled_reader();
    assert_eq!(completed(&mut state, Completion::Conditions(IN)), IN);
    // The other conditions are requested again.
    assert_eq!(update(&mut state), start(ALL & !IN & !ACCEPT));
}

#[test]
fn cancel_requested_reports_faults_and_closed_sockets() {
    let mut state = cancelled_reader();
    assert_eq!(
        completed(&mut state, Completion::Failed(5)),
        masks::of_fault(ALL)
    );
    let mut state = cancelled_reader();
    let closed = Completion::Conditions(CLOSED);
    assert_eq!(completed(&mut state, closed), 0);
    assert!(state.has_ended());
}

#[test]
fn end_of_cancel_requested_cancels_nothing() {
    let mut state = cancelled_reader();
    assert!(
        state
            .end(|_| panic!("it was cancelled already"))
            .was_registered
    );
    assert_eq!(state.request, Request::CancelRequested(Name));
}

/// Any completion is possible.
#[test]
fn packet_after_end_only_returns_memory() {
    for completion in [
        Completion::NoConditions,
        Completion::Conditions(ALL),
        Completion::Conditions(CLOSED),
        Completion::Failed(5),
        Completion::InvalidHandle(6),
    ] {
        for mut state in [pending_reader(), cancelled_reader()] {
            state.end(|_| true);
            assert_eq!(completed(&mut state, completion), 0);
            assert_eq!(update(&mut state), NO_CALLS);
            assert!(!state.reregister(Token(2), ALL, Mode::Edge));
        }
    }
}

/// Each condition is reported once until it is armed.
#[test]
fn owned_conditions_are_reported_once_per_arming() {
    let mut state = owned(READ | WRITE);
    update(&mut state);
    assert_eq!(completed(&mut state, Completion::Conditions(WRITE)), WRITE);
    assert_eq!(update(&mut state), start(READ | RESET));
    assert_eq!(
        completed(&mut state, Completion::Conditions(IN | WRITE)),
        IN
    );
    // The peer's end is reported separately from its data.
    assert_eq!(update(&mut state), start(READ & !IN & !ACCEPT | RESET));
    assert_eq!(completed(&mut state, Completion::Conditions(IN | END)), END);
    update(&mut state);
    assert_eq!(completed(&mut state, Completion::Conditions(RESET)), RESET);
    let left = READ & !IN & !ACCEPT & !END;
    assert_eq!(state.wanted(), left);
    state.rearm(ALL);
    assert_eq!(state.wanted(), ALL);
}

/// An owned socket is open, so "invalid handle" is a failure of the request.
#[test]
fn invalid_handle_of_an_owned_socket_is_a_fault() {
    for mut state in [pending_reader(), cancelled_reader()] {
        let wanted = state.wanted();
        let ready = completed(&mut state, Completion::InvalidHandle(6));
        assert_eq!(ready, masks::of_fault(wanted));
        assert!(!state.has_ended());
        assert_eq!(state.take_fault(), Some(6));
        assert_eq!(state.take_fault(), None);
    }
}

/// AFD may complete RECEIVE on a listener with ACCEPT (NT 4): both are one condition.
#[test]
fn undrained_listener_does_not_spin() {
    let mut state = owned(READ);
    let mut polls = 0;
    for _ in 0..1000 {
        let Some(requested) = update(&mut state).started else {
            break;
        };
        polls += 1;
        if requested & (IN | ACCEPT) == 0 {
            // This request waits.
            break;
        }
        completed(&mut state, Completion::Conditions(ACCEPT));
    }
    assert!(polls <= 2, "{polls}");
}

/// Completions without an armed condition do not start requests without end.
#[test]
fn stray_completions_are_followed_by_pauses() {
    for completion in [
        Completion::Conditions(ffi::AFD_POLL_CONNECT),
        Completion::NoConditions,
    ] {
        let mut state = owned(READ);
        for _ in 0..MAX_STRAYS {
            assert_eq!(update(&mut state), start(READ | RESET));
            assert_eq!(completed(&mut state, completion), 0);
        }
        assert_eq!(update(&mut state), NO_CALLS);
        assert!(state.is_paused() && state.needs_poller());
        state.resume();
        assert_eq!(update(&mut state), start(READ | RESET));
        assert_eq!(completed(&mut state, completion), 0);
        assert_eq!(update(&mut state), NO_CALLS);
        // `rearm` does not end the pause, `reregister` does.
        state.rearm(ALL);
        assert_eq!(update(&mut state), NO_CALLS);
        state.reregister(Token(1), READ | RESET, Mode::Edge);
        assert_eq!(update(&mut state), start(READ | RESET));
        // A reported condition restarts the count.
        assert_eq!(completed(&mut state, Completion::Conditions(IN)), IN);
        state.rearm(ALL);
        assert_eq!(update(&mut state), start(READ | RESET));
        assert_eq!(completed(&mut state, completion), 0);
        assert_eq!(update(&mut state), start(READ | RESET));
    }
}

/// A pending request without a rearmed condition is canceled, once.
#[test]
fn rearm_requests_reported_conditions() {
    let mut state = pending_reader();
    completed(&mut state, Completion::Conditions(IN));
    update(&mut state);
    state.rearm(ALL);
    assert_eq!(update(&mut state), CANCEL);
    state.rearm(ALL);
    assert_eq!(update(&mut state), NO_CALLS);
    completed(&mut state, Completion::NoConditions);
    assert_eq!(update(&mut state), start(READ | RESET));
}

/// A read that drains the socket before the next wait costs one request in total.
#[test]
fn rearm_before_update_cancels_nothing() {
    let mut state = pending_reader();
    completed(&mut state, Completion::Conditions(IN));
    state.rearm(ALL);
    assert_eq!(update(&mut state), start(READ | RESET));
}

#[test]
fn reregister_reports_current_conditions() {
    let mut state = pending_reader();
    assert_eq!(completed(&mut state, Completion::Conditions(IN)), IN);
    assert!(state.reregister(Token(7), READ | RESET, Mode::Edge));
    assert_eq!(state.token(), Token(7));
    update(&mut state);
    assert_eq!(completed(&mut state, Completion::Conditions(IN)), IN);
}
