//! Named pipes: readiness, sizes of reads and messages, and pipes of one direction.
#![cfg(all(windows, feature = "os-ext"))]

mod support;

use std::fs::OpenOptions;
use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::thread;
use std::time::Instant;

use mio::{Interest, Token};
use support::pipes::{self, BOTH, CLIENT, Kind, SERVER, receive, send};
use support::{LONG, assert_no_event, new_poll, poll_events, wait_for, would_block};

#[test]
fn connected_ends_are_writable() {
    let (mut server, mut client) = pipes::pair(Kind::Bytes, 4096);
    let (mut poll, mut events) = new_poll();
    let registry = poll.registry();
    registry.register(&mut server, SERVER, BOTH).unwrap();
    registry
        .register(&mut client, CLIENT, Interest::WRITABLE)
        .unwrap();
    poll_events(&mut poll, &mut events, LONG);
    for token in [SERVER, CLIENT] {
        let of: Vec<_> = events.iter().filter(|e| e.token() == token).collect();
        assert_eq!(of.len(), 1, "{of:?}");
        assert!(of[0].is_writable() && !of[0].is_readable(), "{of:?}");
        assert!(!of[0].is_error() && !of[0].is_read_closed() && !of[0].is_write_closed());
    }
    assert_no_event(&mut poll, &mut events, SERVER);
    assert_no_event(&mut poll, &mut events, CLIENT);
}

#[test]
fn bytes_arrive_in_both_directions() {
    let (mut poll, mut events) = new_poll();
    let (server, client) = pipes::registered_pair(&mut poll, Kind::Bytes, 4096);
    for (to, to_token, from, from_token) in [
        (&server, SERVER, &client, CLIENT),
        (&client, CLIENT, &server, SERVER),
    ] {
        let mut from = from;
        would_block({ to }.read(&mut [0; 4]));
        assert_eq!(from.write(b"1234").unwrap(), 4);
        from.flush().unwrap();
        assert_eq!(
            receive(&mut poll, &mut events, to, to_token, 4),
            b"1234",
            "{from_token:?}"
        );
        would_block({ to }.read(&mut [0; 4]));
    }
}

/// A message larger than a read's buffer arrives whole, and is not joined with the next.
#[test]
fn message_larger_than_the_buffer_arrives_whole() {
    let (mut poll, mut events) = new_poll();
    let (server, client) = pipes::registered_pair(&mut poll, Kind::Messages, 64 * 1024);
    let message: Vec<u8> = (0..10_240).map(|byte| byte as u8).collect();
    for (to, token, from, from_token) in [
        (&server, SERVER, &client, CLIENT),
        (&client, CLIENT, &server, SERVER),
    ] {
        for _ in 0..3 {
            send(&mut poll, &mut events, from, from_token, &message);
            assert_eq!(
                receive(&mut poll, &mut events, to, token, message.len()),
                message
            );
        }
        // Two messages are two reads.
        send(&mut poll, &mut events, from, from_token, b"one");
        send(&mut poll, &mut events, from, from_token, b"two");
        assert_eq!(receive(&mut poll, &mut events, to, token, 1), b"one");
        assert_eq!(receive(&mut poll, &mut events, to, token, 1), b"two");
    }
}

