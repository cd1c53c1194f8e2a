//! The selector against AFD itself, and against an AFD that fails.
#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::windows::io::AsRawSocket;
use std::sync::Weak;
use std::sync::atomic::AtomicUsize;
use std::thread;
use std::time::Instant;

use super::*;
use crate::sys::contract::{Record as _, Records as _, Selector as _, Wake as _};
use crate::sys::contract_tests::{AT_ONCE, BOTH, LONG, stream_pair, tokens};
use crate::sys::iocp::Packets;

/// `STATUS_INSUFFICIENT_RESOURCES`: what a poll may be refused with at any time.
const NO_RESOURCES: i32 = 0xC000_009A_u32 as i32;
/// `ERROR_NO_SYSTEM_RESOURCES`, which it becomes.
const NO_SYSTEM_RESOURCES: i32 = 1450;

/// Lets `passing` polls of this thread pass, and refuses the next one.
fn refuse_poll(passing: u32) {
    faults::POLLS.set(Some((passing, 1, NO_RESOURCES)));
}

fn register(selector: &Afd, stream: &TcpStream, token: usize, interest: Interest) -> Registration {
    selector
        .register(stream.as_raw_socket(), Token(token), interest)
        .unwrap()
}

/// Collects the events of several waits, sorted, until there are `count`.
fn collect(selector: &mut Afd, records: &mut Records, count: usize) -> Vec<usize> {
    let mut got = Vec::new();
    while got.len() < count {
        let more = tokens(selector, records, LONG);
        assert!(!more.is_empty(), "{got:?}");
        got.extend(more);
    }
    got.sort_unstable();
    got
}

/// the wait goes on, the others deliver, and the one at fault is told to look for itself.
#[test]
fn a_source_that_is_refused_fails_nobody() {
    let mut selector = Afd::new().unwrap();
    for capacity in [16, 1] {
        let mut records = Records::with_capacity(capacity);
        let pairs: Vec<_> = (0..3).map(|_| stream_pair()).collect();
        let registrations: Vec<_> = pairs
            .iter()
            .enumerate()
            .map(|(token, (left, _))| register(&selector, left, token, Interest::WRITABLE))
            .collect();
        refuse_poll(1);
        let mut seen = Vec::new();
        while seen.len() < 3 {
            for token in tokens(&mut selector, &mut records, LONG) {
                seen.push(token);
            }
            for record in records.as_slice() {
                assert!(record.is_writable() && !record.is_readable());
                assert_eq!(record.is_error(), record.token() == Token(1));
                assert!(!record.is_read_closed() && !record.is_write_closed());
            }
        }
        seen.sort_unstable();
        assert_eq!(seen, [0, 1, 2]);
        // It is out until it is armed, and then polled again.
        assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
        Afd::rearm(&registrations[1]).unwrap();
        assert_eq!(tokens(&mut selector, &mut records, LONG), [1]);
        assert!(!records.as_slice()[0].is_error());
    }
}

/// whoever registers while another thread waits gets the error, and nothing is left behind.
#[test]
fn a_refusal_is_told_to_who_registers() {
    let mut selector = Afd::new().unwrap();
    let registry = selector.try_clone().unwrap();
    let waker = selector.waker(Token(9)).unwrap();
    let (left, right) = stream_pair();
    let shared = Arc::clone(&selector.shared);
    thread::scope(|scope| {
        let poller = scope.spawn(move || {
            let mut records = Records::with_capacity(4);
            let got = tokens(&mut selector, &mut records, LONG);
            (selector, got)
        });
        while !shared.is_waiting.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        // The list may still be about to be taken: then the refusal meets the poller, which has no plan of its own.
        drop(shared.updates());
        refuse_poll(0);
        let error = registry
            .register(left.as_raw_socket(), Token(1), BOTH)
            .unwrap_err();
        assert_eq!(error.raw_os_error(), Some(NO_SYSTEM_RESOURCES));
        refuse_poll(0);
        let error = registry
            .register_raw(left.as_raw_socket(), Token(1), BOTH)
            .unwrap_err();
        assert_eq!(error.raw_os_error(), Some(NO_SYSTEM_RESOURCES));
        let error = registry.deregister_raw(left.as_raw_socket()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);

        waker.wake().unwrap();
        let (mut selector, got) = poller.join().unwrap();
        assert_eq!(got, [9]);
        let mut records = Records::with_capacity(4);
        let _registration = register(&selector, &left, 2, Interest::READABLE);
        (&right).write_all(b"x").unwrap();
        assert_eq!(tokens(&mut selector, &mut records, LONG), [2]);
    });
}

