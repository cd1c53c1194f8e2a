//! Registration: which calls are errors, with which kind and text, and what ends a registration.
#![cfg(all(
    feature = "os-poll",
    feature = "net",
    not(all(target_os = "wasi", target_env = "p1"))
))]

mod support;
#[cfg(not(target_os = "wasi"))]
#[path = "registration/threads.rs"]
mod threads;

use std::io::{self, ErrorKind};

use mio::event::Event;
use mio::net::{TcpListener, TcpStream, UdpSocket};
use mio::{Events, Interest, Poll, Token};
use support::{
    assert_no_event, drain, loopback, new_poll, poll_events, streams, wait_for, wait_for_all,
};

fn assert_error(result: io::Result<()>, kind: ErrorKind, text: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), kind);
    assert!(error.to_string().contains(text), "{error}");
}

const ALREADY: &str = "I/O source already registered with a `Registry`";
const OTHER: &str = "I/O source already registered with a different `Registry`";
const NOT: &str = "I/O source not registered with `Registry`";

#[test]
fn second_register_is_already_exists() {
    let first = Poll::new().unwrap();
    let second = Poll::new().unwrap();
    let mut socket = UdpSocket::bind(loopback()).unwrap();
    let register = |poll: &Poll, socket: &mut UdpSocket| {
        poll.registry()
            .register(socket, Token(0), Interest::READABLE)
    };
    register(&first, &mut socket).unwrap();
    // The second `Poll` refuses the source, too.
    assert_error(
        register(&first, &mut socket),
        ErrorKind::AlreadyExists,
        ALREADY,
    );
    assert_error(
        register(&second, &mut socket),
        ErrorKind::AlreadyExists,
        ALREADY,
    );
    let clone = first.registry().try_clone().unwrap();
    let result = clone.register(&mut socket, Token(0), Interest::READABLE);
    assert_error(result, ErrorKind::AlreadyExists, ALREADY);
}

#[test]
fn another_poll_cannot_change_a_registration() {
    let (mut first, mut events) = new_poll();
    let second = Poll::new().unwrap();
    let mut socket = UdpSocket::bind(loopback()).unwrap();
    first
        .registry()
        .register(&mut socket, Token(1), Interest::WRITABLE)
        .unwrap();
    let result = second
        .registry()
        .reregister(&mut socket, Token(2), Interest::WRITABLE);
    assert_error(result, ErrorKind::AlreadyExists, OTHER);
    assert_error(
        second.registry().deregister(&mut socket),
        ErrorKind::NotFound,
        NOT,
    );
    // The source is still registered with the first `Poll`.
    wait_for(&mut first, &mut events, Token(1), |event| {
        event.is_writable()
    });
    first.registry().deregister(&mut socket).unwrap();
}

#[test]
fn unregistered_source_is_not_found() {
    let poll = Poll::new().unwrap();
    let mut socket = UdpSocket::bind(loopback()).unwrap();
    let reregister = |socket: &mut UdpSocket| {
        poll.registry()
            .reregister(socket, Token(0), Interest::READABLE)
    };
    assert_error(reregister(&mut socket), ErrorKind::NotFound, NOT);
    assert_error(
        poll.registry().deregister(&mut socket),
        ErrorKind::NotFound,
        NOT,
    );
    poll.registry()
        .register(&mut socket, Token(0), Interest::READABLE)
        .unwrap();
    poll.registry().deregister(&mut socket).unwrap();
    assert_error(
        poll.registry().deregister(&mut socket),
        ErrorKind::NotFound,
        NOT,
    );
    assert_error(reregister(&mut socket), ErrorKind::NotFound, NOT);
}

#[test]
fn source_outlives_its_poll() {
    let mut socket = UdpSocket::bind(loopback()).unwrap();
    for round in 0..3 {
        let (mut first, mut events) = new_poll();
        first
            .registry()
            .register(&mut socket, Token(round), Interest::WRITABLE)
            .unwrap();
        wait_for(&mut first, &mut events, Token(round), |event| {
            event.is_writable()
        });
        drop(first);
        let other = Poll::new().unwrap();
        assert_error(
            other.registry().deregister(&mut socket),
            ErrorKind::NotFound,
            NOT,
        );
    }
}

#[test]
fn registry_clone_works_after_poll_dropped() {
    let poll = Poll::new().unwrap();
    let clone = poll.registry().try_clone().unwrap();
    drop(poll);
    let mut socket = UdpSocket::bind(loopback()).unwrap();
    clone
        .register(&mut socket, Token(0), Interest::READABLE)
        .unwrap();
    clone.deregister(&mut socket).unwrap();
}

