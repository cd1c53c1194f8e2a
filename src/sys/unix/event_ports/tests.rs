//! What only event ports do, over the fake kernel.
#![cfg(mio_fake_kernel = "solaris")]
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, IntoRawFd};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use super::*;
use crate::sys::selector::{EventBuffer as _, Selector as _, SelectorEvent as _};
use crate::sys::unix::syscalls::pipe::pipe;
use crate::sys::unix::syscalls::pipe::write;
use crate::testing::event_ports::PortEvent;
use crate::testing::event_ports::faults::{self, Faults};
use crate::testing::injection::{self, Call, Fault};

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
const AT_ONCE: Option<Duration> = Some(Duration::ZERO);
const SHORT: Option<Duration> = Some(Duration::from_millis(1));
const LONG: Option<Duration> = Some(Duration::from_secs(20));

/// A selector, and an event buffer of `capacity`.
fn new_selector(capacity: usize) -> (EventPorts, Events) {
    (EventPorts::new().unwrap(), Events::with_capacity(capacity))
}

/// The tokens of one `select`, sorted.
fn tokens(selector: &mut EventPorts, events: &mut Events, timeout: Option<Duration>) -> Vec<usize> {
    selector.poll(events, timeout).unwrap();
    let all = events.as_slice().iter();
    let mut tokens: Vec<usize> = all.map(|event| event.token().0).collect();
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

/// An event consumes its association. The next `select` associates what is still wanted: of an
/// unowned fd every condition, of an owned source those that were not reported.
#[test]
fn consumed_association_is_made_again() {
    let (mut selector, mut events) = new_selector(8);
    let (left, right) = streams();
    let fd = left.as_raw_fd();
    selector
        .register_unowned(fd, Token(1), Interest::READABLE)
        .unwrap();
    // More often than the reports after which an unowned fd is probed.
    for _ in 0..200 {
        (&right).write_all(b"x").unwrap();
        assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
        drain(&left);
    }
    selector.deregister_unowned(fd).unwrap();

    // An owned source that was reported as writable still waits for data.
    let registration = selector.register(fd, Token(2), BOTH).unwrap();
    assert_eq!(tokens(&mut selector, &mut events, LONG), [2]);
    assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    (&right).write_all(b"x").unwrap();
    assert_eq!(tokens(&mut selector, &mut events, LONG), [2]);
    let event = &events.as_slice()[0];
    assert!(event.is_readable() && !event.is_writable());
    // More data is reported only after an operation would have blocked.
    (&right).write_all(b"x").unwrap();
    assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    drain(&left);
    EventPorts::rearm(&registration, BOTH).unwrap();
    assert_eq!(tokens(&mut selector, &mut events, LONG), [2]);
    assert!(!events.as_slice()[0].is_readable());
    (&right).write_all(b"x").unwrap();
    assert_eq!(tokens(&mut selector, &mut events, LONG), [2]);
}

/// Between an event and the next `select` the selector makes no system call, and re-arming a source
/// makes one.
#[test]
fn rearm_is_the_only_call_between_selects() {
    let (mut selector, mut events) = new_selector(8);
    let (left, right) = streams();
    let fd = left.as_raw_fd();
    let mut registration = None;
    let calls = injection::counts(|| {
        registration = Some(selector.register(fd, Token(1), Interest::READABLE).unwrap());
    });
    assert_eq!(
        (
            calls.of(Call::PortAssociate),
            calls.of(Call::PortDissociate),
            calls.of(Call::PortGetn)
        ),
        (1, 0, 0)
    );
    let registration = registration.unwrap();
    for _ in 0..3 {
        (&right).write_all(b"x").unwrap();
        let calls = injection::counts(|| {
            assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
        });
        assert_eq!(
            (calls.of(Call::PortAssociate), calls.of(Call::PortGetn)),
            (0, 1)
        );
        drain(&left);
        let calls = injection::counts(|| {
            EventPorts::rearm(&registration, BOTH).unwrap();
            EventPorts::rearm(&registration, BOTH).unwrap();
        });
        assert_eq!(
            (calls.of(Call::PortAssociate), calls.of(Call::PortGetn)),
            (1, 0)
        );
    }
    let calls = injection::counts(|| selector.deregister(registration, fd).unwrap());
    assert_eq!(
        (
            calls.of(Call::PortAssociate),
            calls.of(Call::PortDissociate)
        ),
        (0, 1)
    );
}

/// An interrupted wait does not count as an observation of "not ready". So an unowned fd that the
/// caller never serves is still reported with growing delays.
#[test]
fn interruption_is_no_observation_of_not_ready() {
    let (mut selector, mut events) = new_selector(8);
    let (left, right) = streams();
    (&right).write_all(b"x").unwrap();
    selector
        .register_unowned(left.as_raw_fd(), Token(1), BOTH)
        .unwrap();
    let end = Instant::now() + Duration::from_millis(500);
    let mut count = 0;
    while Instant::now() < end {
        let faults = Faults {
            errors: vec![Fault::next(Call::PortGetn, 1, libc::EINTR)],
            ..Faults::default()
        };
        let interrupted = faults::with(faults, || selector.poll(&mut events, AT_ONCE));
        assert!(interrupted.is_ok() != events.as_slice().is_empty());
        count += events.as_slice().len();
        selector
            .poll(&mut events, Some(Duration::from_millis(20)))
            .unwrap();
        count += events.as_slice().len();
    }
    // For each direction 64 reports without delay, a few with short ones, then one in 10 ms.
    assert!(count <= 2 * (64 + 8 + 60), "{count} events");
}

/// Events that the kernel delivers together with an error are reported. The count is ignored where
/// the kernel has written no event.
#[test]
fn events_with_an_error_are_reported() {
    for error in [ffi::ETIME, libc::EINTR] {
        let (mut selector, mut events) = new_selector(8);
        let (left, right) = streams();
        let fd = left.as_raw_fd();
        let registration = selector.register(fd, Token(1), Interest::READABLE).unwrap();
        let waker = selector.waker(Token(2)).unwrap();
        let faults = Faults {
            error_with_events: Some(error),
            leaves_count: true,
            ..Faults::default()
        };
        faults::with(faults, || {
            for _ in 0..3 {
                assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
                // The kernel reports ETIME only of a wait that may block.
                assert!(tokens(&mut selector, &mut events, SHORT).is_empty());
                (&right).write_all(b"x").unwrap();
                waker.wake().unwrap();
                assert_eq!(tokens(&mut selector, &mut events, LONG), [1, 2]);
                drain(&left);
                EventPorts::rearm(&registration, BOTH).unwrap();
            }
        });
    }
}

/// `select` returns EINTR without events, and a later `select` reports every event and wake.
#[test]
fn interrupted_select_loses_no_event() {
    let (mut selector, mut events) = new_selector(8);
    let (left, right) = streams();
    let fd = left.as_raw_fd();
    let _registration = selector.register(fd, Token(1), Interest::READABLE).unwrap();
    let waker = selector.waker(Token(2)).unwrap();
    (&right).write_all(b"x").unwrap();
    waker.wake().unwrap();
    let faults = Faults {
        errors: vec![Fault::next(Call::PortGetn, 3, libc::EINTR)],
        ..Faults::default()
    };
    faults::with(faults, || {
        for _ in 0..3 {
            let error = selector.poll(&mut events, LONG).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Interrupted);
            assert!(events.as_slice().is_empty());
        }
        assert_eq!(tokens(&mut selector, &mut events, LONG), [1, 2]);
    });
    waker.wake().unwrap();
    assert_eq!(tokens(&mut selector, &mut events, LONG), [2]);
}

