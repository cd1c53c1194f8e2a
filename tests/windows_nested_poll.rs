//! A `Poll` inside another event loop on Windows: the loop waits for its completion port.
#![cfg(all(windows, feature = "os-ext", feature = "net"))]

mod support;

use std::os::windows::io::{AsHandle, AsRawHandle};
use std::time::Duration;

use mio::net::{TcpListener, TcpStream};
use mio::windows::SourceHandle;
use mio::{Interest, Poll, Registry, Token, Waker};
use support::{assert_no_event, loopback, new_poll, wait_for, would_block};

const INNER: Token = Token(1);
const OUTER: Token = Token(2);

/// Registers the completion port of `inner`, or waits for its next signal.
fn watch(outer: &Registry, inner: &Poll, is_first: bool) {
    let handle = inner.as_raw_handle();
    let mut source = SourceHandle(&handle);
    if is_first {
        outer.register(&mut source, OUTER, Interest::READABLE)
    } else {
        outer.reregister(&mut source, OUTER, Interest::READABLE)
    }
    .unwrap();
}

#[test]
fn completion_port_is_signaled_by_each_client() {
    let (mut inner, mut events) = new_poll();
    let (mut outer, mut outer_events) = new_poll();
    let mut listener = TcpListener::bind(loopback()).unwrap();
    let address = listener.local_addr().unwrap();
    let registry = inner.registry();
    registry
        .register(&mut listener, INNER, Interest::READABLE)
        .unwrap();
    for round in 0..4 {
        // Starts the request of the listener.
        inner.poll(&mut events, Some(Duration::ZERO)).unwrap();
        assert!(events.is_empty());
        watch(outer.registry(), &inner, round == 0);
        assert_no_event(&mut outer, &mut outer_events, OUTER);
        let _client = TcpStream::connect(address).unwrap();
        wait_for(&mut outer, &mut outer_events, OUTER, |event| {
            event.is_readable()
        });
        inner.poll(&mut events, Some(Duration::ZERO)).unwrap();
        assert!(events.iter().any(|event| event.token() == INNER));
        listener.accept().unwrap();
        would_block(listener.accept());
    }
}

#[test]
fn completion_port_is_signaled_until_the_wake_is_polled() {
    let (mut inner, mut events) = new_poll();
    let (mut outer, mut outer_events) = new_poll();
    let waker = Waker::new(inner.registry(), INNER).unwrap();
    for round in 0..3 {
        waker.wake().unwrap();
        for again in 0..2 {
            watch(outer.registry(), &inner, round == 0 && again == 0);
            wait_for(&mut outer, &mut outer_events, OUTER, |event| {
                event.is_readable()
            });
        }
        inner.poll(&mut events, Some(Duration::ZERO)).unwrap();
        assert_eq!(events.iter().count(), 1);
        watch(outer.registry(), &inner, false);
        assert_no_event(&mut outer, &mut outer_events, OUTER);
    }
}

/// All handles of one selector are one completion port.
#[test]
fn clones_of_a_registry_have_the_same_handle() {
    let poll = Poll::new().unwrap();
    let clone = poll.registry().try_clone().unwrap();
    assert_eq!(clone.as_raw_handle(), poll.as_raw_handle());
    let (of_registry, of_poll) = (poll.registry().as_handle(), poll.as_handle());
    assert_eq!(of_registry.as_raw_handle(), of_poll.as_raw_handle());
    assert_ne!(Poll::new().unwrap().as_raw_handle(), poll.as_raw_handle());
}
