//! Peers that are gone: killed, reset.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Poll, Token};

use super::support::{LONG, new_poll, poll_events, streams, syscalls, wine_lacks};
use super::{BOTH, Others};

const STREAM: Token = Token(0);

/// Waits for events until a read returns the end or an error, and asserts which it is. Then the
/// stream, which nothing serves, has few events, and other sources go on.
fn ends(
    poll: &mut Poll,
    events: &mut Events,
    others: &mut Others,
    mut stream: &TcpStream,
    expected: &[Option<ErrorKind>],
) {
    let end = Instant::now() + LONG;
    let ended = loop {
        match stream.read(&mut [0; 64]) {
            Ok(0) => break None,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                assert!(Instant::now() < end, "the peer's end is not reported");
                poll_events(poll, events, LONG);
                assert!(!events.is_empty(), "no event within {LONG:?}");
            }
            Err(error) => break Some(error.kind()),
        }
    };
    assert!(expected.contains(&ended), "{ended:?}, not {expected:?}");
    // What is written later fails, at once or after the peer's answer.
    let _ = stream.write(b"x");
    let _ = stream.write(b"x");
    let start = Instant::now();
    let mut count = 0;
    while start.elapsed() < Duration::from_millis(200) {
        let seen = others.exchange(poll, events);
        count += seen.iter().filter(|token| **token == STREAM).count();
        std::thread::sleep(Duration::from_millis(1));
    }
    // `Poll` documents about 100 reports in the first second of a condition that persists.
    assert!(count <= 50, "{count} events in 200 ms");
}

/// A connection that the peer resets ends with an error, and delays no other.
#[test]
fn reset_peer_is_reported_and_delays_no_other() {
    if wine_lacks(Some(10), "tests/wine_differences.rs, reset_reads_as_an_end") {
        return;
    }
    let (mut poll, mut events) = new_poll();
    let mut others = Others::register(&poll, 10);
    for sends in [false, true] {
        let (client, mut server) = streams();
        poll.registry().register(&mut server, STREAM, BOTH).unwrap();
        if sends {
            assert_eq!((&client).write(b"lost").unwrap(), 4);
        }
        syscalls::reset_on_close(&client);
        drop(client);
        let reset = [
            Some(ErrorKind::ConnectionReset),
            Some(ErrorKind::ConnectionAborted),
        ];
        ends(&mut poll, &mut events, &mut others, &server, &reset);
    }
}

/// A killed process closes its connections: the peer reads the end, or a reset if the process had
/// bytes to read (RFC 1122, 4.2.2.13).
#[cfg(target_os = "linux")]
#[test]
fn killed_peer_is_reported_and_delays_no_other() {
    use super::support::child_process::Child;
    use super::support::{loopback, retry};
    use std::thread;

    for writes in [false, true] {
        let (mut poll, mut events) = new_poll();
        let listener = mio::net::TcpListener::bind(loopback()).unwrap();
        let address = listener.local_addr().unwrap();
        let child = Child::new(|| {
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            stream.write_all(b"alive").unwrap();
            thread::sleep(2 * LONG);
        });
        // After the fork: the child would keep these open.
        let mut others = Others::register(&poll, 10);
        let (mut stream, _) = retry(|| listener.accept());
        poll.registry().register(&mut stream, STREAM, BOTH).unwrap();
        let mut word = [0; 5];
        assert_eq!(retry(|| stream.read(&mut word)), 5);
        assert_eq!(&word, b"alive");
        if writes {
            assert_eq!(stream.write(b"never read").unwrap(), 10);
        }
        others.exchange(&mut poll, &mut events);
        drop(child);
        let expected = match writes {
            false => None,
            true => Some(ErrorKind::ConnectionReset),
        };
        ends(&mut poll, &mut events, &mut others, &stream, &[expected]);
    }
}
