//! Connections, registrations and wakes by many threads at once, without a leak.
//!
//! `MIO_STRESS=N` runs N times as many rounds.
#![cfg(all(feature = "os-poll", feature = "net", any(unix, windows)))]

mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use mio::net::{TcpListener, TcpStream, UdpSocket};
use mio::{Events, Interest, Poll, Registry, Token, Waker};
use support::{LONG, loopback, new_poll, poll_events};

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
const LISTENER: Token = Token(usize::MAX);
const WAKE: Token = Token(usize::MAX - 1);

fn times(count: usize) -> usize {
    let factor = std::env::var("MIO_STRESS").map_or(1, |value| value.parse().unwrap());
    count * factor
}

/// The number of handles or file descriptors that this process has open.
fn open_count() -> usize {
    #[cfg(windows)]
    return support::handles::open();
    #[cfg(unix)]
    support::fds::open().len()
}

#[test]
fn concurrent_load_leaks_nothing() {
    // The first round opens what the system keeps open.
    run_all(1);
    let before = open_count();
    for _ in 0..3 {
        run_all(times(100));
    }
    // Threads that have ended may take a moment to release their handles.
    let mut after = open_count();
    for _ in 0..100 {
        if after <= before {
            break;
        }
        thread::sleep(Duration::from_millis(20));
        after = open_count();
    }
    assert!(after <= before, "{before} were open, now {after}");
}

fn run_all(rounds: usize) {
    thread::scope(|scope| {
        scope.spawn(|| connections(rounds));
        scope.spawn(|| registrations(rounds));
        scope.spawn(|| wakes(rounds * 20));
    });
}

/// Serves clients that send one message. Every other client closes before it reads the echo, which
/// resets the connection.
fn connections(rounds: usize) {
    const CLIENTS: usize = 3;
    let (mut poll, mut events) = new_poll();
    let mut listener = TcpListener::bind(loopback()).unwrap();
    let address = listener.local_addr().unwrap();
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)
        .unwrap();
    let waker = Waker::new(poll.registry(), WAKE).unwrap();
    let left = AtomicUsize::new(CLIENTS);
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                for round in 0..rounds {
                    client(address, round);
                }
                left.fetch_sub(1, Ordering::Relaxed);
                waker.wake().unwrap();
            });
        }
        let mut streams: Vec<Option<TcpStream>> = Vec::new();
        while left.load(Ordering::Relaxed) > 0 {
            poll_events(&mut poll, &mut events, LONG);
            assert!(!events.is_empty(), "poll returned no event");
            for event in &events {
                match event.token() {
                    WAKE => {}
                    LISTENER => accept(poll.registry(), &listener, &mut streams),
                    Token(place) => {
                        if streams[place].as_mut().is_some_and(|stream| !echo(stream)) {
                            streams[place] = None;
                        }
                    }
                }
            }
        }
    });
}

fn accept(registry: &Registry, listener: &TcpListener, streams: &mut Vec<Option<TcpStream>>) {
    loop {
        match listener.accept() {
            Ok((mut stream, _)) => {
                let place = streams.iter().position(Option::is_none);
                let place = place.unwrap_or(streams.len());
                registry.register(&mut stream, Token(place), BOTH).unwrap();
                if place == streams.len() {
                    streams.push(None);
                }
                streams[place] = Some(stream);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            // The client has closed the connection before it was accepted.
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
            Err(error) => panic!("accept: {error}"),
        }
    }
}

/// Echoes the data that has arrived. `false` at the end or after an error.
fn echo(stream: &mut TcpStream) -> bool {
    let mut buffer = [0; 64];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return false,
            Ok(count) => {
                // A message this short always fits.
                if stream.write(&buffer[..count]).is_err() {
                    return false;
                }
            }
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
    }
}

fn client(address: SocketAddr, round: usize) {
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream.write_all(b"hello").unwrap();
    if round % 2 == 0 {
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"hello");
    }
}

/// Registers, changes and drops sources through clones of the `Registry` while `poll` waits.
fn registrations(rounds: usize) {
    const THREADS: usize = 3;
    let (mut poll, mut events) = new_poll();
    let waker = Waker::new(poll.registry(), WAKE).unwrap();
    let left = AtomicUsize::new(THREADS);
    thread::scope(|scope| {
        for number in 0..THREADS {
            let registry = poll.registry().try_clone().unwrap();
            let (waker, left) = (&waker, &left);
            scope.spawn(move || {
                for _ in 0..rounds {
                    register_and_drop(&registry, number);
                }
                left.fetch_sub(1, Ordering::Relaxed);
                waker.wake().unwrap();
            });
        }
        while left.load(Ordering::Relaxed) > 0 {
            poll_events(&mut poll, &mut events, LONG);
            assert!(!events.is_empty(), "poll returned no event");
            for event in &events {
                assert!(event.token() == WAKE || event.token().0 < THREADS);
            }
        }
    });
    // All sources were dropped.
    poll_events(&mut poll, &mut events, Duration::from_millis(20));
    assert!(events.iter().all(|event| event.token() == WAKE));
}

fn register_and_drop(registry: &Registry, number: usize) {
    let mut socket = UdpSocket::bind(loopback()).unwrap();
    let address = socket.local_addr().unwrap();
    registry
        .register(&mut socket, Token(number), Interest::READABLE)
        .unwrap();
    socket.send_to(b"x", address).unwrap();
    registry
        .reregister(&mut socket, Token(number), BOTH)
        .unwrap();
    if number % 2 == 0 {
        registry.deregister(&mut socket).unwrap();
        registry
            .register(&mut socket, Token(number), Interest::WRITABLE)
            .unwrap();
    }
    // Dropped while registered.
}

/// The last wake of each waker arrives while other wakers are created and dropped.
fn wakes(count: usize) {
    let (mut poll, mut events): (Poll, Events) = new_poll();
    let wakers: Vec<_> = (0..4)
        .map(|token| Waker::new(poll.registry(), Token(token)).unwrap())
        .collect();
    let written: Vec<_> = wakers.iter().map(|_| AtomicUsize::new(0)).collect();
    let registry = poll.registry().try_clone().unwrap();
    let is_over = AtomicBool::new(false);
    let mut seen = vec![0; wakers.len()];
    thread::scope(|scope| {
        for (waker, written) in wakers.iter().zip(&written) {
            scope.spawn(move || {
                for number in 1..=count {
                    written.store(number, Ordering::Relaxed);
                    waker.wake().unwrap();
                }
            });
        }
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                // The waker is dropped at once.
                Waker::new(&registry, WAKE).unwrap().wake().unwrap();
                thread::yield_now();
            }
        });
        while seen.iter().any(|seen| *seen < count) {
            poll_events(&mut poll, &mut events, LONG);
            assert!(!events.is_empty(), "a wake was lost: {seen:?} of {count}");
            for event in events.iter().filter(|event| event.token() != WAKE) {
                let place = event.token().0;
                seen[place] = written[place].load(Ordering::Relaxed);
            }
        }
        is_over.store(true, Ordering::Relaxed);
    });
}
