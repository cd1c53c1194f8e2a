//! Deadlines, and timeouts as kernels take them: in milliseconds or in nanoseconds.

use std::ffi::c_int;
use std::time::{Duration, Instant};

pub(crate) use super::selector::Deadline;

/// The longest wait in milliseconds that every kernel takes as given. On 32-bit systems Linux
/// before 2.6.37 treats waits of 30 minutes and more as infinite; libuv has the same limit
/// (<https://github.com/libuv/libuv/blob/1fe23c8c9e40/src/unix/epoll.c>).
#[cfg(target_pointer_width = "32")]
const MAX_MILLIS: c_int = 1_789_569;
/// The longest wait in milliseconds that the calls can express.
#[cfg(not(target_pointer_width = "32"))]
const MAX_MILLIS: c_int = c_int::MAX;

/// A deadline whose time runs, for a `select` of several waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StartedDeadline {
    /// The longest wait that may follow the start. `None` stands for no limit: a time that the
    /// clock cannot represent never comes.
    #[allow(dead_code)] // kqueue(2) alone takes it; the other selectors subtract from `at`.
    pub(crate) timeout: Option<Duration>,
    /// When `timeout` has passed. `None` stands for never, or for immediately.
    pub(crate) at: Option<Instant>,
    is_immediate: bool,
}

impl Deadline {
    /// Starts the time.
    #[allow(dead_code)] // AFD passes a clock of its own.
    pub(crate) fn start(self) -> StartedDeadline {
        self.start_on(Instant::now)
    }

    /// Like `start`, on another clock.
    pub(crate) fn start_on(self, clock: impl FnOnce() -> Instant) -> StartedDeadline {
        let (timeout, at) = match self {
            Deadline::Never => (None, None),
            Deadline::Immediate => (Some(Duration::ZERO), None),
            Deadline::After(timeout) => match clock().checked_add(timeout) {
                Some(at) => (Some(timeout), Some(at)),
                None => (None, None),
            },
        };
        StartedDeadline {
            timeout,
            at,
            is_immediate: self == Deadline::Immediate,
        }
    }
}

impl StartedDeadline {
    /// Whether the deadline has passed.
    #[allow(dead_code)] // AFD passes a clock of its own.
    pub(crate) fn is_past(&self) -> bool {
        self.is_past_on(Instant::now)
    }

    /// Like `is_past`, on another clock.
    #[allow(dead_code)] // epoll(7) and kqueue(2) ask for the time that is left.
    pub(crate) fn is_past_on(&self, clock: impl FnOnce() -> Instant) -> bool {
        self.is_immediate || self.at.is_some_and(|at| clock() >= at)
    }
}

/// The earlier of two times, where `None` is never.
pub(crate) fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// How long it is until `time`, where `None` is never. Zero if it has passed.
#[allow(dead_code)] // AFD subtracts on a clock of its own.
pub(crate) fn time_until(time: Option<Instant>) -> Option<Duration> {
    time.map(|time| time.saturating_duration_since(Instant::now()))
}

/// The timeout of one call of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code)] // Windows and kqueue(2) take other types.
pub(crate) enum KernelTimeout {
    /// None: the call waits for an event.
    Infinite,
    /// A whole number of milliseconds, 0 or more.
    Millis(c_int),
    /// Any other duration, at most `c_int::MAX` milliseconds.
    Nanos(Duration),
}

/// The timeout of the next call of the kernel, and whether it was clamped to what the kernel takes.
/// After a call with a clamped timeout the caller waits for the rest.
#[allow(dead_code)] // Windows, kqueue(2) and `poll_oneoff` have limits of their own.
pub(crate) fn clamp_timeout(timeout: Option<Duration>) -> (KernelTimeout, bool) {
    let Some(timeout) = timeout else {
        return (KernelTimeout::Infinite, false);
    };
    if timeout > Duration::from_millis(MAX_MILLIS as u64) {
        return (KernelTimeout::Millis(MAX_MILLIS), true);
    }
    let nanos = timeout.subsec_nanos();
    if nanos % 1_000_000 != 0 {
        return (KernelTimeout::Nanos(timeout), false);
    }
    // At most `MAX_MILLIS`, which fits.
    let millis = timeout.as_secs() * 1000 + u64::from(nanos / 1_000_000);
    (KernelTimeout::Millis(millis as c_int), false)
}

