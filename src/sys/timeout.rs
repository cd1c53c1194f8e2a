//! Deadlines, and timeouts as kernels take them: in milliseconds or in nanoseconds.

use std::ffi::c_int;
use std::io;
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
    #[allow(dead_code)] // epoll(7) and kqueue(2) ask for the time that is left.
    is_immediate: bool,
}

impl Deadline {
    /// Starts the time, on a clock.
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

cfg_not_epoll! {
    impl Deadline {
        /// Like `start_on`, on the clock of std.
        #[allow(dead_code)] // AFD passes a clock of its own.
        #[inline]
        pub(crate) fn start(self) -> StartedDeadline {
            self.start_on(Instant::now)
        }
    }

    /// Like `time_until_on`, on the clock of std.
    #[allow(dead_code)] // AFD subtracts on a clock of its own.
    #[inline]
    pub(crate) fn time_until(time: Option<Instant>) -> Option<Duration> {
        time_until_on(time, Instant::now)
    }
}

cfg_levels! {
    impl StartedDeadline {
        /// Whether the deadline has passed.
        #[allow(dead_code)] // AFD passes a clock of its own.
        #[inline]
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
    #[allow(dead_code)] // Only selectors that make edges from levels use it.
    #[inline]
    pub(crate) fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
        match (one, other) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }
}

/// How long it is until `time` on a clock, where `None` is never. Zero if it has passed.
#[allow(dead_code)] // AFD subtracts on a clock of its own.
fn time_until_on(time: Option<Instant>, clock: impl FnOnce() -> Instant) -> Option<Duration> {
    time.map(|time| time.saturating_duration_since(clock()))
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
#[inline]
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

/// Waits for longer than the kernel does in one call: again and again for what is left on `clock`,
/// until `wait` returns events.
///
/// # Errors
///
/// The first error of `wait`.
#[allow(dead_code)] // epoll(7) alone waits for nothing but events between these calls.
pub(crate) fn wait_repeatedly(
    timeout: Duration,
    clock: impl Fn() -> Instant,
    mut wait: impl FnMut(KernelTimeout) -> io::Result<usize>,
) -> io::Result<()> {
    let deadline = Deadline::After(timeout).start_on(&clock);
    loop {
        let (timeout, is_clamped) = clamp_timeout(time_until_on(deadline.at, &clock));
        if wait(timeout)? != 0 || !is_clamped {
            return Ok(());
        }
    }
}

/// Whole milliseconds, never fewer than `duration`, and at most what the kernel takes.
#[allow(dead_code)] // `poll_oneoff` takes nanoseconds, as kqueue(2) does.
#[inline]
pub(crate) fn round_up_millis(duration: Duration) -> c_int {
    // Without the division of 128-bit integers that `as_nanos` needs.
    let of_second = duration.subsec_nanos().div_ceil(1_000_000);
    let millis = (duration.as_secs().saturating_mul(1000)).saturating_add(of_second.into());
    // The smaller one fits, as `MAX_MILLIS` does.
    millis.min(MAX_MILLIS as u64) as c_int
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::KernelTimeout::{Infinite, Millis, Nanos};
    use super::*;

    /// A clock that is set by hand.
    struct PlayedClock(Cell<Instant>);

    impl PlayedClock {
        fn new() -> PlayedClock {
            PlayedClock(Cell::new(Instant::now()))
        }

        fn now(&self) -> Instant {
            self.0.get()
        }

        fn advance(&self, time: Duration) {
            self.0.set(self.0.get() + time);
        }
    }

    /// The time that a kernel waits. Its clock stands still during a suspend, while the caller's
    /// may go on: `Instant` is `CLOCK_MONOTONIC` on Linux, where both stand still
    /// (<https://man7.org/linux/man-pages/man2/clock_gettime.2.html>), but not on every system
    /// (<https://doc.rust-lang.org/std/time/struct.Instant.html#underlying-system-calls>).
    fn waited(timeout: KernelTimeout) -> Option<Duration> {
        match timeout {
            Infinite => None,
            Millis(millis) => Some(Duration::from_millis(millis as u64)),
            Nanos(time) => Some(time),
        }
    }

    /// The last instant that the clock can represent.
    fn last_instant() -> Instant {
        let mut last = Instant::now();
        let mut step = Duration::from_secs(1 << 62);
        while !step.is_zero() {
            match last.checked_add(step) {
                Some(later) => last = later,
                None => step /= 2,
            }
        }
        last
    }

    /// A wait in parts lasts as long as it was asked to, to the nanosecond, if the kernel does.
    #[test]
    fn parts_of_a_wait_add_up() {
        let clock = PlayedClock::new();
        let start = clock.now();
        let timeout = Duration::new(200 * 24 * 3600, 1);
        let mut parts = Vec::new();
        let result = wait_repeatedly(
            timeout,
            || clock.now(),
            |part| {
                parts.push(part);
                clock.advance(waited(part).expect("the timeout is finite"));
                Ok(0)
            },
        );
        result.unwrap();
        assert_eq!(clock.now() - start, timeout);
        let (last, clamped) = parts.split_last().unwrap();
        assert!(clamped.len() > 7 && clamped.iter().all(|part| *part == Millis(MAX_MILLIS)));
        assert!(waited(*last) < Some(Duration::from_millis(MAX_MILLIS as u64)));
    }

    /// A clock that jumped past the deadline, as after a suspend, ends the wait with one look at
    /// the events, and never with a longer wait.
    #[test]
    fn jump_past_the_deadline_ends_the_wait() {
        let clock = PlayedClock::new();
        let mut parts = Vec::new();
        let result = wait_repeatedly(
            Duration::from_secs(1 << 40),
            || clock.now(),
            |part| {
                parts.push(part);
                clock.advance(Duration::from_secs(1 << 41));
                Ok(0)
            },
        );
        result.unwrap();
        assert_eq!(parts, [Millis(MAX_MILLIS), Millis(0)]);

        let deadline = Deadline::After(Duration::from_secs(1)).start_on(|| clock.now());
        clock.advance(Duration::from_secs(1 << 40));
        assert!(deadline.is_past_on(|| clock.now()));
        assert_eq!(
            time_until_on(deadline.at, || clock.now()),
            Some(Duration::ZERO)
        );
    }

    /// On a clock that stands still, no number of waits ends the timeout, and each is as long.
    #[test]
    fn clock_that_stands_still_never_ends_the_wait_early() {
        let clock = PlayedClock::new();
        let mut count = 0;
        let result = wait_repeatedly(
            Duration::from_secs(1 << 40),
            || clock.now(),
            |part| {
                assert_eq!(part, Millis(MAX_MILLIS));
                count += 1;
                Ok(usize::from(count == 1000))
            },
        );
        result.unwrap();
        assert_eq!(count, 1000);
        let deadline = Deadline::After(Duration::from_nanos(1)).start_on(|| clock.now());
        assert!(!deadline.is_past_on(|| clock.now()));
    }

    /// An error ends the wait, and no later part hides it.
    #[test]
    fn error_ends_a_wait_in_parts() {
        let error = wait_repeatedly(Duration::MAX, Instant::now, |part| {
            assert_eq!(part, Infinite);
            Err(io::ErrorKind::Interrupted.into())
        });
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::Interrupted);
    }

    /// Near the last instant of the clock, a timeout that it cannot represent never comes, and the
    /// others do.
    #[test]
    fn deadline_near_the_end_of_the_clock_does_not_overflow() {
        let last = last_instant();
        let second = Duration::from_secs(1);
        let now = last - second;
        let fits = Deadline::After(second).start_on(|| now);
        assert_eq!(fits.at, Some(last));
        assert!(!fits.is_past_on(|| now) && fits.is_past_on(|| last));
        assert_eq!(time_until_on(fits.at, || now), Some(second));
        let beyond = Deadline::After(second + Duration::from_nanos(100)).start_on(|| now);
        assert!(beyond.at.is_none() && !beyond.is_past_on(|| last));
        let result = wait_repeatedly(
            Duration::MAX,
            || last,
            |part| {
                assert_eq!(part, Infinite);
                Ok(1)
            },
        );
        result.unwrap();
    }

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
        // In milliseconds the second one has more than 64 bits.
        for timeout in [Duration::MAX, Duration::from_secs(u64::MAX / 1000 + 1)] {
            assert_eq!(round_up_millis(timeout), MAX_MILLIS);
        }
    }
}
