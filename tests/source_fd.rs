//! Sources that are only a number, whose operations the library does not see: descriptors, and sockets of Windows.
#![cfg(all(
    any(unix, windows, all(target_os = "wasi", not(target_env = "p1"))),
    feature = "os-poll",
    feature = "os-ext"
))]

mod support;

use std::io::ErrorKind;
#[cfg(not(windows))]
use std::os::fd::{AsRawFd, RawFd as Number};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

#[cfg(windows)]
use std::os::windows::io::{AsRawSocket, RawSocket as Number};

#[cfg(unix)]
use mio::unix::SourceFd as Source;
#[cfg(target_os = "wasi")]
use mio::wasi::SourceFd as Source;
#[cfg(windows)]
use mio::windows::SourceSocket as Source;
use mio::{Interest, Token};
use support::{drain, nothing_comes, poll, queue, wait_for};

const ONE: Token = Token(1);
const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

#[cfg(not(windows))]
fn number(stream: &impl AsRawFd) -> Number {
    stream.as_raw_fd()
}

#[cfg(windows)]
fn number(stream: &impl AsRawSocket) -> Number {
    stream.as_raw_socket()
}

/// Numbers that are never open, and what the system says of them.
#[cfg(not(windows))]
const NOT_OPEN: ([Number; 2], i32) = ([-1, i32::MIN], libc::EBADF);
#[cfg(windows)]
const NOT_OPEN: ([Number; 2], i32) = ([Number::MAX, 0], 10_038); // WSAENOTSOCK

#[cfg(unix)]
fn streams() -> (UnixStream, UnixStream) {
    let (left, right) = UnixStream::pair().unwrap();
    left.set_nonblocking(true).unwrap();
    right.set_nonblocking(true).unwrap();
    (left, right)
}

#[cfg(not(unix))]
fn streams() -> (std::net::TcpStream, std::net::TcpStream) {
    let listener = std::net::TcpListener::bind(support::loopback()).unwrap();
    let left = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (right, _) = listener.accept().unwrap();
    left.set_nonblocking(true).unwrap();
    right.set_nonblocking(true).unwrap();
    (left, right)
}

/// drained by plain reads, each new data gives an event; far more often than a poll(2) backend trusts.
#[test]
fn drained_elsewhere_it_keeps_getting_events() {
    for interest in [Interest::READABLE, BOTH] {
        let (mut queue, mut events) = queue();
        let (left, right) = streams();
        let raw = number(&left);
        queue
            .registry()
            .register(&mut Source(&raw), ONE, interest)
            .unwrap();
        let start = Instant::now();
        for _ in 0..300 {
            support::send(&right, b"x");
            wait_for(&mut queue, &mut events, ONE, |event| event.is_readable());
            assert_eq!(drain(&left), b"x");
        }
        // No event is later than 10 ms; the rest is for a busy machine.
        assert!(start.elapsed() < Duration::from_secs(15));
        queue.registry().deregister(&mut Source(&raw)).unwrap();
        support::send(&right, b"x");
        nothing_comes(&mut queue, &mut events, ONE);
    }
}

/// A-35, the other half: ready and never served, it does not keep the poller busy.
#[test]
fn never_served_it_is_reported_seldom() {
    let (mut queue, mut events) = queue();
    let (left, right) = streams();
    queue
        .registry()
        .register(&mut Source(&number(&left)), ONE, BOTH)
        .unwrap();
    support::send(&right, b"x");
    let returns = |queue: &mut mio::Poll, events: &mut mio::Events, time: Duration| {
        let end = Instant::now() + time;
        let mut count = 0;
        while Instant::now() < end {
            poll(queue, events, end.saturating_duration_since(Instant::now()));
            count += usize::from(!events.is_empty());
        }
        count
    };
    // Both directions warm up first.
    returns(&mut queue, &mut events, Duration::from_millis(300));
    let count = returns(&mut queue, &mut events, Duration::from_secs(1));
    assert!(count <= 250, "{count} returns in a second");
    // And `reregister` arms at once.
    queue
        .registry()
        .reregister(&mut Source(&number(&left)), Token(2), BOTH)
        .unwrap();
    wait_for(&mut queue, &mut events, Token(2), |event| {
        event.is_readable()
    });
}