/// Whole milliseconds, never fewer than `duration`, and at most what the kernel takes.
#[allow(dead_code)] // `poll_oneoff` takes nanoseconds, as kqueue(2) does.
pub(crate) fn round_up_millis(duration: Duration) -> c_int {
    // The smaller one fits, as `MAX_MILLIS` does.
    duration
        .as_nanos()
        .div_ceil(1_000_000)
        .min(MAX_MILLIS as u128) as c_int
}

#[cfg(test)]
mod tests {
    use super::KernelTimeout::{Infinite, Millis, Nanos};
    use super::*;

    #[test]
    fn deadline_is_never_immediate_or_later() {
        let clock = Instant::now();
        let never = Deadline::after(None).start_on(|| clock);
        assert!(never.timeout.is_none() && never.at.is_none());
        assert!(!never.is_past_on(|| clock));
        let immediate = Deadline::after(Some(Duration::ZERO)).start_on(|| clock);
        assert_eq!(immediate.timeout, Some(Duration::ZERO));
        assert!(immediate.at.is_none() && immediate.is_past_on(|| clock));

        let second = Duration::from_secs(1);
        let later = Deadline::after(Some(second)).start_on(|| clock);
        assert_eq!(
            (later.timeout, later.at),
            (Some(second), Some(clock + second))
        );
        assert!(!later.is_past_on(|| clock) && later.is_past_on(|| clock + second));
        // The clock cannot represent this time.
        let unreachable = Deadline::after(Some(Duration::MAX)).start_on(|| clock);
        assert!(unreachable.timeout.is_none() && unreachable.at.is_none());
    }

    #[test]
    fn whole_milliseconds_stay_milliseconds() {
        assert_eq!(clamp_timeout(None), (Infinite, false));
        assert_eq!(clamp_timeout(Some(Duration::ZERO)), (Millis(0), false));
        let timeout = Duration::from_millis(1500);
        assert_eq!(clamp_timeout(Some(timeout)), (Millis(1500), false));
    }

    #[test]
    fn fractions_are_nanoseconds_or_rounded_up() {
        let timeout = Duration::from_nanos(1);
        assert_eq!(clamp_timeout(Some(timeout)), (Nanos(timeout), false));
        assert_eq!(round_up_millis(timeout), 1);
        assert_eq!(round_up_millis(Duration::from_nanos(1_000_001)), 2);
        assert_eq!(round_up_millis(Duration::ZERO), 0);
    }

    /// Half an hour is one wait on 64-bit systems, and clamped on 32-bit systems.
    #[test]
    fn timeout_is_clamped_below_half_an_hour_on_32_bits() {
        let half_an_hour = Duration::from_secs(1800);
        let is_whole = clamp_timeout(Some(half_an_hour)) == (Millis(1_800_000), false);
        assert_eq!(is_whole, usize::BITS > 32);
        assert_eq!(clamp_timeout(Some(half_an_hour)).1, usize::BITS <= 32);
        let shorter = Duration::from_secs(1789);
        assert_eq!(clamp_timeout(Some(shorter)), (Millis(1_789_000), false));
    }

    #[test]
    fn too_long_timeout_is_clamped() {
        let max = Duration::from_millis(MAX_MILLIS as u64);
        assert_eq!(clamp_timeout(Some(max)), (Millis(MAX_MILLIS), false));
        for timeout in [
            max + Duration::from_millis(1),
            max + Duration::from_nanos(1),
            Duration::MAX,
        ] {
            assert_eq!(clamp_timeout(Some(timeout)), (Millis(MAX_MILLIS), true));
        }
        assert_eq!(round_up_millis(Duration::MAX), MAX_MILLIS);
    }
}
