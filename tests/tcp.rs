//! TCP: readiness, closing, and the effect of every operation on the next event.
#![cfg(all(
    any(unix, windows, all(target_os = "wasi", not(target_env = "p1"))),
    feature = "os-poll",
    feature = "net"
))]

mod support;

use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Write};
#[cfg(not(target_os = "wasi"))]
use std::net::Shutdown;
use std::time::{Duration, Instant};

#[cfg(not(target_os = "wasi"))]
use mio::event::Event;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use support::{assert_no_event, drain, loopback, new_poll, retry, streams, wait_for, would_block};

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
const ONE: Token = Token(1);
const TWO: Token = Token(2);

/// A listener reports connections again after each time that `accept` would block.
#[test]
fn listener_reports_each_round() {
    let (mut poll, mut events) = new_poll();
    let mut listener = TcpListener::bind(loopback()).unwrap();
    poll.registry()
        .register(&mut listener, ONE, Interest::READABLE)
        .unwrap();
    assert_no_event(&mut poll, &mut events, ONE);
    for _ in 0..3 {
        let clients: Vec<_> = (0..2)
            .map(|_| std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap())
            .collect();
        let mut accepted = 0;
        while accepted < clients.len() {
            wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
            while let Ok((stream, address)) = listener.accept() {
                assert_eq!(stream.peer_addr().unwrap(), address);
                accepted += 1;
            }
        }
        would_block(listener.accept());
    }
}

/// Every operation that returns `WouldBlock` arms the source again.
#[test]
fn every_stream_operation_rearms() {
    let (mut poll, mut events) = new_poll();
    let (mut client, server) = streams();
    poll.registry()
        .register(&mut client, ONE, Interest::READABLE)
        .unwrap();
    type Operation = fn(&mut TcpStream) -> io::Result<usize>;
    let operations: &[Operation] = &[
        |stream| stream.read(&mut [0; 8]),
        #[cfg(not(target_os = "wasi"))] // WASI has no peek.
        |stream| stream.peek(&mut [0; 8]),
        |stream| stream.read_vectored(&mut [IoSliceMut::new(&mut [0; 8])]),
        |stream| (&*stream).read(&mut [0; 8]),
        |stream| stream.try_io(|| Err(ErrorKind::WouldBlock.into())),
    ];
    // Twice, because the registration has armed the source for the first operation.
    for operation in operations.iter().chain(operations) {
        would_block(operation(&mut client));
        support::send(&server, b"data");
        wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
        // A larger read could return `WouldBlock`, which would arm the source.
        assert_eq!(client.read(&mut [0; 4]).unwrap(), 4);
    }
}

#[test]
fn full_stream_becomes_writable_again() {
    let (mut poll, mut events) = new_poll();
    let (mut client, server) = streams();
    poll.registry()
        .register(&mut client, ONE, Interest::WRITABLE)
        .unwrap();
    wait_for(&mut poll, &mut events, ONE, |event| event.is_writable());
    for _ in 0..3 {
        let block = [7; 16 * 1024];
        let mut sent = 0;
        loop {
            match client.write_vectored(&[IoSlice::new(&block), IoSlice::new(&block)]) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("{error}"),
            }
        }
        let mut received = 0;
        while received < sent {
            received += drain(&server).len();
        }
        wait_for(&mut poll, &mut events, ONE, |event| event.is_writable());
    }
}

/// When the peer has shut its writing half, only reading is closed. Where no event reports that, a
/// read does.
#[cfg(not(target_os = "wasi"))]
#[test]
fn peer_half_close_closes_reading_only() {
    let (mut poll, mut events) = new_poll();
    let (mut client, server) = streams();
    poll.registry().register(&mut client, ONE, BOTH).unwrap();
    server.shutdown(Shutdown::Write).unwrap();
    wait_for(&mut poll, &mut events, ONE, |event| {
        assert!(!event.is_write_closed(), "{event:?}");
        event.is_readable() && event.is_read_closed() == support::REPORTS_END
    });
    assert_eq!(client.read(&mut [0; 8]).unwrap(), 0);
    client.write_all(b"still").unwrap();
}

