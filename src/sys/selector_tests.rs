//! One suite of checks for every selector and waker that the platform can build.
//!
//! This file has what the checks share. `combinations_tests` runs them.
#![allow(clippy::unwrap_used)]
// Some platforms run only some of the checks.
#![cfg_attr(
    not(any(target_os = "linux", target_os = "android", windows)),
    allow(dead_code, unused_imports)
)]

mod combinations_tests;
#[cfg(unix)]
mod notifying_tests;
mod threads_tests;
mod waking_tests;
mod watching_tests;

use std::io::{ErrorKind, Read};
use std::time::Duration;

use crate::Interest;
use crate::sys::Raw;
use crate::sys::selector::{EventBuffer as _, RegisterUnowned, SelectorEvent as _};

#[allow(unused_imports)] // For the fake hosts of WASI, which have no wakers.
pub(super) use threads_tests::registration_during_a_wait_is_reported;
#[allow(unused_imports)] // As above.
pub(super) use watching_tests::*;

/// A selector that the checks can test.
pub(super) trait Subject: RegisterUnowned<Raw = Raw> {}
impl<S: RegisterUnowned<Raw = Raw>> Subject for S {}

/// The source that the checks register.
#[cfg(unix)]
type Stream = std::os::unix::net::UnixStream;
/// The source that the checks register.
#[cfg(windows)]
type Stream = std::net::TcpStream;

pub(super) const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
/// Long enough for a loaded machine. No check that passes waits so long.
pub(super) const LONG: Option<Duration> = Some(Duration::from_secs(20));
pub(super) const AT_ONCE: Option<Duration> = Some(Duration::ZERO);

/// Whether each event has one condition only, and the kernel cannot tell whether an unowned fd is
/// registered.
fn is_kqueue<S>() -> bool {
    std::any::type_name::<S>().contains("::Kqueue<")
}

/// Whether it is the selector of WASI preview 1.
fn is_poll_oneoff<S>() -> bool {
    std::any::type_name::<S>().contains("::PollOneoff<")
}

/// Runs checks and prints the name of each, so that the output of a failure has it.
macro_rules! run_checks {
    ($subject:ty: $($check:ident)*) => {$(
        println!(stringify!($check));
        $check::<$subject>();
    )*};
}
pub(super) use run_checks;

pub(super) fn stream_pair() -> (Stream, Stream) {
    let (left, right) = connected();
    left.set_nonblocking(true).unwrap();
    right.set_nonblocking(true).unwrap();
    (left, right)
}

#[cfg(unix)]
fn connected() -> (Stream, Stream) {
    Stream::pair().unwrap()
}

#[cfg(windows)]
fn connected() -> (Stream, Stream) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let left = Stream::connect(listener.local_addr().unwrap()).unwrap();
    let (right, _) = listener.accept().unwrap();
    for stream in [&left, &right] {
        // Otherwise a byte may be delayed and sent with the next one.
        stream.set_nodelay(true).unwrap();
    }
    (left, right)
}

pub(super) fn event_buffer<S: Subject>() -> S::Events {
    S::Events::with_capacity(16)
}

/// One `select` and the tokens of its events. Repeats a call that a signal interrupts.
pub(super) fn tokens<S: Subject>(
    selector: &mut S,
    events: &mut S::Events,
    timeout: Option<Duration>,
) -> Vec<usize> {
    loop {
        match selector.select(events, timeout) {
            Ok(()) => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {
                assert!(events.as_slice().is_empty());
            }
            Err(error) => panic!("select: {error}"),
        }
    }
    events.as_slice().iter().map(|r| r.token().0).collect()
}

/// Reads until the read would block, and re-arms: serves a source.
pub(super) fn drain<S: Subject>(mut stream: &Stream, registration: &S::Registration) {
    let mut buffer = [0; 256];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                S::rearm(registration, Interest::READABLE).unwrap();
                return;
            }
        }
    }
}
