//! Raw descriptors, whose operations the library does not see.
#![cfg(all(
    any(unix, all(target_os = "wasi", not(target_env = "p1"))),
    feature = "os-poll",
    feature = "os-ext"
))]

mod support;

use std::io::ErrorKind;
use std::os::fd::AsRawFd;
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

#[cfg(unix)]
use mio::unix::SourceFd;
#[cfg(target_os = "wasi")]
use mio::wasi::SourceFd;
use mio::{Interest, Token};
use support::{drain, nothing_comes, poll, queue, wait_for};

const ONE: Token = Token(1);
const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

#[cfg(unix)]
fn streams() -> (UnixStream, UnixStream) {
    let (left, right) = UnixStream::pair().unwrap();
    left.set_nonblocking(true).unwrap();
    right.set_nonblocking(true).unwrap();
    (left, right)
}

#[cfg(target_os = "wasi")]
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
        let fd = left.as_raw_fd();
        queue
            .registry()
            .register(&mut SourceFd(&fd), ONE, interest)
            .unwrap();
        for _ in 0..300 {
            support::send(&right, b"x");
            wait_for(&mut queue, &mut events, ONE, |event| event.is_readable());
            assert_eq!(drain(&left), b"x");
        }
        queue.registry().deregister(&mut SourceFd(&fd)).unwrap();
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
        .register(&mut SourceFd(&left.as_raw_fd()), ONE, BOTH)
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
        .reregister(&mut SourceFd(&left.as_raw_fd()), Token(2), BOTH)
        .unwrap();
    wait_for(&mut queue, &mut events, Token(2), |event| {
        event.is_readable()
    });
}

#[test]
fn numbers_that_are_not_open() {
    let (queue, _) = queue();
    for number in [-1, i32::MIN] {
        let error = queue
            .registry()
            .register(&mut SourceFd(&number), ONE, BOTH)
            .unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EBADF));
        assert!(
            queue
                .registry()
                .reregister(&mut SourceFd(&number), ONE, BOTH)
                .is_err()
        );
        assert!(queue.registry().deregister(&mut SourceFd(&number)).is_err());
    }
}

#[test]
fn errors_have_their_kinds() {
    let (queue, _) = queue();
    let (left, _right) = streams();
    let fd = left.as_raw_fd();
    let mut source = SourceFd(&fd);
    let error = queue.registry().deregister(&mut source).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let reregistered = queue.registry().reregister(&mut source, ONE, BOTH);
    if support::KQUEUE {
        // The kernel cannot tell; the last call counts.
        reregistered.unwrap();
        queue.registry().register(&mut source, ONE, BOTH).unwrap();
        queue.registry().deregister(&mut source).unwrap();
        let error = queue.registry().deregister(&mut source).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        return;
    }
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
    let fd = left.as_raw_fd();
    first
        .registry()
        .register(&mut SourceFd(&fd), ONE, Interest::READABLE)
        .unwrap();
    second
        .registry()
        .register(&mut SourceFd(&fd), Token(2), Interest::READABLE)
        .unwrap();
    support::send(&right, b"x");
    wait_for(&mut first, &mut events, ONE, |event| event.is_readable());
    wait_for(&mut second, &mut events, Token(2), |event| {
        event.is_readable()
    });
}