/// neither a panic nor silence.
#[test]
fn a_poll_that_cannot_be_cancelled_is_no_end() {
    let mut selector = Afd::new().unwrap();
    let mut records = Records::with_capacity(4);
    let (left, right) = stream_pair();
    let (other, _other_peer) = stream_pair();
    let raw = left.as_raw_socket();
    let mut registration = register(&selector, &left, 1, Interest::READABLE);
    assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
    selector
        .reregister(&mut registration, raw, Token(2), BOTH)
        .unwrap();
    let _other = register(&selector, &other, 3, Interest::WRITABLE);
    faults::CANCELS.set(Some((0, 1, NO_RESOURCES)));
    assert_eq!(collect(&mut selector, &mut records, 2), [2, 3]);
    Afd::rearm(&registration).unwrap();
    assert_eq!(tokens(&mut selector, &mut records, LONG), [2]);
    assert!(records.as_slice()[0].is_writable() && !records.as_slice()[0].is_error());

    // At the end of a registration it leaves nothing that would be reported.
    faults::CANCELS.set(Some((0, 1, NO_RESOURCES)));
    selector.deregister(registration, raw).unwrap();
    (&right).write_all(b"x").unwrap();
    assert!(tokens(&mut selector, &mut records, Some(Duration::from_millis(20))).is_empty());
    let _again = register(&selector, &left, 4, Interest::READABLE);
    assert_eq!(tokens(&mut selector, &mut records, LONG), [4]);
}

/// How many polls and cancels `action` costs in this thread.
fn calls(action: impl FnOnce()) -> usize {
    faults::CALLS.set(0);
    action();
    faults::CALLS.get()
}

#[test]
fn registering_costs_one_poll_at_the_next_wait() {
    const COUNT: usize = 100;
    let mut selector = Afd::new().unwrap();
    let mut records = Records::with_capacity(COUNT);
    let pairs: Vec<_> = (0..COUNT).map(|_| stream_pair()).collect();
    let mut registrations = Vec::new();
    let cost = calls(|| {
        for (token, (left, _)) in pairs.iter().enumerate() {
            registrations.push(register(&selector, left, token, BOTH));
        }
        for (registration, (left, _)) in registrations.iter_mut().zip(&pairs) {
            let raw = left.as_raw_socket();
            selector
                .reregister(registration, raw, Token(7), Interest::READABLE)
                .unwrap();
        }
        for (_, right) in &pairs[..COUNT / 2] {
            let raw = right.as_raw_socket();
            let unused = selector.register(raw, Token(1), BOTH).unwrap();
            selector.deregister(unused, raw).unwrap();
        }
    });
    assert_eq!(cost, 0);
    let cost = calls(|| assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty()));
    assert_eq!(cost, COUNT);
    // What is asked for already is neither cancelled nor asked for again.
    let cost = calls(|| {
        for (token, (registration, (left, _))) in registrations.iter_mut().zip(&pairs).enumerate() {
            let raw = left.as_raw_socket();
            selector
                .reregister(registration, raw, Token(token), Interest::READABLE)
                .unwrap();
            Afd::rearm(registration).unwrap();
        }
        assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
    });
    assert_eq!(cost, 0);
    // And the new token is the one that comes.
    (&pairs[3].1).write_all(b"x").unwrap();
    assert_eq!(tokens(&mut selector, &mut records, LONG), [3]);
}

/// An event and its service cost one poll.
#[test]
fn one_event_costs_one_poll() {
    let mut selector = Afd::new().unwrap();
    let mut records = Records::with_capacity(4);
    let (left, right) = stream_pair();
    let registration = register(&selector, &left, 1, Interest::READABLE);
    let cost = calls(|| {
        for _ in 0..10 {
            (&right).write_all(b"x").unwrap();
            assert_eq!(tokens(&mut selector, &mut records, LONG), [1]);
            assert_eq!((&left).read(&mut [0; 8]).unwrap(), 1);
            assert!((&left).read(&mut [0; 8]).is_err());
            Afd::rearm(&registration).unwrap();
        }
    });
    assert_eq!(cost, 10);
}

/// a packet that is no event does not end a wait.
#[test]
fn packets_of_nobody_are_no_events() {
    let mut selector = Afd::new().unwrap();
    let mut records = Records::with_capacity(4);
    let port = Arc::clone(selector.port());
    let waker = selector.waker(Token(1)).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in [0, usize::MAX, 1 << 20] {
                crate::sys::iocp::post_number(port.handle(), number).unwrap();
                thread::sleep(Duration::from_millis(5));
            }
            waker.wake().unwrap();
        });
        assert_eq!(tokens(&mut selector, &mut records, None), [1]);
    });
}

