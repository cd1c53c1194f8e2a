//! Unowned file descriptors and unowned Windows sockets, whose operations the library does not see.
#![cfg(all(
    any(unix, windows, all(target_os = "wasi", not(target_env = "p1"))),
    feature = "os-poll",
    feature = "os-ext"
))]

mod support;

use std::io::ErrorKind;
#[cfg(not(windows))]
use std::os::fd::{AsRawFd, RawFd as RawId};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

#[cfg(windows)]
use std::os::windows::io::{AsRawSocket, RawSocket as RawId};

#[cfg(unix)]
use mio::unix::SourceFd as Source;
#[cfg(target_os = "wasi")]
use mio::wasi::SourceFd as Source;
#[cfg(windows)]
use mio::windows::SourceSocket as Source;
use mio::{Interest, Token};
use support::{assert_no_event, drain, new_poll, poll_events, wait_for};

const ONE: Token = Token(1);
const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

#[cfg(not(windows))]
fn raw_fd(stream: &impl AsRawFd) -> RawId {
    stream.as_raw_fd()
}

#[cfg(windows)]
fn raw_fd(stream: &impl AsRawSocket) -> RawId {
    stream.as_raw_socket()
}

/// Values that are never open, and the system's error for them.
#[cfg(not(windows))]
const NOT_OPEN: ([RawId; 2], i32) = ([-1, i32::MIN], libc::EBADF);
#[cfg(windows)]
const NOT_OPEN: ([RawId; 2], i32) = ([RawId::MAX, 0], 10_038); // WSAENOTSOCK

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

/// A source that is drained by plain reads reports all new data, also after more reports than a
/// poll(2) selector makes without a probe.
#[test]
fn externally_drained_fd_keeps_reporting() {
    for interest in [Interest::READABLE, BOTH] {
        let (mut poll, mut events) = new_poll();
        let (left, right) = streams();
        let fd = raw_fd(&left);
        poll.registry()
            .register(&mut Source(&fd), ONE, interest)
            .unwrap();
        let start = Instant::now();
        for _ in 0..300 {
            support::send(&right, b"x");
            wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
            assert_eq!(drain(&left), b"x");
        }
        // An event is at most 10 ms late, which makes 3 s; the rest allows for a loaded machine.
        assert!(start.elapsed() < Duration::from_secs(15));
        poll.registry().deregister(&mut Source(&fd)).unwrap();
        support::send(&right, b"x");
        assert_no_event(&mut poll, &mut events, ONE);
    }
}

/// A ready source that is never served does not keep `poll` busy.
#[test]
fn unserved_fd_backs_off() {
    let (mut poll, mut events) = new_poll();
    let (left, right) = streams();
    poll.registry()
        .register(&mut Source(&raw_fd(&left)), ONE, BOTH)
        .unwrap();
    support::send(&right, b"x");
    let returns = |poll: &mut mio::Poll, events: &mut mio::Events, time: Duration| {
        let end = Instant::now() + time;
        let mut count = 0;
        while Instant::now() < end {
            poll_events(poll, events, end.saturating_duration_since(Instant::now()));
            count += usize::from(!events.is_empty());
        }
        count
    };
    // The delays of both directions grow first.
    returns(&mut poll, &mut events, Duration::from_millis(300));
    let count = returns(&mut poll, &mut events, Duration::from_secs(1));
    assert!(count <= 250, "{count} returns in a second");
    // `reregister` arms the source at once.
    poll.registry()
        .reregister(&mut Source(&raw_fd(&left)), Token(2), BOTH)
        .unwrap();
    wait_for(&mut poll, &mut events, Token(2), |event| {
        event.is_readable()
    });
}

#[test]
fn invalid_fds_are_refused() {
    let (poll, _) = new_poll();
    let (fds, code) = NOT_OPEN;
    for fd in fds {
        let error = poll
            .registry()
            .register(&mut Source(&fd), ONE, BOTH)
            .unwrap_err();
        assert_eq!(error.raw_os_error(), Some(code));
        assert!(
            poll.registry()
                .reregister(&mut Source(&fd), ONE, BOTH)
                .is_err()
        );
        assert!(poll.registry().deregister(&mut Source(&fd)).is_err());
    }
}

