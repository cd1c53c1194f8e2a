//! WASI: a `poll` that nothing could end, closed file descriptors, listeners, and missing features.
//!
//! Preview 1 cannot create sockets. Its test of sockets is ignored unless the host preopens a
//! listener as fd 3 and connects to it: `build-tools/wasi/host.py --connect`.
#![cfg(all(
    target_os = "wasi",
    feature = "os-poll",
    feature = "os-ext",
    feature = "net"
))]

mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use mio::net::TcpListener;
use mio::wasi::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token, Waker};
use support::{assert_no_event, new_poll, wait_for, would_block};

const ONE: Token = Token(1);
const TWO: Token = Token(2);
const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
/// An fd that is not open.
const CLOSED: i32 = 77;

/// The tests of other platforms that cannot run on WASI: ignored tests, so that they are counted
/// and give their reasons.
mod not_run {
    #[test]
    #[ignore = "waking a blocked `poll` is not supported: `Waker::new` is `Unsupported`"]
    fn waker_tests() {}

    #[test]
    #[ignore = "there are no threads, wakers and signals to end a long wait"]
    fn other_timeout_tests() {}

    #[test]
    #[ignore = "there is no close-on-exec, and no limit of open files"]
    fn descriptor_tests() {}

    #[test]
    #[ignore = "there are no Unix sockets, no pipes and no child processes"]
    fn unix_socket_and_pipe_tests() {}

    #[test]
    #[ignore = "only a read reports the end of a stream"]
    fn half_close_tests() {}

    #[test]
    #[cfg(target_env = "p1")]
    #[ignore = "preview 1 cannot create sockets"]
    fn socket_and_registration_tests() {}
}

