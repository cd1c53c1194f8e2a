//! When a condition that stays is reported again, on a selector whose kernel reports levels and
//! that has to report edges.
//!
//! Such a selector cannot tell "ready and not served" from "served and ready again". It reports the
//! first few observations of a condition at once, each as if it were an edge. Without one
//! observation of "not ready" in between it then *probes* the condition (asks for it apart from the
//! blocking poll, which it would only end), and reports it again after a delay that grows up to a
//! cap. One observation of "not ready" resets all of this: the next readiness is a real edge.
//!
//! - No loss: a condition that holds is in the blocking poll and ends it, or is probed no later
//!   than the delay after its last report, and is then reported. It is never suppressed for good,
//!   however often it looked the same.
//! - No spin: without an observation of "not ready", and without a new condition beside it, two
//!   reports are at least one delay apart once the first few are used up.
//! - Bound: the cap of the pace.

use std::time::{Duration, Instant};

/// How often a condition is reported that stays.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Reports after which the condition is probed, and no longer part of the blocking poll.
    reports_before_probing: u32,
    /// Reports that follow each other without a delay.
    reports_before_delay: u32,
    /// The first delay. It doubles.
    min_delay: Duration,
    /// The cap: no event is later than this...
    max_delay: Duration,
    /// ...up to so many reports...
    reports_before_long_delay: u32,
    /// ...and no later than this afterwards.
    long_delay: Duration,
}

/// Reading and writing of an unowned file descriptor, whose operations the selector does not see.
pub(crate) const READINESS: Pace = Pace {
    reports_before_probing: 32,
    reports_before_delay: 64,
    min_delay: Duration::from_micros(100),
    max_delay: Duration::from_millis(10),
    reports_before_long_delay: u32::MAX,
    long_delay: Duration::from_millis(10),
};

/// A hang-up, an error or a priority condition of any source: nothing tells the selector when the
/// caller has dealt with it, and often it stays until the source is dropped. The long delay begins
/// after about a second.
#[allow(dead_code)] // AFD has no such direction.
pub(crate) const EXCEPTION: Pace = Pace {
    reports_before_probing: 1,
    reports_before_delay: 0,
    min_delay: Duration::from_millis(1),
    max_delay: Duration::from_millis(10),
    reports_before_long_delay: 103,
    long_delay: Duration::from_millis(100),
};

/// A stream socket of which both halves are closed, where the kernel returns that: nothing follows
/// unless it is connected anew.
#[allow(dead_code)] // AFD has no such direction.
pub(crate) const CLOSED: Pace = Pace {
    reports_before_probing: 1,
    reports_before_delay: 0,
    min_delay: Duration::from_secs(1),
    max_delay: Duration::from_secs(1),
    reports_before_long_delay: u32::MAX,
    long_delay: Duration::from_secs(1),
};

impl Pace {
    /// The delay after so many reports.
    fn delay(&self, reports: u32) -> Option<Duration> {
        let doublings = reports.checked_sub(self.reports_before_delay.saturating_add(1))?;
        if reports > self.reports_before_long_delay {
            return Some(self.long_delay);
        }
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        Some(self.min_delay.saturating_mul(factor).min(self.max_delay))
    }
}

/// What is known of one direction of one registration: reading, writing, priority, or hang-up and
/// error.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Backoff {
    /// Reports since it was last observed not ready.
    reports: u32,
    /// It is not reported again before this.
    suppressed_until: Option<Instant>,
}

impl Backoff {
    /// The direction was reported.
    pub(crate) fn report(&mut self, now: Instant, pace: &Pace) {
        self.reports = self.reports.saturating_add(1);
        self.postpone(now, pace);
    }

    /// It is not reported before the delay of `pace` has passed from now on.
    pub(crate) fn postpone(&mut self, now: Instant, pace: &Pace) {
        self.suppressed_until = pace
            .delay(self.reports)
            .and_then(|delay| now.checked_add(delay));
    }

