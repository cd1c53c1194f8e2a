//! How the conditions of a source become events: an owned source, an unowned socket, and one that
//! is not edge-triggered. The head of `socket_state` describes the rules.

use std::time::Instant;

use crate::Token;
use crate::sys::level_backoff::{Backoff, READINESS};
use crate::sys::selector::Mode;
use crate::sys::timeout::earlier;
use crate::sys::windows::event::masks::{self, READ, RESET, WRITE};

/// How conditions become events, which have its token.
#[derive(Debug)]
pub(super) enum Edges {
    /// An owned source. `armed` have not been reported since the source was armed.
    Owned { token: Token, armed: u32 },
    /// An unowned socket. Boxed, because most sources are owned and have no back-off.
    Unowned(Box<Unowned>),
    /// A source that is level-triggered or one-shot. `is_disarmed`: AFD could not poll it, or the
    /// one event was reported.
    Other {
        token: Token,
        is_owned: bool,
        is_one_shot: bool,
        is_disarmed: bool,
    },
}

/// The directions of an unowned socket. `failures` have not been reported. `poll_failed`: AFD could
/// not poll it.
#[derive(Debug)]
pub(super) struct Unowned {
    token: Token,
    read: Backoff,
    write: Backoff,
    failures: u32,
    poll_failed: bool,
}

impl Unowned {
    #[inline]
    fn new(token: Token) -> Unowned {
        Unowned {
            token,
            read: Backoff::default(),
            write: Backoff::default(),
            failures: RESET,
            poll_failed: false,
        }
    }

    /// The directions, with the conditions of each.
    #[inline]
    fn directions(&mut self) -> [(&mut Backoff, u32); 2] {
        [(&mut self.read, READ), (&mut self.write, WRITE)]
    }

    /// The conditions that are probed instead of requested.
    #[inline]
    fn to_probe(&self) -> u32 {
        if self.poll_failed {
            return 0;
        }
        let mut to_probe = 0;
        for (backoff, mask) in [(&self.read, READ), (&self.write, WRITE)] {
            if backoff.needs_probe(&READINESS) {
                to_probe |= mask;
            }
        }
        to_probe
    }
}

impl Edges {
    /// A source with all conditions armed.
    #[inline]
    pub(super) fn new(is_owned: bool, mode: Mode, token: Token, interest: u32) -> Edges {
        match mode {
            Mode::Edge if is_owned => Edges::Owned {
                token,
                armed: interest,
            },
            Mode::Edge => Edges::Unowned(Box::new(Unowned::new(token))),
            Mode::Level | Mode::OneShot => Edges::Other {
                token,
                is_owned,
                is_one_shot: mode == Mode::OneShot,
                is_disarmed: false,
            },
        }
    }

    /// Arms all conditions in this mode, with this token.
    #[inline]
    pub(super) fn reset(&mut self, mode: Mode, token: Token, interest: u32) {
        match self {
            Edges::Unowned(unowned) if mode == Mode::Edge => **unowned = Unowned::new(token),
            _ => *self = Edges::new(self.is_owned(), mode, token, interest),
        }
    }

    /// The token of its events.
    #[inline]
    pub(super) fn token(&self) -> Token {
        match self {
            Edges::Owned { token, .. } | Edges::Other { token, .. } => *token,
            Edges::Unowned(unowned) => unowned.token,
        }
    }

    /// Whether the selector sees the operations of the source.
    #[inline]
    pub(super) fn is_owned(&self) -> bool {
        match self {
            Edges::Owned { .. } => true,
            Edges::Unowned(_) => false,
            Edges::Other { is_owned, .. } => *is_owned,
        }
    }

    /// The conditions that a request can report.
    #[inline]
    pub(super) fn armed(&self) -> u32 {
        match self {
            Edges::Owned { armed, .. } => *armed,
            Edges::Unowned(unowned) => {
                if unowned.poll_failed {
                    0
                } else {
                    (READ | WRITE) & !unowned.to_probe() | unowned.failures
                }
            }
            Edges::Other { is_disarmed, .. } => {
                if *is_disarmed {
                    0
                } else {
                    u32::MAX
                }
            }
        }
    }

    /// The conditions of an unowned socket that are probed instead of requested.
    #[inline]
    pub(super) fn to_probe(&self) -> u32 {
        match self {
            Edges::Unowned(unowned) => unowned.to_probe(),
            _ => 0,
        }
    }

