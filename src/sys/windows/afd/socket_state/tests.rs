//! Every cell of the table of states, and the edges.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::sys::windows::platform::ffi;
use std::cell::Cell;

/// The memory of a poll, by the number of times it was started.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Memory;
/// The name of a poll.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Name;

pub(super) type Tested = Machine<Memory, Name>;

pub(super) const IN: u32 = ffi::AFD_POLL_RECEIVE;
const ACCEPT: u32 = ffi::AFD_POLL_ACCEPT;
const END: u32 = ffi::AFD_POLL_DISCONNECT;
pub(super) const ALL: u32 = READ | WRITE | BROKEN;

fn owned(interest: u32) -> Tested {
    Machine::new(Memory, Token(1), interest | BROKEN, false)
}

/// What an update asked the kernel for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Calls {
    started: Option<u32>,
    cancelled: bool,
}

pub(super) const NO_CALLS: Calls = Calls {
    started: None,
    cancelled: false,
};

pub(super) fn start(asked: u32) -> Calls {
    Calls {
        started: Some(asked | CLOSED),
        cancelled: false,
    }
}

pub(super) const CANCEL: Calls = Calls {
    started: None,
    cancelled: true,
};

/// One update, in which the kernel does as it is told, or refuses.
fn update_with(
    machine: &mut Tested,
    refuses: bool,
    taken: Taken,
) -> (Calls, Result<(), &'static str>) {
    let calls = Cell::new(NO_CALLS);
    let result = machine.update(
        |memory, asked| {
            calls.set(Calls {
                started: Some(asked),
                ..calls.get()
            });
            if refuses {
                Err((memory, "refused"))
            } else {
                Ok((Name, taken))
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

/// One update, whose request is answered at once if there is one.
pub(super) fn update(machine: &mut Tested) -> Calls {
    update_as(machine, Taken::Answered)
}

pub(super) fn update_as(machine: &mut Tested, taken: Taken) -> Calls {
    let (calls, result) = update_with(machine, false, taken);
    result.unwrap();
    assert!(!machine.needs_update());
    assert!(!matches!(machine.request, Request::Submitting));
    calls
}

pub(super) fn completed(machine: &mut Tested, answer: Answer) -> u32 {
    let ready = machine.completed(Memory, answer, Instant::now);
    assert_eq!(machine.request, Request::Idle(Memory));
    ready
}

impl PartialEq for Request<Memory, Name> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Request::Pending { asked: one, .. }, Request::Pending { asked: other, .. }) => {
                one == other
            }
            _ => mem::discriminant(self) == mem::discriminant(other),
        }
    }
}

fn pending(asked: u32) -> Request<Memory, Name> {
    Request::Pending {
        operation: Name,
        asked,
    }
}

/// A source with a poll in flight for reading.
fn pending_reader() -> Tested {
    let mut machine = owned(READ);
    assert_eq!(update(&mut machine), start(READ | BROKEN));
    assert_eq!(machine.request, pending(READ | BROKEN));
    machine
}

/// The same, and its poll was cancelled to ask for writing, too.
fn cancelled_reader() -> Tested {
    let mut machine = pending_reader();
    assert!(machine.reregister(Token(2), ALL));
    assert_eq!(update(&mut machine), CANCEL);
    assert_eq!(machine.request, Request::CancelRequested(Name));
    machine
}

#[test]
fn idle_starts_what_is_wanted() {
    for interest in [READ, WRITE, READ | WRITE] {
        let mut machine = owned(interest);
        assert!(machine.needs_update());
        assert_eq!(update(&mut machine), start(interest | BROKEN));
        assert_eq!(machine.request, pending(interest | BROKEN));
        assert_eq!(update(&mut machine), NO_CALLS);
    }
}

#[test]
fn idle_that_wants_nothing_stays_idle() {
    let mut machine = pending_reader();
    assert_eq!(
        completed(&mut machine, Answer::Conditions(ALL)),
        READ | BROKEN
    );
    assert_eq!(machine.wanted(), 0);
    assert_eq!(update(&mut machine), NO_CALLS);
    assert_eq!(machine.request, Request::Idle(Memory));
}

