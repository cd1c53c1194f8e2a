//! Unowned sockets, whose directions follow `level_backoff`.

use std::time::Duration;

use super::tests::{
    ALL, CANCEL, IN, Memory, NO_CALLS, Tested, completed, start, update, update_as,
};
use super::*;

fn unowned(interest: u32) -> Tested {
    SocketState::new(Memory, Token(1), interest | RESET, true)
}

/// Reports readiness until the reader has to be probed.
fn report_until_probed(state: &mut Tested) {
    let mut reports = 0;
    while state.conditions_to_probe() == 0 {
        assert_eq!(update(state), start(state.wanted()));
        assert_eq!(completed(state, Completion::Conditions(IN)), IN);
        reports += 1;
        assert!(reports < 100);
    }
    assert_eq!(state.conditions_to_probe(), READ);
}

/// Readiness of an unowned socket is reported again without arming.
#[test]
fn unowned_readiness_repeats_until_probed() {
    let mut state = unowned(READ);
    report_until_probed(&mut state);
    // From now on a request names failures only, and probes find readiness.
    assert_eq!(update(&mut state), start(RESET));
    let now = Instant::now();
    assert_eq!(state.apply_probe(READ, IN, now), (IN, None));
    assert_eq!(state.conditions_to_probe(), READ);
}

/// A request that is left pending shows that no condition held when it started.
#[test]
fn pending_request_observes_not_ready() {
    let mut state = unowned(READ);
    for _ in 0..1_000 {
        assert_eq!(update_as(&mut state, Started::Pending), start(READ | RESET));
        assert_eq!(completed(&mut state, Completion::Conditions(IN)), IN);
        assert_eq!(state.conditions_to_probe(), 0);
    }
}

#[test]
fn probe_without_readiness_ends_probing() {
    let mut state = unowned(READ);
    report_until_probed(&mut state);
    update(&mut state);
    assert_eq!(state.apply_probe(READ, 0, Instant::now()), (0, None));
    assert_eq!(state.conditions_to_probe(), 0);
    // The request in flight names too few conditions now.
    assert_eq!(update(&mut state), CANCEL);
}

/// After the reports without delay there are delays, which are kept.
#[test]
fn unserved_unowned_socket_is_suppressed() {
    let mut state = unowned(READ);
    report_until_probed(&mut state);
    let start = Instant::now();
    let mut reports = 0;
    for tenths in 0..100_000_u64 {
        let now = start + Duration::from_micros(tenths * 100);
        let (ready, again) = state.apply_probe(READ, IN, now);
        assert_eq!(ready == 0, again.is_some());
        if let Some(again) = again {
            assert!(again > now && again <= now + Duration::from_millis(10));
        }
        reports += u32::from(ready != 0);
    }
    assert!(reports <= 64 + 8 + 1_001, "{reports}");
}

#[test]
fn probe_of_a_rearmed_direction_is_ignored() {
    let mut state = unowned(READ);
    report_until_probed(&mut state);
    state.reregister(Token(2), ALL);
    assert_eq!(state.conditions_to_probe(), 0);
    assert_eq!(state.apply_probe(READ, IN, Instant::now()), (0, None));
    state.end(|_| true);
    assert_eq!(state.apply_probe(READ, IN, Instant::now()), (0, None));
}

/// A request that was started before probing began does not report during a delay.
#[test]
fn request_from_before_probing_is_not_reported() {
    let mut state = unowned(READ);
    report_until_probed(&mut state);
    assert_eq!(completed(&mut state, Completion::Conditions(IN)), 0);
}

/// A completion with one direction shows that the other is not ready, if both were requested.
#[test]
fn unowned_directions_are_independent() {
    let mut state = unowned(READ | WRITE);
    for _ in 0..200 {
        assert_eq!(update(&mut state), start(ALL));
        assert_eq!(completed(&mut state, Completion::Conditions(IN)), IN);
        assert_eq!(update(&mut state), start(ALL));
        assert_eq!(completed(&mut state, Completion::Conditions(WRITE)), WRITE);
    }
    assert_eq!(state.conditions_to_probe(), 0);
}

#[test]
fn unowned_failures_are_reported_once() {
    let mut state = unowned(READ);
    update(&mut state);
    let failure = RESET & RESET.wrapping_neg();
    assert_eq!(
        completed(&mut state, Completion::Conditions(failure)),
        failure
    );
    assert_eq!(state.wanted(), READ | RESET & !failure);
    state.reregister(Token(1), READ | RESET);
    assert_eq!(state.wanted(), READ | RESET);
}

#[test]
fn failed_unowned_socket_is_ignored_until_reregistered() {
    let mut state = unowned(READ);
    assert_eq!(state.fail(5), masks::of_fault(READ | RESET));
    assert_eq!(state.wanted(), 0);
    assert_eq!(update(&mut state), NO_CALLS);
    assert_eq!(state.fail(5), 0);
    state.reregister(Token(1), READ | RESET);
    assert_eq!(update(&mut state), start(READ | RESET));
}
