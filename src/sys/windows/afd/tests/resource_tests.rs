//! What registrations, events and wakes cost in system calls, and what remains after sources and
//! selectors were dropped.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::os::windows::io::AsRawSocket;
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::super::Afd;
use super::{collect, register};
use crate::sys::selector::{EventBuffer as _, RegisterUnowned as _, Selector as _, Wake as _};
use crate::sys::selector_tests::{AT_ONCE, BOTH, LONG, stream_pair, tokens};
use crate::sys::windows::event::Events;
use crate::sys::windows::iocp::Packets;
use crate::sys::windows::syscalls::faults;
use crate::{Interest, Token};

/// How many poll requests and cancels `action` makes in this thread.
fn calls(action: impl FnOnce()) -> usize {
    faults::CALLS.set(0);
    action();
    faults::CALLS.get()
}

#[test]
fn registering_costs_one_poll_at_the_next_wait() {
    const COUNT: usize = 100;
    let mut selector = Afd::new().unwrap();
    let mut events = Events::with_capacity(COUNT);
    let pairs: Vec<_> = (0..COUNT).map(|_| stream_pair()).collect();
    let mut registrations = Vec::new();
    let cost = calls(|| {
        for (token, (left, _)) in pairs.iter().enumerate() {
            registrations.push(register(&selector, left, token, BOTH));
        }
        for (registration, (left, _)) in registrations.iter_mut().zip(&pairs) {
            let socket = left.as_raw_socket();
            selector
                .reregister(registration, socket, Token(7), Interest::READABLE)
                .unwrap();
        }
        for (_, right) in &pairs[..COUNT / 2] {
            let socket = right.as_raw_socket();
            let unused = selector.register(socket, Token(1), BOTH).unwrap();
            selector.deregister(unused, socket).unwrap();
        }
    });
    assert_eq!(cost, 0);
    let cost = calls(|| assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty()));
    assert_eq!(cost, COUNT);
    // A request that names enough conditions is neither canceled nor repeated.
    let cost = calls(|| {
        for (token, (registration, (left, _))) in registrations.iter_mut().zip(&pairs).enumerate() {
            let socket = left.as_raw_socket();
            selector
                .reregister(registration, socket, Token(token), Interest::READABLE)
                .unwrap();
            Afd::rearm(registration, BOTH).unwrap();
        }
        assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    });
    assert_eq!(cost, 0);
    // The event has the new token.
    (&pairs[3].1).write_all(b"x").unwrap();
    assert_eq!(tokens(&mut selector, &mut events, LONG), [3]);
}

/// A message costs one request and one event, even if the source is registered for writing, too, as
/// tokio's sources are: a read that would block arms reading alone.
#[test]
fn one_message_costs_one_poll() {
    for interest in [Interest::READABLE, BOTH] {
        let mut selector = Afd::new().unwrap();
        let mut events = Events::with_capacity(4);
        let (left, right) = stream_pair();
        let registration = register(&selector, &left, 1, interest);
        if interest == BOTH {
            // The connection is writable from the start.
            assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
        }
        // Now a request waits for the first message.
        assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
        let cost = calls(|| {
            for _ in 0..10 {
                (&right).write_all(b"x").unwrap();
                assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
                assert_eq!((&left).read(&mut [0; 8]).unwrap(), 1);
                assert!((&left).read(&mut [0; 8]).is_err());
                Afd::rearm(&registration, Interest::READABLE).unwrap();
                assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
            }
        });
        assert_eq!(cost, 10, "{interest:?}");
    }
}

/// A server that takes one event and stops accepting waits with at most one request. (Wine
/// completes a request on a listener for ACCEPT alone; `portable_tests` has the other behavior.)
#[test]
fn idle_wait_costs_one_poll_with_an_undrained_listener() {
    let mut selector = Afd::new().unwrap();
    let mut events = Events::with_capacity(4);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let socket = listener.as_raw_socket();
    let registration = selector
        .register(socket, Token(1), Interest::READABLE)
        .unwrap();
    let _client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
    let time = Some(Duration::from_millis(300));
    let cost = calls(|| assert!(tokens(&mut selector, &mut events, time).is_empty()));
    assert!(cost <= 1, "{cost}");
    drop(registration);
}

/// A reader that drains an unowned socket costs one request for each message, and no probe.
#[test]
fn one_message_of_an_unowned_socket_costs_one_poll() {
    let mut selector = Afd::new().unwrap();
    let mut events = Events::with_capacity(4);
    let (left, right) = stream_pair();
    let socket = left.as_raw_socket();
    selector
        .register_unowned(socket, Token(1), Interest::READABLE)
        .unwrap();
    assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    let cost = calls(|| {
        for _ in 0..200 {
            (&right).write_all(b"x").unwrap();
            assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
            assert_eq!((&left).read(&mut [0; 8]).unwrap(), 1);
            assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
        }
    });
    assert_eq!(cost, 200);
    let source = selector.shared.find_unowned(socket).unwrap();
    assert_eq!(source.state().conditions_to_probe(), 0);
    selector.deregister_unowned(socket).unwrap();
}

