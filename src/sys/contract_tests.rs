//! One suite for every selector and waker that this system can build.
#![allow(clippy::unwrap_used)]
// A system may run some of the checks only.
#![cfg_attr(
    not(any(target_os = "linux", target_os = "android", windows)),
    allow(dead_code, unused_imports)
)]

use std::io::{ErrorKind, Read, Write};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::sys::contract::{Owner, Record as _, Records as _, RegisterRaw, Wake};
use crate::sys::{AsRaw as _, Raw};
use crate::{Interest, Token};

#[cfg(unix)]
use notifications::{Counting, merged_wakes_notify_once, registering_notifies_nobody};

/// What every check asks of a combination.
pub(super) trait Subject: RegisterRaw<Raw = Raw> {}
impl<S: RegisterRaw<Raw = Raw>> Subject for S {}

/// What the checks watch.
#[cfg(unix)]
type Stream = std::os::unix::net::UnixStream;
/// What the checks watch.
#[cfg(windows)]
type Stream = std::net::TcpStream;

pub(super) const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
/// Long enough for a loaded machine; nothing waits for it when all is well.
pub(super) const LONG: Option<Duration> = Some(Duration::from_secs(20));
pub(super) const AT_ONCE: Option<Duration> = Some(Duration::ZERO);

#[cfg(all(
    any(target_os = "linux", target_os = "android"),
    not(any(
        mio_event_ports_double,
        mio_kqueue_double = "apple",
        mio_kqueue_double = "dragonfly",
        mio_kqueue_double = "freebsd",
        mio_kqueue_double = "netbsd",
        mio_kqueue_double = "openbsd"
    ))
))]
mod linux {
    use super::*;
    use crate::sys::epoll::Epoll;
    use crate::sys::eventfd::EventFd;
    use crate::sys::pipe::Pipe;
    use crate::sys::posix_poll::PosixPoll;
    use crate::sys::wake::Drained;

    #[test]
    fn epoll_with_eventfd() {
        every_check::<Epoll<EventFd>>();
        merged_wakes_notify_once::<Epoll<Counting<EventFd>>>(1);
    }

    #[test]
    fn epoll_with_pipe() {
        every_check::<Epoll<Pipe>>();
        merged_wakes_notify_once::<Epoll<Counting<Pipe>>>(1);
    }

    /// illumos gives no new edge while the eventfd is readable, so it is emptied first. That loses nothing here either.
    #[test]
    fn epoll_with_drained_eventfd() {
        every_check::<Epoll<Drained<EventFd>>>();
        merged_wakes_notify_once::<Epoll<Counting<Drained<EventFd>>>>(1);
    }

    #[test]
    fn posix_poll_with_eventfd() {
        every_check::<PosixPoll<EventFd>>();
        merged_wakes_notify_once::<PosixPoll<Counting<EventFd>>>(0);
        registering_notifies_nobody::<PosixPoll<Counting<EventFd>>>();
    }

    #[test]
    fn posix_poll_with_pipe() {
        every_check::<PosixPoll<Pipe>>();
        merged_wakes_notify_once::<PosixPoll<Counting<Pipe>>>(0);
        registering_notifies_nobody::<PosixPoll<Counting<Pipe>>>();
    }
}

#[cfg(windows)]
mod windows {
    use super::*;
    use crate::sys::afd::Afd;

    #[test]
    fn afd() {
        every_check::<Afd>();
    }
}

/// On a kernel that has it.
#[cfg(all(
    not(mio_unsupported_force_poll_poll),
    any(
        target_vendor = "apple",
        target_os = "dragonfly",
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "openbsd"
    )
))]
mod kqueue {
    use super::*;
    use crate::sys::kqueue::{Kqueue, Pipes, UserEvents};

    #[test]
    fn kqueue_with_user_events() {
        every_check::<Kqueue<UserEvents>>();
    }

    #[test]
    fn kqueue_with_pipes() {
        every_check::<Kqueue<Pipes>>();
    }
}