/// registrations that come and go neither shorten nor lengthen a wait.
#[test]
fn a_timed_wait_keeps_its_deadline() {
    let mut selector = Afd::new().unwrap();
    let registry = selector.try_clone().unwrap();
    let mut records = Records::with_capacity(4);
    let ended = AtomicBool::new(false);
    let rounds = AtomicUsize::new(0);
    let (left, _right) = stream_pair();
    let raw = left.as_raw_socket();
    thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                let mut registration = registry
                    .register(raw, Token(1), Interest::READABLE)
                    .unwrap();
                registry
                    .reregister(&mut registration, raw, Token(1), Interest::PRIORITY)
                    .unwrap();
                registry.deregister(registration, raw).unwrap();
                rounds.fetch_add(1, Ordering::Relaxed);
            }
        });
        let time = Duration::from_millis(300);
        let start = Instant::now();
        let got = tokens(&mut selector, &mut records, Some(time));
        let elapsed = start.elapsed();
        ended.store(true, Ordering::Relaxed);
        assert!(got.is_empty());
        assert!(elapsed >= time, "{elapsed:?}");
        assert!(elapsed < time * 10, "{elapsed:?}");
    });
    assert!(rounds.into_inner() > 0);
}

/// One packet for any number of wakes between two events.
#[test]
fn merged_wakes_post_one_packet() {
    let mut selector = Afd::new().unwrap();
    let mut records = Records::with_capacity(4);
    let wakers: Vec<_> = (0..70)
        .map(|token| selector.waker(Token(token)).unwrap())
        .collect();
    let mut packets = Packets::with_capacity(100);
    for _ in 0..3 {
        for _ in 0..10 {
            for waker in &wakers {
                waker.wake().unwrap();
            }
        }
        let count = selector.port().dequeue(&mut packets, 100, 0).unwrap();
        assert_eq!(count, wakers.len());
        assert_eq!(selector.port().dequeue(&mut packets, 100, 0).unwrap(), 0);
        // As if they had come: nothing else may clear their flags.
        for waker in &wakers {
            waker.wake().unwrap();
        }
        assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
        for waker in &wakers {
            crate::sys::iocp::post_number(selector.port().handle(), waker.number()).unwrap();
        }
        let got = collect(&mut selector, &mut records, wakers.len());
        assert!(got.into_iter().eq(0..wakers.len()));
    }
}

/// the end of the port takes everything in flight back, and its handles are closed, though the sources live on.
#[test]
fn the_end_takes_back_what_is_in_flight() {
    let pairs: Vec<_> = (0..100).map(|_| stream_pair()).collect();
    for is_last_a_clone in [false, true] {
        let mut selector = Afd::new().unwrap();
        let mut records = Records::with_capacity(4);
        let mut registrations = Vec::new();
        for (token, (left, right)) in pairs.iter().enumerate() {
            registrations.push(register(&selector, left, token, Interest::READABLE));
            selector
                .register_raw(right.as_raw_socket(), Token(token), Interest::READABLE)
                .unwrap();
        }
        assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
        // Some are on their way already, some are to be.
        (&pairs[0].1).write_all(b"x").unwrap();
        drop(registrations.pop());
        let (left, _) = &pairs[50];
        selector
            .reregister(
                &mut registrations[50],
                left.as_raw_socket(),
                Token(50),
                BOTH,
            )
            .unwrap();

        let shared = Arc::downgrade(&selector.shared);
        let port = Arc::downgrade(selector.port());
        let handle = Arc::downgrade(selector.port().handle());
        let device = Arc::downgrade(&selector.shared.devices().take(selector.port()).unwrap());
        let clone = selector.try_clone().unwrap();
        if is_last_a_clone {
            drop(selector);
            assert!(port.strong_count() > 0);
            drop(clone);
        } else {
            drop(clone);
            drop(selector);
        }
        assert!(shared.upgrade().is_none());
        assert_eq!(
            (Weak::strong_count(&port), Weak::strong_count(&handle)),
            (0, 0)
        );
        // What is in flight keeps its handle: nothing is.
        assert_eq!(Weak::strong_count(&device), 0);
        drop(registrations);
        assert_eq!((&pairs[0].0).read(&mut [0; 8]).unwrap(), 1);
    }
}

/// a peer sees the end of a socket whose queue went first.
#[test]
fn a_socket_closes_after_its_queue() {
    let mut selector = Afd::new().unwrap();
    let mut records = Records::with_capacity(4);
    let (left, right) = stream_pair();
    let registration = register(&selector, &left, 1, Interest::READABLE);
    assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
    drop(selector);
    drop(registration);
    drop(left);
    right.set_nonblocking(false).unwrap();
    right
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    assert_eq!((&right).read(&mut [0; 8]).unwrap(), 0);
}

