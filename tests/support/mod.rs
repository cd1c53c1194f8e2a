//! The vocabulary of the tests.
#![allow(dead_code)] // No test uses all of it.

#[cfg(target_os = "linux")]
pub(crate) mod child_process;
#[cfg(windows)]
pub(crate) mod counting_allocator;
#[cfg(unix)]
pub(crate) mod fds;
#[cfg(windows)]
pub(crate) mod handles;
#[cfg(target_os = "linux")]
pub(crate) mod hang_ups;
#[cfg(all(windows, feature = "os-ext"))]
pub(crate) mod pipes;
#[cfg(all(
    any(unix, windows, all(target_os = "wasi", not(target_env = "p1"))),
    feature = "net"
))]
pub(crate) mod syscalls;
pub(crate) mod timing;
#[cfg(windows)]
pub(crate) mod wine;

#[path = "../../src/not_run.rs"]
mod not_run;

#[allow(unused_imports)] // Not every test needs it.
pub(crate) use not_run::not_run;

use std::io::{self, ErrorKind, Read};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::{Events, Poll, Token};

/// How long an event that must come may take. Nothing waits for it when all is well.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// How long an event that must not come is waited for.
pub(crate) const SHORT: Duration = Duration::from_millis(30);

/// Whether this is a Wine that lacks what a test needs of Windows: one older than `first`, the
/// first version that has it, or any where none is known. If so, the test counts as not run, and
/// returns.
#[track_caller]
pub(crate) fn wine_lacks(first: Option<u32>, what: &str) -> bool {
    #[cfg(windows)]
    if let Some(version) = wine::version() {
        if first.is_none_or(|first| version < first) {
            not_run(format!("Wine {version}: {what}"));
            return true;
        }
    }
    let _ = (first, what);
    false
}

/// Any port of loopback.
pub(crate) fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// A queue and a buffer.
pub(crate) fn new_poll() -> (Poll, Events) {
    (Poll::new().unwrap(), Events::with_capacity(64))
}

/// One `poll`; a signal is no reason to fail.
pub(crate) fn poll_events(poll: &mut Poll, events: &mut Events, timeout: Duration) {
    let end = Instant::now() + timeout;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        match poll.poll(events, Some(left)) {
            Ok(()) => return,
            Err(error) if error.kind() == ErrorKind::Interrupted => assert!(events.is_empty()),
            Err(error) => panic!("poll: {error}"),
        }
    }
}

/// Polls until an event of `token` is as wanted.
pub(crate) fn wait_for(
    poll: &mut Poll,
    events: &mut Events,
    token: Token,
    wanted: impl Fn(&Event) -> bool,
) {
    let end = Instant::now() + LONG;
    let mut seen = Vec::new();
    while Instant::now() < end {
        poll_events(poll, events, LONG);
        for event in events.iter() {
            if event.token() == token && wanted(event) {
                return;
            }
            seen.push(format!("{event:?}"));
        }
    }
    panic!("no such event of {token:?}; seen: {seen:#?}");
}

/// Whether the queue is a kqueue: its events say one thing each, and it cannot tell whether a bare number is watched.
pub(crate) const KQUEUE: bool = cfg!(all(
    not(mio_unsupported_force_poll_poll),
    any(
        target_vendor = "apple",
        target_os = "dragonfly",
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "openbsd",
        mio_fake_kernel = "apple",
        mio_fake_kernel = "dragonfly",
        mio_fake_kernel = "freebsd",
        mio_fake_kernel = "netbsd",
        mio_fake_kernel = "openbsd",
    )
));

/// Whether Unix domain sockets are those of 4.4BSD: a full backlog refuses a connection, and a full
/// receiver a datagram. The kqueue fakes have Linux's.
pub(crate) const BSD_SOCKETS: bool = cfg!(any(
    target_vendor = "apple",
    target_os = "dragonfly",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd",
));

/// Whether a double plays another system's kernel here. It has its own ways to wait.
pub(crate) const FAKE_KERNEL: bool = cfg!(any(
    mio_fake_kernel = "solaris",
    mio_fake_kernel = "wasip1",
    mio_fake_kernel = "apple",
    mio_fake_kernel = "dragonfly",
    mio_fake_kernel = "freebsd",
    mio_fake_kernel = "netbsd",
    mio_fake_kernel = "openbsd",
));

