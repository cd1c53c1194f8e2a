//! Every cell of the table of states, and the edges.
#![allow(clippy::unwrap_used)]

use super::*;
use std::cell::Cell;

/// The memory of a poll, by the number of times it was started.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Memory;
/// The name of a poll.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Name;

pub(super) type Tested = Machine<Memory, Name>;

/// One condition of each direction.
pub(super) const IN: u32 = READ & READ.wrapping_neg();
/// Another that a reader waits for.
const END: u32 = READ & !IN & (READ & !IN).wrapping_neg();
pub(super) const ALL: u32 = READ | WRITE | FAILED;

fn owned(interest: u32) -> Tested {
    Machine::new(Memory, Token(1), interest | FAILED, false)
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
fn update_with(machine: &mut Tested, refuses: bool) -> (Calls, Result<(), &'static str>) {
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
                Ok(Name)
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

pub(super) fn update(machine: &mut Tested) -> Calls {
    let (calls, result) = update_with(machine, false);
    result.unwrap();
    assert!(!machine.needs_update());
    assert!(!matches!(machine.poll, Poll::Starting));
    calls
}

pub(super) fn completed(machine: &mut Tested, answer: Answer) -> u32 {
    let ready = machine.completed(Memory, answer, Instant::now);
    assert_eq!(machine.poll, Poll::Idle(Memory));
    ready
}

impl PartialEq for Poll<Memory, Name> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Poll::Pending { asked: one, .. }, Poll::Pending { asked: other, .. }) => one == other,
            _ => mem::discriminant(self) == mem::discriminant(other),
        }
    }
}

fn pending(asked: u32) -> Poll<Memory, Name> {
    Poll::Pending { name: Name, asked }
}

/// A source with a poll in flight for reading.
fn pending_reader() -> Tested {
    let mut machine = owned(READ);
    assert_eq!(update(&mut machine), start(READ | FAILED));
    assert_eq!(machine.poll, pending(READ | FAILED));
    machine
}

/// The same, and its poll was cancelled to ask for writing, too.
fn cancelled_reader() -> Tested {
    let mut machine = pending_reader();
    assert!(machine.reregister(Token(2), ALL));
    assert_eq!(update(&mut machine), CANCEL);
    assert_eq!(machine.poll, Poll::Cancelled(Name));
    machine
}

#[test]
fn idle_starts_what_is_wanted() {
    for interest in [READ, WRITE, READ | WRITE] {
        let mut machine = owned(interest);
        assert!(machine.needs_update());
        assert_eq!(update(&mut machine), start(interest | FAILED));
        assert_eq!(machine.poll, pending(interest | FAILED));
        assert_eq!(update(&mut machine), NO_CALLS);
    }
}

#[test]
fn idle_that_wants_nothing_stays_idle() {
    let mut machine = pending_reader();
    assert_eq!(
        completed(&mut machine, Answer::Conditions(ALL)),
        READ | FAILED
    );
    assert_eq!(machine.wanted(), 0);
    assert_eq!(update(&mut machine), NO_CALLS);
    assert_eq!(machine.poll, Poll::Idle(Memory));
}

#[test]
fn idle_that_is_refused_stays_idle() {
    let mut machine = owned(READ);
    let (calls, result) = update_with(&mut machine, true);
    assert_eq!((calls, result), (start(READ | FAILED), Err("refused")));
    assert_eq!(machine.poll, Poll::Idle(Memory));
    // Tried again as it was, or reported once and left out until it is armed.
    assert!(machine.needs_update());
    assert_eq!(machine.fail(), masks::fault(READ | FAILED));
    assert!(!machine.needs_update());
    assert_eq!(machine.fail(), 0);
    machine.rearm(ALL);
    assert_eq!(update(&mut machine), start(READ | FAILED));
}

#[test]
fn idle_ends() {
    let mut machine = owned(READ);
    assert!(machine.end(|_| panic!("nothing is in flight")));
    assert!(!machine.end(|_| panic!("nothing is in flight")));
    assert_eq!(update(&mut machine), NO_CALLS);
    assert_eq!(machine.poll, Poll::Idle(Memory));
}

#[test]
fn pending_is_left_alone_while_it_asks_for_enough() {
    let mut machine = owned(READ | WRITE);
    update(&mut machine);
    for interest in [READ, WRITE, READ | WRITE] {
        assert!(machine.reregister(Token(2), interest | FAILED));
        assert!(!machine.needs_update());
        machine.rearm(ALL);
        assert_eq!(update(&mut machine), NO_CALLS);
        assert_eq!(machine.poll, pending(ALL));
    }
}

#[test]
fn pending_that_asks_for_too_much_reports_what_is_wanted() {
    let mut machine = owned(READ | WRITE);
    update(&mut machine);
    assert!(machine.reregister(Token(2), READ | FAILED));
    assert_eq!(completed(&mut machine, Answer::Conditions(WRITE)), 0);
    assert_eq!(update(&mut machine), start(READ | FAILED));
}

#[test]
fn pending_that_asks_for_too_little_is_cancelled() {
    cancelled_reader();
}

#[test]
fn pending_that_cannot_be_cancelled_stays_pending() {
    let mut machine = pending_reader();
    machine.reregister(Token(2), ALL);
    let (calls, result) = update_with(&mut machine, true);
    assert_eq!((calls, result), (CANCEL, Err("refused")));
    assert_eq!(machine.poll, pending(READ | FAILED));
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
    assert_eq!(update(&mut machine), start(READ | FAILED));
}