#[test]
fn registration_errors_have_their_kinds() {
    let (poll, _) = new_poll();
    let (left, _right) = streams();
    let fd = raw_fd(&left);
    let mut source = Source(&fd);
    let deregistered = poll.registry().deregister(&mut source);
    let reregistered = poll.registry().reregister(&mut source, ONE, BOTH);
    if support::KQUEUE {
        // kqueue does not report whether an fd is registered, and the last call wins. mio 1.2
        // ignores ENOENT, too.
        deregistered.unwrap();
        reregistered.unwrap();
        poll.registry().register(&mut source, ONE, BOTH).unwrap();
        poll.registry().deregister(&mut source).unwrap();
        poll.registry().deregister(&mut source).unwrap();
        return;
    }
    assert_eq!(deregistered.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(reregistered.unwrap_err().kind(), ErrorKind::NotFound);
    poll.registry().register(&mut source, ONE, BOTH).unwrap();
    let error = poll
        .registry()
        .register(&mut source, ONE, BOTH)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
}

/// A second `register` fails and changes nothing. kqueue cannot detect it: the call adds the
/// interests that it names, and replaces their token.
#[test]
fn second_register_keeps_the_first() {
    let (mut poll, mut events) = new_poll();
    let (left, right) = streams();
    support::send(&right, b"x");
    let fd = raw_fd(&left);
    let registry = poll.registry();
    registry
        .register(&mut Source(&fd), ONE, Interest::READABLE)
        .unwrap();
    let second = registry.register(&mut Source(&fd), Token(2), Interest::WRITABLE);
    wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
    if !support::KQUEUE {
        assert_eq!(second.unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_no_event(&mut poll, &mut events, Token(2));
        return;
    }
    second.unwrap();
    poll.registry()
        .register(&mut Source(&fd), Token(3), BOTH)
        .unwrap();
    poll_events(&mut poll, &mut events, Duration::from_secs(5));
    let tokens: Vec<usize> = events.iter().map(|event| event.token().0).collect();
    assert_eq!(tokens, [3, 3]);
}

/// A source is not registered after a `register` that fails because its fd is registered already,
/// nor after a `deregister` that fails because `SourceFd` has ended its registration. kqueue does
/// not refuse the first.
#[cfg(unix)]
#[test]
fn refused_source_is_not_registered() {
    let (mut poll, mut events) = new_poll();
    let (mut sender, _receiver) = mio::unix::pipe::new().unwrap();
    let (fd, interest) = (raw_fd(&sender), Interest::WRITABLE);
    let registry = poll.registry();
    registry.register(&mut Source(&fd), ONE, interest).unwrap();
    let refused = registry.register(&mut sender, Token(2), interest);
    if support::KQUEUE {
        return refused.unwrap();
    }
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::AlreadyExists);
    let unknown = registry.deregister(&mut sender);
    assert_eq!(unknown.unwrap_err().kind(), ErrorKind::NotFound);
    registry.deregister(&mut Source(&fd)).unwrap();
    for _ in 0..2 {
        registry.register(&mut sender, Token(3), interest).unwrap();
        registry.deregister(&mut Source(&fd)).unwrap();
        let ended = registry.deregister(&mut sender);
        assert_eq!(ended.unwrap_err().kind(), ErrorKind::NotFound);
    }
    registry.register(&mut sender, Token(4), interest).unwrap();
    wait_for(&mut poll, &mut events, Token(4), |event| {
        event.is_writable()
    });
}

/// A poll has seen an error without an event of it, and a read has taken it. The first event after
/// `reregister` reports reading nevertheless.
#[cfg(unix)]
#[test]
fn reregistered_fd_reports_reading_after_an_error() {
    let (mut poll, mut events) = new_poll();
    let (left, right) = streams();
    support::send(&left, b"x");
    let fd = raw_fd(&left);
    poll.registry()
        .register(&mut Source(&fd), ONE, Interest::READABLE)
        .unwrap();
    // With unread data, so that the peer gets an error.
    drop(right);
    for _ in 0..2 {
        poll_events(&mut poll, &mut events, Duration::ZERO);
    }
    let _ = std::io::Read::read(&mut &left, &mut [0]);
    poll.registry()
        .reregister(&mut Source(&fd), Token(2), Interest::READABLE)
        .unwrap();
    poll_events(&mut poll, &mut events, Duration::from_secs(5));
    let two = |event: &&mio::event::Event| event.token() == Token(2);
    assert!(events.iter().filter(two).any(|event| event.is_readable()));
}

/// One fd can be registered with two `Poll`s, and both report.
#[test]
fn one_fd_reports_to_two_polls() {
    let (mut first, mut events) = new_poll();
    let (mut second, _) = new_poll();
    let (left, right) = streams();
    let fd = raw_fd(&left);
    first
        .registry()
        .register(&mut Source(&fd), ONE, Interest::READABLE)
        .unwrap();
    second
        .registry()
        .register(&mut Source(&fd), Token(2), Interest::READABLE)
        .unwrap();
    support::send(&right, b"x");
    wait_for(&mut first, &mut events, ONE, |event| event.is_readable());
    wait_for(&mut second, &mut events, Token(2), |event| {
        event.is_readable()
    });
}

/// An fd that is closed while registered, ready and unserved, does not stop the events of others.
#[test]
fn closed_fd_leaves_others_working() {
    let (mut poll, mut events) = new_poll();
    let (closed, _peer) = streams();
    let (left, right) = streams();
    let both = [(&closed, ONE), (&left, Token(2))];
    for (stream, token) in both {
        poll.registry()
            .register(&mut Source(&raw_fd(stream)), token, BOTH)
            .unwrap();
    }
    // By then a selector that emulates edges probes both sources.
    let end = Instant::now() + Duration::from_millis(300);
    while Instant::now() < end {
        poll_events(
            &mut poll,
            &mut events,
            end.saturating_duration_since(Instant::now()),
        );
    }
    let gone = raw_fd(&closed);
    drop(closed);
    for _ in 0..20 {
        support::send(&right, b"x");
        wait_for(&mut poll, &mut events, Token(2), |event| {
            event.is_readable()
        });
        assert_eq!(drain(&left), b"x");
    }
    assert_no_event(&mut poll, &mut events, ONE);
    assert!(poll.registry().deregister(&mut Source(&gone)).is_err());
}

/// Where the kernel does not report that a file descriptor was closed, and the fd was reused before
/// a `poll` could find that out, registering it is an error with advice. epoll
/// (<https://man7.org/linux/man-pages/man7/epoll.7.html>, question 6) and event ports
/// (<https://illumos.org/man/3C/port_associate>) end a registration with its last file descriptor.
#[cfg(unix)]
#[test]
#[allow(unsafe_code)]
fn reused_fd_is_an_error_with_advice() {
    let (mut poll, mut events) = new_poll();
    let (left, _peer) = streams();
    let fd = raw_fd(&left);
    let mut source = Source(&fd);
    poll.registry()
        .register(&mut source, ONE, Interest::READABLE)
        .unwrap();
    let (new, right) = streams();
    // SAFETY: dup2(2) closes `fd` and opens it again; `left` owns the new one.
    let reused = unsafe { libc::dup2(raw_fd(&new), fd) };
    assert_eq!(reused, fd);
    let registered = poll
        .registry()
        .register(&mut source, Token(2), Interest::READABLE);
    if let Err(error) = registered {
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert!(
            error.to_string().contains("deregister `SourceFd`"),
            "{error}"
        );
        poll.registry().deregister(&mut source).unwrap();
        poll.registry()
            .register(&mut source, Token(2), Interest::READABLE)
            .unwrap();
    }
    support::send(&right, b"x");
    wait_for(&mut poll, &mut events, Token(2), |event| {
        event.is_readable()
    });
}