/// Whether a source that was read in part reports new data by itself: the kernel's edges are real. Elsewhere an operation must
/// have said that it would block.
pub(crate) const EDGES: bool = KQUEUE
    || cfg!(all(
        any(
            target_os = "linux",
            target_os = "android",
            target_os = "illumos",
            target_os = "redox",
            target_os = "emscripten"
        ),
        not(mio_unsupported_force_poll_poll),
        not(mio_fake_kernel = "solaris"),
        not(mio_fake_kernel = "wasip1"),
    ));

/// Whether the end of a peer's stream is told apart from data. Elsewhere only reading tells it.
pub(crate) const REPORTS_END: bool = !cfg!(any(
    target_os = "aix",
    target_os = "cygwin",
    target_os = "espidf",
    target_os = "fuchsia",
    target_os = "haiku",
    target_os = "horizon",
    target_os = "hurd",
    target_os = "nto",
    target_os = "nuttx",
    target_os = "solaris",
    target_os = "vita",
    target_os = "wasi",
    mio_fake_kernel = "solaris",
));

/// Polls until each of these has been said by an event of `token`, by one or by several.
pub(crate) fn wait_for_all(
    poll: &mut Poll,
    events: &mut Events,
    token: Token,
    wanted: &[fn(&Event) -> bool],
) {
    let mut seen = vec![false; wanted.len()];
    wait_for(poll, events, token, |_| true);
    loop {
        for event in events.iter().filter(|event| event.token() == token) {
            for (seen, wanted) in seen.iter_mut().zip(wanted) {
                *seen |= wanted(event);
            }
        }
        if seen.iter().all(|seen| *seen) {
            return;
        }
        wait_for(poll, events, token, |_| true);
    }
}

/// Polls for a while: no event of `token` comes.
pub(crate) fn assert_no_event(poll: &mut Poll, events: &mut Events, token: Token) {
    let end = Instant::now() + SHORT;
    loop {
        poll_events(poll, events, end.saturating_duration_since(Instant::now()));
        for event in events.iter() {
            assert_ne!(event.token(), token, "{event:?}");
        }
        if Instant::now() >= end {
            return;
        }
    }
}

/// Reads until it would block, or the end; returns what was read.
pub(crate) fn drain(mut source: impl Read) -> Vec<u8> {
    let mut all = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match source.read(&mut buffer) {
            Ok(0) => return all,
            Ok(count) => all.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return all,
            Err(error) => panic!("read: {error}"),
        }
    }
}

/// Tries until it no longer would block. The caller knows that it will end.
pub(crate) fn retry<T>(mut operation: impl FnMut() -> io::Result<T>) -> T {
    let end = Instant::now() + LONG;
    loop {
        match operation() {
            Ok(value) => return value,
            Err(error) if error.kind() == ErrorKind::WouldBlock && Instant::now() < end => {
                // Asleep, so that a host with one thread can go on, too.
                std::thread::sleep(Duration::from_micros(100));
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// Waits until a connection is there. On most systems loopback is at once; on WASI it is only after a `poll`.
#[cfg(feature = "net")]
pub(crate) fn wait_connected(stream: &mut mio::net::TcpStream) {
    let (mut poll, mut events) = new_poll();
    poll.registry()
        .register(stream, Token(0), mio::Interest::WRITABLE)
        .unwrap();
    wait_for(&mut poll, &mut events, Token(0), |event| {
        event.is_writable()
    });
    poll.registry().deregister(stream).unwrap();
    stream.peer_addr().unwrap();
}

/// A connected pair, both ends of this library.
#[cfg(feature = "net")]
pub(crate) fn streams() -> (mio::net::TcpStream, mio::net::TcpStream) {
    let listener = mio::net::TcpListener::bind(loopback()).unwrap();
    let mut client = mio::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = retry(|| listener.accept());
    wait_connected(&mut client);
    (client, server)
}

/// Writes all of it. Some hosts let a new connection wait a moment before it can be written to.
pub(crate) fn send(mut stream: impl io::Write, mut data: &[u8]) {
    while !data.is_empty() {
        let count = retry(|| stream.write(data));
        data = &data[count..];
    }
}

/// That it would block.
pub(crate) fn would_block<T: std::fmt::Debug>(result: io::Result<T>) {
    assert_eq!(result.unwrap_err().kind(), ErrorKind::WouldBlock);
}
