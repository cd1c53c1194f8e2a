//! Measures when and how often hang-ups, errors and priority conditions are reported.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::{Events, Poll};

use super::poll_events;

/// Whether the selector is `poll_oneoff`, which reports one direction only, and neither errors nor
/// priority.
pub(crate) const WASI: bool = cfg!(mio_fake_kernel = "wasip1");

/// The most events of a condition that is never served: 4 while the delay grows (1, 2, 4 and 8 ms),
/// 100 a second for one second, and 10 a second afterwards.
pub(crate) fn max_events(time: Duration) -> usize {
    if super::EDGES {
        return 1;
    }
    let later = time.saturating_sub(Duration::from_secs(1));
    110 + later.as_millis() as usize / 100
}

/// Polls until an event satisfies `wanted`, and returns how long that took.
#[track_caller]
pub(crate) fn time_until(
    poll: &mut Poll,
    events: &mut Events,
    wanted: impl Fn(&Event) -> bool,
) -> Duration {
    let start = Instant::now();
    loop {
        poll_events(poll, events, super::LONG);
        let late = start.elapsed();
        if events.iter().any(&wanted) {
            return late;
        }
        assert!(late < Duration::from_secs(20), "no event");
    }
}

/// Counts the events that come within `time`, and measures this thread's processor time meanwhile.
pub(crate) fn count_events(
    poll: &mut Poll,
    events: &mut Events,
    time: Duration,
) -> (usize, Duration) {
    let (start, cpu) = (Instant::now(), thread_time());
    let mut count = 0;
    while let Some(left) = time.checked_sub(start.elapsed()) {
        poll_events(poll, events, left);
        count += events.iter().count();
    }
    (count, thread_time() - cpu)
}

/// The processor time that this thread has used.
pub(crate) fn thread_time() -> Duration {
    // On some systems the structure has private fields.
    let mut time = MaybeUninit::<libc::timespec>::uninit();
    // SAFETY: clock_gettime(2) writes one `timespec`.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, time.as_mut_ptr()) };
    assert_eq!(result, 0);
    // SAFETY: the call succeeded, so it has written the whole structure.
    let time = unsafe { time.assume_init() };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