/// An event of a registration or waker that no longer exists is not reported, in particular not for
/// the next registration of the same fd, and does not shorten a wait.
#[test]
fn stale_events_are_skipped() {
    let (mut selector, mut events) = new_selector(1);
    let (left, _right) = streams();
    let fd = left.as_raw_fd();
    let first = selector.register(fd, Token(1), Interest::WRITABLE).unwrap();
    let index = first.key.index as usize;
    selector.deregister(first, fd).unwrap();
    let stale = |generation: usize| PortEvent {
        source: ffi::PORT_SOURCE_USER,
        events: ffi::POLLIN.into(),
        object: fd as usize,
        user: generation << (usize::BITS / 2) | index,
    };
    let _second = selector.register(fd, Token(2), Interest::READABLE).unwrap();
    // Events of an association that has ended, and of one that never existed.
    let shared = Arc::clone(&selector.shared);
    let port = || shared.port();
    for event in [stale(0), stale(7)] {
        let event = PortEvent {
            source: ffi::PORT_SOURCE_FD,
            ..event
        };
        faults::inject_event(port(), event).unwrap();
    }
    // Events of a waker that was dropped, and of one that never existed.
    let waker = selector.waker(Token(3)).unwrap();
    waker.wake().unwrap();
    let id = waker.id;
    drop(waker);
    faults::inject_event(
        port(),
        PortEvent {
            user: id + 9,
            ..stale(0)
        },
    )
    .unwrap();
    assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    let start = Instant::now();
    faults::inject_event(
        port(),
        PortEvent {
            user: id,
            ..stale(0)
        },
    )
    .unwrap();
    // It does not shorten a wait.
    let timeout = Duration::from_millis(30);
    assert!(tokens(&mut selector, &mut events, Some(timeout)).is_empty());
    assert!(start.elapsed() >= timeout);
}