/// Handles of AFD are shared, and closed when they have no sources.
#[test]
fn handles_of_afd_come_and_go() {
    let selector = Afd::new().unwrap();
    let pairs: Vec<_> = (0..40).map(|_| stream_pair()).collect();
    let count = || selector.shared.devices().len();
    for _ in 0..3 {
        let mut registrations: Vec<_> = pairs
            .iter()
            .flat_map(|(left, right)| [left, right])
            .map(|stream| register(&selector, stream, 0, BOTH))
            .collect();
        assert_eq!(count(), 3);
        registrations.truncate(33);
        assert!(count() <= 3);
        drop(registrations);
        assert_eq!(count(), 1);
    }
}

/// A number that is closed while it is registered loses its registration, and can be registered again.
#[test]
fn a_raw_socket_that_is_closed_is_forgotten() {
    let mut selector = Afd::new().unwrap();
    let mut records = Records::with_capacity(4);
    for is_polled in [true, false] {
        let (left, _right) = stream_pair();
        let raw = left.as_raw_socket();
        selector
            .register_raw(raw, Token(1), Interest::READABLE)
            .unwrap();
        if is_polled {
            assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
        }
        drop(left);
        assert!(tokens(&mut selector, &mut records, Some(Duration::from_millis(20))).is_empty());
        let error = selector.deregister_raw(raw).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound, "{is_polled}");
    }
}

/// A-35 on AFD: a raw socket that is never served is reported seldom, and one that is drained elsewhere soon.
#[test]
fn raw_sockets_keep_to_the_lanes() {
    let mut selector = Afd::new().unwrap();
    let mut records = Records::with_capacity(4);
    let (left, right) = stream_pair();
    let raw = left.as_raw_socket();
    selector.register_raw(raw, Token(1), BOTH).unwrap();
    (&right).write_all(b"x").unwrap();
    let start = Instant::now();
    let mut returns = 0;
    while start.elapsed() < Duration::from_secs(1) {
        let left = Duration::from_secs(1).saturating_sub(start.elapsed());
        returns += usize::from(!tokens(&mut selector, &mut records, Some(left)).is_empty());
    }
    // Both directions have their free reports, and then one for each pause.
    assert!(returns <= 2 * (64 + 8) + 2 * 110, "{returns}");
    assert!(returns >= 20, "{returns}");

    selector
        .reregister_raw(raw, Token(2), Interest::READABLE)
        .unwrap();
    for _ in 0..300 {
        assert_eq!((&left).read(&mut [0; 8]).unwrap(), 1);
        (&right).write_all(b"x").unwrap();
        let start = Instant::now();
        assert_eq!(tokens(&mut selector, &mut records, LONG), [2]);
        assert!(start.elapsed() < Duration::from_secs(2));
    }
    selector.deregister_raw(raw).unwrap();
    assert!(tokens(&mut selector, &mut records, Some(Duration::from_millis(30))).is_empty());
}

/// A-56 for a connection that is refused and one that is reset: one event, and then none.
#[test]
fn failures_come_once() {
    let mut selector = Afd::new().unwrap();
    let mut records = Records::with_capacity(4);
    let (left, right) = stream_pair();
    let _registration = register(&selector, &left, 1, BOTH);
    assert_eq!(tokens(&mut selector, &mut records, LONG), [1]);
    // Closed with data unread, it resets.
    (&left).write_all(b"unread").unwrap();
    thread::sleep(Duration::from_millis(20));
    drop(right);
    assert_eq!(tokens(&mut selector, &mut records, LONG), [1]);
    let record = records.as_slice()[0];
    assert!(record.is_read_closed() && record.is_write_closed() && record.is_error());
    let mut more = 0;
    while !tokens(&mut selector, &mut records, Some(Duration::from_millis(50))).is_empty() {
        // What is left says nothing of the failure again.
        more += 1;
        assert!(records.as_slice().iter().all(|record| !record.is_error()));
        assert!(more <= 2);
    }
}

/// The port is empty after everything: nothing is left to come.
#[test]
fn nothing_is_left_in_the_port() {
    let mut selector = Afd::new().unwrap();
    let mut records = Records::with_capacity(4);
    let (left, right) = stream_pair();
    for _ in 0..20 {
        let registration = register(&selector, &left, 1, BOTH);
        assert_eq!(tokens(&mut selector, &mut records, LONG), [1]);
        selector
            .deregister(registration, left.as_raw_socket())
            .unwrap();
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    selector
        .register_raw(listener.as_raw_socket(), Token(2), Interest::READABLE)
        .unwrap();
    assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
    selector.deregister_raw(listener.as_raw_socket()).unwrap();
    assert!(tokens(&mut selector, &mut records, Some(Duration::from_millis(20))).is_empty());
    let mut packets = Packets::with_capacity(4);
    assert_eq!(selector.port().dequeue(&mut packets, 4, 0).unwrap(), 0);
    drop(right);
}