#[test]
fn pending_fails() {
    let mut machine = pending_reader();
    assert_eq!(
        completed(&mut machine, Answer::Failed),
        masks::fault(READ | FAILED)
    );
    assert_eq!(update(&mut machine), NO_CALLS);
    machine.rearm(ALL);
    assert_eq!(update(&mut machine), start(READ | FAILED));
}

#[test]
fn pending_finds_its_socket_closed() {
    for answer in [Answer::Gone, Answer::Conditions(IN | CLOSED)] {
        let mut machine = pending_reader();
        assert_eq!(completed(&mut machine, answer), 0);
        assert!(machine.has_ended());
        assert_eq!(update(&mut machine), NO_CALLS);
        assert!(!machine.reregister(Token(2), ALL));
        machine.rearm(ALL);
        assert_eq!(update(&mut machine), NO_CALLS);
        assert!(!machine.end(|_| panic!("nothing is in flight")));
        assert!(!machine.gone());
    }
}

#[test]
fn pending_ends_by_cancelling() {
    let mut machine = pending_reader();
    let cancelled = Cell::new(0);
    assert!(machine.end(|_| cancelled.set(cancelled.get() + 1)));
    assert_eq!(machine.poll, Poll::Cancelled(Name));
    assert!(!machine.end(|_| cancelled.set(cancelled.get() + 1)));
    assert_eq!(cancelled.get(), 1);
}

#[test]
fn cancelled_waits_for_its_packet() {
    let mut machine = cancelled_reader();
    for interest in [READ, WRITE, READ | WRITE] {
        machine.reregister(Token(3), interest | FAILED);
        assert_eq!(update(&mut machine), NO_CALLS);
        assert_eq!(machine.poll, Poll::Cancelled(Name));
    }
    assert_eq!(completed(&mut machine, Answer::Nothing), 0);
    assert_eq!(update(&mut machine), start(ALL));
}

#[test]
fn cancelled_too_late_reports_conditions() {
    let mut machine = cancelled_reader();
    assert_eq!(completed(&mut machine, Answer::Conditions(IN)), IN);
    // The rest is asked for anew.
    assert_eq!(update(&mut machine), start(ALL & !IN));
}

#[test]
fn cancelled_fails_or_finds_its_socket_closed() {
    let mut machine = cancelled_reader();
    assert_eq!(completed(&mut machine, Answer::Failed), masks::fault(ALL));
    let mut machine = cancelled_reader();
    assert_eq!(completed(&mut machine, Answer::Gone), 0);
    assert!(machine.has_ended());
}

#[test]
fn cancelled_ends_without_cancelling_again() {
    let mut machine = cancelled_reader();
    assert!(machine.end(|_| panic!("it was cancelled already")));
    assert_eq!(machine.poll, Poll::Cancelled(Name));
}

/// whatever the packet says.
#[test]
fn after_the_end_a_packet_only_gives_the_memory_back() {
    for answer in [
        Answer::Nothing,
        Answer::Conditions(ALL),
        Answer::Conditions(CLOSED),
        Answer::Failed,
        Answer::Gone,
    ] {
        for mut machine in [pending_reader(), cancelled_reader()] {
            machine.end(|_| {});
            assert_eq!(completed(&mut machine, answer), 0);
            assert_eq!(update(&mut machine), NO_CALLS);
            assert!(!machine.reregister(Token(2), ALL));
        }
    }
}

/// each condition once until it is armed.
#[test]
fn owned_conditions_are_edges() {
    let mut machine = owned(READ | WRITE);
    update(&mut machine);
    assert_eq!(completed(&mut machine, Answer::Conditions(WRITE)), WRITE);
    assert_eq!(update(&mut machine), start(READ | FAILED));
    assert_eq!(completed(&mut machine, Answer::Conditions(IN | WRITE)), IN);
    // The end of the peer comes apart from its data.
    assert_eq!(update(&mut machine), start(READ & !IN | FAILED));
    assert_eq!(completed(&mut machine, Answer::Conditions(IN | END)), END);
    update(&mut machine);
    assert_eq!(completed(&mut machine, Answer::Conditions(FAILED)), FAILED);
    let left = READ & !IN & !END;
    assert_eq!(machine.wanted(), left);
    machine.rearm(ALL);
    assert_eq!(machine.wanted(), ALL);
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
    assert_eq!(update(&mut machine), start(READ | FAILED));
}

/// A read that drains the socket before the next wait costs one poll in all.
#[test]
fn armed_before_the_next_update_nothing_is_cancelled() {
    let mut machine = pending_reader();
    completed(&mut machine, Answer::Conditions(IN));
    machine.rearm(ALL);
    assert_eq!(update(&mut machine), start(READ | FAILED));
}

#[test]
fn reregistering_reports_what_holds_already() {
    let mut machine = pending_reader();
    assert_eq!(completed(&mut machine, Answer::Conditions(IN)), IN);
    assert!(machine.reregister(Token(7), READ | FAILED));
    assert_eq!(machine.token(), Token(7));
    update(&mut machine);
    assert_eq!(completed(&mut machine, Answer::Conditions(IN)), IN);
}
