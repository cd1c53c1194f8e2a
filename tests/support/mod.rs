//! Helpers that the integration tests share.
#![allow(dead_code)] // No test uses every helper.

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
#[cfg(any(
    target_os = "linux",
    target_os = "dragonfly",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd",
    target_vendor = "apple",
))]
pub(crate) mod terminal;
pub(crate) mod timing;
#[cfg(windows)]
pub(crate) mod wine;

#[path = "not_run.rs"]
mod not_run;

#[allow(unused_imports)] // Not every test can be skipped.
pub(crate) use not_run::not_run;

use std::io::{self, ErrorKind, Read};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::{Events, Poll, Token};

/// The longest wait for an event that must come. A passing test never waits for it.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// The wait for an event that must not come.
pub(crate) const SHORT: Duration = Duration::from_millis(30);

/// Whether the test runs under a Wine that lacks a feature of Windows. `first` is the first version
/// of Wine that has the feature, `None` if no version has it. If the result is `true`, the test
/// counts as skipped, and the caller returns.
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

/// A loopback address with port 0.
pub(crate) fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// A `Poll`, and an event buffer with room for 64 events.
pub(crate) fn new_poll() -> (Poll, Events) {
    (Poll::new().unwrap(), Events::with_capacity(64))
}

/// Polls once, and again after a signal until `timeout` is over.
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

/// Polls until an event of `token` satisfies `wanted`.
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

/// Whether the kernel can start this program. It cannot start one of another processor, which QEMU
/// emulates.
#[cfg(unix)]
pub(crate) fn can_start_itself() -> bool {
    let program = std::env::current_exe().unwrap();
    let output = std::process::Command::new(program).arg("--list").output();
    output.is_ok_and(|output| output.status.success())
}

/// Whether the selector is kqueue: each event reports one condition, and the kernel does not report
/// whether a file descriptor is registered.
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

/// Whether Unix sockets are those of 4.4BSD: a full backlog refuses a connection, and a full
/// receiver refuses a datagram. The fake kqueues have Linux's sockets.
pub(crate) const BSD_SOCKETS: bool = cfg!(any(
    target_vendor = "apple",
    target_os = "dragonfly",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd",
));

/// Whether a fake kernel takes the place of the real one. It waits in its own way.
pub(crate) const FAKE_KERNEL: bool = cfg!(any(
    mio_fake_kernel = "solaris",
    mio_fake_kernel = "wasip1",
    mio_fake_kernel = "apple",
    mio_fake_kernel = "dragonfly",
    mio_fake_kernel = "freebsd",
    mio_fake_kernel = "netbsd",
    mio_fake_kernel = "openbsd",
));

/// Whether the kernel makes the edges, so that a source that was read in part reports new data.
/// Elsewhere an operation must have returned `WouldBlock` first.
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

/// Whether an event distinguishes the end of a peer's stream from data. Elsewhere only a read does.
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

/// Polls until events of `token` have satisfied each condition, one event or several.
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

/// Polls for `SHORT`, and fails if an event of `token` comes.
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

/// Reads until `WouldBlock` or the end, and returns the data.
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

/// Repeats an operation until it no longer returns `WouldBlock`.
pub(crate) fn retry<T>(mut operation: impl FnMut() -> io::Result<T>) -> T {
    let end = Instant::now() + LONG;
    loop {
        match operation() {
            Ok(value) => return value,
            Err(error) if error.kind() == ErrorKind::WouldBlock && Instant::now() < end => {
                // The sleep lets a host with one thread make progress.
                std::thread::sleep(Duration::from_micros(100));
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// Waits until the stream is connected. On WASI that takes a `poll`, even over loopback.
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

/// Two connected streams of this library.
#[cfg(feature = "net")]
pub(crate) fn streams() -> (mio::net::TcpStream, mio::net::TcpStream) {
    let listener = mio::net::TcpListener::bind(loopback()).unwrap();
    let mut client = mio::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = retry(|| listener.accept());
    wait_connected(&mut client);
    (client, server)
}

/// Writes all data. On some hosts a new connection is writable only after a moment.
pub(crate) fn send(mut stream: impl io::Write, mut data: &[u8]) {
    while !data.is_empty() {
        let count = retry(|| stream.write(data));
        data = &data[count..];
    }
}

/// Asserts that the operation returned `WouldBlock`.
pub(crate) fn would_block<T: std::fmt::Debug>(result: io::Result<T>) {
    assert_eq!(result.unwrap_err().kind(), ErrorKind::WouldBlock);
}
