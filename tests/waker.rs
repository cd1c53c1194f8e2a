//! Wakers: `poll` is woken from other threads.
#![cfg(all(feature = "os-poll", not(target_os = "wasi")))]

mod support;

use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Barrier, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token, Waker};
use support::{LONG, assert_no_event, new_poll, poll_events, wait_for};

const WAKE: Token = Token(10);

/// A burst of wakes is one readable event after the last of them.
#[test]
fn burst_of_wakes_is_one_readable_event() {
    let (mut poll, mut events) = new_poll();
    let waker = Waker::new(poll.registry(), WAKE).unwrap();
    for _ in 0..3 {
        for _ in 0..10 {
            waker.wake().unwrap();
        }
        wait_for(&mut poll, &mut events, WAKE, |event| event.is_readable());
        assert_eq!(events.iter().count(), 1);
        // The wake is not repeated.
        assert_no_event(&mut poll, &mut events, WAKE);
    }
}

/// Each of many wakes from another thread is an event.
#[test]
fn each_wake_from_another_thread_is_reported() {
    let (mut poll, mut events) = new_poll();
    let waker = Waker::new(poll.registry(), WAKE).unwrap();
    for _ in 0..200 {
        let barrier = Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                barrier.wait();
                waker.wake().unwrap();
            });
            barrier.wait();
            wait_for(&mut poll, &mut events, WAKE, |event| event.is_readable());
        });
    }
}

/// Each of several wakers, some of a cloned `Registry`, reports its own token once.
#[test]
fn each_waker_reports_its_own_token() {
    let (mut poll, mut events) = new_poll();
    let clone = poll.registry().try_clone().unwrap();
    let wakers: Vec<_> = (0..100)
        .map(|index| {
            let registry = if index % 2 == 0 {
                poll.registry()
            } else {
                &clone
            };
            Waker::new(registry, Token(index)).unwrap()
        })
        .collect();
    for round in 0..3 {
        for waker in wakers.iter().skip(round) {
            waker.wake().unwrap();
            waker.wake().unwrap();
        }
        let mut seen = vec![false; wakers.len()];
        while seen.iter().filter(|seen| **seen).count() < wakers.len() - round {
            poll_events(&mut poll, &mut events, support::LONG);
            for event in &events {
                assert!(event.is_readable());
                assert!(
                    !std::mem::replace(&mut seen[event.token().0], true),
                    "twice"
                );
            }
        }
        assert!(seen.iter().take(round).all(|seen| !seen));
    }
}

/// A wake before the drop of its `Waker` may be lost, as `Waker` documents. Later wakers work.
#[test]
fn dropped_waker_leaves_later_wakers_working() {
    let (mut poll, mut events) = new_poll();
    for _ in 0..100 {
        // The end of the statement drops it.
        Waker::new(poll.registry(), Token(1))
            .unwrap()
            .wake()
            .unwrap();
        check_no_event(&mut poll, &mut events);
        let next = Waker::new(poll.registry(), WAKE).unwrap();
        next.wake().unwrap();
        wait_for(&mut poll, &mut events, WAKE, |event| event.is_readable());
    }
}

/// Asserts that a `poll` after the drop reports nothing.
fn check_no_event(poll: &mut Poll, events: &mut Events) {
    poll_events(poll, events, Duration::ZERO);
    assert!(events.is_empty());
}

#[test]
fn wake_after_poll_dropped_succeeds() {
    let poll = Poll::new().unwrap();
    let waker = Waker::new(poll.registry(), WAKE).unwrap();
    drop(poll);
    waker.wake().unwrap();
    waker.wake().unwrap();
}

/// A write before a wake is visible after the wake's event, also if wakes were merged.
#[test]
fn wake_publishes_earlier_writes() {
    const ROUNDS: usize = 5_000;
    let (mut poll, mut events) = new_poll();
    let waker = Waker::new(poll.registry(), WAKE).unwrap();
    let written = [const { AtomicUsize::new(0) }; 3];
    thread::scope(|scope| {
        for place in &written {
            let waker = &waker;
            scope.spawn(move || {
                for round in 1..=ROUNDS {
                    place.store(round, Ordering::Relaxed);
                    waker.wake().unwrap();
                }
            });
        }
        while written
            .iter()
            .any(|place| place.load(Ordering::Relaxed) < ROUNDS)
        {
            wait_for(&mut poll, &mut events, WAKE, |event| event.is_readable());
        }
    });
}

/// Threads that have polled and compute now do not hold back the wakes of a later poller. A
/// completion port of Windows does so if its concurrency is limited:
/// <https://learn.microsoft.com/windows/win32/fileio/i-o-completion-ports#threads-and-concurrency>.
#[test]
fn busy_earlier_pollers_do_not_hold_back_wakes() {
    let busy = thread::available_parallelism().map_or(1, NonZero::get) + 1;
    let (mut poll, mut events) = new_poll();
    let waker = Waker::new(poll.registry(), WAKE).unwrap();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..busy {
            let (sender, receiver) = mpsc::channel();
            let (waker, is_over) = (&waker, &is_over);
            scope.spawn(move || {
                waker.wake().unwrap();
                wait_for(&mut poll, &mut events, WAKE, |event| event.is_readable());
                sender.send((poll, events)).unwrap();
                let start = Instant::now();
                while !is_over.load(Ordering::Relaxed) && start.elapsed() < LONG {
                    std::hint::spin_loop();
                }
            });
            (poll, events) = receiver.recv().unwrap();
        }
        waker.wake().unwrap();
        let result = poll.poll(&mut events, Some(Duration::from_secs(10)));
        is_over.store(true, Ordering::Relaxed);
        result.unwrap();
        assert_eq!(events.iter().count(), 1, "the wake was held back");
    });
}

/// A `Waker` of a clone of a clone of the `Registry` wakes the `Poll`.
#[test]
fn waker_of_a_cloned_clone_works() {
    let (mut poll, mut events) = new_poll();
    let clone = poll.registry().try_clone().unwrap().try_clone().unwrap();
    let waker = Waker::new(&clone, WAKE).unwrap();
    waker.wake().unwrap();
    wait_for(&mut poll, &mut events, WAKE, |event| event.is_readable());
}