/// Unread data does not hide the end of the stream.
#[cfg(not(target_os = "wasi"))]
#[test]
fn end_behind_unread_data_is_reported() {
    if support::wine_lacks(
        None,
        "tests/wine_differences.rs, wsapoll_misses_an_end_behind_data",
    ) {
        return;
    }
    let (mut poll, mut events) = new_poll();
    let (mut client, mut server) = streams();
    poll.registry()
        .register(&mut client, ONE, Interest::READABLE)
        .unwrap();
    server.write_all(b"data").unwrap();
    wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
    server.shutdown(Shutdown::Write).unwrap();
    if support::REPORTS_END {
        wait_for(&mut poll, &mut events, ONE, |event| event.is_read_closed());
    }
    assert_eq!(drain(&client), b"data");
    assert_eq!(client.read(&mut [0; 8]).unwrap(), 0);
}

#[cfg(not(target_os = "wasi"))]
#[test]
fn both_closed_halves_are_reported() {
    let (mut poll, mut events) = new_poll();
    let (mut client, server) = streams();
    poll.registry().register(&mut client, ONE, BOTH).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    drop(server);
    // AFD reports only what the peer did.
    let wanted: &[fn(&Event) -> bool] = if cfg!(windows) {
        &[Event::is_read_closed]
    } else {
        &[Event::is_read_closed, Event::is_write_closed]
    };
    support::wait_for_all(&mut poll, &mut events, ONE, wanted);
    // The hang-up is reported, and then it is not repeated.
    assert_eq!(client.read(&mut [0; 8]).unwrap_or(0), 0);
    assert!(count_events(&mut poll, &mut events) <= 2 + REPEATS);
}

/// How many times a hang-up is repeated in a tenth of a second, as `Poll` documents it, where the
/// system does not distinguish the hang-up of a socket from others.
#[cfg(not(target_os = "wasi"))]
const REPEATS: usize = if support::EDGES || support::REPORTS_END || cfg!(windows) {
    0
} else {
    14
};

/// Counts the events of a tenth of a second.
#[cfg(not(target_os = "wasi"))]
fn count_events(poll: &mut Poll, events: &mut Events) -> usize {
    let mut count = 0;
    for _ in 0..20 {
        support::poll_events(poll, events, Duration::from_millis(5));
        count += events.iter().count();
    }
    count
}

/// A refused connection is one event, and `take_error` returns the error.
#[cfg(not(target_os = "wasi"))]
#[test]
fn refused_connection_is_reported_once() {
    let (mut poll, mut events) = new_poll();
    let address = {
        let listener = TcpListener::bind(loopback()).unwrap();
        listener.local_addr().unwrap()
    };
    let mut client = match TcpStream::connect(address) {
        Ok(client) => client,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
            return;
        }
    };
    poll.registry().register(&mut client, ONE, BOTH).unwrap();
    let wanted: [fn(&Event) -> bool; 2] = [
        |event| event.is_writable() && event.is_write_closed(),
        Event::is_read_closed,
    ];
    support::wait_for_all(&mut poll, &mut events, ONE, &wanted);
    let error = client.take_error().unwrap().unwrap();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    // The error is reported once. poll(2) reports the socket once more without the taken error.
    let count = count_events(&mut poll, &mut events);
    assert!(count <= usize::from(!cfg!(windows)) + REPEATS, "{count}");
}

/// An out-of-band byte is priority data, and readable.
#[cfg(not(target_os = "wasi"))]
#[test]
fn out_of_band_data_is_priority() {
    let (mut poll, mut events) = new_poll();
    let (mut client, server) = streams();
    let interest = Interest::READABLE | Interest::PRIORITY;
    let registered = poll.registry().register(&mut client, ONE, interest);
    if support::KQUEUE {
        assert_eq!(registered.unwrap_err().kind(), ErrorKind::Unsupported);
        return;
    }
    registered.unwrap();
    support::syscalls::send_out_of_band(&server);
    wait_for(&mut poll, &mut events, ONE, |event| {
        event.is_priority() && event.is_readable()
    });
}