/// On a kernel that has them, or on their double.
#[cfg(all(
    not(mio_unsupported_force_poll_poll),
    any(target_os = "solaris", mio_event_ports_double)
))]
mod event_ports {
    use super::*;
    use crate::sys::event_ports::EventPorts;

    #[test]
    fn event_ports() {
        every_check::<EventPorts>();
    }
}

/// On the double alone: what goes wrong, and what is beside it.
#[cfg(mio_event_ports_double)]
mod event_ports_double {
    use super::*;
    use crate::sys::event_ports::EventPorts;
    use crate::sys::event_ports_double::faults::{self, Faults};
    use crate::sys::pipe::Pipe;
    use crate::sys::posix_poll::PosixPoll;

    #[test]
    fn event_ports_whose_time_is_always_up() {
        let faults = Faults {
            beside_events: Some(crate::sys::raw::ETIME),
            keeps_count: true,
            ..Faults::default()
        };
        faults::with(faults, every_check::<EventPorts>);
    }

    #[test]
    fn event_ports_whose_events_come_with_a_signal() {
        let faults = Faults {
            beside_events: Some(crate::sys::raw::EINTR),
            ..Faults::default()
        };
        faults::with(faults, every_check::<EventPorts>);
    }

    #[test]
    fn posix_poll_beside_event_ports() {
        every_check::<PosixPoll<Pipe>>();
        merged_wakes_notify_once::<PosixPoll<Counting<Pipe>>>(0);
        registering_notifies_nobody::<PosixPoll<Counting<Pipe>>>();
    }
}

/// On the double of one kernel.
#[cfg(any(
    mio_kqueue_double = "apple",
    mio_kqueue_double = "dragonfly",
    mio_kqueue_double = "freebsd",
    mio_kqueue_double = "netbsd",
    mio_kqueue_double = "openbsd"
))]
mod kqueue_double {
    use super::*;
    use crate::sys::kqueue::{Kqueue, Pipes, UserEvents};
    use crate::sys::kqueue_double::faults::{self, Faults};
    use crate::sys::pipe::Pipe;
    use crate::sys::posix_poll::PosixPoll;

    #[test]
    fn kqueue_with_user_events() {
        every_check::<Kqueue<UserEvents>>();
    }

    #[test]
    fn kqueue_with_pipes() {
        every_check::<Kqueue<Pipes>>();
    }

    #[test]
    fn kqueue_that_has_no_user_events() {
        let faults = Faults {
            no_user_events: true,
            ..Faults::default()
        };
        faults::with(faults, every_check::<Kqueue<UserEvents>>);
    }

    #[test]
    fn kqueue_in_reverse() {
        let faults = Faults {
            reverse: true,
            ..Faults::default()
        };
        faults::with(faults, every_check::<Kqueue<UserEvents>>);
    }

    #[test]
    fn posix_poll_beside_kqueue() {
        every_check::<PosixPoll<Pipe>>();
        merged_wakes_notify_once::<PosixPoll<Counting<Pipe>>>(0);
        registering_notifies_nobody::<PosixPoll<Counting<Pipe>>>();
    }
}

/// Whether its events say one thing each, and it cannot tell whether a bare number is watched.
fn is_kqueue<S>() -> bool {
    std::any::type_name::<S>().contains("::Kqueue<")
}