#[test]
fn idle_that_is_refused_stays_idle() {
    let mut machine = owned(READ);
    let (calls, result) = update_with(&mut machine, true, Taken::Answered);
    assert_eq!((calls, result), (start(READ | BROKEN), Err("refused")));
    assert_eq!(machine.request, Request::Idle(Memory));
    // Tried again as it was, or reported once and left out until it is armed.
    assert!(machine.needs_update());
    assert_eq!(machine.fail(5), masks::fault(READ | BROKEN));
    assert!(!machine.needs_update());
    assert_eq!(machine.fail(5), 0);
    machine.rearm(ALL);
    assert_eq!(update(&mut machine), start(READ | BROKEN));
}

#[test]
fn idle_ends() {
    let mut machine = owned(READ);
    assert!(
        machine
            .end(|_| panic!("nothing is in flight"))
            .was_registered
    );
    assert!(
        !machine
            .end(|_| panic!("nothing is in flight"))
            .was_registered
    );
    assert_eq!(update(&mut machine), NO_CALLS);
    assert_eq!(machine.request, Request::Idle(Memory));
}

#[test]
fn pending_is_left_alone_while_it_asks_for_enough() {
    let mut machine = owned(READ | WRITE);
    update(&mut machine);
    for interest in [READ, WRITE, READ | WRITE] {
        assert!(machine.reregister(Token(2), interest | BROKEN));
        assert!(!machine.needs_update());
        machine.rearm(ALL);
        assert_eq!(update(&mut machine), NO_CALLS);
        assert_eq!(machine.request, pending(ALL));
    }
}

#[test]
fn pending_that_asks_for_too_much_reports_what_is_wanted() {
    let mut machine = owned(READ | WRITE);
    update(&mut machine);
    assert!(machine.reregister(Token(2), READ | BROKEN));
    assert_eq!(completed(&mut machine, Answer::Conditions(WRITE)), 0);
    assert_eq!(update(&mut machine), start(READ | BROKEN));
}

#[test]
fn pending_that_asks_for_too_little_is_cancelled() {
    cancelled_reader();
}

#[test]
fn pending_that_cannot_be_cancelled_stays_pending() {
    let mut machine = pending_reader();
    machine.reregister(Token(2), ALL);
    let (calls, result) = update_with(&mut machine, true, Taken::Answered);
    assert_eq!((calls, result), (CANCEL, Err("refused")));
    assert_eq!(machine.request, pending(READ | BROKEN));
    assert!(machine.needs_update());
    assert_eq!(update(&mut machine), CANCEL);
}

#[test]
fn pending_reports_conditions() {
    let mut machine = pending_reader();
    assert_eq!(completed(&mut machine, Answer::Conditions(IN)), IN);
}

#[test]
fn pending_is_cancelled_from_elsewhere() {
    // A thread that ends takes its operations along on old systems.
    let mut machine = pending_reader();
    assert_eq!(completed(&mut machine, Answer::Nothing), 0);
    assert_eq!(update(&mut machine), start(READ | BROKEN));
}

#[test]
fn pending_fails() {
    let mut machine = pending_reader();
    assert_eq!(
        completed(&mut machine, Answer::Failed(5)),
        masks::fault(READ | BROKEN)
    );
    assert_eq!(update(&mut machine), NO_CALLS);
    machine.rearm(ALL);
    assert_eq!(update(&mut machine), start(READ | BROKEN));
}

#[test]
fn pending_finds_its_socket_closed() {
    let raw = Machine::new(Memory, Token(1), READ | BROKEN, true);
    for (answer, mut machine) in [
        (Answer::Gone(6), raw),
        (Answer::Conditions(IN | CLOSED), owned(READ)),
    ] {
        update(&mut machine);
        assert_eq!(completed(&mut machine, answer), 0);
        assert!(machine.has_ended());
        assert_eq!(update(&mut machine), NO_CALLS);
        assert!(!machine.reregister(Token(2), ALL));
        machine.rearm(ALL);
        assert_eq!(update(&mut machine), NO_CALLS);
        assert!(
            !machine
                .end(|_| panic!("nothing is in flight"))
                .was_registered
        );
        assert!(!machine.gone());
    }
}

