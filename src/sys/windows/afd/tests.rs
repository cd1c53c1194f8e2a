//! The selector on the system's AFD, some of whose calls fail by plan.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod resource_tests;

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::windows::io::AsRawSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;
use std::time::Instant;

use super::{Afd, Registration};
use crate::sys::selector::{
    EventBuffer as _, RegisterUnowned as _, Selector as _, SelectorEvent as _, Wake as _,
};
use crate::sys::selector_tests::{AT_ONCE, BOTH, LONG, stream_pair, tokens};
use crate::sys::windows::event::{Events, masks};
use crate::sys::windows::platform::RawSocket;
use crate::sys::windows::syscalls::faults;
use crate::{Interest, Token};

/// `STATUS_INSUFFICIENT_RESOURCES`, with which any request may be refused.
const INSUFFICIENT_RESOURCES: i32 = 0xC000_009A_u32 as i32;
/// `STATUS_ACCESS_DENIED`, a permanent refusal.
const ACCESS_DENIED: i32 = 0xC000_0022_u32 as i32;
/// `ERROR_NO_SYSTEM_RESOURCES`, the Win32 code of the former.
const NO_SYSTEM_RESOURCES: i32 = 1450;

/// Lets `passing` requests of this thread pass, and refuses the next one.
fn refuse_poll(passing: u32, status: i32) {
    faults::POLLS.set(Some(faults::Plan { passing, status }));
}

/// Fails the next cancel of this thread.
fn refuse_cancel() {
    faults::CANCELS.set(Some(faults::Plan {
        passing: 0,
        status: INSUFFICIENT_RESOURCES,
    }));
}

pub(super) fn register(
    selector: &Afd,
    stream: &TcpStream,
    token: usize,
    interest: Interest,
) -> Registration {
    selector
        .register(stream.as_raw_socket(), Token(token), interest)
        .unwrap()
}

/// Collects the tokens of several waits until there are `count`, sorted.
pub(super) fn collect(selector: &mut Afd, events: &mut Events, count: usize) -> Vec<usize> {
    let mut got = Vec::new();
    while got.len() < count {
        let more = tokens(selector, events, LONG);
        assert!(!more.is_empty(), "{got:?}");
        got.extend(more);
    }
    got.sort_unstable();
    got
}

/// The wait goes on, the other sources report their events, and the refused one has an error event.
#[test]
fn refused_source_fails_no_other() {
    let mut selector = Afd::new().unwrap();
    for capacity in [16, 1] {
        let mut events = Events::with_capacity(capacity);
        let pairs: Vec<_> = (0..3).map(|_| stream_pair()).collect();
        let registrations: Vec<_> = pairs
            .iter()
            .enumerate()
            .map(|(token, (left, _))| register(&selector, left, token, Interest::WRITABLE))
            .collect();
        refuse_poll(1, ACCESS_DENIED);
        let mut seen = Vec::new();
        while seen.len() < 3 {
            for token in tokens(&mut selector, &mut events, LONG) {
                seen.push(token);
            }
            for event in events.as_slice() {
                assert!(event.is_writable() && !event.is_readable());
                assert_eq!(event.is_error(), event.token() == Token(1));
                assert!(!event.is_read_closed() && !event.is_write_closed());
            }
        }
        seen.sort_unstable();
        assert_eq!(seen, [0, 1, 2]);
        // ERROR_ACCESS_DENIED, once.
        let fault = Afd::take_fault(&registrations[1]);
        assert_eq!(fault.and_then(|fault| fault.raw_os_error()), Some(5));
        assert!(Afd::take_fault(&registrations[1]).is_none());
        // It is not polled until it is armed.
        assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
        Afd::rearm(&registrations[1], BOTH).unwrap();
        assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
        assert!(!events.as_slice()[0].is_error());
    }
}

/// A refusal that may pass is retried, and causes no event.
#[test]
fn memory_shortage_is_retried() {
    let mut selector = Afd::new().unwrap();
    let mut events = Events::with_capacity(4);
    let (left, _right) = stream_pair();
    let _registration = register(&selector, &left, 1, Interest::WRITABLE);
    refuse_poll(0, INSUFFICIENT_RESOURCES);
    assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
    assert!(events.as_slice()[0].is_writable() && !events.as_slice()[0].is_error());
}

