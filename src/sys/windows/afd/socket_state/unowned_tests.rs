//! Unowned sockets, whose directions follow `level_backoff`.

use std::time::Duration;

use super::tests::{
    ALL, CANCEL, IN, Memory, NO_CALLS, Tested, completed, start, update, update_as,
};
use super::*;

fn raw(interest: u32) -> Tested {
    Machine::new(Memory, Token(1), interest | BROKEN, true)
}

/// Brings a raw reader that is never seen clear into doubt.
fn in_doubt(machine: &mut Tested) {
    let mut reports = 0;
    while machine.in_doubt() == 0 {
        assert_eq!(update(machine), start(machine.wanted()));
        assert_eq!(completed(machine, Answer::Conditions(IN)), IN);
        reports += 1;
        assert!(reports < 100);
    }
    assert_eq!(machine.in_doubt(), READ);
}

/// without any arming.
#[test]
fn raw_conditions_are_reported_again_and_again_until_in_doubt() {
    let mut machine = raw(READ);
    in_doubt(&mut machine);
    // Now a poll in flight asks for failures only, and a look for the rest.
    assert_eq!(update(&mut machine), start(BROKEN));
    let now = Instant::now();
    assert_eq!(machine.looked(READ, IN, now), (IN, None));
    assert_eq!(machine.in_doubt(), READ);
}

/// That the kernel lets a request wait says that nothing held when it started.
#[test]
fn a_request_that_waits_has_seen_clear() {
    let mut machine = raw(READ);
    for _ in 0..1_000 {
        assert_eq!(
            update_as(&mut machine, Taken::Waiting),
            start(READ | BROKEN)
        );
        assert_eq!(completed(&mut machine, Answer::Conditions(IN)), IN);
        assert_eq!(machine.in_doubt(), 0);
    }
}

#[test]
fn a_look_that_sees_clear_trusts_again() {
    let mut machine = raw(READ);
    in_doubt(&mut machine);
    update(&mut machine);
    assert_eq!(machine.looked(READ, 0, Instant::now()), (0, None));
    assert_eq!(machine.in_doubt(), 0);
    // The poll in flight asks for too little now.
    assert_eq!(update(&mut machine), CANCEL);
}

/// No spin: after the free ones there are pauses, and they are kept.
#[test]
fn a_raw_socket_that_is_never_served_is_muted() {
    let mut machine = raw(READ);
    in_doubt(&mut machine);
    let start = Instant::now();
    let mut reports = 0;
    for tenths in 0..100_000_u64 {
        let now = start + Duration::from_micros(tenths * 100);
        let (ready, again) = machine.looked(READ, IN, now);
        assert_eq!(ready == 0, again.is_some());
        if let Some(again) = again {
            assert!(again > now && again <= now + Duration::from_millis(10));
        }
        reports += u32::from(ready != 0);
    }
    assert!(reports <= 64 + 8 + 1_001, "{reports}");
}

#[test]
fn a_look_at_what_was_armed_meanwhile_says_nothing() {
    let mut machine = raw(READ);
    in_doubt(&mut machine);
    machine.reregister(Token(2), ALL);
    assert_eq!(machine.in_doubt(), 0);
    assert_eq!(machine.looked(READ, IN, Instant::now()), (0, None));
    machine.end(|_| true);
    assert_eq!(machine.looked(READ, IN, Instant::now()), (0, None));
}

/// A poll that was started before the doubt does not report past the pauses.
#[test]
fn a_poll_from_before_the_doubt_is_not_reported() {
    let mut machine = raw(READ);
    in_doubt(&mut machine);
    assert_eq!(completed(&mut machine, Answer::Conditions(IN)), 0);
}

/// An answer for one direction says that the other is clear, if both were asked for.
#[test]
fn raw_directions_are_apart() {
    let mut machine = raw(READ | WRITE);
    for _ in 0..200 {
        assert_eq!(update(&mut machine), start(ALL));
        assert_eq!(completed(&mut machine, Answer::Conditions(IN)), IN);
        assert_eq!(update(&mut machine), start(ALL));
        assert_eq!(completed(&mut machine, Answer::Conditions(WRITE)), WRITE);
    }
    assert_eq!(machine.in_doubt(), 0);
}

#[test]
fn raw_failures_are_reported_once() {
    let mut machine = raw(READ);
    update(&mut machine);
    let failure = BROKEN & BROKEN.wrapping_neg();
    assert_eq!(
        completed(&mut machine, Answer::Conditions(failure)),
        failure
    );
    assert_eq!(machine.wanted(), READ | BROKEN & !failure);
    machine.reregister(Token(1), READ | BROKEN);
    assert_eq!(machine.wanted(), READ | BROKEN);
}

#[test]
fn a_raw_socket_that_cannot_be_polled_is_out_until_it_is_armed() {
    let mut machine = raw(READ);
    assert_eq!(machine.fail(5), masks::fault(READ | BROKEN));
    assert_eq!(machine.wanted(), 0);
    assert_eq!(update(&mut machine), NO_CALLS);
    assert_eq!(machine.fail(5), 0);
    machine.reregister(Token(1), READ | BROKEN);
    assert_eq!(update(&mut machine), start(READ | BROKEN));
}
