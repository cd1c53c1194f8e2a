//! What is special about event ports, on their double.
#![cfg(mio_fake_kernel = "solaris")]
#![allow(clippy::unwrap_used)]

use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, IntoRawFd};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use super::*;
use crate::sys::selector::{EventBuffer as _, Selector as _, SelectorEvent as _};
use crate::sys::unix::fd;
use crate::testing::event_ports::PortEvent;
use crate::testing::event_ports::faults::{self, Faults};

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
const AT_ONCE: Option<Duration> = Some(Duration::ZERO);
const LONG: Option<Duration> = Some(Duration::from_secs(20));

/// A queue and room for so many events.
fn queue(capacity: usize) -> (EventPorts, Events) {
    (EventPorts::new().unwrap(), Events::with_capacity(capacity))
}

/// One `select`: the tokens, sorted.
fn tokens(queue: &mut EventPorts, records: &mut Events, timeout: Option<Duration>) -> Vec<usize> {
    queue.select(records, timeout).unwrap();
    let all = records.as_slice().iter();
    let mut tokens: Vec<usize> = all.map(|record| record.token().0).collect();
    tokens.sort_unstable();
    tokens
}

fn streams() -> (UnixStream, UnixStream) {
    let (left, right) = UnixStream::pair().unwrap();
    left.set_nonblocking(true).unwrap();
    (left, right)
}

fn drain(mut stream: &UnixStream) {
    let mut buffer = [0; 64];
    while stream.read(&mut buffer).is_ok_and(|count| count != 0) {}
}

/// an association is gone with its event; what is still wanted is asked for again, and by raw descriptors always.
#[test]
fn what_was_told_is_asked_for_again() {
    let (mut queue, mut records) = queue(8);
    let (left, right) = streams();
    let fd = left.as_raw_fd();
    queue
        .register_unowned(fd, Token(1), Interest::READABLE)
        .unwrap();
    // More often than a lane is trusted.
    for _ in 0..200 {
        (&right).write_all(b"x").unwrap();
        assert_eq!(tokens(&mut queue, &mut records, LONG), [1]);
        drain(&left);
    }
    queue.deregister_unowned(fd).unwrap();

    // An owned source that was told to be writable still waits for data.
    let registration = queue.register(fd, Token(2), BOTH).unwrap();
    assert_eq!(tokens(&mut queue, &mut records, LONG), [2]);
    assert!(tokens(&mut queue, &mut records, AT_ONCE).is_empty());
    (&right).write_all(b"x").unwrap();
    assert_eq!(tokens(&mut queue, &mut records, LONG), [2]);
    let record = &records.as_slice()[0];
    assert!(record.is_readable() && !record.is_writable());
    // Told once; and again when an operation would block.
    (&right).write_all(b"x").unwrap();
    assert!(tokens(&mut queue, &mut records, AT_ONCE).is_empty());
    drain(&left);
    EventPorts::rearm(&registration, BOTH).unwrap();
    assert_eq!(tokens(&mut queue, &mut records, LONG), [2]);
    assert!(!records.as_slice()[0].is_readable());
    (&right).write_all(b"x").unwrap();
    assert_eq!(tokens(&mut queue, &mut records, LONG), [2]);
}

/// nothing is asked for between an event and the next wait, and one system call arms a source.
#[test]
fn calls_are_few() {
    let (mut queue, mut records) = queue(8);
    let (left, right) = streams();
    let fd = left.as_raw_fd();
    let mut registration = None;
    let calls = faults::calls(|| {
        registration = Some(queue.register(fd, Token(1), Interest::READABLE).unwrap());
    });
    assert_eq!((calls.associate, calls.dissociate, calls.get), (1, 0, 0));
    let registration = registration.unwrap();
    for _ in 0..3 {
        (&right).write_all(b"x").unwrap();
        let calls = faults::calls(|| {
            assert_eq!(tokens(&mut queue, &mut records, LONG), [1]);
        });
        assert_eq!((calls.associate, calls.get), (0, 1));
        drain(&left);
        let calls = faults::calls(|| {
            EventPorts::rearm(&registration, BOTH).unwrap();
            EventPorts::rearm(&registration, BOTH).unwrap();
        });
        assert_eq!((calls.associate, calls.get), (1, 0));
    }
    let calls = faults::calls(|| queue.deregister(registration, fd).unwrap());
    assert_eq!((calls.associate, calls.dissociate), (0, 1));
}

