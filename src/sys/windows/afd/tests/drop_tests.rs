//! What remains after sources and selectors were dropped.
#![allow(clippy::unwrap_used)]

use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::os::windows::io::AsRawSocket;
use std::sync::Arc;
use std::sync::Weak;
use std::time::Duration;

use super::super::selector::Afd;
use super::register;
use crate::sys::selector::{EventBuffer as _, RegisterUnowned as _, Selector as _};
use crate::sys::selector_tests::{AT_ONCE, BOTH, LONG, stream_pair, tokens};
use crate::sys::windows::event::Events;
use crate::sys::windows::iocp::Packets;
use crate::{Interest, Token};

/// Dropping the selector completes every request in flight and closes the AFD handles, even if the
/// sources live on.
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
            let id = handles.source_id();
            Arc::downgrade(&handles.acquire(selector.port(), socket, id).unwrap())
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
        // A request in flight would keep its handle.
        assert_eq!(Weak::strong_count(&afd), 0);
        drop(registrations);
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

/// AFD handles are shared by sources, and closed when they have none.
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
        let raw = left.as_raw_socket();
        selector
            .register_unowned(raw, Token(1), Interest::READABLE)
            .unwrap();
        if is_polled {
            assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
        }
        drop(left);
        assert!(tokens(&mut selector, &mut events, Some(Duration::from_millis(20))).is_empty());
        let error = selector.deregister_unowned(raw).unwrap_err();
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
