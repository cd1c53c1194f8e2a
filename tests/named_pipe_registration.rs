//! Named pipes: registrations, and whose events come.
#![cfg(all(windows, feature = "os-ext"))]

mod support;

use std::io::{self, ErrorKind, Read, Write};
use std::thread;
use std::time::Instant;

use mio::{Events, Interest, Poll, Token};
use support::pipes::{self, BOTH, CLIENT, Kind, SERVER};
use support::{LONG, nothing_comes, poll, queue, wait_for};

// tokens.

#[test]
fn no_event_after_deregister() {
    let (mut queue, _) = queue();
    for capacity in [1, 64] {
        let mut events = Events::with_capacity(capacity);
        let (mut server, mut client) = pipes::registered(&mut queue, Kind::Bytes, 4096);
        // Readable at one end and writable at the other are on their way.
        assert_eq!(client.write(b"1234").unwrap(), 4);
        thread::sleep(support::SHORT);
        queue.registry().deregister(&mut server).unwrap();
        queue.registry().deregister(&mut client).unwrap();
        nothing_comes(&mut queue, &mut events, SERVER);
        nothing_comes(&mut queue, &mut events, CLIENT);
        // So is what a registration announces.
        for order in 0..2 {
            queue
                .registry()
                .register(&mut server, SERVER, BOTH)
                .unwrap();
            if order == 0 {
                queue.registry().deregister(&mut server).unwrap();
            } else {
                drop(server);
                break;
            }
        }
        nothing_comes(&mut queue, &mut events, SERVER);
    }
}

#[test]
fn the_token_is_that_of_the_last_registration() {
    let (mut queue, mut events) = queue();
    let (mut server, mut client) = pipes::registered(&mut queue, Kind::Bytes, 4096);
    assert_eq!(client.write(b"1234").unwrap(), 4);
    thread::sleep(support::SHORT);
    queue
        .registry()
        .reregister(&mut server, Token(9), BOTH)
        .unwrap();
    let end = Instant::now() + LONG;
    let mut is_readable = false;
    while !is_readable && Instant::now() < end {
        poll(&mut queue, &mut events, LONG);
        for event in &events {
            assert_ne!(event.token(), SERVER);
            is_readable |= event.token() == Token(9) && event.is_readable();
        }
    }
    assert!(is_readable);
}

#[test]
fn two_pipes_with_one_token() {
    let (mut queue, mut events) = queue();
    let (mut first, mut second) = pipes::pair(Kind::Bytes, 4096);
    let registry = queue.registry();
    registry.register(&mut first, SERVER, BOTH).unwrap();
    registry.register(&mut second, SERVER, BOTH).unwrap();
    poll(&mut queue, &mut events, LONG);
    assert_eq!(events.iter().count(), 2);
    // The events of one do not stand for those of the other.
    queue.registry().deregister(&mut first).unwrap();
    queue
        .registry()
        .reregister(&mut second, SERVER, BOTH)
        .unwrap();
    wait_for(&mut queue, &mut events, SERVER, |event| event.is_writable());
    nothing_comes(&mut queue, &mut events, SERVER);
}

#[test]
fn room_for_one_event() {
    let (mut queue, _) = queue();
    let mut events = Events::with_capacity(1);
    let mut all = Vec::new();
    for _ in 0..8 {
        all.push(pipes::pair(Kind::Bytes, 4096));
    }
    for (number, (server, client)) in all.iter_mut().enumerate() {
        let registry = queue.registry();
        registry.register(server, Token(2 * number), BOTH).unwrap();
        registry
            .register(client, Token(2 * number + 1), BOTH)
            .unwrap();
        // Readable and writable at once, of both ends.
        assert_eq!(server.write(b"x").unwrap(), 1);
        assert_eq!(client.write(b"x").unwrap(), 1);
    }
    let mut left: Vec<(bool, bool)> = vec![(false, false); 16];
    let end = Instant::now() + LONG;
    while left.iter().any(|(read, write)| !read || !write) {
        assert!(Instant::now() < end, "{left:?}");
        poll(&mut queue, &mut events, LONG);
        assert!(events.iter().count() <= 1);
        for event in &events {
            let seen = &mut left[event.token().0];
            seen.0 |= event.is_readable();
            seen.1 |= event.is_writable();
        }
    }
}

// Registering.

#[test]
fn a_pipe_is_registered_once() {
    let (queue, _) = queue();
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
    let registry = queue.registry();
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
    // A handle stays with its queue.
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
fn interests_that_pipes_have_not() {
    let (queue, _) = queue();
    let (mut pipe, _client) = pipes::pair(Kind::Bytes, 4096);
    for interest in [Interest::PRIORITY, Interest::AIO, Interest::LIO] {
        let error = queue
            .registry()
            .register(&mut pipe, SERVER, interest | Interest::READABLE)
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }
    queue.registry().register(&mut pipe, SERVER, BOTH).unwrap();
}

#[test]
fn not_a_handle_for_this() {
    // No overlapped I/O.
    let name = pipes::name();
    let _server = pipes::server(&name, Kind::Bytes, 4096);
    let mut pipe = pipes::from_file(pipes::blocking_client(&name, Kind::Bytes));
    let (queue, _) = queue();
    for _ in 0..2 {
        let error = queue
            .registry()
            .register(&mut pipe, SERVER, BOTH)
            .unwrap_err();
        assert!(error.raw_os_error().is_some(), "{error}");
    }
    assert_eq!(
        queue.registry().deregister(&mut pipe).unwrap_err().kind(),
        ErrorKind::NotFound
    );
}

#[test]
fn a_failed_register_can_be_tried_again() {
    let (queue, _) = queue();
    let (mut pipe, _client) = pipes::pair(Kind::Bytes, 4096);
    queue
        .registry()
        .register(&mut pipe, SERVER, Interest::PRIORITY)
        .unwrap_err();
    assert_eq!(
        queue.registry().deregister(&mut pipe).unwrap_err().kind(),
        ErrorKind::NotFound
    );
    queue.registry().register(&mut pipe, SERVER, BOTH).unwrap();
}

#[test]
fn reregistering_reports_what_holds() {
    let (mut queue, mut events) = queue();
    let (mut server, mut client) = pipes::registered(&mut queue, Kind::Bytes, 4096);
    assert_eq!(client.write(b"1234").unwrap(), 4);
    wait_for(&mut queue, &mut events, SERVER, |event| event.is_readable());
    for (interest, readable, writable) in [
        (BOTH, true, true),
        (Interest::READABLE, true, false),
        (Interest::WRITABLE, false, true),
    ] {
        queue
            .registry()
            .reregister(&mut server, SERVER, interest)
            .unwrap();
        wait_for(&mut queue, &mut events, SERVER, |event| {
            assert_eq!(event.is_readable(), readable, "{event:?}");
            assert_eq!(event.is_writable(), writable, "{event:?}");
            true
        });
        nothing_comes(&mut queue, &mut events, SERVER);
    }
    let mut buffer = [0; 8];
    assert_eq!(server.read(&mut buffer).unwrap(), 4);
    assert_eq!(&buffer[..4], b"1234");
}