/// Writes until the buffers of both ends are full.
fn fill(stream: &TcpStream) {
    let mut stream = stream;
    loop {
        let mut took = false;
        while stream.write(&[0; 65_536]).is_ok() {
            took = true;
        }
        if !took {
            return;
        }
        // The system may still be moving data to the peer.
        thread::sleep(Duration::from_millis(20));
    }
}

/// One socket as an owned stream and as an unowned socket: each reports its own events. This is
/// trio's experiment with an AFD handle for each; with one handle for both, Windows mixes them up.
#[test]
fn one_socket_as_two_sources_reports_to_both() {
    let mut selector = Afd::new().unwrap();
    let mut events = Events::with_capacity(4);
    let (left, right) = stream_pair();
    let socket = left.as_raw_socket();
    fill(&left);
    let registration = register(&selector, &left, 1, Interest::WRITABLE);
    selector
        .register_unowned(socket, Token(2), Interest::READABLE)
        .unwrap();
    assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    assert_eq!(selector.shared.handles().len(), 2);
    (&right).write_all(b"x").unwrap();
    assert_eq!(tokens(&mut selector, &mut events, LONG), [2]);
    assert!(events.as_slice()[0].is_readable() && !events.as_slice()[0].is_writable());
    assert_eq!((&left).read(&mut [0; 8]).unwrap(), 1);
    let reader = thread::spawn(move || {
        let mut buffer = vec![0; 65_536];
        right.set_nonblocking(false).unwrap();
        while (&right).read(&mut buffer).is_ok_and(|count| count > 0) {}
    });
    assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
    assert!(events.as_slice()[0].is_writable() && !events.as_slice()[0].is_readable());
    selector.deregister_unowned(socket).unwrap();
    selector.deregister(registration, socket).unwrap();
    drop(left);
    reader.join().unwrap();
}

/// A refusal while another thread waits is returned to the caller of `register`, and leaves nothing
/// behind.
#[test]
fn refused_registration_is_returned_to_its_caller() {
    let mut selector = Afd::new().unwrap();
    let registry = selector.try_clone().unwrap();
    let waker = selector.waker(Token(9)).unwrap();
    let (left, right) = stream_pair();
    let shared = Arc::clone(&selector.shared);
    thread::scope(|scope| {
        let poller = scope.spawn(move || {
            let mut events = Events::with_capacity(4);
            let got = tokens(&mut selector, &mut events, LONG);
            (selector, got)
        });
        while !shared.is_waiting.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        // If the poller has not taken the update list yet, it makes the request itself, and no
        // failure is planned in its thread.
        drop(shared.updates());
        refuse_poll(0, INSUFFICIENT_RESOURCES);
        let error = registry
            .register(left.as_raw_socket(), Token(1), BOTH)
            .unwrap_err();
        assert_eq!(error.raw_os_error(), Some(NO_SYSTEM_RESOURCES));
        refuse_poll(0, INSUFFICIENT_RESOURCES);
        let error = registry
            .register_unowned(left.as_raw_socket(), Token(1), BOTH)
            .unwrap_err();
        assert_eq!(error.raw_os_error(), Some(NO_SYSTEM_RESOURCES));
        let error = registry
            .deregister_unowned(left.as_raw_socket())
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);

        waker.wake().unwrap();
        let (mut selector, got) = poller.join().unwrap();
        assert_eq!(got, [9]);
        let mut events = Events::with_capacity(4);
        let _registration = register(&selector, &left, 2, Interest::READABLE);
        (&right).write_all(b"x").unwrap();
        assert_eq!(tokens(&mut selector, &mut events, LONG), [2]);
    });
}

