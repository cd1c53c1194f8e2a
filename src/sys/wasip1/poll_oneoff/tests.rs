//! The contract on `poll_oneoff`, for each manner of host: all of it that needs no waker.
#![allow(clippy::unwrap_used)]

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::net::Shutdown;
use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd};
use std::thread;
use std::time::{Duration, Instant};

use super::PollOneoff;
use crate::sys::selector::{EventBuffer as _, SelectorEvent as _};
use crate::sys::selector_tests::{
    AT_ONCE, BOTH, LONG, Subject, bad_numbers, drain, dropped_registration, left_registration,
    no_event_after_deregister, owners, raw_numbers, raw_sources_starve_nobody, readiness_and_edges,
    records, registration_while_waiting, reregister_reports_again, run_checks, stream_pair, tokens,
};
use crate::testing::wasip1::{Double, Node, Wasmtime, Wheel};
use crate::{Interest, Token};

type Over<M> = PollOneoff<Double<M>>;

#[test]
fn poll_oneoff_over_wasmtime() {
    every_check::<Over<Wasmtime>>();
    with_threads::<Over<Wasmtime>>();
}

#[test]
fn poll_oneoff_over_the_wheel() {
    every_check::<Over<Wheel>>();
}

#[test]
fn poll_oneoff_over_node() {
    every_check::<Over<Node>>();
    with_threads::<Over<Node>>();
}

fn every_check<S: Subject>() {
    run_checks!(S:
        reregister_reports_again no_event_after_deregister raw_numbers bad_numbers owners dropped_registration
        left_registration
        readiness_and_edges half_close unsupported capacity raw_sources_starve_nobody tokens_round_trip timeouts
        nothing_to_wait_for one_closed_number_fails_nobody one_file_fails_nobody never_served);
}

/// Where the guest has threads, a wait sees what they register.
fn with_threads<S: Subject>() {
    registration_while_waiting::<S>();
    rearmed_while_waiting::<S>();
}

fn half_close<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut records = records::<S>();
    let (left, right) = stream_pair();
    let fd = left.as_raw_fd();
    let registration = selector.register(fd, Token(1), BOTH).unwrap();
    right.shutdown(Shutdown::Write).unwrap();
    assert_eq!(tokens(&mut selector, &mut records, LONG), [1]);
    let record = &records.as_slice()[0];
    // That it is the end is told by reading only.
    assert!(record.is_readable() && !record.is_read_closed());
    assert!(record.is_writable() && !record.is_write_closed());
    // The end stays there, and is not told again.
    assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
    selector.deregister(registration, fd).unwrap();
}

fn unsupported<S: Subject>() {
    let selector = S::new().unwrap();
    let error = selector.waker(Token(0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let (left, _right) = stream_pair();
    for interest in [
        Interest::AIO,
        Interest::LIO,
        Interest::PRIORITY,
        BOTH | Interest::PRIORITY,
    ] {
        let result = selector.register(left.as_raw_fd(), Token(0), interest);
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Unsupported);
    }
    // The failed attempts have left nothing behind.
    drop(selector.register(left.as_raw_fd(), Token(0), BOTH).unwrap());
}

fn capacity<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut none = S::Events::with_capacity(0);
    let error = selector.select(&mut none, None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);

    // One at a time, and nobody starves.
    let mut records = S::Events::with_capacity(1);
    let pairs: Vec<_> = (0..4).map(|_| stream_pair()).collect();
    let mut registrations = Vec::new();
    for (index, (left, _)) in pairs.iter().enumerate() {
        let registration = selector.register(left.as_raw_fd(), Token(index), BOTH);
        registrations.push(registration.unwrap());
    }
    for _ in 0..3 {
        let mut seen = [false; 4];
        for _ in 0..4 {
            let got = tokens(&mut selector, &mut records, LONG);
            assert_eq!(got.len(), 1);
            seen[got[0]] = true;
            // Ready again at once: the others must get their turn all the same.
            S::rearm(&registrations[got[0]], BOTH).unwrap();
        }
        assert_eq!(seen, [true; 4]);
    }
}

fn tokens_round_trip<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut records = records::<S>();
    for token in [0, usize::MAX, usize::MAX - 1, 1 << (usize::BITS - 1)] {
        let (left, _right) = stream_pair();
        let fd = left.as_raw_fd();
        let registration = selector
            .register(fd, Token(token), Interest::WRITABLE)
            .unwrap();
        assert_eq!(tokens(&mut selector, &mut records, LONG), [token]);
        selector.deregister(registration, fd).unwrap();
    }
}

