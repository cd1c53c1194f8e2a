//! Named pipes: what is ready when, what arrives, and what each call returns.
#![cfg(all(windows, feature = "os-ext"))]

mod support;

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::thread;
use std::time::Instant;

use mio::windows::NamedPipe;
use mio::{Events, Interest, Poll, Token};
use support::pipes::{self, BOTH, Kind};
use support::{LONG, nothing_comes, poll, queue, wait_for, would_block};

const SERVER: Token = Token(0);
const CLIENT: Token = Token(1);

const ERROR_NO_DATA: i32 = 232;
const ERROR_PIPE_NOT_CONNECTED: i32 = 233;
const ERROR_OPERATION_ABORTED: i32 = 995;

/// Reads from `pipe` until there are `len` bytes, polling in between.
fn receive(
    queue: &mut Poll,
    events: &mut Events,
    mut pipe: &NamedPipe,
    token: Token,
    len: usize,
) -> Vec<u8> {
    let mut all = Vec::new();
    let mut buffer = [0; 1024];
    while all.len() < len {
        match pipe.read(&mut buffer) {
            Ok(0) => panic!("the end after {} bytes", all.len()),
            Ok(count) => all.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                wait_for(queue, events, token, |event| event.is_readable());
            }
            Err(error) => panic!("read: {error}"),
        }
    }
    all
}

/// Polls until a read returns something else than `WouldBlock`.
fn read_at_last(
    queue: &mut Poll,
    events: &mut Events,
    mut pipe: &NamedPipe,
    token: Token,
) -> io::Result<usize> {
    loop {
        match pipe.read(&mut [0; 64]) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                wait_for(queue, events, token, |event| event.is_readable());
            }
            other => return other,
        }
    }
}

/// Writes all of it, polling in between.
fn send(queue: &mut Poll, events: &mut Events, mut pipe: &NamedPipe, token: Token, data: &[u8]) {
    loop {
        match pipe.write(data) {
            Ok(count) => return assert_eq!(count, data.len()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                wait_for(queue, events, token, |event| event.is_writable());
            }
            Err(error) => panic!("write: {error}"),
        }
    }
}

#[test]
fn connected_ends_are_writable() {
    let (mut server, mut client) = pipes::pair(Kind::Bytes, 4096);
    let (mut queue, mut events) = queue();
    let registry = queue.registry();
    registry.register(&mut server, SERVER, BOTH).unwrap();
    registry
        .register(&mut client, CLIENT, Interest::WRITABLE)
        .unwrap();
    poll(&mut queue, &mut events, LONG);
    for token in [SERVER, CLIENT] {
        let of: Vec<_> = events.iter().filter(|e| e.token() == token).collect();
        assert_eq!(of.len(), 1, "{of:?}");
        assert!(of[0].is_writable() && !of[0].is_readable(), "{of:?}");
        assert!(!of[0].is_error() && !of[0].is_read_closed() && !of[0].is_write_closed());
    }
    nothing_comes(&mut queue, &mut events, SERVER);
    nothing_comes(&mut queue, &mut events, CLIENT);
}

#[test]
fn bytes_go_both_ways() {
    let (mut queue, mut events) = queue();
    let (server, client) = pipes::registered(&mut queue, Kind::Bytes, 4096);
    for (to, to_token, from, from_token) in [
        (&server, SERVER, &client, CLIENT),
        (&client, CLIENT, &server, SERVER),
    ] {
        let mut from = from;
        would_block({ to }.read(&mut [0; 4]));
        assert_eq!(from.write(b"1234").unwrap(), 4);
        from.flush().unwrap();
        assert_eq!(
            receive(&mut queue, &mut events, to, to_token, 4),
            b"1234",
            "{from_token:?}"
        );
        would_block({ to }.read(&mut [0; 4]));
    }
}

// connecting.

