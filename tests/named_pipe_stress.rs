//! Named pipes under load: thousands of clients, racing outcomes of `connect`, and registrations
//! that end while another thread polls. No handle leaks.
//!
//! There is one test, so that no other test of this process opens handles meanwhile.
#![cfg(all(windows, feature = "os-ext"))]

mod support;

use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use mio::windows::NamedPipe;
use mio::{Interest, Token};
use support::pipes::{self, BOTH, Kind};
use support::{LONG, handles, new_poll, poll_events, wait_for};

const SERVER: Token = Token(0);

#[test]
fn stress_leaks_no_handles() {
    let parts: [(&str, fn(usize)); 3] = [
        ("each_client_is_reported_once", |part| {
            each_client_is_reported_once(3000 / part)
        }),
        ("deregistered_token_never_returns", |part| {
            deregistered_token_never_returns(1500 / part);
        }),
        ("messages_echo_between_threads", |part| {
            messages_echo_between_threads(500 / part)
        }),
    ];
    for (name, run) in parts {
        println!("{name}");
        // A short run opens what the system keeps open.
        run(100);
        let before = handles::open();
        run(1);
        handles::assert_count_returns_to(before);
    }
}

/// Clients open the pipe before, during and after `connect`, and some have left by then. Each
/// client is reported once.
fn each_client_is_reported_once(number: usize) {
    let name = pipes::name();
    let (mut poll, mut events) = new_poll();
    let mut server = pipes::register_pipe(&poll, NamedPipe::new(&name).unwrap(), SERVER);
    let names = name.clone();
    // The client of a round starts when the round does.
    let (start, started) = mpsc::channel::<usize>();
    let clients = thread::spawn(move || {
        for round in started {
            let mut client = pipes::blocking_client(&name, Kind::Bytes);
            client.write_all(&round.to_le_bytes()).unwrap();
            // Every other client waits for its answer.
            if round % 2 == 0 {
                let mut answer = [0; size_of::<usize>()];
                client.read_exact(&mut answer).unwrap();
                assert_eq!(usize::from_le_bytes(answer), round);
            }
        }
    });
    let mut at_once = 0;
    for round in 0..number {
        // Every fourth round has a new pipe, which clients can open before `connect`, and drops the
        // old one.
        if round % 4 == 3 {
            let old = server;
            server = pipes::server(&names, Kind::Bytes, 4096);
            poll.registry().register(&mut server, SERVER, BOTH).unwrap();
            drop(old);
        }
        start.send(round).unwrap();
        if round % 3 == 1 {
            thread::sleep(Duration::from_micros(200));
        }
        match server.connect() {
            Ok(()) => at_once += 1,
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "{round}"),
        }
        wait_for(&mut poll, &mut events, SERVER, |event| event.is_writable());
        assert!(server.take_error().unwrap().is_none());
        let mut message = [0; size_of::<usize>()];
        let mut len = 0;
        let mut is_answered = false;
        loop {
            match server.read(&mut message[len..]) {
                // The client has left.
                Ok(0) => break,
                Ok(count) => len += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    wait_for(&mut poll, &mut events, SERVER, |event| event.is_readable());
                }
                Err(error) => panic!("{round}: {error}"),
            }
            if len == message.len() && !is_answered {
                is_answered = true;
                if round % 2 == 0 {
                    assert_eq!(server.write(&message).unwrap(), message.len());
                }
                // Makes room, so that further bytes of the client would show.
                len = 0;
                assert_eq!(usize::from_le_bytes(message), round);
            }
        }
        assert!(is_answered, "{round}");
        server.disconnect().unwrap();
    }
    drop(start);
    clients.join().unwrap();
    println!("{at_once} of {number} clients came before connect");
}

