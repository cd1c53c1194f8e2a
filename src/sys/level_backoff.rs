//! Delays between reports of a condition that persists, on a selector whose kernel is
//! level-triggered.
//!
//! Such a selector cannot distinguish "ready and not served" from "served and ready again". It
//! reports the first observations of a condition immediately, each as if it were an edge. If it has
//! not observed "not ready" in between, it then stops requesting the condition in the blocking
//! poll, which the condition would only end every time, and tests it by separate zero-timeout polls
//! (*probes*). The selector reports it again after a delay that grows up to a limit. One
//! observation of "not ready" resets all of this: the next readiness is a real edge.
//!
//! - No loss: a condition that holds is in the blocking poll and ends it, or it is probed within
//!   the delay after its last report, and is then reported. It is never suppressed for good, even
//!   if the kernel has returned the same bits all the time.
//! - No spin: without an observation of "not ready", and without an additional condition, two
//!   reports are at least one delay apart once the first ones are used up.
//! - Bound: the longest delay of the pace.

use std::num::NonZeroU64;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// How often a condition that persists is reported.
#[derive(Debug)]
pub(crate) struct Pace {
    /// After so many reports the condition is probed, and is not part of the blocking poll.
    reports_before_probing: u32,
    /// So many reports follow each other without a delay.
    reports_before_delay: u32,
    /// The first delay. Each further delay is twice as long, up to `max_delay`.
    min_delay: Duration,
    /// The longest delay, and the bound on lateness, of the first `reports_before_long_delay`
    /// reports: 10 ms for readiness and for a new hang-up. Only a condition that persists beyond
    /// these reports has `long_delay` instead: 100 ms for an old hang-up. `CLOSED` has 1 s for
    /// both.
    max_delay: Duration,
    reports_before_long_delay: u32,
    /// The delay of all later reports.
    long_delay: Duration,
}

/// Reading and writing of an unowned fd, whose operations the selector does not see.
pub(crate) const READINESS: Pace = Pace {
    reports_before_probing: 32,
    reports_before_delay: 64,
    min_delay: Duration::from_micros(100),
    max_delay: Duration::from_millis(10),
    reports_before_long_delay: u32::MAX,
    long_delay: Duration::from_millis(10),
};

/// A hang-up, an error or a priority condition of any source. The selector does not see when the
/// caller handles it, and often it persists until the source is dropped. The long delay begins
/// after 103 reports: about a second if the program polls all the time.
#[allow(dead_code)] // AFD has no such direction.
pub(crate) const EXCEPTION: Pace = Pace {
    reports_before_probing: 1,
    reports_before_delay: 0,
    min_delay: Duration::from_millis(1),
    max_delay: Duration::from_millis(10),
    reports_before_long_delay: 103,
    long_delay: Duration::from_millis(100),
};

/// A stream socket with both halves closed, where the kernel reports that. Nothing follows unless
/// the socket is connected again.
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
    /// The delay after `reports` reports.
    fn delay(&self, reports: u32) -> Option<Duration> {
        let doublings = reports.checked_sub(self.reports_before_delay.saturating_add(1))?;
        if reports > self.reports_before_long_delay {
            return Some(self.long_delay);
        }
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        Some(self.min_delay.saturating_mul(factor).min(self.max_delay))
    }
}

/// The state of one direction of a registration: reading, writing, priority, or hang-up and error.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Backoff {
    /// Reports since the direction was last observed not ready.
    reports: u32,
    /// The direction is not reported again before this time, in nanoseconds after [`start`]. An
    /// `Instant` here makes a registration over poll(2) 32 bytes larger.
    suppressed_until: Option<NonZeroU64>,
}

/// A time of this process before which no delay ends.
fn start() -> Instant {
    static START: OnceLock<Instant> = OnceLock::new();
    *START.get_or_init(Instant::now)
}

impl Backoff {
    /// Records that the direction was reported.
    pub(crate) fn report(&mut self, now: Instant, pace: &Pace) {
        self.reports = self.reports.saturating_add(1);
        self.postpone(now, pace);
    }