#[test]
fn pending_ends_by_cancelling() {
    let mut machine = pending_reader();
    let cancelled = Cell::new(0);
    let cancel = |_: &Name| {
        cancelled.set(cancelled.get() + 1);
        true
    };
    let ended = machine.end(cancel);
    assert!(ended.was_registered && !ended.lingers);
    assert_eq!(machine.request, Request::CancelRequested(Name));
    assert!(!machine.end(cancel).was_registered);
    assert_eq!(cancelled.get(), 1);
    // One that cannot be cancelled lingers.
    assert!(pending_reader().end(|_| false).lingers);
}

#[test]
fn cancelled_waits_for_its_packet() {
    let mut machine = cancelled_reader();
    for interest in [READ, WRITE, READ | WRITE] {
        machine.reregister(Token(3), interest | BROKEN);
        assert_eq!(update(&mut machine), NO_CALLS);
        assert_eq!(machine.request, Request::CancelRequested(Name));
    }
    assert_eq!(completed(&mut machine, Answer::Nothing), 0);
    assert_eq!(update(&mut machine), start(ALL));
}

#[test]
fn cancelled_too_late_reports_conditions() {
    let mut machine = cancelled_reader();
    assert_eq!(completed(&mut machine, Answer::Conditions(IN)), IN);
    // The rest is asked for anew.
    assert_eq!(update(&mut machine), start(ALL & !IN & !ACCEPT));
}

#[test]
fn cancelled_fails_or_finds_its_socket_closed() {
    let mut machine = cancelled_reader();
    assert_eq!(
        completed(&mut machine, Answer::Failed(5)),
        masks::fault(ALL)
    );
    let mut machine = cancelled_reader();
    let closed = Answer::Conditions(CLOSED);
    assert_eq!(completed(&mut machine, closed), 0);
    assert!(machine.has_ended());
}

#[test]
fn cancelled_ends_without_cancelling_again() {
    let mut machine = cancelled_reader();
    assert!(
        machine
            .end(|_| panic!("it was cancelled already"))
            .was_registered
    );
    assert_eq!(machine.request, Request::CancelRequested(Name));
}

/// Whatever the packet says.
#[test]
fn after_the_end_a_packet_only_gives_the_memory_back() {
    for answer in [
        Answer::Nothing,
        Answer::Conditions(ALL),
        Answer::Conditions(CLOSED),
        Answer::Failed(5),
        Answer::Gone(6),
    ] {
        for mut machine in [pending_reader(), cancelled_reader()] {
            machine.end(|_| true);
            assert_eq!(completed(&mut machine, answer), 0);
            assert_eq!(update(&mut machine), NO_CALLS);
            assert!(!machine.reregister(Token(2), ALL));
        }
    }
}

/// Each condition once until it is armed.
#[test]
fn owned_conditions_are_edges() {
    let mut machine = owned(READ | WRITE);
    update(&mut machine);
    assert_eq!(completed(&mut machine, Answer::Conditions(WRITE)), WRITE);
    assert_eq!(update(&mut machine), start(READ | BROKEN));
    assert_eq!(completed(&mut machine, Answer::Conditions(IN | WRITE)), IN);
    // The end of the peer comes apart from its data.
    assert_eq!(update(&mut machine), start(READ & !IN & !ACCEPT | BROKEN));
    assert_eq!(completed(&mut machine, Answer::Conditions(IN | END)), END);
    update(&mut machine);
    assert_eq!(completed(&mut machine, Answer::Conditions(BROKEN)), BROKEN);
    let left = READ & !IN & !ACCEPT & !END;
    assert_eq!(machine.wanted(), left);
    machine.rearm(ALL);
    assert_eq!(machine.wanted(), ALL);
}

