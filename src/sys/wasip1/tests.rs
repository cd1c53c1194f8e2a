//! The checks of a selector on `poll_oneoff`, with each fake host. Checks of wakers do not apply.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::net::Shutdown;
use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd};
use std::thread;
use std::time::{Duration, Instant};

use super::PollOneoff;
use crate::sys::selector::{EventBuffer as _, SelectorEvent as _};
use crate::sys::selector_tests::{
    AT_ONCE, BOTH, LONG, Subject, deregistered_source_reports_no_events, drain,
    dropped_source_reports_no_events, each_edge_is_reported_once, event_buffer,
    invalid_fds_are_refused, left_source_reports_no_events, owner_of_a_registration_is_found,
    registration_during_a_wait_is_reported, reregister_reports_current_readiness, run_checks,
    stream_pair, tokens, unowned_sources_are_registered_by_fd,
    unowned_sources_do_not_starve_others,
};
use crate::testing::wasip1::{FakeHost, Node20, Wasmtime17, Wasmtime48};
use crate::{Interest, Token};

type Over<Q> = PollOneoff<FakeHost<Q>>;

#[test]
fn poll_oneoff_over_wasmtime_48() {
    every_check::<Over<Wasmtime48>>();
    with_threads::<Over<Wasmtime48>>();
}

#[test]
fn poll_oneoff_over_wasmtime_17() {
    every_check::<Over<Wasmtime17>>();
}

#[test]
fn poll_oneoff_over_node_20() {
    every_check::<Over<Node20>>();
    with_threads::<Over<Node20>>();
}

fn every_check<S: Subject>() {
    run_checks!(S:
        reregister_reports_current_readiness
        deregistered_source_reports_no_events
        unowned_sources_are_registered_by_fd
        invalid_fds_are_refused
        owner_of_a_registration_is_found
        dropped_source_reports_no_events
        left_source_reports_no_events
        each_edge_is_reported_once
        half_close_is_only_readable
        wakers_and_priority_are_unsupported
        small_buffer_starves_no_source
        unowned_sources_do_not_starve_others
        tokens_are_returned_unchanged
        modes_are_kept_by_the_table
        timeouts_do_not_end_early
        endless_wait_is_an_error
        closed_fd_does_not_fail_others
        refused_file_does_not_fail_others
        unserved_fd_is_reported_with_delays
    );
}

/// Where the guest has threads, a wait applies what they register.
fn with_threads<S: Subject>() {
    registration_during_a_wait_is_reported::<S>();
    rearm_during_a_wait_is_reported::<S>();
}

fn half_close_is_only_readable<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut events = event_buffer::<S>();
    let (left, right) = stream_pair();
    let fd = left.as_raw_fd();
    let registration = selector.register(fd, Token(1), BOTH).unwrap();
    right.shutdown(Shutdown::Write).unwrap();
    assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
    let event = &events.as_slice()[0];
    // Only reading reports the end.
    assert!(event.is_readable() && !event.is_read_closed());
    assert!(event.is_writable() && !event.is_write_closed());
    // The end is not reported again.
    assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    selector.deregister(registration, fd).unwrap();
}

fn wakers_and_priority_are_unsupported<S: Subject>() {
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
    // Failed attempts leave no registration.
    drop(selector.register(left.as_raw_fd(), Token(0), BOTH).unwrap());
}

fn small_buffer_starves_no_source<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut none = S::Events::with_capacity(0);
    let error = selector.poll(&mut none, None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);

    // One event at a time, and no source starves.
    let mut events = S::Events::with_capacity(1);
    let pairs: Vec<_> = (0..4).map(|_| stream_pair()).collect();
    let mut registrations = Vec::new();
    for (index, (left, _)) in pairs.iter().enumerate() {
        let registration = selector.register(left.as_raw_fd(), Token(index), BOTH);
        registrations.push(registration.unwrap());
    }
    for _ in 0..3 {
        let mut seen = [false; 4];
        for _ in 0..4 {
            let got = tokens(&mut selector, &mut events, LONG);
            assert_eq!(got.len(), 1);
            seen[got[0]] = true;
            // Ready again immediately: the other sources must be reported nevertheless.
            S::rearm(&registrations[got[0]], BOTH).unwrap();
        }
        assert_eq!(seen, [true; 4]);
    }
}

fn tokens_are_returned_unchanged<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut events = event_buffer::<S>();
    for token in [0, usize::MAX, usize::MAX - 1, 1 << (usize::BITS - 1)] {
        let (left, _right) = stream_pair();
        let fd = left.as_raw_fd();
        let registration = selector
            .register(fd, Token(token), Interest::WRITABLE)
            .unwrap();
        assert_eq!(tokens(&mut selector, &mut events, LONG), [token]);
        selector.deregister(registration, fd).unwrap();
    }
}

fn timeouts_do_not_end_early<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut events = event_buffer::<S>();
    let (left, right) = stream_pair();
    // Without a source, and with one that is not ready.
    for is_registered in [false, true] {
        let registration = is_registered.then(|| {
            selector
                .register(left.as_raw_fd(), Token(0), Interest::READABLE)
                .unwrap()
        });
        for micros in [0, 1, 200, 999, 1_000, 1_001, 2_500, 20_000] {
            let timeout = Duration::from_micros(micros);
            let start = Instant::now();
            match selector.poll(&mut events, Some(timeout)) {
                Ok(()) => assert!(start.elapsed() >= timeout, "{micros} us"),
                Err(error) => assert_eq!(error.kind(), ErrorKind::Interrupted),
            }
            assert!(events.as_slice().is_empty());
        }
        drop(registration);
    }
    // The longest timeouts wait for an event.
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
            assert_eq!(tokens(&mut selector, &mut events, timeout), [5]);
        });
        drain::<S>(&left, &registration);
    }
}