    /// Suppresses the direction for the delay of `pace`, beginning `now`.
    pub(crate) fn postpone(&mut self, now: Instant, pace: &Pace) {
        let until = pace
            .delay(self.reports)
            .and_then(|delay| now.checked_add(delay));
        // A delay that ended before `start` has passed. More than 584 years fit.
        self.suppressed_until = until
            .and_then(|until| until.checked_duration_since(start()))
            .and_then(|since| u64::try_from(since.as_nanos()).ok())
            .and_then(NonZeroU64::new);
    }

    /// Resets the state: the kernel has returned "not ready", or the caller has registered again.
    #[inline]
    pub(crate) fn observed_not_ready(&mut self) {
        *self = Backoff::default();
    }

    /// Whether the direction was reported, and not observed not ready since.
    #[inline]
    #[allow(dead_code)] // Only `level_triggered` keeps reported sources in its probe set.
    pub(crate) fn is_reported(&self) -> bool {
        self.reports != 0
    }

    /// Whether the direction must be probed instead of being part of the blocking poll.
    #[inline]
    pub(crate) fn needs_probe(&self, pace: &Pace) -> bool {
        self.reports >= pace.reports_before_probing
    }

    /// Whether the delays are now the long ones.
    #[inline]
    #[allow(dead_code)] // Only `level_triggered` probes old hang-ups less often.
    pub(crate) fn is_long(&self, pace: &Pace) -> bool {
        self.reports > pace.reports_before_long_delay
    }

    /// Until when the direction must not be reported. `None` if that time has passed.
    #[inline]
    pub(crate) fn suppressed_until(&self, now: Instant) -> Option<Instant> {
        let since = Duration::from_nanos(self.suppressed_until?.get());
        start().checked_add(since).filter(|until| now < *until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A registration over poll(2) has four of them, and must not outgrow mio's by more than 16
    /// bytes: build-tools/bench compares both.
    #[test]
    fn size_is_at_most_16_bytes() {
        assert!(size_of::<Backoff>() <= 16);
    }

    /// The times are exact, also if the first report is older than `start`.
    #[test]
    fn end_of_a_delay_is_exact() {
        let now = Instant::now();
        for at in [
            now,
            now + Duration::from_nanos(1),
            now + Duration::from_secs(1 << 31),
        ] {
            let mut backoff = Backoff::default();
            backoff.report(at, &CLOSED);
            let until = at + CLOSED.max_delay;
            assert_eq!(backoff.suppressed_until(at), Some(until));
            let last = until - Duration::from_nanos(1);
            assert_eq!(backoff.suppressed_until(last), Some(until));
            assert_eq!(backoff.suppressed_until(until), None);
        }
        let mut old = Backoff::default();
        if let Some(long_ago) = start().checked_sub(Duration::from_secs(60)) {
            old.report(long_ago, &CLOSED);
        }
        assert_eq!(old.suppressed_until(now), None);
    }

    const PACES: [&Pace; 3] = [&READINESS, &EXCEPTION, &CLOSED];

    #[test]
    fn delays_grow_up_to_the_limit() {
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
        // The delay of 10 ms applies for about a second.
        let first: Duration = (1..=103).filter_map(|n| EXCEPTION.delay(n)).sum();
        assert!(first > Duration::from_millis(995) && first < Duration::from_millis(1_010));
    }

    /// No spin: so many reports in ten seconds of a direction that is always ready, even if it is
    /// probed much more often.
    #[test]
    fn persistent_condition_is_reported_with_delays() {
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

    /// No loss: after any number of reports the next one is due within the longest delay.
    #[test]
    fn suppression_never_exceeds_the_longest_delay() {
        let now = Instant::now();
        for pace in PACES {
            let mut backoff = Backoff::default();
            for _ in 0..1_000 {
                backoff.report(now, pace);
                let longest = if backoff.is_long(pace) {
                    pace.long_delay
                } else {
                    pace.max_delay
                };
                assert!(backoff.suppressed_until(now + longest).is_none());
            }
            assert!(backoff.needs_probe(pace) && backoff.is_reported());
            backoff.observed_not_ready();
            assert!(!backoff.needs_probe(pace) && !backoff.is_reported());
            assert!(backoff.suppressed_until(now).is_none());
        }
    }
}