/// Any number of wakes between two events posts one packet.
#[test]
fn merged_wakes_post_one_packet() {
    let mut selector = Afd::new().unwrap();
    let mut events = Events::with_capacity(4);
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
        // Only the delivery of a packet clears the pending bit.
        for waker in &wakers {
            waker.wake().unwrap();
        }
        assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
        for waker in &wakers {
            crate::sys::windows::iocp::post_to_receiver(
                selector.port().handle(),
                waker.receiver_id(),
            )
            .unwrap();
        }
        let got = collect(&mut selector, &mut events, wakers.len());
        assert!(got.into_iter().eq(0..wakers.len()));
    }
}

/// Dropping the selector completes every request in flight, even if the sources live on. Dropping
/// the sources closes the AFD handles.
#[test]
fn dropping_the_selector_completes_all_requests() {
    let pairs: Vec<_> = (0..100).map(|_| stream_pair()).collect();
    for is_last_a_clone in [false, true] {
        let mut selector = Afd::new().unwrap();
        let mut events = Events::with_capacity(4);
        let mut registrations = Vec::new();
        for (token, (left, right)) in pairs.iter().enumerate() {
            registrations.push(register(&selector, left, token, Interest::READABLE));
            selector
                .register_unowned(right.as_raw_socket(), Token(token), Interest::READABLE)
                .unwrap();
        }
        assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
        // Some packets are queued already, some requests are still pending.
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
        let socket = pairs[0].0.as_raw_socket();
        let afd = {
            let mut handles = selector.shared.handles();
            Arc::downgrade(&handles.acquire(selector.port(), &shared, socket).unwrap())
        };
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
        // A request in flight would keep its source, which keeps its handle.
        drop(registrations);
        assert_eq!(Weak::strong_count(&afd), 0);
        assert_eq!((&pairs[0].0).read(&mut [0; 8]).unwrap(), 1);
    }
}

/// A socket that outlives its selector closes: the peer reads the end.
#[test]
fn socket_outliving_its_selector_closes() {
    let mut selector = Afd::new().unwrap();
    let mut events = Events::with_capacity(4);
    let (left, right) = stream_pair();
    let registration = register(&selector, &left, 1, Interest::READABLE);
    assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    drop(selector);
    drop(registration);
    drop(left);
    right.set_nonblocking(false).unwrap();
    right
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    assert_eq!((&right).read(&mut [0; 8]).unwrap(), 0);
}

/// AFD handles are shared by sources, and released when they have none. (Those that are released
/// close with their last source: `portable_tests` count them.)
#[test]
fn afd_handles_are_opened_and_closed_on_demand() {
    let selector = Afd::new().unwrap();
    let pairs: Vec<_> = (0..40).map(|_| stream_pair()).collect();
    let count = || selector.shared.handles().len();
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

/// An unowned socket that is closed while registered loses its registration.
#[test]
fn closed_unowned_socket_is_deregistered() {
    let mut selector = Afd::new().unwrap();
    let mut events = Events::with_capacity(4);
    for is_polled in [true, false] {
        let (left, _right) = stream_pair();
        let socket = left.as_raw_socket();
        selector
            .register_unowned(socket, Token(1), Interest::READABLE)
            .unwrap();
        if is_polled {
            assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
        }
        drop(left);
        assert!(tokens(&mut selector, &mut events, Some(Duration::from_millis(20))).is_empty());
        let error = selector.deregister_unowned(socket).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound, "{is_polled}");
    }
}

/// After every source was deregistered, the port has no packet left.
#[test]
fn drained_port_has_no_packets() {
    let mut selector = Afd::new().unwrap();
    let mut events = Events::with_capacity(4);
    let (left, right) = stream_pair();
    for _ in 0..20 {
        let registration = register(&selector, &left, 1, BOTH);
        assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
        selector
            .deregister(registration, left.as_raw_socket())
            .unwrap();
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    selector
        .register_unowned(listener.as_raw_socket(), Token(2), Interest::READABLE)
        .unwrap();
    assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    selector
        .deregister_unowned(listener.as_raw_socket())
        .unwrap();
    assert!(tokens(&mut selector, &mut events, Some(Duration::from_millis(20))).is_empty());
    let mut packets = Packets::with_capacity(4);
    assert_eq!(selector.port().dequeue(&mut packets, 4, 0).unwrap(), 0);
    drop(right);
}
