//! When a wait ends, and how a time-out is handed to a kernel that counts in milliseconds or in nanoseconds.

use std::ffi::c_int;
use std::time::{Duration, Instant};

/// The longest wait in milliseconds that every kernel takes as given: 32-bit kernels before 2.6.37 took more than 30 minutes
/// for ever.
#[cfg(target_pointer_width = "32")]
const LONGEST: c_int = 1_789_569;
/// The longest wait in milliseconds that the calls can express.
#[cfg(not(target_pointer_width = "32"))]
const LONGEST: c_int = c_int::MAX;

/// When a wait ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    /// `None`: never, or at once if `is_zero`. A moment that no clock reaches is never.
    pub(crate) at: Option<Instant>,
    is_zero: bool,
}

impl Deadline {
    /// That long from now.
    #[allow(dead_code)] // Not all selectors use it.
    pub(crate) fn new(timeout: Option<Duration>) -> Deadline {
        Deadline::on(timeout, Instant::now)
    }

    /// That long from now, by another clock.
    pub(crate) fn on(timeout: Option<Duration>, clock: impl FnOnce() -> Instant) -> Deadline {
        let is_zero = timeout == Some(Duration::ZERO);
        let at = timeout
            .filter(|_| !is_zero)
            .and_then(|timeout| clock().checked_add(timeout));
        Deadline { at, is_zero }
    }

    /// Whether the wait is over.
    #[allow(dead_code)] // Not all selectors use it.
    pub(crate) fn is_past(&self) -> bool {
        self.is_past_on(Instant::now)
    }

    /// Whether the wait is over by another clock.
    pub(crate) fn is_past_on(&self, clock: impl FnOnce() -> Instant) -> bool {
        self.is_zero || self.at.is_some_and(|at| clock() >= at)
    }
}

/// The earlier of two moments, where `None` is never.
pub(crate) fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// One wait of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code)] // Windows and kqueue(2) wait otherwise.
pub(crate) enum Wait {
    /// Until something happens.
    Forever,
    /// That many milliseconds, from 0 upwards.
    Millis(c_int),
    /// Not a whole number of milliseconds.
    Nanos(Duration),
}

/// How to wait for `timeout`, and whether this is only its first piece because the whole is too long for the kernel.
#[allow(dead_code)] // As above.
pub(crate) fn plan(timeout: Option<Duration>) -> (Wait, bool) {
    let Some(timeout) = timeout else {
        return (Wait::Forever, false);
    };
    if timeout > Duration::from_millis(LONGEST as u64) {
        return (Wait::Millis(LONGEST), true);
    }
    let nanos = timeout.subsec_nanos();
    if nanos % 1_000_000 != 0 {
        return (Wait::Nanos(timeout), false);
    }
    // At most `LONGEST`, which fits.
    let millis = timeout.as_secs() * 1000 + u64::from(nanos / 1_000_000);
    (Wait::Millis(millis as c_int), false)
}

/// Whole milliseconds, never fewer than `duration`, and at most what the kernel takes.
#[allow(dead_code)] // `poll_oneoff` takes nanoseconds.
pub(crate) fn round_up_millis(duration: Duration) -> c_int {
    // The smaller of both fits, as `LONGEST` does.
    duration.as_nanos().div_ceil(1_000_000).min(LONGEST as u128) as c_int
}

#[cfg(test)]
mod tests {
    //! Rows at the conversion.

    use super::*;

    #[test]
    fn whole_milliseconds_stay_milliseconds() {
        assert_eq!(plan(None), (Wait::Forever, false));
        assert_eq!(plan(Some(Duration::ZERO)), (Wait::Millis(0), false));
        let timeout = Duration::from_millis(1500);
        assert_eq!(plan(Some(timeout)), (Wait::Millis(1500), false));
    }

    #[test]
    fn fractions_are_nanoseconds_or_rounded_up() {
        let timeout = Duration::from_nanos(1);
        assert_eq!(plan(Some(timeout)), (Wait::Nanos(timeout), false));
        assert_eq!(round_up_millis(timeout), 1);
        assert_eq!(round_up_millis(Duration::from_nanos(1_000_001)), 2);
        assert_eq!(round_up_millis(Duration::ZERO), 0);
    }

    ///
    #[test]
    fn short_words_mean_short_waits() {
        let half_an_hour = Duration::from_secs(1800);
        let is_whole = plan(Some(half_an_hour)) == (Wait::Millis(1_800_000), false);
        assert_eq!(is_whole, usize::BITS > 32);
        assert_eq!(plan(Some(half_an_hour)).1, usize::BITS <= 32);
        let minutes = Duration::from_secs(1789);
        assert_eq!(plan(Some(minutes)), (Wait::Millis(1_789_000), false));
    }

    #[test]
    fn too_long_is_waited_for_in_pieces() {
        let longest = Duration::from_millis(LONGEST as u64);
        assert_eq!(plan(Some(longest)), (Wait::Millis(LONGEST), false));
        let more = longest + Duration::from_millis(1);
        assert_eq!(plan(Some(more)), (Wait::Millis(LONGEST), true));
        assert_eq!(plan(Some(Duration::MAX)), (Wait::Millis(LONGEST), true));
        assert_eq!(round_up_millis(Duration::MAX), LONGEST);
        let a_bit_more = longest + Duration::from_nanos(1);
        assert_eq!(plan(Some(a_bit_more)), (Wait::Millis(LONGEST), true));
    }
}