/// A raw descriptor that is never served keeps nobody busy, whatever interrupts the waits in between.
#[test]
fn an_interruption_is_no_sight_of_clear() {
    let (mut queue, mut records) = queue(8);
    let (left, right) = streams();
    (&right).write_all(b"x").unwrap();
    queue
        .register_unowned(left.as_raw_fd(), Token(1), BOTH)
        .unwrap();
    let end = Instant::now() + Duration::from_millis(500);
    let mut count = 0;
    while Instant::now() < end {
        let faults = Faults {
            interruptions: 1,
            ..Faults::default()
        };
        let interrupted = faults::with(faults, || queue.select(&mut records, AT_ONCE));
        assert!(interrupted.is_ok() != records.as_slice().is_empty());
        count += records.as_slice().len();
        queue
            .select(&mut records, Some(Duration::from_millis(20)))
            .unwrap();
        count += records.as_slice().len();
    }
    // 64 at once for each direction, a few with short pauses, and then one each 10 ms.
    assert!(count <= 2 * (64 + 8 + 60), "{count} events");
}

/// `nget` is read whatever the result, and is no number of events where nothing was written.
#[test]
fn events_beside_an_error() {
    for error in [ffi::ETIME, libc::EINTR] {
        let (mut queue, mut records) = queue(8);
        let (left, right) = streams();
        let fd = left.as_raw_fd();
        let registration = queue.register(fd, Token(1), Interest::READABLE).unwrap();
        let waker = queue.waker(Token(2)).unwrap();
        let faults = Faults {
            beside_events: Some(error),
            keeps_count: true,
            ..Faults::default()
        };
        faults::with(faults, || {
            for _ in 0..3 {
                assert!(tokens(&mut queue, &mut records, AT_ONCE).is_empty());
                (&right).write_all(b"x").unwrap();
                waker.wake().unwrap();
                assert_eq!(tokens(&mut queue, &mut records, LONG), [1, 2]);
                drain(&left);
                EventPorts::rearm(&registration, BOTH).unwrap();
            }
        });
    }
}

/// returned as it is, with no event, and no event or wake is lost by it.
#[test]
fn interrupted_waits_lose_nothing() {
    let (mut queue, mut records) = queue(8);
    let (left, right) = streams();
    let fd = left.as_raw_fd();
    let _registration = queue.register(fd, Token(1), Interest::READABLE).unwrap();
    let waker = queue.waker(Token(2)).unwrap();
    (&right).write_all(b"x").unwrap();
    waker.wake().unwrap();
    let faults = Faults {
        interruptions: 3,
        ..Faults::default()
    };
    faults::with(faults, || {
        for _ in 0..3 {
            let error = queue.select(&mut records, LONG).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Interrupted);
            assert!(records.as_slice().is_empty());
        }
        assert_eq!(tokens(&mut queue, &mut records, LONG), [1, 2]);
    });
    waker.wake().unwrap();
    assert_eq!(tokens(&mut queue, &mut records, LONG), [2]);
}

/// An event that was queued for a number is not one of the number's next registration.
#[test]
fn stale_events_are_passed_over() {
    let (mut queue, mut records) = queue(1);
    let (left, _right) = streams();
    let fd = left.as_raw_fd();
    let first = queue.register(fd, Token(1), Interest::WRITABLE).unwrap();
    let place = first.key.index as usize;
    queue.deregister(first, fd).unwrap();
    let stale = |generation: usize| PortEvent {
        source: ffi::PORT_SOURCE_USER,
        events: ffi::POLLIN.into(),
        object: fd as usize,
        user: generation << (usize::BITS / 2) | place,
    };
    let _second = queue.register(fd, Token(2), Interest::READABLE).unwrap();
    // As if the kernel had kept an association that was ended, of a place and of one that never was.
    let shared = Arc::clone(&queue.shared);
    let port = || shared.port();
    for event in [stale(0), stale(7)] {
        let event = PortEvent {
            source: ffi::PORT_SOURCE_FD,
            ..event
        };
        faults::tell(port(), event).unwrap();
    }
    // A waker that is gone, and one that never was.
    let waker = queue.waker(Token(3)).unwrap();
    waker.wake().unwrap();
    let number = waker.number;
    drop(waker);
    faults::tell(
        port(),
        PortEvent {
            user: number + 9,
            ..stale(0)
        },
    )
    .unwrap();
    assert!(tokens(&mut queue, &mut records, AT_ONCE).is_empty());
    let start = Instant::now();
    faults::tell(
        port(),
        PortEvent {
            user: number,
            ..stale(0)
        },
    )
    .unwrap();
    // It does not shorten a wait either.
    let timeout = Duration::from_millis(30);
    assert!(tokens(&mut queue, &mut records, Some(timeout)).is_empty());
    assert!(start.elapsed() >= timeout);
}