    /// Applies a probe of `to_probe`, of which `conditions` hold. Returns those to report, and when
    /// to probe again those that are suppressed until then.
    #[inline]
    pub(super) fn apply_probe(
        &mut self,
        to_probe: u32,
        conditions: u32,
        now: Instant,
    ) -> (u32, Option<Instant>) {
        let mut ready = 0;
        let mut probe_at: Option<Instant> = None;
        if let Edges::Unowned(unowned) = self {
            for (backoff, mask) in unowned.directions() {
                if to_probe & mask == 0 {
                    continue;
                }
                let of_direction = conditions & to_probe & mask;
                if of_direction == 0 {
                    backoff.observed_not_ready();
                } else if let Some(until) = backoff.suppressed_until(now) {
                    probe_at = earlier(probe_at, Some(until));
                } else {
                    backoff.report(now, &READINESS);
                    ready |= of_direction;
                }
            }
        }
        (ready, probe_at)
    }

    /// AFD could not poll the source: it is not polled until it is armed.
    #[inline]
    pub(super) fn disarm(&mut self) {
        match self {
            Edges::Owned { armed, .. } => *armed = 0,
            Edges::Unowned(unowned) => unowned.poll_failed = true,
            Edges::Other { is_disarmed, .. } => *is_disarmed = true,
        }
    }

    /// Arms these conditions of an owned source, after an operation that would block.
    #[inline]
    pub(super) fn rearm(&mut self, conditions: u32) {
        match self {
            Edges::Owned { armed, .. } => *armed |= conditions,
            Edges::Other {
                is_owned: true,
                is_one_shot: false,
                is_disarmed,
                ..
            } => *is_disarmed = false,
            Edges::Other { .. } | Edges::Unowned(_) => {}
        }
    }

    /// These conditions of a request did not hold when it started.
    #[inline]
    pub(super) fn observe_not_ready(&mut self, requested: u32) {
        if let Edges::Unowned(unowned) = self {
            for (backoff, mask) in unowned.directions() {
                // A direction that is probed was not requested.
                if requested & mask != 0 && !backoff.needs_probe(&READINESS) {
                    backoff.observed_not_ready();
                }
            }
        }
    }

    /// Returns those of `conditions`, all of the interest, that must be reported, and marks them as
    /// reported. `clear` do not hold.
    pub(super) fn report(
        &mut self,
        conditions: u32,
        clear: u32,
        now: impl FnOnce() -> Instant,
    ) -> u32 {
        match self {
            Edges::Owned { armed, .. } => {
                let ready = conditions & *armed;
                *armed &= !masks::with_alias(ready);
                ready
            }
            Edges::Other {
                is_disarmed: true, ..
            } => 0,
            Edges::Unowned(unowned) if unowned.poll_failed => 0,
            Edges::Unowned(unowned) => {
                let mut ready = conditions & unowned.failures;
                unowned.failures &= !ready;
                let now = now();
                for (backoff, mask) in unowned.directions() {
                    let of_direction = conditions & mask;
                    if of_direction != 0 {
                        // A direction that is probed is reported by probes alone, which keep to the
                        // back-off's delays.
                        if !backoff.needs_probe(&READINESS) {
                            backoff.report(now, &READINESS);
                            ready |= of_direction;
                        }
                    } else if clear & mask != 0 && !backoff.needs_probe(&READINESS) {
                        backoff.observed_not_ready();
                    }
                }
                ready
            }
            Edges::Other {
                is_one_shot,
                is_disarmed,
                ..
            } => {
                *is_disarmed = *is_one_shot && conditions != 0;
                conditions
            }
        }
    }
}

