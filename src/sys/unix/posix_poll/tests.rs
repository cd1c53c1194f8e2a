//! Registering the own notifier, and how many iterations of `select`, each with one poll(2), a
//! message takes.
#![cfg(target_os = "linux")]

use std::cell::Cell;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::*;
use crate::sys::selector::{EventBuffer as _, Selector as _};
use crate::sys::unix::notifier::pipe::Pipe;

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

thread_local! {
    /// The iterations of this thread.
    static ITERATIONS: Cell<usize> = const { Cell::new(0) };
}

/// A notifier that counts iterations: each one requests the fd of the notifier once.
#[derive(Debug)]
struct Counting {
    pipe: Pipe,
}

impl Notifier for Counting {
    const WAKES: bool = true;

    fn new() -> io::Result<Counting> {
        Ok(Counting {
            pipe: Notifier::new()?,
        })
    }

    fn notify(&self) -> io::Result<()> {
        Notifier::notify(&self.pipe)
    }

    fn notify_from_copy(&self) -> io::Result<()> {
        Notifier::notify_from_copy(&self.pipe)
    }

    fn drain(&self) -> io::Result<bool> {
        Notifier::drain(&self.pipe)
    }

    fn raw_fd(&self) -> RawFd {
        ITERATIONS.set(ITERATIONS.get() + 1);
        Notifier::raw_fd(&self.pipe)
    }
}

/// Ten requests and replies, each read until it would block, take ten iterations. This also holds
/// for a source that is registered for writing, as tokio's are: a read that would block re-arms
/// reading only.
#[test]
fn message_takes_one_iteration() {
    for interest in [Interest::READABLE, BOTH] {
        let mut selector = PosixPoll::<Counting>::new().unwrap();
        let mut events = Events::with_capacity(4);
        let (mut left, mut right) = UnixStream::pair().unwrap();
        left.set_nonblocking(true).unwrap();
        let registration = selector
            .register(left.as_raw_fd(), Token(1), interest)
            .unwrap();
        let long = Some(Duration::from_secs(20));
        if interest == BOTH {
            // The source is writable from the start.
            selector.poll(&mut events, long).unwrap();
            assert_eq!(events.as_slice().len(), 1);
        }
        ITERATIONS.set(0);
        let mut buffer = [0; 8];
        for _ in 0..10 {
            right.write_all(b"request").unwrap();
            selector.poll(&mut events, long).unwrap();
            assert_eq!(events.as_slice().len(), 1);
            assert_eq!(left.read(&mut buffer).unwrap(), 7);
            assert!(left.read(&mut buffer).is_err());
            PosixPoll::<Counting>::rearm(&registration, Interest::READABLE).unwrap();
            left.write_all(b"reply").unwrap();
            assert_eq!(right.read(&mut buffer).unwrap(), 5);
        }
        assert_eq!(ITERATIONS.get(), 10, "{interest:?}");
    }
}

/// In debug and in release builds.
#[test]
fn own_notifier_cannot_be_registered() {
    let selector = PosixPoll::<Pipe>::new().unwrap();
    let own = selector.shared.notifier.raw_fd();
    let owned = selector.register(own, Token(0), Interest::READABLE);
    assert_eq!(owned.unwrap_err().kind(), io::ErrorKind::InvalidInput);
    let unowned = selector.register_unowned(own, Token(0), Interest::READABLE);
    assert_eq!(unowned.unwrap_err().kind(), io::ErrorKind::InvalidInput);
}
