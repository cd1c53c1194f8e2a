//! Named pipes: registration, tokens and capacity.
#![cfg(all(windows, feature = "os-ext"))]

mod support;

use std::io::{self, ErrorKind, Read, Write};
use std::thread;
use std::time::Instant;

use mio::{Events, Interest, Poll, Token};
use support::pipes::{self, BOTH, CLIENT, Kind, SERVER};
use support::{LONG, assert_no_event, new_poll, poll_events, wait_for};

/// A pipe that was deregistered or dropped reports no events, also if completions are queued.
#[test]
fn deregistered_pipe_reports_no_events() {
    let (mut poll, _) = new_poll();
    for capacity in [1, 64] {
        let mut events = Events::with_capacity(capacity);
        let (mut server, mut client) = pipes::registered_pair(&mut poll, Kind::Bytes, 4096);
        // A readable event of one end and a writable event of the other are queued.
        assert_eq!(client.write(b"1234").unwrap(), 4);
        thread::sleep(support::SHORT);
        poll.registry().deregister(&mut server).unwrap();
        poll.registry().deregister(&mut client).unwrap();
        assert_no_event(&mut poll, &mut events, SERVER);
        assert_no_event(&mut poll, &mut events, CLIENT);
        // So are the events of a new registration.
        for order in 0..2 {
            poll.registry().register(&mut server, SERVER, BOTH).unwrap();
            if order == 0 {
                poll.registry().deregister(&mut server).unwrap();
            } else {
                drop(server);
                break;
            }
        }
        assert_no_event(&mut poll, &mut events, SERVER);
    }
}

#[test]
fn events_carry_the_latest_token() {
    let (mut poll, mut events) = new_poll();
    let (mut server, mut client) = pipes::registered_pair(&mut poll, Kind::Bytes, 4096);
    assert_eq!(client.write(b"1234").unwrap(), 4);
    thread::sleep(support::SHORT);
    poll.registry()
        .reregister(&mut server, Token(9), BOTH)
        .unwrap();
    let end = Instant::now() + LONG;
    let mut is_readable = false;
    while !is_readable && Instant::now() < end {
        poll_events(&mut poll, &mut events, LONG);
        for event in &events {
            assert_ne!(event.token(), SERVER);
            is_readable |= event.token() == Token(9) && event.is_readable();
        }
    }
    assert!(is_readable);
}

#[test]
fn two_pipes_can_share_a_token() {
    let (mut poll, mut events) = new_poll();
    let (mut first, mut second) = pipes::pair(Kind::Bytes, 4096);
    let registry = poll.registry();
    registry.register(&mut first, SERVER, BOTH).unwrap();
    registry.register(&mut second, SERVER, BOTH).unwrap();
    poll_events(&mut poll, &mut events, LONG);
    assert_eq!(events.iter().count(), 2);
    // Deregistering one pipe leaves the events of the other.
    poll.registry().deregister(&mut first).unwrap();
    poll.registry()
        .reregister(&mut second, SERVER, BOTH)
        .unwrap();
    wait_for(&mut poll, &mut events, SERVER, |event| event.is_writable());
    assert_no_event(&mut poll, &mut events, SERVER);
}

#[test]
fn capacity_of_one_reports_every_event() {
    let (mut poll, _) = new_poll();
    let mut events = Events::with_capacity(1);
    let mut all = Vec::new();
    for _ in 0..8 {
        all.push(pipes::pair(Kind::Bytes, 4096));
    }
    for (number, (server, client)) in all.iter_mut().enumerate() {
        let registry = poll.registry();
        registry.register(server, Token(2 * number), BOTH).unwrap();
        registry
            .register(client, Token(2 * number + 1), BOTH)
            .unwrap();
        // Both ends are readable and writable at once.
        assert_eq!(server.write(b"x").unwrap(), 1);
        assert_eq!(client.write(b"x").unwrap(), 1);
    }
    let mut left: Vec<(bool, bool)> = vec![(false, false); 16];
    let end = Instant::now() + LONG;
    while left.iter().any(|(read, write)| !read || !write) {
        assert!(Instant::now() < end, "{left:?}");
        poll_events(&mut poll, &mut events, LONG);
        assert!(events.iter().count() <= 1);
        for event in &events {
            let seen = &mut left[event.token().0];
            seen.0 |= event.is_readable();
            seen.1 |= event.is_writable();
        }
    }
}