fn timeouts<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut records = records::<S>();
    let (left, right) = stream_pair();
    // with no subscription, and with one.
    for is_registered in [false, true] {
        let registration = is_registered.then(|| {
            selector
                .register(left.as_raw_fd(), Token(0), Interest::READABLE)
                .unwrap()
        });
        for micros in [0, 1, 200, 999, 1_000, 1_001, 2_500, 20_000] {
            let timeout = Duration::from_micros(micros);
            let start = Instant::now();
            match selector.select(&mut records, Some(timeout)) {
                Ok(()) => assert!(start.elapsed() >= timeout, "{micros} us"),
                Err(error) => assert_eq!(error.kind(), ErrorKind::Interrupted),
            }
            assert!(records.as_slice().is_empty());
        }
        drop(registration);
    }
    // The longest time-outs wait for an event.
    let registration = selector
        .register(left.as_raw_fd(), Token(5), Interest::READABLE)
        .unwrap();
    for timeout in [
        None,
        Some(Duration::MAX),
        Some(Duration::from_secs(1 << 40)),
    ] {
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(20));
                (&right).write_all(b"x").unwrap();
            });
            assert_eq!(tokens(&mut selector, &mut records, timeout), [5]);
        });
        drain::<S>(&left, &registration);
    }
}

/// what could not end is an error, at once.
fn nothing_to_wait_for<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut records = records::<S>();
    let error = selector.select(&mut records, None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);

    let (left, _right) = stream_pair();
    let registration = selector.register(left.as_raw_fd(), Token(1), BOTH).unwrap();
    assert_eq!(tokens(&mut selector, &mut records, None), [1]);
    drop(registration);
    let error = selector.select(&mut records, None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(records.as_slice().is_empty());
}

/// hosts fail the whole call, or come back at once, for one number that is not open.
fn one_closed_number_fails_nobody<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut records = records::<S>();
    let (left, right) = stream_pair();
    let registration = selector
        .register(left.as_raw_fd(), Token(1), Interest::READABLE)
        .unwrap();
    // High, so that no test beside this one is given it.
    let closed = 1 << 20;
    selector.register_unowned(closed, Token(2), BOTH).unwrap();
    (&right).write_all(b"x").unwrap();
    assert_eq!(tokens(&mut selector, &mut records, LONG), [1]);
    drain::<S>(&left, &registration);

    // The time is kept, and its end is not told by the closed one.
    selector.deregister_unowned(closed).ok();
    selector.register_unowned(closed, Token(3), BOTH).unwrap();
    let (start, timeout) = (Instant::now(), Duration::from_millis(30));
    assert!(tokens(&mut selector, &mut records, Some(timeout)).is_empty());
    assert!(start.elapsed() >= timeout);
    // the poll has seen that it is closed. It can be registered again.
    let error = selector.deregister_unowned(closed).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    selector.register_unowned(closed, Token(4), BOTH).unwrap();

    (&right).write_all(b"x").unwrap();
    assert_eq!(tokens(&mut selector, &mut records, LONG), [1]);
    drop(registration);

    // With nothing else to wait for.
    selector.deregister_unowned(closed).ok();
    selector.register_unowned(closed, Token(5), BOTH).unwrap();
    let error = selector.select(&mut records, None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

/// what is open but cannot be watched is reported as an error, once, and the rest goes on.
fn one_file_fails_nobody<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut records = records::<S>();
    let (left, right) = stream_pair();
    let registration = selector
        .register(left.as_raw_fd(), Token(1), Interest::READABLE)
        .unwrap();
    let file = File::open(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).unwrap();
    let file = OwnedFd::from(file).into_raw_fd();
    let watched = selector
        .register(file, Token(2), Interest::READABLE)
        .unwrap();
    // wasmtime 17 reports the other one, too: an event is a hint.
    assert!(tokens(&mut selector, &mut records, LONG).contains(&2));
    assert!(records.as_slice().iter().all(|record| record.is_readable()));
    drain::<S>(&left, &registration);
    assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
    (&right).write_all(b"x").unwrap();
    assert_eq!(tokens(&mut selector, &mut records, LONG), [1]);
    drop((registration, watched));
}

/// a raw descriptor that stays ready and is not served is reported seldom.
fn never_served<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut records = records::<S>();
    let (left, _right) = stream_pair();
    selector
        .register_unowned(left.as_raw_fd(), Token(1), BOTH)
        .unwrap();
    let start = Instant::now();
    let mut warm = 0;
    while start.elapsed() < Duration::from_millis(700) {
        let got = tokens(&mut selector, &mut records, Some(Duration::from_millis(50)));
        if start.elapsed() > Duration::from_millis(200) {
            warm += got.len();
        }
    }
    assert!((1..=90).contains(&warm), "{warm} in half a second");
}

fn rearmed_while_waiting<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut records = records::<S>();
    let (left, _right) = stream_pair();
    let registration = selector
        .register(left.as_raw_fd(), Token(1), Interest::WRITABLE)
        .unwrap();
    assert_eq!(tokens(&mut selector, &mut records, LONG), [1]);
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(20));
            S::rearm(&registration, BOTH).unwrap();
        });
        let start = Instant::now();
        assert_eq!(tokens(&mut selector, &mut records, None), [1]);
        assert!(start.elapsed() >= Duration::from_millis(20));
    });
}