#[test]
fn nothing_while_listening_then_a_client() {
    let name = pipes::name();
    let (mut queue, mut events) = queue();
    for interest in [BOTH, Interest::WRITABLE] {
        let mut server = pipes::server(&name, Kind::Bytes, 4096);
        queue
            .registry()
            .register(&mut server, SERVER, interest)
            .unwrap();
        nothing_comes(&mut queue, &mut events, SERVER);
        would_block(server.connect());
        would_block(server.connect());
        would_block(server.read(&mut [0; 4]));
        nothing_comes(&mut queue, &mut events, SERVER);
        let mut client = pipes::client(&name, Kind::Bytes);
        wait_for(&mut queue, &mut events, SERVER, |event| event.is_writable());
        assert!(server.take_error().unwrap().is_none());
        nothing_comes(&mut queue, &mut events, SERVER);
        queue
            .registry()
            .register(&mut client, CLIENT, BOTH)
            .unwrap();
        send(&mut queue, &mut events, &server, SERVER, b"hello");
        assert_eq!(
            receive(&mut queue, &mut events, &client, CLIENT, 5),
            b"hello"
        );
    }
}

#[test]
fn a_client_before_connect() {
    let name = pipes::name();
    let (mut queue, mut events) = queue();
    let mut server = pipes::server(&name, Kind::Bytes, 4096);
    queue
        .registry()
        .register(&mut server, SERVER, BOTH)
        .unwrap();
    nothing_comes(&mut queue, &mut events, SERVER);
    let _client = pipes::client(&name, Kind::Bytes);
    server.connect().unwrap();
    wait_for(&mut queue, &mut events, SERVER, |event| event.is_writable());
    nothing_comes(&mut queue, &mut events, SERVER);
    assert!(server.take_error().unwrap().is_none());
}

#[test]
fn a_client_that_vanished_before_connect() {
    let name = pipes::name();
    let (mut queue, mut events) = queue();
    let mut server = pipes::server(&name, Kind::Bytes, 4096);
    queue
        .registry()
        .register(&mut server, SERVER, BOTH)
        .unwrap();
    nothing_comes(&mut queue, &mut events, SERVER);
    let mut client = pipes::blocking_client(&name, Kind::Bytes);
    client.write_all(b"bye").unwrap();
    drop(client);
    // A client that has gone has been there: it is connected, and what it wrote can be read.
    server.connect().unwrap();
    wait_for(&mut queue, &mut events, SERVER, |event| event.is_writable());
    assert_eq!(receive(&mut queue, &mut events, &server, SERVER, 3), b"bye");
    assert_eq!(
        read_at_last(&mut queue, &mut events, &server, SERVER).unwrap(),
        0
    );
}

#[test]
fn one_client_after_the_other() {
    let name = pipes::name();
    let (mut queue, mut events) = queue();
    let mut server = NamedPipe::new(&name).unwrap();
    queue
        .registry()
        .register(&mut server, SERVER, BOTH)
        .unwrap();
    for round in 0..20_u8 {
        would_block(server.connect());
        let mut client = pipes::blocking_client(&name, Kind::Bytes);
        wait_for(&mut queue, &mut events, SERVER, |event| event.is_writable());
        assert!(server.take_error().unwrap().is_none());
        client.write_all(&[round]).unwrap();
        assert_eq!(
            receive(&mut queue, &mut events, &server, SERVER, 1),
            [round]
        );
        drop(client);
        for _ in 0..3 {
            // The end, each time.
            let end = read_at_last(&mut queue, &mut events, &server, SERVER);
            assert_eq!(end.unwrap(), 0);
        }
        server.disconnect().unwrap();
        would_block(server.read(&mut [0; 4]));
    }
}

#[test]
fn nothing_of_one_client_reaches_the_next() {
    let name = pipes::name();
    let (mut queue, mut events) = queue();
    let mut server = NamedPipe::new(&name).unwrap();
    queue
        .registry()
        .register(&mut server, SERVER, BOTH)
        .unwrap();
    would_block(server.connect());
    let mut first = pipes::blocking_client(&name, Kind::Bytes);
    wait_for(&mut queue, &mut events, SERVER, |event| event.is_writable());
    first.write_all(b"old").unwrap();
    wait_for(&mut queue, &mut events, SERVER, |event| event.is_readable());
    // More than the pipe holds, so it stays in flight.
    assert_eq!(server.write(&[1; 300_000]).unwrap(), 300_000);
    server.disconnect().unwrap();
    would_block(server.connect());
    let mut second = pipes::blocking_client(&name, Kind::Bytes);
    wait_for(&mut queue, &mut events, SERVER, |event| event.is_writable());
    send(&mut queue, &mut events, &server, SERVER, b"new");
    let mut buffer = [0; 3];
    let reader = thread::spawn(move || {
        second.read_exact(&mut buffer).unwrap();
        second.write_all(b"yes").unwrap();
        (buffer, second)
    });
    assert_eq!(receive(&mut queue, &mut events, &server, SERVER, 3), b"yes");
    assert_eq!(&reader.join().unwrap().0, b"new");
}