/// With room for one event, each of two busy sources gets its turn.
#[test]
fn small_buffer_serves_every_source() {
    let mut poll = Poll::new().unwrap();
    let mut events = Events::with_capacity(1);
    let (mut left, left_peer) = streams();
    let (mut right, right_peer) = streams();
    poll.registry()
        .register(&mut left, ONE, Interest::READABLE)
        .unwrap();
    poll.registry()
        .register(&mut right, TWO, Interest::READABLE)
        .unwrap();
    let mut served = [0_usize; 2];
    while served.iter().any(|count| *count < 50) {
        support::send(&left_peer, b"x");
        support::send(&right_peer, b"x");
        support::poll_events(&mut poll, &mut events, support::LONG);
        for event in &events {
            let (stream, count) = if event.token() == ONE {
                (&left, &mut served[0])
            } else {
                (&right, &mut served[1])
            };
            assert!(!drain(stream).is_empty());
            *count += 1;
        }
        assert!(served[0].abs_diff(served[1]) < 40, "{served:?}");
    }
}

/// Whether a socket that was never connected reports nothing.
#[cfg(not(target_os = "wasi"))]
const SILENT: bool = support::KQUEUE || cfg!(windows);

/// A stream that was never connected reports a hang-up or nothing.
#[cfg(not(target_os = "wasi"))]
#[test]
fn unconnected_stream_is_not_cleanly_writable() {
    let (mut poll, mut events) = new_poll();
    let mut stream = TcpStream::from_std(support::syscalls::unconnected());
    poll.registry().register(&mut stream, ONE, BOTH).unwrap();
    if SILENT {
        assert_no_event(&mut poll, &mut events, ONE);
        return;
    }
    wait_for(&mut poll, &mut events, ONE, |event| event.is_write_closed());
}

/// A stream that is registered before it is connected reports its connection.
#[cfg(not(target_os = "wasi"))]
#[test]
fn unconnected_stream_reports_its_later_connection() {
    let (mut poll, mut events) = new_poll();
    let listener = TcpListener::bind(loopback()).unwrap();
    let mut stream = TcpStream::from_std(support::syscalls::unconnected());
    poll.registry().register(&mut stream, ONE, BOTH).unwrap();
    // A hang-up comes first, if at all.
    if SILENT {
        assert_no_event(&mut poll, &mut events, ONE);
    } else {
        wait_for(&mut poll, &mut events, ONE, |event| event.is_write_closed());
    }
    support::syscalls::connect(&stream, listener.local_addr().unwrap());
    let (mut server, _) = retry(|| listener.accept());
    wait_for(&mut poll, &mut events, ONE, |event| {
        event.is_writable() && !event.is_write_closed()
    });
    server.write_all(b"hi").unwrap();
    wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
    assert_eq!(drain(&stream), b"hi");
}

/// After a short read, new data is an event where the kernel makes the edges.
#[test]
fn short_read_reports_new_data() {
    let (mut poll, mut events) = new_poll();
    let (mut client, server) = streams();
    poll.registry()
        .register(&mut client, ONE, Interest::READABLE)
        .unwrap();
    let mut buffer = [0; 2];
    for _ in 0..3 {
        support::send(&server, b"data");
        wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
        assert_eq!(retry(|| client.read(&mut buffer)), 2);
        support::send(&server, b"more");
        if support::EDGES {
            wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
        }
        let mut rest = drain(&client);
        while rest.len() < 6 {
            rest.extend(drain(&client));
        }
        assert_eq!(rest, b"tamore");
    }
    support::send(&server, b"x");
    wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
}