#[test]
fn numbers_that_are_not_open() {
    let (queue, _) = queue();
    let (numbers, code) = NOT_OPEN;
    for number in numbers {
        let error = queue
            .registry()
            .register(&mut Source(&number), ONE, BOTH)
            .unwrap_err();
        assert_eq!(error.raw_os_error(), Some(code));
        assert!(
            queue
                .registry()
                .reregister(&mut Source(&number), ONE, BOTH)
                .is_err()
        );
        assert!(queue.registry().deregister(&mut Source(&number)).is_err());
    }
}

#[test]
fn errors_have_their_kinds() {
    let (queue, _) = queue();
    let (left, _right) = streams();
    let raw = number(&left);
    let mut source = Source(&raw);
    let deregistered = queue.registry().deregister(&mut source);
    let reregistered = queue.registry().reregister(&mut source, ONE, BOTH);
    if support::KQUEUE {
        // The kernel cannot tell; the last call counts. mio 1.2 passes over ENOENT, too.
        deregistered.unwrap();
        reregistered.unwrap();
        queue.registry().register(&mut source, ONE, BOTH).unwrap();
        queue.registry().deregister(&mut source).unwrap();
        queue.registry().deregister(&mut source).unwrap();
        return;
    }
    assert_eq!(deregistered.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(reregistered.unwrap_err().kind(), ErrorKind::NotFound);
    queue.registry().register(&mut source, ONE, BOTH).unwrap();
    let error = queue
        .registry()
        .register(&mut source, ONE, BOTH)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
}

/// lawful, and both report.
#[test]
fn one_number_on_two_queues() {
    let (mut first, mut events) = queue();
    let (mut second, _) = queue();
    let (left, right) = streams();
    let raw = number(&left);
    first
        .registry()
        .register(&mut Source(&raw), ONE, Interest::READABLE)
        .unwrap();
    second
        .registry()
        .register(&mut Source(&raw), Token(2), Interest::READABLE)
        .unwrap();
    support::send(&right, b"x");
    wait_for(&mut first, &mut events, ONE, |event| event.is_readable());
    wait_for(&mut second, &mut events, Token(2), |event| {
        event.is_readable()
    });
}

/// closed while registered, at a time when both are ready and nobody serves them, one disturbs nobody else.
#[test]
fn one_that_was_closed_disturbs_nobody() {
    let (mut queue, mut events) = queue();
    let (closed, _peer) = streams();
    let (left, right) = streams();
    let both = [(&closed, ONE), (&left, Token(2))];
    for (stream, token) in both {
        queue
            .registry()
            .register(&mut Source(&number(stream)), token, BOTH)
            .unwrap();
    }
    // A selector that is told levels only doubts both by then.
    let end = Instant::now() + Duration::from_millis(300);
    while Instant::now() < end {
        poll(
            &mut queue,
            &mut events,
            end.saturating_duration_since(Instant::now()),
        );
    }
    let gone = number(&closed);
    drop(closed);
    for _ in 0..20 {
        support::send(&right, b"x");
        wait_for(&mut queue, &mut events, Token(2), |event| {
            event.is_readable()
        });
        assert_eq!(drain(&left), b"x");
    }
    nothing_comes(&mut queue, &mut events, ONE);
    assert!(queue.registry().deregister(&mut Source(&gone)).is_err());
}

/// Where the kernel does not say that a file descriptor was closed, and it was reused before a poll
/// could see it, registering it is an error that says what to do about it. epoll(7) and
/// port_associate(3C) end a registration with its last descriptor.
#[cfg(unix)]
#[test]
#[allow(unsafe_code)]
fn reused_descriptor_is_an_error_that_says_so() {
    let (mut queue, mut events) = queue();
    let (left, _peer) = streams();
    let fd = number(&left);
    let mut source = Source(&fd);
    queue
        .registry()
        .register(&mut source, ONE, Interest::READABLE)
        .unwrap();
    let (new, right) = streams();
    // SAFETY: dup2(2) closes `fd`, which `left` goes on to own, and opens it anew.
    let reused = unsafe { libc::dup2(number(&new), fd) };
    assert_eq!(reused, fd);
    let registered = queue
        .registry()
        .register(&mut source, Token(2), Interest::READABLE);
    if let Err(error) = registered {
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert!(
            error.to_string().contains("deregister `SourceFd`"),
            "{error}"
        );
        queue.registry().deregister(&mut source).unwrap();
        queue
            .registry()
            .register(&mut source, Token(2), Interest::READABLE)
            .unwrap();
    }
    support::send(&right, b"x");
    wait_for(&mut queue, &mut events, Token(2), |event| {
        event.is_readable()
    });
}