#[test]
fn a_connect_that_is_given_up() {
    let name = pipes::name();
    let (mut queue, mut events) = queue();
    let mut server = NamedPipe::new(&name).unwrap();
    queue
        .registry()
        .register(&mut server, SERVER, BOTH)
        .unwrap();
    // By the pipe itself: no event, no error.
    would_block(server.connect());
    server.disconnect().unwrap();
    nothing_comes(&mut queue, &mut events, SERVER);
    assert!(server.take_error().unwrap().is_none());
    // By somebody else: an event, and the error, once.
    would_block(server.connect());
    pipes::cancel_all(&server);
    wait_for(&mut queue, &mut events, SERVER, |event| event.is_writable());
    let error = server.take_error().unwrap().unwrap();
    assert_eq!(error.raw_os_error(), Some(ERROR_OPERATION_ABORTED));
    assert!(server.take_error().unwrap().is_none());
    // And it can go on.
    would_block(server.connect());
    let _client = pipes::client(&name, Kind::Bytes);
    wait_for(&mut queue, &mut events, SERVER, |event| event.is_writable());
    assert!(server.take_error().unwrap().is_none());
}

#[test]
fn a_name_in_use_and_a_name_that_cannot_be() {
    let name = pipes::name();
    let _server = NamedPipe::new(&name).unwrap();
    if pipes::another_first_is_made(&name) {
        println!("not run: this system lets anybody make a first instance");
    } else {
        let error = NamedPipe::new(&name).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    }
    let error = NamedPipe::new("\\\\.\\pipe\\a\0b").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(
        NamedPipe::new("no pipe")
            .unwrap_err()
            .raw_os_error()
            .is_some()
    );
}

// completions in any state.

#[test]
fn reads_and_writes_that_others_cancel() {
    let (mut queue, mut events) = queue();
    let (mut server, _client) = pipes::registered(&mut queue, Kind::Bytes, 4096);
    assert_eq!(server.write(&[7; 300_000]).unwrap(), 300_000);
    pipes::cancel_all(&server);
    support::wait_for_all(
        &mut queue,
        &mut events,
        SERVER,
        &[|e| e.is_readable(), |e| e.is_writable()],
    );
    // on the next write.
    let error = server.write(b"x").unwrap_err();
    assert_eq!(error.raw_os_error(), Some(ERROR_OPERATION_ABORTED));
    let error = server.read(&mut [0; 4]).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(ERROR_OPERATION_ABORTED));
    // And it goes on.
    would_block(server.read(&mut [0; 4]));
}

