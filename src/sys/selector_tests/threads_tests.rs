//! Registrations, data and wakes of other threads, while one thread waits.

use std::io::{ErrorKind, Read as _, Write as _};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::{AT_ONCE, LONG, Subject, event_buffer, stream_pair, tokens};
use crate::sys::AsRaw as _;
use crate::sys::selector::{EventBuffer as _, SelectorEvent as _, Wake as _};
use crate::{Interest, Token};

pub(in crate::sys) fn registration_during_a_wait_is_reported<S: Subject>() {
    let mut selector = S::new().unwrap();
    let registry = selector.try_clone().unwrap();
    let mut events = event_buffer::<S>();
    for round in 0..50 {
        let (left, right) = stream_pair();
        (&right).write_all(b"x").unwrap();
        let barrier = Barrier::new(2);
        thread::scope(|scope| {
            let other = scope.spawn(|| {
                barrier.wait();
                registry
                    .register(left.as_raw(), Token(round), Interest::READABLE)
                    .unwrap()
            });
            barrier.wait();
            assert_eq!(tokens(&mut selector, &mut events, LONG), [round]);
            let registration = other.join().unwrap();
            registry.deregister(registration, left.as_raw()).unwrap();
        });
    }
}

pub(in crate::sys) fn no_wake_or_edge_is_lost_under_stress<S: Subject>() {
    const ROUNDS: usize = 2_000;
    let mut selector = S::new().unwrap();
    // Capacity 1, so that events often stay in the kernel.
    let mut events = S::Events::with_capacity(1);
    let waker = selector.waker(Token(0)).unwrap();
    let (left, right) = stream_pair();
    let registration = selector
        .register(left.as_raw(), Token(1), Interest::READABLE)
        .unwrap();
    let sent = AtomicUsize::new(0);
    let mut received = 0;
    thread::scope(|scope| {
        scope.spawn(|| {
            for round in 1..=ROUNDS {
                sent.store(round, Ordering::Relaxed);
                waker.wake().unwrap();
                while (&right).write(b"x").is_err() {
                    thread::yield_now();
                }
            }
        });
        let mut seen = 0;
        while seen < ROUNDS || received < ROUNDS {
            let got = tokens(&mut selector, &mut events, LONG);
            // Each event has a token and a condition.
            assert_eq!(got.len(), 1, "seen {seen}, received {received}");
            assert!(events.as_slice()[0].is_readable());
            if got[0] == 0 {
                seen = sent.load(Ordering::Relaxed);
            } else {
                let mut buffer = [0; 512];
                loop {
                    match (&left).read(&mut buffer) {
                        Ok(count) => received += count,
                        Err(error) => {
                            assert_eq!(error.kind(), ErrorKind::WouldBlock);
                            S::rearm(&registration, Interest::READABLE).unwrap();
                            break;
                        }
                    }
                }
            }
        }
    });
}

/// Sources are reported with the smallest buffer, even if a waker is woken all the time.
pub(in crate::sys) fn wakers_do_not_starve_sources<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut events = S::Events::with_capacity(1);
    let waker = selector.waker(Token(0)).unwrap();
    let (left, _right) = stream_pair();
    let _registration = selector
        .register(left.as_raw(), Token(1), Interest::WRITABLE)
        .unwrap();
    let has_turn = (0..200).any(|_| {
        waker.wake().unwrap();
        tokens(&mut selector, &mut events, LONG) == [1]
    });
    assert!(has_turn);
}

/// A waker that is woken all the time is at most one event of each `select`.
pub(in crate::sys) fn waker_is_reported_once_per_select<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut events = event_buffer::<S>();
    let waker = selector.waker(Token(0)).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                waker.wake().unwrap();
            }
        });
        for _ in 0..5_000 {
            let got = tokens(&mut selector, &mut events, AT_ONCE);
            if got.len() > 1 {
                done.store(true, Ordering::Relaxed);
            }
            assert!(got.len() <= 1, "{got:?}");
        }
        done.store(true, Ordering::Relaxed);
    });
}

/// If another thread waits, an fd that is deregistered and registered again is only reported with
/// its new token.
pub(in crate::sys) fn fd_reused_during_a_wait_reports_its_new_token<S: Subject>() {
    let mut selector = S::new().unwrap();
    let registry = selector.try_clone().unwrap();
    let mut events = event_buffer::<S>();
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            for round in 0..300 {
                let (left, right) = stream_pair();
                let fd = left.as_raw();
                // An even token is never reported: it is deregistered before there is data.
                let old = registry
                    .register(fd, Token(2 * round), Interest::READABLE)
                    .unwrap();
                registry.deregister(old, fd).unwrap();
                (&right).write_all(b"x").unwrap();
                let new = registry
                    .register(fd, Token(2 * round + 1), Interest::READABLE)
                    .unwrap();
                registry.deregister(new, fd).unwrap();
            }
        });
        while !other.is_finished() {
            let timeout = Some(Duration::from_millis(5));
            for token in tokens(&mut selector, &mut events, timeout) {
                assert_eq!(token % 2, 1);
            }
        }
        assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    });
}