/// A wait that nothing could end is an error, immediately.
fn endless_wait_is_an_error<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut events = event_buffer::<S>();
    let error = selector.poll(&mut events, None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);

    let (left, _right) = stream_pair();
    let registration = selector.register(left.as_raw_fd(), Token(1), BOTH).unwrap();
    assert_eq!(tokens(&mut selector, &mut events, None), [1]);
    drop(registration);
    let error = selector.poll(&mut events, None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(events.as_slice().is_empty());
}

/// A closed fd, for which hosts fail the whole call or return immediately, does not affect other
/// sources.
fn closed_fd_does_not_fail_others<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut events = event_buffer::<S>();
    let (left, right) = stream_pair();
    let registration = selector
        .register(left.as_raw_fd(), Token(1), Interest::READABLE)
        .unwrap();
    // So high that no test that runs beside this one gets it.
    let closed = 1 << 20;
    selector.register_unowned(closed, Token(2), BOTH).unwrap();
    (&right).write_all(b"x").unwrap();
    assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
    drain::<S>(&left, &registration);

    // The wait does not end early, and the closed fd is no event.
    selector.deregister_unowned(closed).ok();
    selector.register_unowned(closed, Token(3), BOTH).unwrap();
    let (start, timeout) = (Instant::now(), Duration::from_millis(30));
    assert!(tokens(&mut selector, &mut events, Some(timeout)).is_empty());
    assert!(start.elapsed() >= timeout);
    // The wait has ended the registration of the closed fd. The fd can be registered again.
    let error = selector.deregister_unowned(closed).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    selector.register_unowned(closed, Token(4), BOTH).unwrap();

    (&right).write_all(b"x").unwrap();
    assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
    drop(registration);

    // Without another source.
    selector.deregister_unowned(closed).ok();
    selector.register_unowned(closed, Token(5), BOTH).unwrap();
    let error = selector.poll(&mut events, None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

/// An open fd that the host cannot poll is reported as an error, once, and does not affect other
/// sources.
fn refused_file_does_not_fail_others<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut events = event_buffer::<S>();
    let (left, right) = stream_pair();
    let registration = selector
        .register(left.as_raw_fd(), Token(1), Interest::READABLE)
        .unwrap();
    let file = File::open(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).unwrap();
    let file = OwnedFd::from(file).into_raw_fd();
    let watched = selector
        .register(file, Token(2), Interest::READABLE)
        .unwrap();
    // wasmtime 17 reports the other source, too: events may be spurious.
    assert!(tokens(&mut selector, &mut events, LONG).contains(&2));
    assert!(events.as_slice().iter().all(|event| event.is_readable()));
    drain::<S>(&left, &registration);
    assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    (&right).write_all(b"x").unwrap();
    assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
    drop((registration, watched));
}

/// An unowned fd that stays ready and is not served is reported with delays.
fn unserved_fd_is_reported_with_delays<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut events = event_buffer::<S>();
    let (left, _right) = stream_pair();
    selector
        .register_unowned(left.as_raw_fd(), Token(1), BOTH)
        .unwrap();
    let start = Instant::now();
    let mut delayed = 0;
    while start.elapsed() < Duration::from_millis(700) {
        let got = tokens(&mut selector, &mut events, Some(Duration::from_millis(50)));
        if start.elapsed() > Duration::from_millis(200) {
            delayed += got.len();
        }
    }
    assert!((1..=90).contains(&delayed), "{delayed} in half a second");
}

fn rearm_during_a_wait_is_reported<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut events = event_buffer::<S>();
    let (left, _right) = stream_pair();
    let registration = selector
        .register(left.as_raw_fd(), Token(1), Interest::WRITABLE)
        .unwrap();
    assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(20));
            S::rearm(&registration, BOTH).unwrap();
        });
        let start = Instant::now();
        assert_eq!(tokens(&mut selector, &mut events, None), [1]);
        assert!(start.elapsed() >= Duration::from_millis(20));
    });
}

/// A level-triggered source is part of every wait, a hang-up included. A one-shot source is part of
/// none after its event, which has both directions.
fn modes_are_kept_by_the_table<S: Subject>() {
    let (mut selector, mut events) = (S::new().unwrap(), event_buffer::<S>());
    let (left, right) = stream_pair();
    (&right).write_all(b"x").unwrap();
    let fd = left.as_raw_fd();
    let level = Interest::READABLE | Interest::LEVEL;
    let mut registration = selector.register(fd, Token(1), level).unwrap();
    for _ in 0..100 {
        assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
    }
    right.shutdown(Shutdown::Both).unwrap();
    drain::<S>(&left, &registration);
    for _ in 0..100 {
        assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
    }
    let once = BOTH | Interest::ONESHOT;
    for token in 2..5 {
        selector
            .reregister(&mut registration, fd, Token(token), once)
            .unwrap();
        assert_eq!(tokens(&mut selector, &mut events, LONG), [token]);
        let event = &events.as_slice()[0];
        assert!(event.is_readable() && event.is_writable());
        S::rearm(&registration, BOTH).unwrap();
        assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    }
    let edge = Interest::READABLE;
    selector
        .reregister(&mut registration, fd, Token(6), edge)
        .unwrap();
    // The hang-up comes again after its delay, which may have passed.
    assert_eq!(tokens(&mut selector, &mut events, LONG), [6]);
}