#[test]
fn unsupported_interest_leaves_the_source_unregistered() {
    let poll = Poll::new().unwrap();
    let mut socket = UdpSocket::bind(loopback()).unwrap();
    // kqueue supports AIO and LIO on some systems, and no priority.
    let without = if support::KQUEUE {
        [Interest::PRIORITY, Interest::PRIORITY | Interest::READABLE]
    } else {
        [Interest::AIO, Interest::LIO | Interest::READABLE]
    };
    for interest in without {
        let error = poll
            .registry()
            .register(&mut socket, Token(0), interest)
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }
    poll.registry()
        .register(&mut socket, Token(0), Interest::READABLE)
        .unwrap();
}

/// Two sources with one token both report.
#[test]
fn sources_can_share_a_token() {
    let (mut poll, mut events) = new_poll();
    let mut sockets: Vec<_> = (0..2)
        .map(|_| UdpSocket::bind(loopback()).unwrap())
        .collect();
    for socket in &mut sockets {
        poll.registry()
            .register(socket, Token(usize::MAX), Interest::WRITABLE)
            .unwrap();
    }
    let mut count = 0;
    while count < 2 {
        poll_events(&mut poll, &mut events, support::LONG);
        count += events
            .iter()
            .filter(|event| event.token() == Token(usize::MAX))
            .count();
    }
}

/// `reregister` reports what was ready before it.
#[test]
fn reregister_reports_current_readiness() {
    let (mut poll, mut events) = new_poll();
    let (mut client, server) = streams();
    support::send(&server, b"x");
    poll.registry()
        .register(&mut client, Token(0), Interest::READABLE)
        .unwrap();
    wait_for(&mut poll, &mut events, Token(0), |event| {
        event.is_readable()
    });
    assert_no_event(&mut poll, &mut events, Token(0));
    for token in 1..4 {
        poll.registry()
            .reregister(
                &mut client,
                Token(token),
                Interest::READABLE | Interest::WRITABLE,
            )
            .unwrap();
        let wanted: [fn(&Event) -> bool; 2] = [Event::is_readable, Event::is_writable];
        wait_for_all(&mut poll, &mut events, Token(token), &wanted);
    }
}

/// A deregistered source reports no events, also if its event did not fit into the last `poll`.
#[test]
fn deregistered_source_reports_no_events() {
    let mut poll = Poll::new().unwrap();
    let mut events = Events::with_capacity(1);
    let (mut first, first_peer) = streams();
    let (mut second, second_peer) = streams();
    support::send(&first_peer, b"x");
    support::send(&second_peer, b"x");
    let registry = poll.registry();
    registry
        .register(&mut first, Token(1), Interest::READABLE)
        .unwrap();
    registry
        .register(&mut second, Token(2), Interest::READABLE)
        .unwrap();
    poll_events(&mut poll, &mut events, support::LONG);
    let got = events.iter().next().unwrap().token();
    // While the event of one source is handled, the other source is deregistered.
    let (gone, gone_source) = if got == Token(1) {
        (Token(2), &mut second)
    } else {
        (Token(1), &mut first)
    };
    poll.registry().deregister(gone_source).unwrap();
    assert_no_event(&mut poll, &mut events, gone);

    // Dropped sources report no events, and their file descriptors can be used again.
    drop((first, second));
    assert_no_event(&mut poll, &mut events, Token(1));
    let (mut third, third_peer) = streams();
    poll.registry()
        .register(&mut third, Token(3), Interest::READABLE)
        .unwrap();
    support::send(&third_peer, b"y");
    wait_for(&mut poll, &mut events, Token(3), |event| {
        event.is_readable()
    });
    assert_eq!(drain(&third), b"y");
}

/// `poll` delivers no more events than the capacity, and the other events later.
#[test]
fn capacity_limits_events_without_starvation() {
    let mut poll = Poll::new().unwrap();
    let mut events = Events::with_capacity(1);
    let mut sockets: Vec<_> = (0..5)
        .map(|_| UdpSocket::bind(loopback()).unwrap())
        .collect();
    for (index, socket) in sockets.iter_mut().enumerate() {
        poll.registry()
            .register(socket, Token(index), Interest::WRITABLE)
            .unwrap();
    }
    let mut seen = [false; 5];
    for _ in 0..5 {
        poll_events(&mut poll, &mut events, support::LONG);
        assert_eq!(events.iter().count(), 1);
        seen[events.iter().next().unwrap().token().0] = true;
    }
    assert_eq!(seen, [true; 5]);
}