/// Events of other sources are reported with `portev_user` as token, and no readiness.
#[test]
fn events_of_other_sources_pass_through() {
    let (mut selector, mut events) = new_selector(4);
    let foreign = PortEvent {
        source: 2,
        events: 1,
        object: 5,
        user: usize::MAX,
    };
    faults::inject_event(selector.shared.port(), foreign).unwrap();
    assert_eq!(tokens(&mut selector, &mut events, LONG), [usize::MAX]);
    let event = &events.as_slice()[0];
    assert!(!event.is_readable() && !event.is_writable() && !event.is_error());
}

/// `wake` returns EAGAIN if the port is full, and the next `wake` tries again.
#[test]
fn full_port_fails_wake_until_retried() {
    let (mut selector, mut events) = new_selector(4);
    let wakers: Vec<_> = (0..=usize::BITS as usize)
        .map(|index| selector.waker(Token(index)).unwrap())
        .collect();
    // One waker with a bit in `wakes`, and one without.
    for index in [0, wakers.len() - 1] {
        let faults = Faults {
            errors: vec![Fault::next(Call::PortSend, 1, libc::EAGAIN)],
            ..Faults::default()
        };
        let error = faults::with(faults, || wakers[index].wake()).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EAGAIN));
        assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
        wakers[index].wake().unwrap();
        assert_eq!(tokens(&mut selector, &mut events, LONG), [index]);
    }
}

/// Wakes are merged until `select` has retrieved their event, even if it does so late.
#[test]
fn wakers_do_not_fill_the_port() {
    let (mut selector, mut events) = new_selector(1);
    let wakers: Vec<_> = (0..70)
        .map(|index| selector.waker(Token(index)).unwrap())
        .collect();
    let mut seen = vec![false; wakers.len()];
    let calls = injection::counts(|| {
        for _ in 0..wakers.len() {
            for waker in &wakers {
                waker.wake().unwrap();
            }
            let [token] = tokens(&mut selector, &mut events, LONG)[..] else {
                panic!("room for one");
            };
            seen[token] = true;
        }
    });
    // One event for each waker at first, and one more for each that was reported.
    let sent = calls.of(Call::PortSend);
    assert!(sent <= 2 * wakers.len(), "{sent}");
    // Every waker was reported.
    assert!(!seen.contains(&false));
}

/// If the kernel refuses an association, the call that made it fails. A failed `register` registers
/// nothing, and a failed `select` tries again.
#[test]
fn refused_association_fails_its_call() {
    let (mut selector, mut events) = new_selector(4);
    let (left, right) = streams();
    let fd = left.as_raw_fd();
    let refusing = |error| Faults {
        errors: vec![Fault::next(Call::PortAssociate, 1, error)],
        ..Faults::default()
    };
    let error = faults::with(refusing(libc::ENOMEM), || {
        selector.register(fd, Token(1), BOTH)
    });
    assert_eq!(error.unwrap_err().raw_os_error(), Some(libc::ENOMEM));
    selector
        .register_unowned(fd, Token(2), Interest::READABLE)
        .unwrap();
    (&right).write_all(b"x").unwrap();
    assert_eq!(tokens(&mut selector, &mut events, LONG), [2]);
    // A `select` that could not associate the fd again tries it the next time.
    let result = faults::with(refusing(libc::ENOMEM), || {
        selector.poll(&mut events, AT_ONCE)
    });
    assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::ENOMEM));
    assert_eq!(tokens(&mut selector, &mut events, LONG), [2]);
    // A file descriptor that was never open.
    let error = selector
        .register_unowned(1 << 20, Token(3), BOTH)
        .unwrap_err();
    assert_eq!(error.raw_os_error(), Some(ffi::EBADFD));
    assert_eq!(
        selector.deregister_unowned(1 << 20).unwrap_err().kind(),
        ErrorKind::NotFound
    );
}

