//! When a raw descriptor is reported on a selector that only sees levels.
//!
//! Such a selector cannot tell "ready and not served" from "served and ready again". So a lane (reading or writing) is
//! reported as often as it is ready, until it has been ready `TRUST` times in a row without ever being seen clear. From then
//! on it is looked at apart, and after `FREE` reports only after a pause that doubles up to `LONGEST`.
//!
//! No hang: a ready lane either ends the wait or is looked at within `LONGEST` of its last report. No spin: a lane that stays
//! ready costs `FREE` reports at once, and then about one per `LONGEST`. One sight of "clear" resets all: the next readiness is
//! a real edge.

use std::time::{Duration, Instant};

/// Reports without a sight of "clear" after which a lane is in doubt.
const TRUST: u32 = 32;
/// Reports that come without a pause.
const FREE: u32 = 64;
/// The first pause.
const SHORTEST: Duration = Duration::from_micros(100);
/// The last pause: no event is later than this.
const LONGEST: Duration = Duration::from_millis(10);

/// One direction of one raw descriptor.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lane {
    /// Reported, and not seen clear since.
    unproven: bool,
    /// Reports since it was last seen clear.
    level: u32,
    /// Before this it is not reported again.
    muted_until: Option<Instant>,
}

impl Lane {
    /// The lane was reported.
    pub(crate) fn report(&mut self, now: Instant) {
        self.unproven = true;
        self.level = self.level.saturating_add(1);
        self.muted_until = delay(self.level).and_then(|delay| now.checked_add(delay));
    }

    /// The kernel said that it is not ready, or its owner said to start anew.
    pub(crate) fn seen_clear(&mut self) {
        *self = Lane::default();
    }

    /// Whether a sight of "clear" is missing.
    pub(crate) fn is_unproven(&self) -> bool {
        self.unproven
    }

    /// Whether it must be looked at apart, because its readiness says nothing any more.
    pub(crate) fn is_in_doubt(&self) -> bool {
        self.unproven && self.level >= TRUST
    }

    /// Until when it must not be reported, if that is still to come.
    pub(crate) fn muted(&self, now: Instant) -> Option<Instant> {
        self.muted_until.filter(|until| now < *until)
    }
}

/// The pause after so many reports.
fn delay(level: u32) -> Option<Duration> {
    let doublings = level.checked_sub(FREE + 1)?;
    let delay = SHORTEST.saturating_mul(1_u32.checked_shl(doublings).unwrap_or(u32::MAX));
    Some(delay.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        assert_eq!(delay(0), None);
        assert_eq!(delay(FREE), None);
        assert_eq!(delay(FREE + 1), Some(SHORTEST));
        assert_eq!(delay(FREE + 2), Some(SHORTEST * 2));
        assert_eq!(delay(FREE + 8), Some(LONGEST));
        assert_eq!(delay(u32::MAX), Some(LONGEST));
    }

    /// No spin: so many reports in ten seconds of a lane that is never clear, looked at as often as can be.
    #[test]
    fn a_lane_that_is_never_served_is_reported_seldom() {
        let start = Instant::now();
        let mut lane = Lane::default();
        let mut reports = 0;
        for micros in 0..10_000_000_u64 / 50 {
            let now = start + Duration::from_micros(micros * 50);
            if lane.muted(now).is_none() {
                lane.report(now);
                reports += 1;
            }
        }
        assert!(reports <= FREE + 7 + 1_001, "{reports}");
    }

    /// No hang: whatever happened before, a ready lane may be reported again within the longest pause.
    #[test]
    fn a_lane_is_never_muted_for_longer_than_the_longest_pause() {
        let now = Instant::now();
        let mut lane = Lane::default();
        for _ in 0..1_000 {
            lane.report(now);
            assert!(lane.muted(now + LONGEST).is_none());
        }
        assert!(lane.is_in_doubt() && lane.is_unproven());
        lane.seen_clear();
        assert!(!lane.is_in_doubt() && !lane.is_unproven());
        assert!(lane.muted(now).is_none());
    }
}
