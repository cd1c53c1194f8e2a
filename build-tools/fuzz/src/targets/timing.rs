//! The back-off of level-triggered conditions, and the conversion of timeouts.

use std::time::{Duration, Instant};

use arbitrary::Unstructured;

use super::{below, number};
use crate::sys::level_backoff::{Backoff, CLOSED, EXCEPTION, Pace, READINESS};
use crate::sys::selector::Deadline;
use crate::sys::timeout::{KernelTimeout, clamp_timeout, earlier, round_up_millis};

/// What `level_backoff` promises of one pace: reports before probing, reports without a delay, the
/// first delay, the longest one, and the longest after this number of reports.
type Promise = (
    &'static Pace,
    u32,
    u32,
    Duration,
    Duration,
    Option<(u32, Duration)>,
);

const PROMISES: [Promise; 3] = [
    (
        &READINESS,
        32,
        64,
        Duration::from_micros(100),
        Duration::from_millis(10),
        None,
    ),
    (
        &EXCEPTION,
        1,
        0,
        Duration::from_millis(1),
        Duration::from_millis(10),
        Some((103, Duration::from_millis(100))),
    ),
    (
        &CLOSED,
        1,
        0,
        Duration::from_secs(1),
        Duration::from_secs(1),
        None,
    ),
];

/// The delay that follows the report with this number.
fn promised_delay(promise: &Promise, reports: u32) -> Option<Duration> {
    let (_, _, free, first, longest, long) = *promise;
    if reports <= free {
        return None;
    }
    if let Some((_, long)) = long.filter(|(after, _)| reports > *after) {
        return Some(long);
    }
    let mut delay = first;
    for _ in 0..(reports - free - 1).min(64) {
        delay = (delay * 2).min(longest);
    }
    Some(delay)
}

/// Checked: a direction is suppressed for exactly the promised delay, never for longer than the
/// longest one, and not at all after it was observed not ready; a kernel's timeout is never shorter
/// than what was asked for, unless it returns so.
pub fn run(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let promise = &PROMISES[below(&mut input, PROMISES.len())];
    let (pace, before_probing, ..) = *promise;
    let mut now = Instant::now();
    // A delay that ends 584 years after the first one is not kept.
    let end = now + Duration::from_secs(500 * 365 * 24 * 60 * 60);
    let mut backoff = Backoff::default();
    let mut reports = 0_u32;
    let mut until: Option<Instant> = None;
    while !input.is_empty() {
        match below(&mut input, 6) {
            0 => {
                for _ in 0..=number::<u8>(&mut input) {
                    backoff.report(now, pace);
                    reports += 1;
                }
                until = promised_delay(promise, reports).map(|delay| now + delay);
            }
            1 => {
                backoff.postpone(now, pace);
                until = promised_delay(promise, reports).map(|delay| now + delay);
            }
            2 => {
                backoff.observed_not_ready();
                reports = 0;
                until = None;
            }
            3 => now += Duration::from_micros(number::<u16>(&mut input).into()),
            4 => {
                let length = Duration::from_nanos(number(&mut input));
                let later = now.checked_add(length);
                now = later.filter(|later| *later < end).unwrap_or(now);
            }
            _ => check_timeout(Duration::new(
                number::<u64>(&mut input) >> below(&mut input, 64),
                number::<u32>(&mut input) % 1_000_000_000,
            )),
        }
        assert_eq!(backoff.is_reported(), reports != 0);
        assert_eq!(backoff.needs_probe(pace), reports >= before_probing);
        let suppressed = backoff.suppressed_until(now);
        assert_eq!(suppressed, until.filter(|until| *until > now));
        let (.., longest, long) = *promise;
        let bound = if backoff.is_long(pace) {
            long.expect("only one pace has long delays").1
        } else {
            longest
        };
        assert!(suppressed.is_none_or(|until| until - now <= bound));
        assert!(backoff.suppressed_until(now + bound).is_none());
    }
}

fn check_timeout(timeout: Duration) {
    let (kernel, is_clamped) = clamp_timeout(Some(timeout));
    let waits = match kernel {
        KernelTimeout::Infinite => panic!("{timeout:?} is not infinite"),
        KernelTimeout::Millis(millis) => Duration::from_millis(millis.try_into().unwrap()),
        KernelTimeout::Nanos(nanos) => nanos,
    };
    assert_eq!(waits != timeout, is_clamped, "{timeout:?}: {kernel:?}");
    assert!(waits <= timeout && (!is_clamped || waits >= Duration::from_secs(1_789)));
    let millis = Duration::from_millis(round_up_millis(timeout).try_into().unwrap());
    if !is_clamped {
        assert!(millis >= timeout && millis - timeout < Duration::from_millis(1));
    }
    let now = Instant::now();
    let deadline = Deadline::after(Some(timeout)).start_on(|| now);
    assert_eq!(deadline.is_past_on(|| now), timeout.is_zero());
    if let Some(at) = deadline.at {
        assert_eq!(at - now, timeout);
        assert!(deadline.is_past_on(|| at));
        assert_eq!(earlier(Some(now), Some(at)), Some(now));
    } else {
        assert!(timeout.is_zero() || now.checked_add(timeout).is_none());
    }
    assert_eq!(earlier(deadline.at, None), deadline.at);
}