/// Runs all checks and names each, so that a failure tells which.
fn every_check<S: Subject>() {
    let checks: &[(&str, fn())] = &[
        ("readiness_and_edges", readiness_and_edges::<S>),
        ("reregister_reports_again", reregister_reports_again::<S>),
        ("no_event_after_deregister", no_event_after_deregister::<S>),
        ("raw_numbers", raw_numbers::<S>),
        ("bad_numbers", bad_numbers::<S>),
        ("unsupported_interests", unsupported_interests::<S>),
        ("capacity", capacity::<S>),
        ("owners", owners::<S>),
        ("dropped_registration", dropped_registration::<S>),
        ("tokens_round_trip", tokens_round_trip::<S>),
        ("timeouts", timeouts::<S>),
        ("wakes_of_several_wakers", wakes_of_several_wakers::<S>),
        (
            "wake_before_and_while_waiting",
            wake_before_and_while_waiting::<S>,
        ),
        ("wake_makes_writes_visible", wake_makes_writes_visible::<S>),
        ("dropped_waker_is_silent", dropped_waker_is_silent::<S>),
        ("more_wakers_than_bits", more_wakers_than_bits::<S>),
        ("wake_without_selector", wake_without_selector::<S>),
        (
            "registration_while_waiting",
            registration_while_waiting::<S>,
        ),
        (
            "a_number_reused_while_waiting",
            a_number_reused_while_waiting::<S>,
        ),
        (
            "wakes_and_sources_under_stress",
            wakes_and_sources_under_stress::<S>,
        ),
    ];
    for (name, check) in checks {
        println!("{name}");
        check();
    }
}

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
        // A byte is not kept back to be sent with the next.
        stream.set_nodelay(true).unwrap();
    }
    (left, right)
}

pub(super) fn records<S: Subject>() -> S::Records {
    S::Records::with_capacity(16)
}

/// One `select`; a signal is no reason to fail.
pub(super) fn tokens<S: Subject>(
    selector: &mut S,
    records: &mut S::Records,
    timeout: Option<Duration>,
) -> Vec<usize> {
    loop {
        match selector.select(records, timeout) {
            Ok(()) => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {
                assert!(records.as_slice().is_empty());
            }
            Err(error) => panic!("select: {error}"),
        }
    }
    records.as_slice().iter().map(|r| r.token().0).collect()
}

/// Reads everything, as a served source is left; tells the selector when it would block.
pub(super) fn drain<S: Subject>(mut stream: &Stream, registration: &S::Registration) {
    let mut buffer = [0; 256];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                S::rearm(registration).unwrap();
                return;
            }
        }
    }
}

fn readiness_and_edges<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut records = records::<S>();
    let (left, right) = stream_pair();
    let fd = left.as_raw();
    let registration = selector.register(fd, Token(1), Interest::READABLE).unwrap();
    assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());

    for _ in 0..3 {
        (&right).write_all(b"x").unwrap();
        assert_eq!(tokens(&mut selector, &mut records, LONG), [1]);
        let record = &records.as_slice()[0];
        assert!(record.is_readable() && !record.is_writable() && !record.is_error());
        // Not served: no second event.
        assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
        drain::<S>(&left, &registration);
        assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
    }

    drop(right);
    assert_eq!(tokens(&mut selector, &mut records, LONG), [1]);
    let record = &records.as_slice()[0];
    assert!(record.is_readable() && record.is_read_closed());
    assert!(record.is_write_closed() || is_kqueue::<S>() || cfg!(windows));
    selector.deregister(registration, fd).unwrap();
}

pub(super) fn reregister_reports_again<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut records = records::<S>();
    let (left, right) = stream_pair();
    let fd = left.as_raw();
    let mut registration = selector.register(fd, Token(1), Interest::READABLE).unwrap();
    (&right).write_all(b"x").unwrap();
    assert_eq!(tokens(&mut selector, &mut records, LONG), [1]);
    assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
    for token in [2, 3] {
        selector
            .reregister(&mut registration, fd, Token(token), BOTH)
            .unwrap();
        let mut got = tokens(&mut selector, &mut records, LONG);
        got.dedup();
        assert_eq!(got, [token]);
        let all = records.as_slice();
        assert!(all.iter().any(|record| record.is_readable()));
        assert!(all.iter().any(|record| record.is_writable()));
    }
    selector
        .reregister(&mut registration, fd, Token(4), Interest::WRITABLE)
        .unwrap();
    assert_eq!(tokens(&mut selector, &mut records, LONG), [4]);
    assert!(!records.as_slice()[0].is_readable());
}

