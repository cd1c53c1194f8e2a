//! Timeouts and wakes.

use std::io::ErrorKind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::{AT_ONCE, LONG, Subject, event_buffer, tokens};
use crate::Token;
use crate::sys::selector::{EventBuffer as _, SelectorEvent as _, Wake as _};

pub(in crate::sys) fn timeouts_do_not_end_early<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut events = event_buffer::<S>();
    for micros in [1, 200, 999, 1_000, 1_001, 2_500, 20_000] {
        let timeout = Duration::from_micros(micros);
        let start = Instant::now();
        match selector.select(&mut events, Some(timeout)) {
            Ok(()) => assert!(start.elapsed() >= timeout, "{micros} us"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Interrupted),
        }
        assert!(events.as_slice().is_empty());
    }
    // The longest timeouts wait for an event.
    let waker = selector.waker(Token(5)).unwrap();
    for timeout in [Duration::MAX, Duration::from_secs(1 << 40)] {
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(20));
                waker.wake().unwrap();
            });
            assert_eq!(tokens(&mut selector, &mut events, Some(timeout)), [5]);
        });
    }
}

pub(in crate::sys) fn each_waker_reports_its_token<S: Subject>() {
    let mut selector = S::new().unwrap();
    let clone = selector.try_clone().unwrap();
    let mut events = event_buffer::<S>();
    let first = selector.waker(Token(1)).unwrap();
    let second = clone.waker(Token(2)).unwrap();
    for _ in 0..3 {
        second.wake().unwrap();
        first.wake().unwrap();
        first.wake().unwrap();
        let mut got = tokens(&mut selector, &mut events, LONG);
        while got.len() < 2 {
            got.extend(tokens(&mut selector, &mut events, LONG));
        }
        assert!(events.as_slice().iter().all(|event| event.is_readable()));
        got.sort_unstable();
        assert_eq!(got, [1, 2]);
        assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    }
}

pub(in crate::sys) fn wake_before_and_during_a_wait_is_reported<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut events = event_buffer::<S>();
    let waker = selector.waker(Token(1)).unwrap();
    waker.wake().unwrap();
    assert_eq!(tokens(&mut selector, &mut events, None), [1]);
    for _ in 0..200 {
        thread::scope(|scope| {
            scope.spawn(|| waker.wake().unwrap());
            assert_eq!(tokens(&mut selector, &mut events, None), [1]);
        });
    }
}

pub(in crate::sys) fn wake_publishes_earlier_writes<S: Subject>() {
    const ROUNDS: usize = 2_000;
    let mut selector = S::new().unwrap();
    let mut events = event_buffer::<S>();
    let waker = selector.waker(Token(1)).unwrap();
    let counters = [AtomicUsize::new(0), AtomicUsize::new(0)];
    thread::scope(|scope| {
        for counter in &counters {
            let waker = &waker;
            scope.spawn(move || {
                for round in 1..=ROUNDS {
                    // Relaxed: `wake` publishes the value.
                    counter.store(round, Ordering::Relaxed);
                    waker.wake().unwrap();
                }
            });
        }
        // The event after the last wake makes both last values visible.
        while counters.iter().any(|c| c.load(Ordering::Relaxed) < ROUNDS) {
            assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
        }
    });
}

pub(in crate::sys) fn dropped_waker_reports_no_events<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut events = event_buffer::<S>();
    for _ in 0..3 {
        let waker = selector.waker(Token(1)).unwrap();
        waker.wake().unwrap();
        drop(waker);
        assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
        // A pending wake of a dropped waker must not swallow the first wake of the next one.
        let next = selector.waker(Token(2)).unwrap();
        next.wake().unwrap();
        assert_eq!(tokens(&mut selector, &mut events, LONG), [2]);
    }
}

pub(in crate::sys) fn wakers_without_a_bit_are_reported<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut events = S::Events::with_capacity(256);
    let count = usize::BITS as usize + 3;
    let wakers: Vec<_> = (0..count)
        .map(|index| selector.waker(Token(index)).unwrap())
        .collect();
    for waker in &wakers {
        waker.wake().unwrap();
        waker.wake().unwrap();
    }
    let mut got = Vec::new();
    while got.len() < count {
        got.extend(tokens(&mut selector, &mut events, LONG));
    }
    got.sort_unstable();
    assert_eq!(got, (0..count).collect::<Vec<_>>());
}

pub(in crate::sys) fn wake_of_a_dropped_selector_succeeds<S: Subject>() {
    let selector = S::new().unwrap();
    let waker = selector.waker(Token(1)).unwrap();
    drop(selector);
    for _ in 0..3 {
        waker.wake().unwrap();
    }
}