/// `poll` refuses an `Events` of capacity 0.
#[test]
fn capacity_of_zero_is_invalid_input() {
    let mut poll = Poll::new().unwrap();
    let mut events = Events::with_capacity(0);
    for timeout in [None, Some(support::SHORT)] {
        let error = poll.poll(&mut events, timeout).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
}

/// A capacity for which there is no memory costs a smaller buffer, not the process.
#[test]
fn capacity_beyond_the_memory_is_a_smaller_buffer() {
    let mut poll = Poll::new().unwrap();
    let mut socket = UdpSocket::bind(loopback()).unwrap();
    poll.registry()
        .register(&mut socket, Token(0), Interest::WRITABLE)
        .unwrap();
    for capacity in [usize::MAX, usize::MAX / 8, isize::MAX as usize / 16] {
        let mut events = Events::with_capacity(capacity);
        assert_eq!(events.capacity(), capacity);
        wait_for(&mut poll, &mut events, Token(0), |event| {
            event.is_writable()
        });
        poll.registry()
            .reregister(&mut socket, Token(0), Interest::WRITABLE)
            .unwrap();
    }
}

/// A stream that is registered while it connects reports its connection.
#[test]
fn connecting_stream_reports_its_connection() {
    let (mut poll, mut events) = new_poll();
    let listener = TcpListener::bind(loopback()).unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    poll.registry()
        .register(
            &mut client,
            Token(0),
            Interest::READABLE | Interest::WRITABLE,
        )
        .unwrap();
    wait_for(&mut poll, &mut events, Token(0), |event| {
        event.is_writable()
    });
    assert!(client.take_error().unwrap().is_none());
    client.peer_addr().unwrap();
}

#[cfg(not(windows))]
use std::os::fd::{FromRawFd, IntoRawFd, OwnedFd as Owned};
#[cfg(windows)]
use std::os::windows::io::{FromRawSocket, IntoRawSocket, OwnedSocket as Owned};

#[allow(unsafe_code)]
fn through_its_fd(socket: UdpSocket) -> std::net::UdpSocket {
    #[cfg(not(windows))]
    // SAFETY: `into_raw_fd` has given up the fd, which nothing else owns.
    return unsafe { std::net::UdpSocket::from_raw_fd(socket.into_raw_fd()) };
    #[cfg(windows)]
    // SAFETY: `into_raw_socket` has given up the socket, which nothing else owns.
    return unsafe { std::net::UdpSocket::from_raw_socket(socket.into_raw_socket()) };
}

/// A socket that leaves its source by its fd, by ownership or as std's type takes its registration
/// with it on every platform, while it stays open. tokio turns tokens into pointers, so an event of
/// the old token would be a dangling one. mio 1.2 keeps the registration on epoll and kqueue and
/// ends it on poll(2) and Windows.
#[test]
fn into_std_ends_the_registration() {
    let (mut poll, mut events) = new_poll();
    for round in 0..3 {
        let mut socket = UdpSocket::bind(loopback()).unwrap();
        poll.registry()
            .register(
                &mut socket,
                Token(round),
                Interest::READABLE | Interest::WRITABLE,
            )
            .unwrap();
        // On epoll an event is pending, elsewhere one may be.
        let std_socket: std::net::UdpSocket = match round {
            0 => through_its_fd(socket),
            1 => Owned::from(socket).into(),
            _ => socket.into(),
        };
        let address = std_socket.local_addr().unwrap();
        std_socket.send_to(b"x", address).unwrap();
        assert_no_event(&mut poll, &mut events, Token(round));

        // The socket can be registered again, and behaves as any source.
        let mut socket = UdpSocket::from_std(std_socket);
        let registry = poll.registry();
        assert_error(registry.deregister(&mut socket), ErrorKind::NotFound, NOT);
        let again = registry.reregister(&mut socket, Token(9), Interest::READABLE);
        assert_error(again, ErrorKind::NotFound, NOT);
        registry
            .register(&mut socket, Token(10 + round), Interest::READABLE)
            .unwrap();
        wait_for(&mut poll, &mut events, Token(10 + round), |event| {
            event.is_readable()
        });
        poll.registry().deregister(&mut socket).unwrap();
    }
}

/// `deregister` ends the registration of a socket that has a duplicate. Closing one of two file
/// descriptors does not on epoll: <https://man7.org/linux/man-pages/man7/epoll.7.html>, question 6.
#[cfg(not(target_os = "wasi"))]
#[test]
fn duplicated_fd_reports_no_events_after_deregister() {
    let (mut poll, mut events) = new_poll();
    let listener = std::net::TcpListener::bind(loopback()).unwrap();
    let stream = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (peer, _) = listener.accept().unwrap();
    stream.set_nonblocking(true).unwrap();
    let duplicate = stream.try_clone().unwrap();
    let mut stream = TcpStream::from_std(stream);
    poll.registry()
        .register(&mut stream, Token(1), Interest::READABLE)
        .unwrap();
    poll.registry().deregister(&mut stream).unwrap();
    drop(stream);
    support::send(&peer, b"x");
    assert_no_event(&mut poll, &mut events, Token(1));
    // The duplicate can then be registered.
    let mut duplicate = TcpStream::from_std(duplicate);
    poll.registry()
        .register(&mut duplicate, Token(2), Interest::READABLE)
        .unwrap();
    wait_for(&mut poll, &mut events, Token(2), |event| {
        event.is_readable()
    });
}