pub(super) fn no_event_after_deregister<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut records = S::Records::with_capacity(1);
    let (left, right) = stream_pair();
    let fd = left.as_raw();
    let registration = selector.register(fd, Token(1), BOTH).unwrap();
    (&right).write_all(b"x").unwrap();
    selector.deregister(registration, fd).unwrap();
    assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());

    // The number can be registered again.
    let registration = selector.register(fd, Token(2), BOTH).unwrap();
    assert_eq!(tokens(&mut selector, &mut records, LONG), [2]);
    selector.deregister(registration, fd).unwrap();
    assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
}

pub(super) fn raw_numbers<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut records = records::<S>();
    let (mut left, mut right) = stream_pair();
    let fd = left.as_raw();
    let error = selector.deregister_raw(fd).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    if !is_kqueue::<S>() {
        let error = selector.reregister_raw(fd, Token(1), BOTH).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
    selector
        .register_raw(fd, Token(1), Interest::READABLE)
        .unwrap();
    if !is_kqueue::<S>() {
        let error = selector.register_raw(fd, Token(1), BOTH).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    }

    // drained by plain reads, the next data gives an event all the same.
    for _ in 0..100 {
        right.write_all(b"x").unwrap();
        assert_eq!(tokens(&mut selector, &mut records, LONG), [1]);
        let mut buffer = [0; 16];
        while left.read(&mut buffer).is_ok() {}
    }
    selector.reregister_raw(fd, Token(2), BOTH).unwrap();
    let mut got = tokens(&mut selector, &mut records, LONG);
    got.dedup();
    assert_eq!(got, [2]);
    selector.deregister_raw(fd).unwrap();
    assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
}

pub(super) fn bad_numbers<S: Subject>() {
    #[cfg(unix)]
    let (numbers, code) = ([-1, -2, Raw::MIN], crate::sys::raw::EBADF);
    // WSAENOTSOCK.
    #[cfg(windows)]
    let (numbers, code) = ([Raw::MAX, 0, Raw::MAX / 4 * 2], 10_038);
    let selector = S::new().unwrap();
    for number in numbers {
        let error = selector.register_raw(number, Token(0), BOTH).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(code));
        // An owned socket is one: its number is not looked at again on Windows.
        assert!(cfg!(windows) || selector.register(number, Token(0), BOTH).is_err());
        assert!(selector.reregister_raw(number, Token(0), BOTH).is_err());
        assert!(selector.deregister_raw(number).is_err());
    }
}

fn unsupported_interests<S: Subject>() {
    let selector = S::new().unwrap();
    let (left, _right) = stream_pair();
    let (without, with) = if is_kqueue::<S>() {
        let priority = Interest::PRIORITY;
        ([priority, BOTH | priority], Interest::READABLE)
    } else {
        ([Interest::LIO, BOTH | Interest::AIO], Interest::PRIORITY)
    };
    for interest in without {
        let error = selector
            .register(left.as_raw(), Token(0), interest)
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }
    // The failed attempts have left nothing behind.
    let registration = selector.register(left.as_raw(), Token(0), with).unwrap();
    drop(registration);
}

fn capacity<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut none = S::Records::with_capacity(0);
    let error = selector.select(&mut none, None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);

    // three ready sources and a waker through one place: one at a time, and nobody starves.
    let mut records = S::Records::with_capacity(1);
    let pairs: Vec<_> = (0..3).map(|_| stream_pair()).collect();
    let mut registrations = Vec::new();
    for (index, (left, _)) in pairs.iter().enumerate() {
        let registration = selector.register(left.as_raw(), Token(index), Interest::WRITABLE);
        registrations.push(registration.unwrap());
    }
    let waker = selector.waker(Token(3)).unwrap();
    waker.wake().unwrap();
    let mut seen = [false; 4];
    for _ in 0..4 {
        let got = tokens(&mut selector, &mut records, LONG);
        assert_eq!(got.len(), 1);
        seen[got[0]] = true;
    }
    assert_eq!(seen, [true; 4]);
    assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
}