/// Modes, and unowned sockets, whose directions follow `level_backoff`.
#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::tests::{
        ALL, CANCEL, IN, Memory, NO_CALLS, Tested, completed, start, update, update_as,
    };
    use super::super::{MAX_STRAYS, SocketState};
    use super::*;
    use crate::Token;
    use crate::sys::windows::ntstatus::{Completion, Started};

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

    /// A source of either kind in this mode.
    fn in_mode(mode: Mode, is_unowned: bool) -> Tested {
        let mut state = SocketState::new(Memory, Token(1), READ | WRITE | RESET, is_unowned);
        state.set_mode(mode);
        state
    }

    /// Every condition is wanted again after each report, and nothing is probed or delayed.
    #[test]
    fn level_wants_every_condition_again() {
        for is_unowned in [false, true] {
            let mut state = in_mode(Mode::Level, is_unowned);
            assert_eq!(state.is_owned(), !is_unowned);
            for _ in 0..1_000 {
                assert_eq!(update(&mut state), start(ALL));
                assert_eq!(completed(&mut state, Completion::Conditions(IN)), IN);
                assert_eq!((state.wanted(), state.conditions_to_probe()), (ALL, 0));
            }
            // A failure of the connection is a level, too.
            for _ in 0..10 {
                assert_eq!(update(&mut state), start(ALL));
                assert_eq!(completed(&mut state, Completion::Conditions(RESET)), RESET);
            }
        }
    }

    /// A source that cannot be polled is reported once, so that `poll` does not spin.
    #[test]
    fn failed_level_is_reported_once_until_armed() {
        let mut state = in_mode(Mode::Level, false);
        assert_eq!(state.fail(5), masks::of_fault(ALL));
        assert_eq!((state.wanted(), state.fail(5)), (0, 0));
        state.rearm(READ);
        assert_eq!(state.wanted(), ALL);
        for _ in 0..MAX_STRAYS {
            state.fail(5);
            state.rearm(READ);
        }
        // One that fails again and again is paused besides.
        assert!(state.is_paused());
        assert_eq!(state.wanted(), 0);
    }

    /// After one event nothing is wanted, whatever an operation returns, until `reregister`.
    #[test]
    fn one_shot_reports_one_event() {
        for is_unowned in [false, true] {
            let mut state = in_mode(Mode::OneShot, is_unowned);
            for _ in 0..100 {
                assert_eq!(update(&mut state), start(ALL));
                let both = IN | WRITE & WRITE.wrapping_neg();
                assert_eq!(completed(&mut state, Completion::Conditions(both)), both);
                assert_eq!((state.wanted(), state.conditions_to_probe()), (0, 0));
                state.rearm(READ | WRITE | RESET);
                assert_eq!(update(&mut state), NO_CALLS);
                assert!(state.reregister(Token(2), ALL, Mode::OneShot));
            }
            // The report of a failure is the one event.
            assert_eq!(state.fail(5), masks::of_fault(ALL));
            state.rearm(READ);
            assert_eq!(state.wanted(), 0);
        }
    }

    /// A completion that the source has not asked for is no second event.
    #[test]
    fn one_shot_ignores_further_completions() {
        let mut state = in_mode(Mode::OneShot, false);
        update(&mut state);
        // Meanwhile it is registered for less, and its request is kept.
        assert!(state.reregister(Token(2), READ | RESET, Mode::OneShot));
        assert_eq!(update(&mut state), NO_CALLS);
        assert_eq!(completed(&mut state, Completion::Conditions(IN)), IN);
        assert_eq!(update(&mut state), NO_CALLS);
        assert_eq!(state.edges.report(IN, 0, Instant::now), 0);
    }

    /// `reregister` without a mode makes edges again.
    #[test]
    fn reregister_ends_a_mode() {
        for mode in [Mode::Level, Mode::OneShot] {
            let mut state = in_mode(mode, false);
            update(&mut state);
            assert_eq!(completed(&mut state, Completion::Conditions(IN)), IN);
            assert!(state.reregister(Token(2), ALL, Mode::Edge));
            update(&mut state);
            assert_eq!(completed(&mut state, Completion::Conditions(IN)), IN);
            assert_eq!(state.wanted() & IN, 0);
            state.rearm(READ);
            assert_eq!(state.wanted(), ALL);
        }
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
            let (ready, probe_at) = state.apply_probe(READ, IN, now);
            assert_eq!(ready == 0, probe_at.is_some());
            if let Some(probe_at) = probe_at {
                assert!(probe_at > now && probe_at <= now + Duration::from_millis(10));
            }
            reports += u32::from(ready != 0);
        }
        assert!(reports <= 64 + 8 + 1_001, "{reports}");
    }

    #[test]
    fn probe_of_a_rearmed_direction_is_ignored() {
        let mut state = unowned(READ);
        report_until_probed(&mut state);
        state.reregister(Token(2), ALL, Mode::Edge);
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
        state.reregister(Token(1), READ | RESET, Mode::Edge);
        assert_eq!(state.wanted(), READ | RESET);
    }

    #[test]
    fn failed_unowned_socket_is_ignored_until_reregistered() {
        let mut state = unowned(READ);
        assert_eq!(state.fail(5), masks::of_fault(READ | RESET));
        assert_eq!(state.wanted(), 0);
        assert_eq!(update(&mut state), NO_CALLS);
        assert_eq!(state.fail(5), 0);
        state.reregister(Token(1), READ | RESET, Mode::Edge);
        assert_eq!(update(&mut state), start(READ | RESET));
    }
}