/// Events of others pass through with their own number.
#[test]
fn events_of_others() {
    let (mut queue, mut records) = queue(4);
    let foreign = PortEvent {
        source: 2,
        events: 1,
        object: 5,
        user: usize::MAX,
    };
    faults::tell(queue.shared.port(), foreign).unwrap();
    assert_eq!(tokens(&mut queue, &mut records, LONG), [usize::MAX]);
    let record = &records.as_slice()[0];
    assert!(!record.is_readable() && !record.is_writable() && !record.is_error());
}

/// A wake that finds the queue full says so, and the next one tries again.
#[test]
fn a_full_queue_is_an_error_of_wake() {
    let (mut queue, mut records) = queue(4);
    let wakers: Vec<_> = (0..=usize::BITS as usize)
        .map(|index| queue.waker(Token(index)).unwrap())
        .collect();
    // With a bit, and without.
    for index in [0, wakers.len() - 1] {
        let faults = Faults {
            full: 1,
            ..Faults::default()
        };
        let error = faults::with(faults, || wakers[index].wake()).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EAGAIN));
        assert!(tokens(&mut queue, &mut records, AT_ONCE).is_empty());
        wakers[index].wake().unwrap();
        assert_eq!(tokens(&mut queue, &mut records, LONG), [index]);
    }
}

/// However seldom there is room for it, a waker has one packet in the queue.
#[test]
fn wakers_do_not_fill_the_queue() {
    let (mut queue, mut records) = queue(1);
    let wakers: Vec<_> = (0..70)
        .map(|index| queue.waker(Token(index)).unwrap())
        .collect();
    let mut seen = vec![false; wakers.len()];
    let calls = faults::calls(|| {
        for _ in 0..wakers.len() {
            for waker in &wakers {
                waker.wake().unwrap();
            }
            let [token] = tokens(&mut queue, &mut records, LONG)[..] else {
                panic!("room for one");
            };
            seen[token] = true;
        }
    });
    // One for each at first, and one more for each that was told.
    assert!(calls.send <= 2 * wakers.len(), "{calls:?}");
    // And nobody starves.
    assert!(!seen.contains(&false));
}

/// An association that the kernel refuses is an error of its call, and leaves nothing behind.
#[test]
fn refused_associations() {
    let (mut queue, mut records) = queue(4);
    let (left, right) = streams();
    let fd = left.as_raw_fd();
    let refusing = |error| Faults {
        refusals: vec![error],
        ..Faults::default()
    };
    let error = faults::with(refusing(libc::ENOMEM), || {
        queue.register(fd, Token(1), BOTH)
    });
    assert_eq!(error.unwrap_err().raw_os_error(), Some(libc::ENOMEM));
    queue
        .register_unowned(fd, Token(2), Interest::READABLE)
        .unwrap();
    (&right).write_all(b"x").unwrap();
    assert_eq!(tokens(&mut queue, &mut records, LONG), [2]);
    // What the next wait wanted to ask for again is not forgotten.
    let result = faults::with(refusing(libc::ENOMEM), || {
        queue.select(&mut records, AT_ONCE)
    });
    assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::ENOMEM));
    assert_eq!(tokens(&mut queue, &mut records, LONG), [2]);
    // A number that was never open.
    let error = queue.register_unowned(1 << 20, Token(3), BOTH).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(ffi::EBADFD));
    assert_eq!(
        queue.deregister_unowned(1 << 20).unwrap_err().kind(),
        ErrorKind::NotFound
    );
}