/// A socket of ours is open, so "no such handle" is a failure of the request.
#[test]
fn owned_that_is_gone_is_a_fault() {
    for mut machine in [pending_reader(), cancelled_reader()] {
        let wanted = machine.wanted();
        let ready = completed(&mut machine, Answer::Gone(6));
        assert_eq!(ready, masks::fault(wanted));
        assert!(!machine.has_ended());
        assert_eq!(machine.take_fault(), Some(6));
        assert_eq!(machine.take_fault(), None);
    }
}

/// Windows' AFD may answer RECEIVE on a listener with ACCEPT (NT 4): both are one condition.
#[test]
fn a_listener_that_is_not_drained_does_not_spin() {
    let mut machine = owned(READ);
    let mut polls = 0;
    for _ in 0..1000 {
        let Some(asked) = update(&mut machine).started else {
            break;
        };
        polls += 1;
        if asked & (IN | ACCEPT) == 0 {
            // Now it really waits.
            break;
        }
        completed(&mut machine, Answer::Conditions(ACCEPT));
    }
    assert!(polls <= 2, "{polls}");
}

/// Answers that name nothing armed start no requests without end.
#[test]
fn stray_answers_are_followed_by_pauses() {
    for answer in [Answer::Conditions(ffi::AFD_POLL_CONNECT), Answer::Nothing] {
        let mut machine = owned(READ);
        for _ in 0..STRAYS {
            assert_eq!(update(&mut machine), start(READ | BROKEN));
            assert_eq!(completed(&mut machine, answer), 0);
        }
        assert_eq!(update(&mut machine), NO_CALLS);
        assert!(machine.is_held_back() && machine.needs_poller());
        machine.resume();
        assert_eq!(update(&mut machine), start(READ | BROKEN));
        assert_eq!(completed(&mut machine, answer), 0);
        assert_eq!(update(&mut machine), NO_CALLS);
        // Arming it waits for the pause, registering it anew does not.
        machine.rearm(ALL);
        assert_eq!(update(&mut machine), NO_CALLS);
        machine.reregister(Token(1), READ | BROKEN);
        assert_eq!(update(&mut machine), start(READ | BROKEN));
        // An event forgives.
        assert_eq!(completed(&mut machine, Answer::Conditions(IN)), IN);
        machine.rearm(ALL);
        assert_eq!(update(&mut machine), start(READ | BROKEN));
        assert_eq!(completed(&mut machine, answer), 0);
        assert_eq!(update(&mut machine), start(READ | BROKEN));
    }
}

/// A poll that waits for the rest is cancelled when an operation would block, once.
#[test]
fn arming_asks_for_what_was_reported() {
    let mut machine = pending_reader();
    completed(&mut machine, Answer::Conditions(IN));
    update(&mut machine);
    machine.rearm(ALL);
    assert_eq!(update(&mut machine), CANCEL);
    machine.rearm(ALL);
    assert_eq!(update(&mut machine), NO_CALLS);
    completed(&mut machine, Answer::Nothing);
    assert_eq!(update(&mut machine), start(READ | BROKEN));
}

/// A read that drains the socket before the next wait costs one poll in all.
#[test]
fn armed_before_the_next_update_nothing_is_cancelled() {
    let mut machine = pending_reader();
    completed(&mut machine, Answer::Conditions(IN));
    machine.rearm(ALL);
    assert_eq!(update(&mut machine), start(READ | BROKEN));
}

#[test]
fn reregistering_reports_what_holds_already() {
    let mut machine = pending_reader();
    assert_eq!(completed(&mut machine, Answer::Conditions(IN)), IN);
    assert!(machine.reregister(Token(7), READ | BROKEN));
    assert_eq!(machine.token(), Token(7));
    update(&mut machine);
    assert_eq!(completed(&mut machine, Answer::Conditions(IN)), IN);
}