/// After `deregister` or a drop on another thread, no `poll` that begins later reports the token.
fn deregistered_token_never_returns(rounds: usize) {
    for capacity in [1, 64] {
        let (mut poll, _) = new_poll();
        let mut events = mio::Events::with_capacity(capacity);
        let registry = poll.registry().try_clone().unwrap();
        // Tokens below this one are no longer registered.
        let gone = Arc::new(AtomicUsize::new(0));
        let is_over = Arc::new(AtomicBool::new(false));
        let worker = thread::spawn({
            let (gone, is_over) = (Arc::clone(&gone), Arc::clone(&is_over));
            move || {
                let (mut server, mut client) = pipes::pair(Kind::Bytes, 4096);
                for round in 0..rounds {
                    let token = Token(round);
                    registry.register(&mut server, token, BOTH).unwrap();
                    registry.register(&mut client, token, BOTH).unwrap();
                    // Causes completion packets of every kind.
                    for mut pipe in [&server, &client] {
                        match pipe.write(&[3; 10]) {
                            Ok(count) => assert_eq!(count, 10),
                            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
                        }
                        match pipe.read(&mut [0; 4096]) {
                            Ok(count) => assert_ne!(count, 0),
                            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
                        }
                    }
                    match round % 3 {
                        0 => registry
                            .reregister(&mut server, token, Interest::READABLE)
                            .unwrap(),
                        1 => thread::yield_now(),
                        _ => {}
                    }
                    if round % 5 == 0 {
                        (server, client) = pipes::pair(Kind::Bytes, 4096);
                    } else {
                        registry.deregister(&mut server).unwrap();
                        registry.deregister(&mut client).unwrap();
                    }
                    gone.store(round + 1, Ordering::Release);
                }
                is_over.store(true, Ordering::Release);
            }
        });
        let mut seen = 0;
        while !is_over.load(Ordering::Acquire) {
            let gone = gone.load(Ordering::Acquire);
            poll_events(&mut poll, &mut events, Duration::from_millis(1));
            for event in &events {
                assert!(
                    event.token().0 >= gone,
                    "{event:?} although {gone} are gone"
                );
                seen += 1;
            }
        }
        worker.join().unwrap();
        assert!(seen > 0);
    }
}

/// Servers on threads with a `Poll` each echo messages of clients on other threads.
fn messages_echo_between_threads(messages: usize) {
    const THREADS: usize = 4;
    let names: Vec<String> = (0..THREADS).map(|_| pipes::name()).collect();
    let servers: Vec<_> = names
        .iter()
        .map(|name| {
            let mut server = pipes::server(name, Kind::Messages, 4096);
            thread::spawn(move || {
                let (mut poll, mut events) = new_poll();
                poll.registry().register(&mut server, SERVER, BOTH).unwrap();
                let _ = server.connect();
                let mut waiting: Option<Vec<u8>> = None;
                let mut buffer = [0; 4096];
                let mut count = 0;
                let end = Instant::now() + 2 * LONG;
                while count < messages || waiting.is_some() {
                    assert!(Instant::now() < end);
                    poll_events(&mut poll, &mut events, LONG);
                    loop {
                        if let Some(message) = waiting.take() {
                            match server.write(&message) {
                                Ok(len) => assert_eq!(len, message.len()),
                                Err(error) => {
                                    assert_eq!(error.kind(), ErrorKind::WouldBlock);
                                    waiting = Some(message);
                                    break;
                                }
                            }
                        }
                        match server.read(&mut buffer) {
                            Ok(len) => {
                                count += 1;
                                waiting = Some(buffer[..len].to_vec());
                            }
                            Err(error) => {
                                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                                break;
                            }
                        }
                    }
                }
                // The server polls until the client has left, so every answer was sent.
                while server.read(&mut buffer).map_or(true, |count| count != 0) {
                    assert!(Instant::now() < end);
                    poll_events(&mut poll, &mut events, Duration::from_millis(10));
                }
            })
        })
        .collect();
    let clients: Vec<_> = names
        .into_iter()
        .map(|name| {
            thread::spawn(move || {
                let mut client = pipes::blocking_client(&name, Kind::Messages);
                for number in 0..messages {
                    let message = vec![number as u8; 1 + number * 7 % 4000];
                    client.write_all(&message).unwrap();
                    let mut answer = vec![0; message.len()];
                    client.read_exact(&mut answer).unwrap();
                    assert_eq!(answer, message);
                }
            })
        })
        .collect();
    for thread in clients.into_iter().chain(servers) {
        thread.join().unwrap();
    }
}