/// A failing cancel neither panics nor loses an event.
#[test]
fn failing_cancel_does_not_end_the_source() {
    let mut selector = Afd::new().unwrap();
    let mut events = Events::with_capacity(4);
    let (left, right) = stream_pair();
    let (other, _other_peer) = stream_pair();
    let socket = left.as_raw_socket();
    let mut registration = register(&selector, &left, 1, Interest::READABLE);
    assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    selector
        .reregister(&mut registration, socket, Token(2), BOTH)
        .unwrap();
    let _other = register(&selector, &other, 3, Interest::WRITABLE);
    refuse_cancel();
    assert_eq!(collect(&mut selector, &mut events, 2), [2, 3]);
    Afd::rearm(&registration, BOTH).unwrap();
    assert_eq!(tokens(&mut selector, &mut events, LONG), [2]);
    assert!(events.as_slice()[0].is_writable() && !events.as_slice()[0].is_error());

    // After `deregister`, the request that stays in flight reports nothing.
    assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    refuse_cancel();
    selector.deregister(registration, socket).unwrap();
    (&right).write_all(b"x").unwrap();
    assert!(tokens(&mut selector, &mut events, Some(Duration::from_millis(20))).is_empty());
    let _again = register(&selector, &left, 4, Interest::READABLE);
    assert_eq!(tokens(&mut selector, &mut events, LONG), [4]);
}

/// A packet without a receiver does not end a wait.
#[test]
fn packets_without_receiver_are_no_events() {
    let mut selector = Afd::new().unwrap();
    let mut events = Events::with_capacity(4);
    let port = Arc::clone(selector.port());
    let waker = selector.waker(Token(1)).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            for receiver_id in [0, usize::MAX, 1 << 20] {
                crate::sys::windows::iocp::post_to_receiver(port.handle(), receiver_id).unwrap();
                thread::sleep(Duration::from_millis(5));
            }
            waker.wake().unwrap();
        });
        assert_eq!(tokens(&mut selector, &mut events, None), [1]);
    });
}

/// Registering and deregistering neither shortens nor lengthens a wait.
#[test]
fn timed_wait_keeps_its_deadline() {
    let mut selector = Afd::new().unwrap();
    let registry = selector.try_clone().unwrap();
    let mut events = Events::with_capacity(4);
    let ended = AtomicBool::new(false);
    let rounds = AtomicUsize::new(0);
    let (left, _right) = stream_pair();
    let socket = left.as_raw_socket();
    thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                let mut registration = registry
                    .register(socket, Token(1), Interest::READABLE)
                    .unwrap();
                registry
                    .reregister(&mut registration, socket, Token(1), Interest::PRIORITY)
                    .unwrap();
                registry.deregister(registration, socket).unwrap();
                rounds.fetch_add(1, Ordering::Relaxed);
            }
        });
        let time = Duration::from_millis(300);
        let start = Instant::now();
        let got = tokens(&mut selector, &mut events, Some(time));
        let elapsed = start.elapsed();
        ended.store(true, Ordering::Relaxed);
        assert!(got.is_empty());
        assert!(elapsed >= time, "{elapsed:?}");
        assert!(elapsed < time * 10, "{elapsed:?}");
    });
    assert!(rounds.into_inner() > 0);
}

/// An unowned socket that is never served is reported with growing delays, and one that is drained
/// is reported soon.
#[test]
fn unowned_sockets_follow_the_backoff() {
    let mut selector = Afd::new().unwrap();
    let mut events = Events::with_capacity(4);
    let (left, right) = stream_pair();
    let socket = left.as_raw_socket();
    selector.register_unowned(socket, Token(1), BOTH).unwrap();
    (&right).write_all(b"x").unwrap();
    let start = Instant::now();
    let mut returns = 0;
    while start.elapsed() < Duration::from_secs(1) {
        let left = Duration::from_secs(1).saturating_sub(start.elapsed());
        returns += usize::from(!tokens(&mut selector, &mut events, Some(left)).is_empty());
    }
    // Both directions have their reports without delay, then one for each delay.
    const WITHOUT_DELAY: usize = 2 * (64 + 8);
    assert!(returns <= WITHOUT_DELAY + 2 * 110, "{returns}");
    // The reports go on with the delays. How long they take depends on the speed of the machine.
    while returns < WITHOUT_DELAY + 20 {
        assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
        returns += 1;
    }

    selector
        .reregister_unowned(socket, Token(2), Interest::READABLE)
        .unwrap();
    for _ in 0..300 {
        assert_eq!((&left).read(&mut [0; 8]).unwrap(), 1);
        (&right).write_all(b"x").unwrap();
        let start = Instant::now();
        assert_eq!(tokens(&mut selector, &mut events, LONG), [2]);
        assert!(start.elapsed() < Duration::from_secs(2));
    }
    selector.deregister_unowned(socket).unwrap();
    assert!(tokens(&mut selector, &mut events, Some(Duration::from_millis(30))).is_empty());
}

