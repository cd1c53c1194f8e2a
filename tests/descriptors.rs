//! File descriptors: their flags, leaks, and the limit of open files.
//!
//! There is one test, so that no other test of this process opens file descriptors meanwhile.
//! `MIO_NO_LIMITS` in the environment leaves out the parts that lower the limit: valgrind enforces
//! the limit itself, and lets socketpair(2) exceed it.
#![cfg(all(
    any(
        target_os = "linux",
        target_os = "dragonfly",
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "openbsd",
        target_vendor = "apple",
    ),
    feature = "os-poll",
    feature = "net",
    feature = "os-ext"
))]

mod support;

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream as StdStream;

use mio::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream};
use mio::unix::{SourceFd, pipe};
use mio::{Interest, Poll, Token, Waker};
use support::fds::{is_close_on_exec, is_nonblocking, open};
use support::{assert_no_event, loopback, new_poll, retry, wait_for};

#[test]
fn descriptors() {
    println!("every_fd_has_its_flags");
    every_fd_has_its_flags();
    if std::env::var_os("MIO_NO_LIMITS").is_some() {
        support::not_run("in part: MIO_NO_LIMITS leaves out the parts that lower the limit");
    } else {
        println!("failed_constructor_leaks_nothing");
        failed_constructor_leaks_nothing();
        println!("dropped_sources_do_not_count_against_the_fd_limit");
        dropped_sources_do_not_count_against_the_fd_limit();
    }
    println!("dropping_everything_closes_everything");
    dropping_everything_closes_everything();
    println!("closed_fd_can_be_registered_again");
    closed_fd_can_be_registered_again();
}

/// Runs `make`, and returns its value and the file descriptors that it opened.
fn opened<T>(make: impl FnOnce() -> T) -> (T, Vec<RawFd>) {
    let before = open();
    let value = make();
    let new = open()
        .into_iter()
        .filter(|fd| !before.contains(fd))
        .collect();
    (value, new)
}

/// Every fd is close-on-exec, and every socket and pipe is non-blocking, accepted sockets and pairs
/// included.
fn every_fd_has_its_flags() {
    let close_on_exec = |fds: &[RawFd]| {
        for fd in fds {
            assert!(is_close_on_exec(*fd), "{fd}");
        }
    };
    let both = |fds: &[RawFd], count: usize| {
        assert_eq!(fds.len(), count);
        close_on_exec(fds);
        for fd in fds {
            assert!(is_nonblocking(*fd), "{fd}");
        }
    };
    // The selector's fd is neither read nor written, so it may be blocking.
    let (poll, fds) = opened(|| Poll::new().unwrap());
    close_on_exec(&fds);
    let (clone, fds) = opened(|| poll.registry().try_clone().unwrap());
    close_on_exec(&fds);
    let (waker, fds) = opened(|| Waker::new(&clone, Token(0)).unwrap());
    both(&fds, fds.len());
    waker.wake().unwrap();

    let (ends, fds) = opened(|| pipe::new().unwrap());
    both(&fds, 2);
    drop(ends);
    let (_udp, fds) = opened(|| UdpSocket::bind(loopback()).unwrap());
    both(&fds, 1);
    let (listener, fds) = opened(|| TcpListener::bind(loopback()).unwrap());
    both(&fds, 1);
    let address = listener.local_addr().unwrap();
    let (_client, fds) = opened(|| TcpStream::connect(address).unwrap());
    both(&fds, 1);
    let (_accepted, fds) = opened(|| retry(|| listener.accept()));
    both(&fds, 1);

    let path = std::env::temp_dir().join(format!("mio-test-{}-flags", std::process::id()));
    let _ = fs::remove_file(&path);
    let (listener, fds) = opened(|| UnixListener::bind(&path).unwrap());
    both(&fds, 1);
    let (_client, fds) = opened(|| UnixStream::connect(&path).unwrap());
    both(&fds, 1);
    let (_accepted, fds) = opened(|| retry(|| listener.accept()));
    both(&fds, 1);
    fs::remove_file(&path).unwrap();
    let (_datagram, fds) = opened(|| UnixDatagram::unbound().unwrap());
    both(&fds, 1);
    let (_pair, fds) = opened(|| UnixStream::pair().unwrap());
    both(&fds, 2);
    let (_pair, fds) = opened(|| UnixDatagram::pair().unwrap());
    both(&fds, 2);
}