/// Registration errors have mio's kinds and texts, and a handle stays with its `Poll`.
#[test]
fn pipe_has_one_registration() {
    let (poll, _) = new_poll();
    let other = Poll::new().unwrap();
    let (mut pipe, _client) = pipes::pair(Kind::Bytes, 4096);
    let check = |result: io::Result<()>, kind, text: &str| {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(error.to_string().contains(text), "{error}");
    };
    let not = "I/O source not registered with `Registry`";
    let already = "I/O source already registered with a `Registry`";
    let different = "I/O source already registered with a different `Registry`";
    let registry = poll.registry();
    check(
        registry.reregister(&mut pipe, SERVER, BOTH),
        ErrorKind::NotFound,
        not,
    );
    check(registry.deregister(&mut pipe), ErrorKind::NotFound, not);
    registry.register(&mut pipe, SERVER, BOTH).unwrap();
    check(
        registry.register(&mut pipe, SERVER, BOTH),
        ErrorKind::AlreadyExists,
        already,
    );
    let others = other.registry();
    check(
        others.register(&mut pipe, SERVER, BOTH),
        ErrorKind::AlreadyExists,
        already,
    );
    check(
        others.reregister(&mut pipe, SERVER, BOTH),
        ErrorKind::AlreadyExists,
        different,
    );
    check(
        others.deregister(&mut pipe),
        ErrorKind::AlreadyExists,
        different,
    );
    registry.deregister(&mut pipe).unwrap();
    check(registry.deregister(&mut pipe), ErrorKind::NotFound, not);
    check(
        registry.reregister(&mut pipe, SERVER, BOTH),
        ErrorKind::NotFound,
        not,
    );
    // A handle stays with its completion port.
    check(
        others.register(&mut pipe, SERVER, BOTH),
        ErrorKind::AlreadyExists,
        different,
    );
    let clone = registry.try_clone().unwrap();
    clone.register(&mut pipe, SERVER, BOTH).unwrap();
    registry.deregister(&mut pipe).unwrap();
}

#[test]
fn unsupported_interests_are_refused() {
    let (poll, _) = new_poll();
    let (mut pipe, _client) = pipes::pair(Kind::Bytes, 4096);
    for interest in [Interest::PRIORITY, Interest::AIO, Interest::LIO] {
        let error = poll
            .registry()
            .register(&mut pipe, SERVER, interest | Interest::READABLE)
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }
    poll.registry().register(&mut pipe, SERVER, BOTH).unwrap();
}

#[test]
fn handle_without_overlapped_io_is_refused() {
    // This handle was opened without FILE_FLAG_OVERLAPPED.
    let name = pipes::name();
    let _server = pipes::server(&name, Kind::Bytes, 4096);
    let mut pipe = pipes::from_file(pipes::blocking_client(&name, Kind::Bytes));
    let (poll, _) = new_poll();
    for _ in 0..2 {
        let error = poll
            .registry()
            .register(&mut pipe, SERVER, BOTH)
            .unwrap_err();
        assert!(error.raw_os_error().is_some(), "{error}");
    }
    assert_eq!(
        poll.registry().deregister(&mut pipe).unwrap_err().kind(),
        ErrorKind::NotFound
    );
}

#[test]
fn failed_register_can_be_retried() {
    let (poll, _) = new_poll();
    let (mut pipe, _client) = pipes::pair(Kind::Bytes, 4096);
    poll.registry()
        .register(&mut pipe, SERVER, Interest::PRIORITY)
        .unwrap_err();
    assert_eq!(
        poll.registry().deregister(&mut pipe).unwrap_err().kind(),
        ErrorKind::NotFound
    );
    poll.registry().register(&mut pipe, SERVER, BOTH).unwrap();
}

#[test]
fn reregister_reports_current_readiness() {
    let (mut poll, mut events) = new_poll();
    let (mut server, mut client) = pipes::registered_pair(&mut poll, Kind::Bytes, 4096);
    assert_eq!(client.write(b"1234").unwrap(), 4);
    wait_for(&mut poll, &mut events, SERVER, |event| event.is_readable());
    for (interest, readable, writable) in [
        (BOTH, true, true),
        (Interest::READABLE, true, false),
        (Interest::WRITABLE, false, true),
    ] {
        poll.registry()
            .reregister(&mut server, SERVER, interest)
            .unwrap();
        wait_for(&mut poll, &mut events, SERVER, |event| {
            assert_eq!(event.is_readable(), readable, "{event:?}");
            assert_eq!(event.is_writable(), writable, "{event:?}");
            true
        });
        assert_no_event(&mut poll, &mut events, SERVER);
    }
    let mut buffer = [0; 8];
    assert_eq!(server.read(&mut buffer).unwrap(), 4);
    assert_eq!(&buffer[..4], b"1234");
}
