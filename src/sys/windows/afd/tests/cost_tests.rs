//! What registrations, events and wakes cost in system calls.
#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::os::windows::io::AsRawSocket;
use std::time::Duration;

use super::super::selector::Afd;
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
    let cost = calls(|| assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty()));
    assert_eq!(cost, COUNT);
    // A request that names enough conditions is neither canceled nor repeated.
    let cost = calls(|| {
        for (token, (registration, (left, _))) in registrations.iter_mut().zip(&pairs).enumerate() {
            let raw = left.as_raw_socket();
            selector
                .reregister(registration, raw, Token(token), Interest::READABLE)
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
    let raw = listener.as_raw_socket();
    let registration = selector
        .register(raw, Token(1), Interest::READABLE)
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
    let raw = left.as_raw_socket();
    selector
        .register_unowned(raw, Token(1), Interest::READABLE)
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
    let source = selector.shared.find_unowned(raw).unwrap();
    assert_eq!(source.state().conditions_to_probe(), 0);
    selector.deregister_unowned(raw).unwrap();
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