/// Closing an fd ends its association, even if a duplicate is open. The next file with the same fd
/// can be registered and gets no event of the old one.
#[test]
fn closed_fd_can_be_registered_again() {
    let (mut selector, mut events) = new_selector(4);
    for keep in [false, true] {
        let (left, right) = streams();
        let duplicate = keep.then(|| left.try_clone().unwrap());
        let fd = left.into_raw_fd();
        selector
            .register_unowned(fd, Token(1), Interest::READABLE)
            .unwrap();
        // Its association is outstanding, so it is registered.
        let error = selector.register(fd, Token(1), BOTH).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        (&right).write_all(b"x").unwrap();
        let (mut other, sender) = pipe().map(|(r, w)| (Some(r), w)).unwrap();
        faults::replace(fd, other.take().unwrap());
        // The event that was queued for the closed file is dropped.
        assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
        selector
            .register_unowned(fd, Token(2), Interest::READABLE)
            .unwrap();
        write(sender.as_fd(), b"y").unwrap();
        assert_eq!(tokens(&mut selector, &mut events, LONG), [2]);
        selector.deregister_unowned(fd).unwrap();
        faults::close(fd);
        drop(duplicate);
    }
}

/// The fake kernel returns what illumos returns. Its module documentation has the sources.
#[test]
fn fake_returns_what_illumos_does() {
    let (selector, _) = new_selector(4);
    let (left, right) = streams();
    let port = selector.as_fd();
    assert_eq!(faults::get(port, 1, Duration::ZERO), (0, None));
    let moment = Duration::from_millis(1);
    assert_eq!(faults::get(port, 1, moment), (0, Some(ffi::ETIME)));
    selector
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

/// Interests that event ports do not support are refused, and an event has only conditions of its
/// interest.
#[test]
fn unsupported_interests_are_refused() {
    let (mut selector, mut events) = new_selector(4);
    let (left, right) = streams();
    let fd = left.as_raw_fd();
    for interest in [Interest::AIO, Interest::LIO, BOTH | Interest::LIO] {
        let error = selector.register(fd, Token(1), interest).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        let error = selector
            .register_unowned(fd, Token(1), interest)
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }
    let registration = selector.register(fd, Token(1), Interest::PRIORITY).unwrap();
    (&right).write_all(b"x").unwrap();
    assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    selector.deregister(registration, fd).unwrap();
    let _registration = selector.register(fd, Token(2), Interest::READABLE).unwrap();
    assert_eq!(tokens(&mut selector, &mut events, LONG), [2]);
    let event = &events.as_slice()[0];
    assert!(event.is_readable() && !event.is_priority() && !event.is_writable());
    assert!(!event.is_read_closed() && !event.is_aio() && !event.is_lio());
    assert_eq!(
        format!("{:?}", Details(event)),
        "port_event { portev_events: POLLIN, token: 2 }"
    );
}

struct Details<'a>(&'a Event);

impl fmt::Debug for Details<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.details(f)
    }
}

/// Re-arming a source in one thread takes effect in another that is blocked in `select`.
#[test]
fn rearm_reaches_blocked_select() {
    let (mut selector, mut events) = new_selector(4);
    let (left, right) = streams();
    let registration = selector
        .register(left.as_raw_fd(), Token(1), Interest::READABLE)
        .unwrap();
    for _ in 0..20 {
        (&right).write_all(b"x").unwrap();
        assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(2));
                drain(&left);
                EventPorts::rearm(&registration, BOTH).unwrap();
                (&right).write_all(b"x").unwrap();
            });
            assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
        });
        drain(&left);
        EventPorts::rearm(&registration, BOTH).unwrap();
    }
}

/// Registering again and again between two waits takes no memory.
#[test]
fn dirty_list_has_a_slot_once() {
    let (selector, (left, _right)) = (new_selector(1).0, streams());
    for _ in 0..100 {
        drop(selector.register(left.as_raw_fd(), Token(1), BOTH).unwrap());
    }
    assert_eq!(selector.shared.state().table.dirty_len(), 1);
}