pub(super) fn owners<S: Subject>() {
    let selector = S::new().unwrap();
    let clone = selector.try_clone().unwrap();
    let other = S::new().unwrap();
    let (left, _right) = stream_pair();
    let registration = selector.register(left.as_raw(), Token(0), BOTH).unwrap();
    assert_eq!(selector.owner(&registration), Owner::This);
    assert_eq!(clone.owner(&registration), Owner::This);
    assert_eq!(other.owner(&registration), Owner::Other);
    drop(selector);
    assert_eq!(clone.owner(&registration), Owner::This);
    assert_eq!(other.owner(&registration), Owner::Other);
    drop(clone);
    assert_eq!(other.owner(&registration), Owner::Gone);
    S::rearm(&registration).unwrap();
    assert!(size_of::<S::Registration>() <= 16);
}

pub(super) fn dropped_registration<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut records = records::<S>();
    let (left, right) = stream_pair();
    let fd = left.as_raw();
    let registration = selector.register(fd, Token(1), BOTH).unwrap();
    // The order in which a source is dropped: registration first, then the descriptor.
    drop(registration);
    drop(left);
    assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
    drop(right);

    // The number comes back, and the new source is its own.
    let (left, right) = stream_pair();
    let registration = selector.register(left.as_raw(), Token(2), BOTH).unwrap();
    (&right).write_all(b"x").unwrap();
    let mut got = tokens(&mut selector, &mut records, LONG);
    got.dedup();
    assert_eq!(got, [2]);
    selector.deregister(registration, left.as_raw()).unwrap();
}

fn tokens_round_trip<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut records = records::<S>();
    let address = (&raw const records).addr();
    for token in [
        0,
        usize::MAX,
        usize::MAX - 1,
        1 << (usize::BITS - 1),
        address,
    ] {
        let (left, _right) = stream_pair();
        let registration = selector
            .register(left.as_raw(), Token(token), Interest::WRITABLE)
            .unwrap();
        let waker = selector.waker(Token(token)).unwrap();
        waker.wake().unwrap();
        let mut got = tokens(&mut selector, &mut records, LONG);
        while got.len() < 2 {
            got.extend(tokens(&mut selector, &mut records, LONG));
        }
        assert_eq!(got, [token, token]);
        selector.deregister(registration, left.as_raw()).unwrap();
    }
}

fn timeouts<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut records = records::<S>();
    for micros in [1, 200, 999, 1_000, 1_001, 2_500, 20_000] {
        let timeout = Duration::from_micros(micros);
        let start = Instant::now();
        match selector.select(&mut records, Some(timeout)) {
            Ok(()) => assert!(start.elapsed() >= timeout, "{micros} us"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Interrupted),
        }
        assert!(records.as_slice().is_empty());
    }
    // the longest time-outs wait for an event.
    let waker = selector.waker(Token(5)).unwrap();
    for timeout in [Duration::MAX, Duration::from_secs(1 << 40)] {
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(20));
                waker.wake().unwrap();
            });
            assert_eq!(tokens(&mut selector, &mut records, Some(timeout)), [5]);
        });
    }
}

fn wakes_of_several_wakers<S: Subject>() {
    let mut selector = S::new().unwrap();
    let clone = selector.try_clone().unwrap();
    let mut records = records::<S>();
    let first = selector.waker(Token(1)).unwrap();
    let second = clone.waker(Token(2)).unwrap();
    for _ in 0..3 {
        second.wake().unwrap();
        first.wake().unwrap();
        first.wake().unwrap();
        let mut got = tokens(&mut selector, &mut records, LONG);
        while got.len() < 2 {
            got.extend(tokens(&mut selector, &mut records, LONG));
        }
        assert!(records.as_slice().iter().all(|record| record.is_readable()));
        got.sort_unstable();
        assert_eq!(got, [1, 2]);
        assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
    }
}

fn wake_before_and_while_waiting<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut records = records::<S>();
    let waker = selector.waker(Token(1)).unwrap();
    waker.wake().unwrap();
    assert_eq!(tokens(&mut selector, &mut records, None), [1]);
    for _ in 0..200 {
        thread::scope(|scope| {
            scope.spawn(|| waker.wake().unwrap());
            assert_eq!(tokens(&mut selector, &mut records, None), [1]);
        });
    }
}