    /// The kernel has returned that it is not ready, or the caller has armed it anew.
    #[inline]
    pub(crate) fn observed_not_ready(&mut self) {
        *self = Backoff::default();
    }

    /// Whether it was reported and not observed not ready since.
    #[inline]
    #[allow(dead_code)] // For poll(2).
    pub(crate) fn is_reported(&self) -> bool {
        self.reports != 0
    }

    /// Whether it has to be probed, because its readiness alone is no edge any more.
    #[inline]
    pub(crate) fn needs_probe(&self, pace: &Pace) -> bool {
        self.reports >= pace.reports_before_probing
    }

    /// Whether it has been reported for so long that the long delay holds.
    #[inline]
    #[allow(dead_code)] // For poll(2).
    pub(crate) fn is_long(&self, pace: &Pace) -> bool {
        self.reports > pace.reports_before_long_delay
    }

    /// Until when it must not be reported, if that is still to come.
    #[inline]
    pub(crate) fn suppressed_until(&self, now: Instant) -> Option<Instant> {
        self.suppressed_until.filter(|until| now < *until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACES: [&Pace; 3] = [&READINESS, &EXCEPTION, &CLOSED];

    #[test]
    fn delays_double_up_to_the_cap() {
        let micros = |pace: &Pace, reports| pace.delay(reports).map(|delay| delay.as_micros());
        assert_eq!(micros(&READINESS, 64), None);
        assert_eq!(micros(&READINESS, 65), Some(100));
        assert_eq!(micros(&READINESS, 66), Some(200));
        assert_eq!(micros(&READINESS, 72), Some(10_000));
        assert_eq!(micros(&READINESS, u32::MAX), Some(10_000));
        assert_eq!(micros(&EXCEPTION, 0), None);
        assert_eq!(micros(&EXCEPTION, 1), Some(1_000));
        assert_eq!(micros(&EXCEPTION, 5), Some(10_000));
        assert_eq!(micros(&EXCEPTION, 103), Some(10_000));
        assert_eq!(micros(&EXCEPTION, 104), Some(100_000));
        assert_eq!(micros(&EXCEPTION, u32::MAX), Some(100_000));
        // 10 ms hold for about a second.
        let first: Duration = (1..=103).filter_map(|n| EXCEPTION.delay(n)).sum();
        assert!(first > Duration::from_millis(995) && first < Duration::from_millis(1_010));
    }

    /// No spin: this many reports in ten seconds of a direction that is always ready, however often
    /// it is probed.
    #[test]
    fn a_condition_that_stays_is_reported_seldom() {
        for (pace, most) in PACES.into_iter().zip([64 + 7 + 1_001, 104 + 91, 10]) {
            let start = Instant::now();
            let mut backoff = Backoff::default();
            let mut reports = 0;
            for micros in 0..10_000_000_u64 / 50 {
                let now = start + Duration::from_micros(micros * 50);
                if backoff.suppressed_until(now).is_none() {
                    backoff.report(now, pace);
                    reports += 1;
                }
            }
            assert!(reports <= most, "{reports}");
        }
    }

    /// No loss: whatever was before, it may be reported again within the cap.
    #[test]
    fn nothing_is_suppressed_for_longer_than_the_cap() {
        let now = Instant::now();
        for pace in PACES {
            let mut backoff = Backoff::default();
            for _ in 0..1_000 {
                backoff.report(now, pace);
                let cap = if backoff.is_long(pace) {
                    pace.long_delay
                } else {
                    pace.max_delay
                };
                assert!(backoff.suppressed_until(now + cap).is_none());
            }
            assert!(backoff.needs_probe(pace) && backoff.is_reported());
            backoff.observed_not_ready();
            assert!(!backoff.needs_probe(pace) && !backoff.is_reported());
            assert!(backoff.suppressed_until(now).is_none());
        }
    }
}