/// closing ends an association, so the number is free for its next owner. Also while a duplicate lives.
#[test]
fn closed_numbers() {
    let (mut queue, mut records) = queue(4);
    for keep in [false, true] {
        let (left, right) = streams();
        let duplicate = keep.then(|| left.try_clone().unwrap());
        let fd = left.into_raw_fd();
        queue
            .register_unowned(fd, Token(1), Interest::READABLE)
            .unwrap();
        // It is watched, so it is registered.
        let error = queue.register(fd, Token(1), BOTH).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        (&right).write_all(b"x").unwrap();
        let (mut other, sender) = fd::pipe().map(|(r, w)| (Some(r), w)).unwrap();
        faults::replace(fd, other.take().unwrap());
        // What was queued for the old one is gone with it.
        assert!(tokens(&mut queue, &mut records, AT_ONCE).is_empty());
        queue
            .register_unowned(fd, Token(2), Interest::READABLE)
            .unwrap();
        fd::write(sender.as_fd(), b"y").unwrap();
        assert_eq!(tokens(&mut queue, &mut records, LONG), [2]);
        queue.deregister_unowned(fd).unwrap();
        faults::close(fd);
        drop(duplicate);
    }
}

/// The fake returns what illumos does, as the head of `double/mod.rs` cites it.
#[test]
fn fake_returns_what_illumos_does() {
    let (queue, _) = queue(4);
    let (left, right) = streams();
    let port = queue.as_fd();
    assert_eq!(faults::get(port, 1, Duration::ZERO), (0, None));
    let moment = Duration::from_millis(1);
    assert_eq!(faults::get(port, 1, moment), (0, Some(ffi::ETIME)));
    queue
        .register_unowned(left.as_raw_fd(), Token(1), Interest::READABLE)
        .unwrap();
    (&right).write_all(b"x").unwrap();
    assert_eq!(faults::get(port, 0, moment), (0, None));
    assert_eq!(faults::get(port, 1, moment), (1, None));
    let fd = left.as_raw_fd();
    assert_eq!(faults::dissociate(port, fd), Err(libc::ENOENT));
    drop(left);
    assert_eq!(faults::dissociate(port, fd), Err(ffi::EBADFD));
    assert_eq!(faults::dissociate(right.as_fd(), fd), Err(ffi::EBADFD));
}

/// what cannot be watched is refused, and no event says what was not asked for.
#[test]
fn interests_that_are_not_there() {
    let (mut queue, mut records) = queue(4);
    let (left, right) = streams();
    let fd = left.as_raw_fd();
    for interest in [Interest::AIO, Interest::LIO, BOTH | Interest::LIO] {
        let error = queue.register(fd, Token(1), interest).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        let error = queue.register_unowned(fd, Token(1), interest).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }
    let registration = queue.register(fd, Token(1), Interest::PRIORITY).unwrap();
    (&right).write_all(b"x").unwrap();
    assert!(tokens(&mut queue, &mut records, AT_ONCE).is_empty());
    queue.deregister(registration, fd).unwrap();
    let _registration = queue.register(fd, Token(2), Interest::READABLE).unwrap();
    assert_eq!(tokens(&mut queue, &mut records, LONG), [2]);
    let record = &records.as_slice()[0];
    assert!(record.is_readable() && !record.is_priority() && !record.is_writable());
    assert!(!record.is_read_closed() && !record.is_aio() && !record.is_lio());
    assert_eq!(
        format!("{:?}", Details(record)),
        "port_event { portev_events: POLLIN, token: 2 }"
    );
}

struct Details<'a>(&'a Event);

impl fmt::Debug for Details<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.details(f)
    }
}

/// Arming from another thread reaches a wait that sleeps already.
#[test]
fn arming_while_another_thread_waits() {
    let (mut queue, mut records) = queue(4);
    let (left, right) = streams();
    let registration = queue
        .register(left.as_raw_fd(), Token(1), Interest::READABLE)
        .unwrap();
    for _ in 0..20 {
        (&right).write_all(b"x").unwrap();
        assert_eq!(tokens(&mut queue, &mut records, LONG), [1]);
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(2));
                drain(&left);
                EventPorts::rearm(&registration, BOTH).unwrap();
                (&right).write_all(b"x").unwrap();
            });
            assert_eq!(tokens(&mut queue, &mut records, LONG), [1]);
        });
        drain(&left);
        EventPorts::rearm(&registration, BOTH).unwrap();
    }
}