fn wake_makes_writes_visible<S: Subject>() {
    const ROUNDS: usize = 2_000;
    let mut selector = S::new().unwrap();
    let mut records = records::<S>();
    let waker = selector.waker(Token(1)).unwrap();
    let counters = [AtomicUsize::new(0), AtomicUsize::new(0)];
    thread::scope(|scope| {
        for counter in &counters {
            let waker = &waker;
            scope.spawn(move || {
                for round in 1..=ROUNDS {
                    // Relaxed: it is `wake` that publishes it.
                    counter.store(round, Ordering::Relaxed);
                    waker.wake().unwrap();
                }
            });
        }
        // After the last wake an event comes, and with it both last values.
        while counters.iter().any(|c| c.load(Ordering::Relaxed) < ROUNDS) {
            assert_eq!(tokens(&mut selector, &mut records, LONG), [1]);
        }
    });
}

fn dropped_waker_is_silent<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut records = records::<S>();
    for _ in 0..3 {
        let waker = selector.waker(Token(1)).unwrap();
        waker.wake().unwrap();
        drop(waker);
        assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
        // A pending wake of the last owner must not swallow the next owner's first.
        let next = selector.waker(Token(2)).unwrap();
        next.wake().unwrap();
        assert_eq!(tokens(&mut selector, &mut records, LONG), [2]);
    }
}

fn more_wakers_than_bits<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut records = S::Records::with_capacity(256);
    let count = usize::BITS as usize + 3;
    let wakers: Vec<_> = (0..count)
        .map(|index| selector.waker(Token(index)).unwrap())
        .collect();
    for waker in &wakers {
        waker.wake().unwrap();
        waker.wake().unwrap();
    }
    let mut got = Vec::new();
    while got.len() < count {
        got.extend(tokens(&mut selector, &mut records, LONG));
    }
    got.sort_unstable();
    assert_eq!(got, (0..count).collect::<Vec<_>>());
}

fn wake_without_selector<S: Subject>() {
    let selector = S::new().unwrap();
    let waker = selector.waker(Token(1)).unwrap();
    drop(selector);
    for _ in 0..3 {
        waker.wake().unwrap();
    }
}

pub(super) fn registration_while_waiting<S: Subject>() {
    let mut selector = S::new().unwrap();
    let registry = selector.try_clone().unwrap();
    let mut records = records::<S>();
    for round in 0..50 {
        let (left, right) = stream_pair();
        (&right).write_all(b"x").unwrap();
        let barrier = Barrier::new(2);
        thread::scope(|scope| {
            let other = scope.spawn(|| {
                barrier.wait();
                registry
                    .register(left.as_raw(), Token(round), Interest::READABLE)
                    .unwrap()
            });
            barrier.wait();
            assert_eq!(tokens(&mut selector, &mut records, LONG), [round]);
            let registration = other.join().unwrap();
            registry.deregister(registration, left.as_raw()).unwrap();
        });
    }
}

fn wakes_and_sources_under_stress<S: Subject>() {
    const ROUNDS: usize = 2_000;
    let mut selector = S::new().unwrap();
    // One place only, so that events often stay behind in the kernel.
    let mut records = S::Records::with_capacity(1);
    let waker = selector.waker(Token(0)).unwrap();
    let (left, right) = stream_pair();
    let registration = selector
        .register(left.as_raw(), Token(1), Interest::READABLE)
        .unwrap();
    let sent = AtomicUsize::new(0);
    let mut received = 0;
    thread::scope(|scope| {
        scope.spawn(|| {
            for round in 1..=ROUNDS {
                sent.store(round, Ordering::Relaxed);
                waker.wake().unwrap();
                while (&right).write(b"x").is_err() {
                    thread::yield_now();
                }
            }
        });
        let mut seen = 0;
        while seen < ROUNDS || received < ROUNDS {
            let got = tokens(&mut selector, &mut records, LONG);
            // whatever came says what it is.
            assert_eq!(got.len(), 1, "seen {seen}, received {received}");
            assert!(records.as_slice()[0].is_readable());
            if got[0] == 0 {
                seen = sent.load(Ordering::Relaxed);
            } else {
                let mut buffer = [0; 512];
                loop {
                    match (&left).read(&mut buffer) {
                        Ok(count) => received += count,
                        Err(error) => {
                            assert_eq!(error.kind(), ErrorKind::WouldBlock);
                            S::rearm(&registration).unwrap();
                            break;
                        }
                    }
                }
            }
        }
    });
}