/// After the first read, the library reads as many bytes as the caller's buffer has.
#[test]
fn read_size_follows_the_callers_buffer() {
    let (mut poll, mut events) = new_poll();
    let (mut server, client) = pipes::registered_pair(&mut poll, Kind::Bytes, 64 * 1024);
    let data = vec![5; 60_000];
    let mut buffer = vec![0; 40_000];
    // The first read has the default size, the next one the size of the caller's buffer.
    send(&mut poll, &mut events, &client, CLIENT, &data);
    let mut sizes = Vec::new();
    while sizes.iter().sum::<usize>() < data.len() {
        match server.read(&mut buffer) {
            Ok(count) => sizes.push(count),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                wait_for(&mut poll, &mut events, SERVER, |event| event.is_readable());
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(sizes, [4096, 40_000, 60_000 - 44_096]);
    // The caller gets no more than its buffer holds.
    send(&mut poll, &mut events, &client, CLIENT, &data);
    wait_for(&mut poll, &mut events, SERVER, |event| event.is_readable());
    assert_eq!(server.read(&mut buffer[..1]).unwrap(), 1);
    assert_eq!(server.read(&mut []).unwrap(), 0);
    assert_eq!(server.read(&mut buffer[..7]).unwrap(), 7);
}

/// The first read of a handle that is no pipe is of one byte, because a serial port waits until a
/// read is full. Later reads have the size of the caller's buffer.
#[test]
fn file_reads_follow_the_callers_buffer() {
    // A file always returns as many bytes as a read requests, so the sizes show the requests.
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
    let (mut poll, mut events) = new_poll();
    poll.registry()
        .register(&mut file, SERVER, Interest::READABLE)
        .unwrap();
    let mut sizes = Vec::new();
    let mut buffer = vec![0; 100_000];
    for room in [512, 100_000, 1, 1] {
        wait_for(&mut poll, &mut events, SERVER, |event| event.is_readable());
        let count = file.read(&mut buffer[..room]).unwrap();
        sizes.push(count);
        // Consumes the rest of the completed read.
        while file.read(&mut buffer).is_ok_and(|_| sizes.len() == 3) {}
    }
    drop(file);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(sizes[..2], [1, 512]);
}

/// Vectored writes gather every buffer, and vectored reads fill every buffer.
#[test]
fn vectored_io_uses_every_slice() {
    let (mut poll, mut events) = new_poll();
    let (server, client) = pipes::registered_pair(&mut poll, Kind::Messages, 4096);
    let slices = [
        IoSlice::new(b"he"),
        IoSlice::new(b""),
        IoSlice::new(b"llo "),
        IoSlice::new(b"world"),
    ];
    assert_eq!({ &client }.write_vectored(&slices).unwrap(), 11);
    wait_for(&mut poll, &mut events, SERVER, |event| event.is_readable());
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

/// Pipes of one direction report that direction, and serve 16 clients at once.
#[test]
fn one_directional_pipes_serve_every_client() {
    for kind in [Kind::ToClient, Kind::FromClient] {
        let name = pipes::name();
        let (mut poll, mut events) = new_poll();
        let mut servers = Vec::new();
        for number in 0..16 {
            let mut server = pipes::server(&name, kind, 4096);
            let interest = match kind {
                Kind::ToClient => Interest::WRITABLE,
                _ => Interest::READABLE,
            };
            poll.registry()
                .register(&mut server, Token(number), interest)
                .unwrap();
            would_block(server.connect());
            servers.push(server);
        }
        for number in 0..16 {
            assert_no_event(&mut poll, &mut events, Token(number));
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
            poll_events(&mut poll, &mut events, LONG);
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
        // The other direction is an error.
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

/// A pipe that is registered for writing only reads nothing from its peer.
#[test]
fn writable_interest_starts_no_read() {
    let (mut poll, mut events) = new_poll();
    let (mut server, client) = pipes::pair(Kind::Bytes, 16);
    poll.registry()
        .register(&mut server, SERVER, Interest::WRITABLE)
        .unwrap();
    let mut client = client;
    poll.registry()
        .register(&mut client, CLIENT, Interest::WRITABLE)
        .unwrap();
    // More than the pipe holds: the write completes only after a read.
    assert_eq!(client.write(&[3; 10_000]).unwrap(), 10_000);
    wait_for(&mut poll, &mut events, SERVER, |event| event.is_writable());
    assert_no_event(&mut poll, &mut events, SERVER);
    would_block(client.write(b"x"));
    // With an interest in reading, the library reads.
    poll.registry()
        .reregister(&mut server, SERVER, BOTH)
        .unwrap();
    assert_eq!(
        receive(&mut poll, &mut events, &server, SERVER, 10_000),
        [3; 10_000]
    );
    send(&mut poll, &mut events, &client, CLIENT, b"x");
}