/// A `poll` with a timeout of zero reports what is pending.
#[test]
fn zero_timeout_reports_pending_events() {
    let (mut poll, mut events) = new_poll();
    let mut all: Vec<_> = (0..3).map(|_| streams()).collect();
    for (index, (client, _)) in all.iter_mut().enumerate() {
        poll.registry()
            .register(client, Token(index), Interest::WRITABLE)
            .unwrap();
    }
    let mut seen = [false; 3];
    let end = Instant::now() + support::LONG;
    while seen.contains(&false) {
        support::poll_events(&mut poll, &mut events, Duration::ZERO);
        // On Unix a single `poll` finds the readiness.
        assert!(!cfg!(unix) || !events.is_empty());
        for event in &events {
            seen[event.token().0] |= event.is_writable();
        }
        assert!(Instant::now() < end, "{seen:?}");
    }
}

/// Data written before the drop arrives, and then the end.
#[test]
fn data_written_before_drop_arrives() {
    let (mut poll, mut events) = new_poll();
    let (mut client, server) = streams();
    poll.registry()
        .register(&mut client, ONE, Interest::READABLE)
        .unwrap();
    support::send(&server, b"last words");
    drop(server);
    let mut all = Vec::new();
    let end = Instant::now() + support::LONG;
    loop {
        let mut buffer = [0; 4];
        match client.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => all.extend_from_slice(&buffer[..count]),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                assert!(Instant::now() < end);
                wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
            }
        }
    }
    assert_eq!(all, b"last words");
}

/// A registration does not keep a dropped stream open.
#[test]
fn dropped_registered_stream_is_closed() {
    let (mut poll, mut events) = new_poll();
    let (mut client, mut server) = streams();
    poll.registry().register(&mut client, ONE, BOTH).unwrap();
    wait_for(&mut poll, &mut events, ONE, |event| event.is_writable());
    drop(client);
    poll.registry()
        .register(&mut server, TWO, Interest::READABLE)
        .unwrap();
    wait_for(&mut poll, &mut events, TWO, |event| event.is_readable());
    assert_eq!(retry(|| server.read(&mut [0; 4])), 0);
    assert_no_event(&mut poll, &mut events, ONE);
}

#[test]
fn second_bind_is_addr_in_use() {
    let first = TcpListener::bind(loopback()).unwrap();
    let address = first.local_addr().unwrap();
    let error = TcpListener::bind(address).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    drop(first);
    // On Unix a listener has SO_REUSEADDR, so the address is free at once:
    // <https://man7.org/linux/man-pages/man7/socket.7.html>.
    #[cfg(unix)]
    TcpListener::bind(address).unwrap();
}

/// An IPv6 stream carries data, and both ends have the right addresses.
#[test]
fn ipv6_stream_carries_data() {
    let (mut poll, mut events) = new_poll();
    let mut listener = match TcpListener::bind("[::1]:0".parse().unwrap()) {
        Ok(listener) => listener,
        Err(error) => {
            return support::not_run(format!("no IPv6 on this machine: {error}"));
        }
    };
    poll.registry()
        .register(&mut listener, ONE, Interest::READABLE)
        .unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
    let (server, from) = retry(|| listener.accept());
    support::wait_connected(&mut client);
    assert!(from.is_ipv6());
    assert_eq!(from, client.local_addr().unwrap());
    assert_eq!(client.peer_addr().unwrap(), server.local_addr().unwrap());
    poll.registry()
        .register(&mut client, TWO, Interest::READABLE)
        .unwrap();
    support::send(&server, b"hi");
    wait_for(&mut poll, &mut events, TWO, |event| event.is_readable());
    assert_eq!(drain(&client), b"hi");
}

/// A read returns the kind of a reset, and no event follows.
#[cfg(not(target_os = "wasi"))]
#[test]
fn reset_is_a_read_error() {
    if support::wine_lacks(Some(10), "tests/wine_differences.rs, reset_reads_as_an_end") {
        return;
    }
    let (mut poll, mut events) = new_poll();
    let (mut client, server) = streams();
    poll.registry().register(&mut client, ONE, BOTH).unwrap();
    wait_for(&mut poll, &mut events, ONE, |event| event.is_writable());
    support::syscalls::reset_on_close(&server);
    drop(server);
    wait_for(&mut poll, &mut events, ONE, |event| event.is_read_closed());
    let error = client.read(&mut [0; 8]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert!(count_events(&mut poll, &mut events) <= 2 + REPEATS);
}