/// Sockets implement the traits of file descriptors.
#[test]
fn sockets_implement_the_fd_traits() {
    use std::os::fd::{AsFd, AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
    fn has_all<T>()
    where
        T: AsFd + AsRawFd + IntoRawFd + FromRawFd + From<OwnedFd> + Into<OwnedFd>,
    {
    }
    has_all::<TcpListener>();
    has_all::<mio::net::TcpStream>();
    has_all::<mio::net::UdpSocket>();
}

#[test]
fn creating_a_waker_is_unsupported() {
    let (poll, _) = new_poll();
    let error = Waker::new(poll.registry(), ONE).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[test]
fn unsupported_interests_are_refused() {
    let (poll, _) = new_poll();
    for interest in [Interest::PRIORITY, Interest::AIO, Interest::LIO | BOTH] {
        let error = poll
            .registry()
            .register(&mut SourceFd(&0), ONE, interest)
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }
}

/// Without registrations `poll` sleeps for its timeout, and fails at once if nothing could end it.
#[test]
fn poll_without_registrations_sleeps_or_fails() {
    let (mut poll, mut events) = new_poll();
    for millis in [0, 1, 30] {
        let (start, timeout) = (Instant::now(), Duration::from_millis(millis));
        poll.poll(&mut events, Some(timeout)).unwrap();
        assert!(start.elapsed() >= timeout && events.is_empty());
    }
    let error = poll.poll(&mut events, None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(events.is_empty());
    let error = poll.poll(&mut Events::with_capacity(0), None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

/// A source that has reported its event and was not used since is not armed. If no other is,
/// nothing can end a `poll` without a timeout, which fails.
#[cfg(not(target_env = "p1"))]
#[test]
fn poll_with_disarmed_sources_only_fails() {
    let (mut poll, mut events) = new_poll();
    let (mut stream, _peer) = support::streams();
    poll.registry()
        .register(&mut stream, ONE, Interest::WRITABLE)
        .unwrap();
    wait_for(&mut poll, &mut events, ONE, |event| event.is_writable());
    let timeout = Some(Duration::from_millis(30));
    poll.poll(&mut events, timeout).unwrap();
    assert!(events.is_empty());
    let error = poll.poll(&mut events, None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

/// A closed fd does not fail `poll` for others. For one, hosts fail the whole `poll_oneoff` or end
/// it at once.
#[test]
fn closed_fd_leaves_others_working() {
    let (mut poll, mut events) = new_poll();
    let watch = |registry: &Registry| registry.register(&mut SourceFd(&CLOSED), TWO, BOTH);
    watch(poll.registry()).unwrap();
    let (start, timeout) = (Instant::now(), Duration::from_millis(30));
    poll.poll(&mut events, Some(timeout)).unwrap();
    assert!(start.elapsed() >= timeout && events.is_empty());
    // `poll` has found out that the fd is closed.
    let error = poll
        .registry()
        .deregister(&mut SourceFd(&CLOSED))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    watch(poll.registry()).unwrap();
    // The standard output, which is always writable, is registered beside it.
    poll.registry()
        .register(&mut SourceFd(&1), ONE, Interest::WRITABLE)
        .unwrap();
    wait_for(&mut poll, &mut events, ONE, |event| event.is_writable());
    for fd in [-1, i32::MIN] {
        let error = poll
            .registry()
            .register(&mut SourceFd(&fd), ONE, BOTH)
            .unwrap_err();
        assert_eq!(
            error.kind(),
            std::io::Error::from_raw_os_error(libc::EBADF).kind()
        );
        assert_eq!(error.raw_os_error(), Some(libc::EBADF));
    }
}

/// A listener, and the `Poll` that serves it.
struct Server {
    listener: TcpListener,
    poll: Poll,
    events: Events,
}

/// A listener is readable only, and a connection reports every step of its peer, which writes
/// `hello`, waits for the echo, shuts its writing half, and closes after the end of the stream.
fn serve(server: Server, mut client: impl FnMut(u32)) {
    let Server {
        mut listener,
        mut poll,
        mut events,
    } = server;
    // With both interests, wasmtime 17 reports a listener with a pending connection as writable.
    let interest = if cfg!(target_env = "p1") {
        Interest::READABLE
    } else {
        BOTH
    };
    poll.registry()
        .register(&mut listener, ONE, interest)
        .unwrap();
    // A closed fd is registered beside it.
    poll.registry()
        .register(&mut SourceFd(&CLOSED), TWO, BOTH)
        .unwrap();
    client(0);
    wait_for(&mut poll, &mut events, ONE, |event| {
        assert!(!event.is_writable(), "{event:?}");
        event.is_readable()
    });
    let (mut stream, _) = listener.accept().unwrap();
    would_block(listener.accept());
    poll.registry().register(&mut stream, TWO, BOTH).unwrap();
    wait_for(&mut poll, &mut events, TWO, |event| event.is_writable());
    would_block(stream.read(&mut [0; 8]));
    // A writable socket is reported after each `WouldBlock` of a read, so from here on the interest
    // is in reading only.
    poll.registry()
        .reregister(&mut stream, TWO, Interest::READABLE)
        .unwrap();
    client(1);
    wait_for(&mut poll, &mut events, TWO, |event| event.is_readable());
    let mut buffer = [0; 16];
    let count = stream.read(&mut buffer).unwrap();
    assert_eq!(&buffer[..count], b"hello");
    would_block(stream.read(&mut buffer));
    assert_no_event(&mut poll, &mut events, TWO);
    stream.write_all(&buffer[..count]).unwrap();
    client(2);
    wait_for(&mut poll, &mut events, TWO, |event| {
        assert!(!event.is_write_closed(), "{event:?}");
        event.is_readable()
    });
    assert_eq!(stream.read(&mut buffer).unwrap(), 0);
    // Only a read reports a half-close. Preview 1 reports that both halves are closed.
    stream.shutdown(Shutdown::Write).unwrap();
    poll.registry()
        .reregister(&mut stream, ONE, Interest::READABLE)
        .unwrap();
    wait_for(&mut poll, &mut events, ONE, |event| {
        event.is_readable() && event.is_read_closed() == cfg!(target_env = "p1")
    });
    poll.registry().deregister(&mut stream).unwrap();
    drop(stream);
    client(3);
    assert_no_event(&mut poll, &mut events, TWO);
    would_block(listener.accept());
}

#[cfg(target_env = "p1")]
#[test]
#[ignore = "needs a preopened listener: build-tools/wasi/host.py --connect"]
fn preopened_listener_and_connection_are_reported() {
    use std::os::fd::FromRawFd;
    #[allow(unsafe_code)]
    // SAFETY: the host has opened fd 3 for this test, and no other test uses it.
    let listener = unsafe { TcpListener::from_raw_fd(3) };
    let (poll, events) = new_poll();
    let server = Server {
        listener,
        poll,
        events,
    };
    serve(server, |_| ());
}

#[cfg(target_env = "p1")]
#[test]
fn creating_sockets_is_unsupported() {
    let address = support::loopback();
    let kinds = [
        TcpListener::bind(address).unwrap_err().kind(),
        mio::net::TcpStream::connect(address).unwrap_err().kind(),
        mio::net::UdpSocket::bind(address).unwrap_err().kind(),
    ];
    assert_eq!(kinds, [ErrorKind::Unsupported; 3]);
}

#[cfg(not(target_env = "p1"))]
#[test]
fn listener_and_connection_are_reported() {
    use std::net::TcpStream;
    let listener = TcpListener::bind(support::loopback()).unwrap();
    let address = listener.local_addr().unwrap();
    let (poll, events) = new_poll();
    let mut client: Option<TcpStream> = None;
    let server = Server {
        listener,
        poll,
        events,
    };
    serve(server, |step| match (step, &mut client) {
        (1, Some(client)) => client.write_all(b"hello").unwrap(),
        (2, Some(client)) => {
            let mut echo = [0; 5];
            client.read_exact(&mut echo).unwrap();
            assert_eq!(&echo, b"hello");
            client.shutdown(Shutdown::Write).unwrap();
        }
        (3, Some(stream)) => {
            assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0);
            client = None;
        }
        _ => client = Some(TcpStream::connect(address).unwrap()),
    });
}

/// A refused connection is an event, and `take_error` returns the error.
#[cfg(not(target_env = "p1"))]
#[test]
fn refused_connection_is_reported() {
    let (mut poll, mut events) = new_poll();
    let address = {
        let listener = TcpListener::bind(support::loopback()).unwrap();
        listener.local_addr().unwrap()
    };
    let mut client = match mio::net::TcpStream::connect(address) {
        Ok(client) => client,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
            return;
        }
    };
    poll.registry().register(&mut client, ONE, BOTH).unwrap();
    wait_for(&mut poll, &mut events, ONE, |event| event.is_writable());
    let error = client.take_error().unwrap().unwrap();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

/// An unconnected socket, which the host cannot poll, does not fail `poll` for others.
#[cfg(not(target_env = "p1"))]
#[test]
fn unconnected_socket_leaves_others_working() {
    let (mut poll, mut events) = new_poll();
    let mut unconnected = mio::net::TcpStream::from_std(support::syscalls::unconnected());
    poll.registry()
        .register(&mut unconnected, ONE, BOTH)
        .unwrap();
    wait_for(&mut poll, &mut events, ONE, |event| event.is_error());
    // The error stays, so it is reported again: 8 times while the delay grows from 1 ms to 10 ms,
    // then every 10 ms.
    let (start, mut count) = (Instant::now(), 0);
    while let Some(left) = Duration::from_millis(100).checked_sub(start.elapsed()) {
        support::poll_events(&mut poll, &mut events, left);
        count += events.iter().filter(|event| event.token() == ONE).count();
    }
    assert!(count <= 18, "{count} events in 100 ms");
    let mut listener = TcpListener::bind(support::loopback()).unwrap();
    poll.registry()
        .register(&mut listener, TWO, Interest::READABLE)
        .unwrap();
    let _client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    wait_for(&mut poll, &mut events, TWO, |event| event.is_readable());
    poll.registry().deregister(&mut unconnected).unwrap();
}