/// A refused connection and a reset one have one event each.
#[test]
fn connection_failures_are_reported_once() {
    let mut selector = Afd::new().unwrap();
    let mut events = Events::with_capacity(4);
    let (left, right) = stream_pair();
    let _registration = register(&selector, &left, 1, BOTH);
    assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
    // Closed with data unread, it resets.
    (&left).write_all(b"unread").unwrap();
    thread::sleep(Duration::from_millis(20));
    drop(right);
    assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
    let event = events.as_slice()[0];
    assert!(event.is_read_closed() && event.is_write_closed() && event.is_error());
    let mut more = 0;
    while !tokens(&mut selector, &mut events, Some(Duration::from_millis(50))).is_empty() {
        // Other conditions do not report the failure again.
        more += 1;
        assert!(events.as_slice().iter().all(|event| !event.is_error()));
        assert!(more <= 2);
    }
}

// Probes of unowned sockets whose common `WSAPoll` fails.

/// Polls until these conditions of these sockets are probed.
fn wait_until_probed(selector: &mut Afd, events: &mut Events, sockets: &[(RawSocket, u32)]) {
    let is_probed = |selector: &Afd, (socket, wanted): &(RawSocket, u32)| {
        let source = selector.shared.find_unowned(*socket).unwrap();
        let conditions_to_probe = source.state().conditions_to_probe();
        conditions_to_probe & wanted == *wanted
    };
    let end = Instant::now() + Duration::from_secs(30);
    while !sockets.iter().all(|socket| is_probed(selector, socket)) {
        tokens(selector, events, Some(Duration::from_millis(10)));
        assert!(Instant::now() < end);
    }
}

/// One closed socket may fail the common `WSAPoll`. Then it is deregistered, and the others are
/// still probed.
#[test]
fn closed_socket_failing_the_probe_fails_no_other() {
    let mut selector = Afd::new().unwrap();
    let mut events = Events::with_capacity(8);
    let (closed, _peer) = stream_pair();
    let (left, right) = stream_pair();
    let closed_socket = closed.as_raw_socket();
    for (socket, token) in [(closed_socket, 1), (left.as_raw_socket(), 2)] {
        selector
            .register_unowned(socket, Token(token), Interest::WRITABLE)
            .unwrap();
    }
    let write = masks::WRITE;
    let sockets = [(closed_socket, write), (left.as_raw_socket(), write)];
    wait_until_probed(&mut selector, &mut events, &sockets);
    // WSAENOTSOCK.
    faults::PROBES.set(Some(|count| (count > 1).then_some(10_038)));
    drop(closed);
    tokens(&mut selector, &mut events, Some(Duration::from_millis(50)));
    assert!(selector.shared.find_unowned(closed_socket).is_err());
    faults::PROBES.set(Some(|_| Some(10_038)));
    // Now the probe of the other one fails with the same error, so it counts as closed.
    tokens(&mut selector, &mut events, Some(Duration::from_millis(50)));
    assert!(selector.shared.find_unowned(left.as_raw_socket()).is_err());
    faults::PROBES.set(None);
    drop(right);
}

/// A probe that fails for another reason is retried, and reports nothing meanwhile.
#[test]
fn failed_probe_is_retried() {
    let mut selector = Afd::new().unwrap();
    let mut events = Events::with_capacity(8);
    let (left, right) = stream_pair();
    let socket = left.as_raw_socket();
    selector.register_unowned(socket, Token(1), BOTH).unwrap();
    (&right).write_all(b"x").unwrap();
    let both = masks::WRITE | crate::sys::ffi::AFD_POLL_RECEIVE;
    wait_until_probed(&mut selector, &mut events, &[(socket, both)]);
    // WSAENOBUFS.
    faults::PROBES.set(Some(|_| Some(10_055)));
    let got = tokens(&mut selector, &mut events, Some(Duration::from_millis(50)));
    assert!(got.is_empty(), "{got:?}");
    faults::PROBES.set(None);
    assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
    assert_eq!((&left).read(&mut [0; 8]).unwrap(), 1);
    selector.deregister_unowned(socket).unwrap();
}