#[test]
fn operations_end_after_deregister() {
    let (mut queue, mut events) = queue();
    let (mut server, mut client) = pipes::registered(&mut queue, Kind::Bytes, 4096);
    assert_eq!(client.write(&[7; 10_000]).unwrap(), 10_000);
    queue.registry().deregister(&mut server).unwrap();
    queue.registry().deregister(&mut client).unwrap();
    nothing_comes(&mut queue, &mut events, SERVER);
    nothing_comes(&mut queue, &mut events, CLIENT);
    // What was read is there, and what would have to be started is not.
    assert_eq!(server.read(&mut [0; 9000]).unwrap(), 4096);
    let error = server.read(&mut [0; 4]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(server.write(b"a").unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(server.connect().unwrap_err().kind(), ErrorKind::NotFound);
    // The rest comes with the next registration.
    queue
        .registry()
        .register(&mut server, SERVER, BOTH)
        .unwrap();
    assert_eq!(
        receive(&mut queue, &mut events, &server, SERVER, 10_000 - 4096),
        [7; 10_000 - 4096]
    );
}

#[test]
fn the_peer_is_gone() {
    let (mut queue, mut events) = queue();
    let (mut server, client) = pipes::registered(&mut queue, Kind::Bytes, 4096);
    drop(client);
    wait_for(&mut queue, &mut events, SERVER, |event| event.is_readable());
    assert_eq!(server.read(&mut [0; 4]).unwrap(), 0);
    // on that write.
    let error = server.write(b"1234").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    assert_eq!(error.raw_os_error(), Some(ERROR_NO_DATA));
}

#[test]
fn a_write_fails_when_the_peer_goes() {
    let (mut queue, mut events) = queue();
    let (mut server, client) = pipes::registered(&mut queue, Kind::Bytes, 4096);
    assert_eq!(server.write(&[7; 300_000]).unwrap(), 300_000);
    would_block(server.write(b"more"));
    drop(client);
    wait_for(&mut queue, &mut events, SERVER, |event| event.is_writable());
    assert!(server.write(b"more").unwrap_err().raw_os_error().is_some());
}

#[test]
fn a_client_that_was_disconnected() {
    let (mut queue, mut events) = queue();
    let (server, client) = pipes::registered(&mut queue, Kind::Bytes, 4096);
    server.disconnect().unwrap();
    let error = read_at_last(&mut queue, &mut events, &client, CLIENT).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(ERROR_PIPE_NOT_CONNECTED));
    // That is for servers only.
    assert!(client.disconnect().is_err());
}

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

// sizes.

#[test]
fn a_message_larger_than_the_buffer_arrives_whole() {
    let (mut queue, mut events) = queue();
    let (server, client) = pipes::registered(&mut queue, Kind::Messages, 64 * 1024);
    let message: Vec<u8> = (0..10_240).map(|byte| byte as u8).collect();
    for (to, token, from, from_token) in [
        (&server, SERVER, &client, CLIENT),
        (&client, CLIENT, &server, SERVER),
    ] {
        for _ in 0..3 {
            send(&mut queue, &mut events, from, from_token, &message);
            assert_eq!(
                receive(&mut queue, &mut events, to, token, message.len()),
                message
            );
        }
        // One message is not joined with the next.
        send(&mut queue, &mut events, from, from_token, b"one");
        send(&mut queue, &mut events, from, from_token, b"two");
        assert_eq!(receive(&mut queue, &mut events, to, token, 1), b"one");
        assert_eq!(receive(&mut queue, &mut events, to, token, 1), b"two");
    }
}

#[test]
fn reads_follow_the_callers_buffer() {
    let (mut queue, mut events) = queue();
    let (mut server, client) = pipes::registered(&mut queue, Kind::Bytes, 64 * 1024);
    let data = vec![5; 60_000];
    let mut buffer = vec![0; 40_000];
    // The first read is of the usual size, the next of the caller's.
    send(&mut queue, &mut events, &client, CLIENT, &data);
    let mut sizes = Vec::new();
    while sizes.iter().sum::<usize>() < data.len() {
        match server.read(&mut buffer) {
            Ok(count) => sizes.push(count),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                wait_for(&mut queue, &mut events, SERVER, |event| event.is_readable());
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(sizes, [4096, 40_000, 60_000 - 44_096]);
    // Whatever the caller asks for, it gets no more than that.
    send(&mut queue, &mut events, &client, CLIENT, &data);
    wait_for(&mut queue, &mut events, SERVER, |event| event.is_readable());
    assert_eq!(server.read(&mut buffer[..1]).unwrap(), 1);
    assert_eq!(server.read(&mut []).unwrap(), 0);
    assert_eq!(server.read(&mut buffer[..7]).unwrap(), 7);
}

#[test]
fn a_handle_that_is_no_pipe() {
    // A file gives what is asked for, always from its start; so the sizes show what was asked for.
    let path = std::env::temp_dir().join(format!("mio-test-{}", std::process::id()));
    std::fs::write(&path, [9; 100_000]).unwrap();
    let file = {
        use std::os::windows::fs::OpenOptionsExt;
        OpenOptions::new()
            .read(true)
            .custom_flags(0x4000_0000)
            .open(&path)
            .unwrap()
    };
    let mut file = pipes::from_file(file);
    let (mut queue, mut events) = queue();
    queue
        .registry()
        .register(&mut file, SERVER, Interest::READABLE)
        .unwrap();
    let mut sizes = Vec::new();
    let mut buffer = vec![0; 100_000];
    for room in [512, 100_000, 1, 1] {
        wait_for(&mut queue, &mut events, SERVER, |event| event.is_readable());
        let count = file.read(&mut buffer[..room]).unwrap();
        sizes.push(count);
        // What is left of the read that is done.
        while file.read(&mut buffer).is_ok_and(|_| sizes.len() == 3) {}
    }
    drop(file);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(sizes[..2], [1, 512]);
}

// slices.

#[test]
fn vectored_calls_use_every_slice() {
    let (mut queue, mut events) = queue();
    let (server, client) = pipes::registered(&mut queue, Kind::Messages, 4096);
    let slices = [
        IoSlice::new(b"he"),
        IoSlice::new(b""),
        IoSlice::new(b"llo "),
        IoSlice::new(b"world"),
    ];
    assert_eq!({ &client }.write_vectored(&slices).unwrap(), 11);
    wait_for(&mut queue, &mut events, SERVER, |event| event.is_readable());
    let (mut first, mut second, mut third) = ([0; 1], [0; 4], [0; 20]);
    let mut slices = [
        IoSliceMut::new(&mut first),
        IoSliceMut::new(&mut []),
        IoSliceMut::new(&mut second),
        IoSliceMut::new(&mut third),
    ];
    assert_eq!({ &server }.read_vectored(&mut slices).unwrap(), 11);
    assert_eq!(&first, b"h");
    assert_eq!(&second, b"ello");
    assert_eq!(&third[..6], b" world");
    would_block({ &server }.read_vectored(&mut [IoSliceMut::new(&mut [0; 4])]));
}

// one direction only.

#[test]
fn pipes_of_one_direction() {
    for kind in [Kind::ToClient, Kind::FromClient] {
        let name = pipes::name();
        let (mut queue, mut events) = queue();
        let mut servers = Vec::new();
        for number in 0..16 {
            let mut server = pipes::server(&name, kind, 4096);
            let interest = match kind {
                Kind::ToClient => Interest::WRITABLE,
                _ => Interest::READABLE,
            };
            queue
                .registry()
                .register(&mut server, Token(number), interest)
                .unwrap();
            would_block(server.connect());
            servers.push(server);
        }
        let clients: Vec<_> = (0..16)
            .map(|_| {
                let name = name.clone();
                thread::spawn(move || {
                    let mut client = pipes::blocking_client(&name, kind);
                    let mut buffer = [0; 5];
                    match kind {
                        Kind::ToClient => client.read_exact(&mut buffer).unwrap(),
                        _ => client.write_all(b"hello").unwrap(),
                    }
                    buffer
                })
            })
            .collect();
        let mut events_of = [0; 16];
        let mut is_done = [false; 16];
        let end = Instant::now() + LONG;
        while is_done.contains(&false) {
            assert!(Instant::now() < end, "{events_of:?}");
            poll(&mut queue, &mut events, LONG);
            for event in &events {
                let number = event.token().0;
                let mut server = &servers[number];
                events_of[number] += 1;
                match kind {
                    Kind::ToClient => {
                        assert!(event.is_writable() && !event.is_readable(), "{event:?}");
                        match events_of[number] {
                            1 => assert_eq!(server.write(b"hello").unwrap(), 5),
                            _ => is_done[number] = true,
                        }
                    }
                    _ => {
                        assert!(event.is_readable() && !event.is_writable(), "{event:?}");
                        let mut buffer = [0; 64];
                        match server.read(&mut buffer) {
                            Ok(0) => assert!(is_done[number]),
                            Ok(count) => {
                                assert_eq!(&buffer[..count], b"hello");
                                is_done[number] = true;
                            }
                            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
                        }
                    }
                }
            }
        }
        // In one direction only, a pipe may not be used in the other.
        if let Kind::FromClient = kind {
            let mut server = &servers[0];
            assert!(server.write(b"x").unwrap_err().raw_os_error().is_some());
        }
        drop(servers);
        for client in clients {
            client.join().unwrap();
        }
    }
}

#[test]
fn an_interest_in_writing_reads_nothing() {
    let (mut queue, mut events) = queue();
    let (mut server, client) = pipes::pair(Kind::Bytes, 16);
    queue
        .registry()
        .register(&mut server, SERVER, Interest::WRITABLE)
        .unwrap();
    let mut client = client;
    queue
        .registry()
        .register(&mut client, CLIENT, Interest::WRITABLE)
        .unwrap();
    // More than the pipe holds: it is not done before somebody reads.
    assert_eq!(client.write(&[3; 10_000]).unwrap(), 10_000);
    wait_for(&mut queue, &mut events, SERVER, |event| event.is_writable());
    nothing_comes(&mut queue, &mut events, SERVER);
    would_block(client.write(b"x"));
    // Then it is.
    queue
        .registry()
        .reregister(&mut server, SERVER, BOTH)
        .unwrap();
    assert_eq!(
        receive(&mut queue, &mut events, &server, SERVER, 10_000),
        [3; 10_000]
    );
    send(&mut queue, &mut events, &client, CLIENT, b"x");
}

// dropping.

#[test]
fn data_written_before_the_drop_arrives() {
    let data: Vec<u8> = (0..200_000).map(|byte| byte as u8).collect();
    for _ in 0..3 {
        let (mut queue, mut events) = queue();
        let (mut server, mut client) = pipes::registered(&mut queue, Kind::Bytes, 4096);
        assert_eq!(client.write(&data).unwrap(), data.len());
        drop(client);
        assert_eq!(
            receive(&mut queue, &mut events, &server, SERVER, data.len()),
            data
        );
        assert_eq!(
            read_at_last(&mut queue, &mut events, &server, SERVER).unwrap(),
            0
        );
        assert!(server.write(b"x").is_err());
    }
}

#[test]
fn a_pipe_outlives_its_queue() {
    for order in 0..2 {
        let (mut queue, mut events) = queue();
        let (mut server, mut client) = pipes::registered(&mut queue, Kind::Bytes, 4096);
        assert_eq!(server.write(b"read").unwrap(), 4);
        wait_for(&mut queue, &mut events, CLIENT, |event| event.is_readable());
        assert_eq!(server.write(&[7; 300_000]).unwrap(), 300_000);
        if order == 0 {
            drop(queue);
        } else {
            let registry = queue.registry().try_clone().unwrap();
            drop(queue);
            would_block(server.read(&mut [0; 4]));
            drop(registry);
        }
        // What was read is there; what was not written is known to be lost; and nothing hangs.
        let mut buffer = [0; 16];
        assert_eq!(client.read(&mut buffer).unwrap(), 4);
        assert_eq!(&buffer[..4], b"read");
        let error = server.write(b"x").unwrap_err();
        assert_eq!(error.raw_os_error(), Some(ERROR_OPERATION_ABORTED));
        for result in [
            client.read(&mut buffer),
            server.read(&mut buffer),
            server.write(b"x"),
            server.connect().map(|()| 0),
        ] {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::NotFound);
        }
    }
}

#[test]
fn a_pipe_moves_to_another_queue_when_its_own_is_gone() {
    let (mut first, _) = queue();
    let (mut server, mut client) = pipes::registered(&mut first, Kind::Bytes, 4096);
    drop(first);
    let (mut queue, mut events) = queue();
    match queue.registry().register(&mut server, SERVER, BOTH) {
        // Older systems keep a handle with its first port.
        Err(error) => {
            println!("not run: this system does not let go of handles: {error}");
            assert!(error.raw_os_error().is_some());
        }
        Ok(()) => {
            queue
                .registry()
                .register(&mut client, CLIENT, BOTH)
                .unwrap();
            send(&mut queue, &mut events, &client, CLIENT, b"again");
            assert_eq!(
                receive(&mut queue, &mut events, &server, SERVER, 5),
                b"again"
            );
        }
    }
}

#[test]
fn it_prints() {
    let (server, _client) = pipes::pair(Kind::Bytes, 4096);
    assert!(format!("{server:?}").starts_with("NamedPipe"));
}