/// Row A-126: a number that is closed and opened again while another thread waits is its new owner's.
fn a_number_reused_while_waiting<S: Subject>() {
    let mut selector = S::new().unwrap();
    let registry = selector.try_clone().unwrap();
    let mut records = records::<S>();
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            for round in 0..300 {
                let (left, right) = stream_pair();
                let fd = left.as_raw();
                // An even token is never reported: it is gone before there is anything to read.
                let old = registry
                    .register(fd, Token(2 * round), Interest::READABLE)
                    .unwrap();
                registry.deregister(old, fd).unwrap();
                (&right).write_all(b"x").unwrap();
                let new = registry
                    .register(fd, Token(2 * round + 1), Interest::READABLE)
                    .unwrap();
                registry.deregister(new, fd).unwrap();
            }
        });
        while !other.is_finished() {
            let timeout = Some(Duration::from_millis(5));
            for token in tokens(&mut selector, &mut records, timeout) {
                assert_eq!(token % 2, 1);
            }
        }
        assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
    });
}

/// Where a waker writes to an object of its own.
#[cfg(unix)]
mod notifications {
    use std::io;
    use std::os::fd::BorrowedFd;

    use super::*;
    use crate::sys::wake::Notifier;

    /// How often any `Counting` notifier of this thread's test was written.
    #[derive(Debug)]
    pub(super) struct Counting<N> {
        inner: N,
    }

    thread_local! {
        static NOTIFICATIONS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
    }

    impl<N: Notifier> Notifier for Counting<N> {
        fn new() -> io::Result<Self> {
            let inner = N::new()?;
            Ok(Counting { inner })
        }

        fn notify(&self) -> io::Result<()> {
            NOTIFICATIONS.set(NOTIFICATIONS.get() + 1);
            self.inner.notify()
        }

        fn drain(&self) -> io::Result<()> {
            self.inner.drain()
        }

        fn as_fd(&self) -> BorrowedFd<'_> {
            self.inner.as_fd()
        }
    }

    /// Between two returns of `select` a burst of wakes notifies `expected` times.
    pub(super) fn merged_wakes_notify_once<S: Subject>(expected: usize) {
        let mut selector = S::new().unwrap();
        let mut records = records::<S>();
        let waker = selector.waker(Token(1)).unwrap();
        for _ in 0..3 {
            NOTIFICATIONS.set(0);
            for _ in 0..64 {
                waker.wake().unwrap();
            }
            assert_eq!(NOTIFICATIONS.get(), expected);
            assert_eq!(tokens(&mut selector, &mut records, LONG), [1]);
        }
    }

    /// Where the table is in user space, changing it costs no system call while nobody waits.
    pub(super) fn registering_notifies_nobody<S: Subject>() {
        let mut selector = S::new().unwrap();
        let mut records = records::<S>();
        let (left, _right) = stream_pair();
        let fd = left.as_raw();
        NOTIFICATIONS.set(0);
        for _ in 0..3 {
            let mut registration = selector.register(fd, Token(1), BOTH).unwrap();
            selector
                .reregister(&mut registration, fd, Token(2), BOTH)
                .unwrap();
            assert_eq!(tokens(&mut selector, &mut records, LONG), [2]);
            S::rearm(&registration).unwrap();
            selector.deregister(registration, fd).unwrap();
            selector.register_raw(fd, Token(3), BOTH).unwrap();
            selector.deregister_raw(fd).unwrap();
            drop(selector.register(fd, Token(4), BOTH).unwrap());
        }
        assert_eq!(NOTIFICATIONS.get(), 0);
    }
}