/// With room for 0 to 3 more fds, each constructor succeeds or leaves no fd open.
fn failed_constructor_leaks_nothing() {
    let poll = Poll::new().unwrap();
    let listener = TcpListener::bind(loopback()).unwrap();
    let address = listener.local_addr().unwrap();
    let _waiting: Vec<_> = (0..8)
        .map(|_| std::net::TcpStream::connect(address).unwrap())
        .collect();
    let taken = UdpSocket::bind(loopback()).unwrap();
    let in_use = taken.local_addr().unwrap();
    let missing = std::env::temp_dir().join("mio-test-no-such-directory/socket");

    type Constructor<'a> = (&'a str, Box<dyn Fn() -> io::Result<()> + 'a>);
    let constructors: Vec<Constructor<'_>> = vec![
        ("Poll::new", Box::new(|| Poll::new().map(drop))),
        (
            "Registry::try_clone",
            Box::new(|| poll.registry().try_clone().map(drop)),
        ),
        (
            "Waker::new",
            Box::new(|| Waker::new(poll.registry(), Token(0)).map(drop)),
        ),
        ("pipe::new", Box::new(|| pipe::new().map(drop))),
        (
            "TcpListener::bind",
            Box::new(|| TcpListener::bind(loopback()).map(drop)),
        ),
        (
            "TcpListener::bind, in use",
            Box::new(|| TcpListener::bind(address).map(drop)),
        ),
        (
            "TcpListener::accept",
            Box::new(|| listener.accept().map(drop)),
        ),
        (
            "TcpStream::connect",
            Box::new(|| TcpStream::connect(address).map(drop)),
        ),
        (
            "UdpSocket::bind",
            Box::new(|| UdpSocket::bind(loopback()).map(drop)),
        ),
        (
            "UdpSocket::bind, in use",
            Box::new(|| UdpSocket::bind(in_use).map(drop)),
        ),
        (
            "UnixListener::bind",
            Box::new(|| UnixListener::bind(&missing).map(drop)),
        ),
        (
            "UnixStream::connect",
            Box::new(|| UnixStream::connect(&missing).map(drop)),
        ),
        (
            "UnixStream::pair",
            Box::new(|| UnixStream::pair().map(drop)),
        ),
        (
            "UnixDatagram::bind",
            Box::new(|| UnixDatagram::bind(&missing).map(drop)),
        ),
        (
            "UnixDatagram::pair",
            Box::new(|| UnixDatagram::pair().map(drop)),
        ),
    ];
    for (name, constructor) in &constructors {
        for room in 0..4 {
            let before = open();
            let result = with_room_for(room, constructor);
            assert_eq!(open(), before, "{name} with room for {room}");
            if let (0, Err(error)) = (room, &result) {
                let code = error.raw_os_error();
                // On poll(2) some constructors need no fd, and a bad path may fail first.
                assert!(
                    code == Some(libc::EMFILE) || error.kind() == ErrorKind::NotFound,
                    "{name}: {error}"
                );
            }
        }
    }
}

/// Calls `run` with a limit that leaves room for `room` more fds.
#[allow(unsafe_code)]
fn with_room_for<T>(room: usize, run: impl FnOnce() -> T) -> T {
    let mut old = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: getrlimit(2) writes one `rlimit`.
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut old) }, 0);
    // The limit bounds the value of an fd, so unused values below it are room, too:
    // <https://man7.org/linux/man-pages/man2/getrlimit.2.html>.
    let open = open();
    let limit: RawFd = (0..).filter(|fd| !open.contains(fd)).nth(room).unwrap();
    let new = libc::rlimit {
        rlim_cur: limit as libc::rlim_t,
        ..old
    };
    // SAFETY: setrlimit(2) reads one `rlimit`.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &new) }, 0);
    let result = run();
    // SAFETY: setrlimit(2) reads one `rlimit`.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &old) }, 0);
    result
}

/// Dropped sources do not count against the limit: poll(2) refuses an array that is longer
/// (<https://man7.org/linux/man-pages/man2/poll.2.html>, EINVAL).
fn dropped_sources_do_not_count_against_the_fd_limit() {
    let (mut poll, mut events) = new_poll();
    let mut streams: Vec<_> = (0..50).map(|_| UnixStream::pair().unwrap()).collect();
    for (left, _) in &mut streams {
        poll.registry()
            .register(left, Token(1), Interest::READABLE)
            .unwrap();
    }
    assert_no_event(&mut poll, &mut events, Token(1));
    drop(streams);
    with_room_for(2, || {
        assert_no_event(&mut poll, &mut events, Token(1));
        let (mut left, mut right) = UnixStream::pair().unwrap();
        poll.registry()
            .register(&mut left, Token(2), Interest::READABLE)
            .unwrap();
        right.write_all(b"x").unwrap();
        wait_for(&mut poll, &mut events, Token(2), |event| {
            event.is_readable()
        });
    });
}

fn dropping_everything_closes_everything() {
    let before = open();
    for _ in 0..20 {
        let (mut poll, mut events) = new_poll();
        let clone = poll.registry().try_clone().unwrap();
        let waker = Waker::new(&clone, Token(0)).unwrap();
        let mut listener = TcpListener::bind(loopback()).unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        poll.registry()
            .register(&mut listener, Token(1), Interest::READABLE)
            .unwrap();
        clone
            .register(&mut client, Token(2), Interest::WRITABLE)
            .unwrap();
        wait_for(&mut poll, &mut events, Token(2), |event| {
            event.is_writable()
        });
        // The `Poll` is dropped first.
        drop(poll);
        drop((clone, waker, listener, client));
    }
    assert_eq!(open(), before);
}

/// An fd that is closed without `deregister` reports no event, and can be registered again.
fn closed_fd_can_be_registered_again() {
    let (mut poll, mut events) = new_poll();
    let (left, right) = StdStream::pair().unwrap();
    let fd = left.as_raw_fd();
    poll.registry()
        .register(&mut SourceFd(&fd), Token(1), Interest::READABLE)
        .unwrap();
    drop((left, right));
    assert_no_event(&mut poll, &mut events, Token(1));
    let error = poll.registry().deregister(&mut SourceFd(&fd)).unwrap_err();
    assert!(error.kind() == ErrorKind::NotFound || error.raw_os_error() == Some(libc::EBADF));
    let (left, mut right) = StdStream::pair().unwrap();
    let fd = left.as_raw_fd();
    poll.registry()
        .register(&mut SourceFd(&fd), Token(2), Interest::READABLE)
        .unwrap();
    right.write_all(b"x").unwrap();
    wait_for(&mut poll, &mut events, Token(2), |event| {
        event.is_readable()
    });
}
