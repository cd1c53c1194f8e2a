//! What is special about kqueue(2), on the double of one kernel.
#![cfg(any(
    mio_fake_kernel = "apple",
    mio_fake_kernel = "dragonfly",
    mio_fake_kernel = "freebsd",
    mio_fake_kernel = "netbsd",
    mio_fake_kernel = "openbsd"
))]
#![allow(clippy::unwrap_used)]

use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::syscall::TRIGGER;
use super::*;
use crate::sys::selector::{EventBuffer as _, Selector as _, SelectorEvent as _};
use crate::sys::unix::fd;
use crate::testing::kqueue::KernelEvent;
use crate::testing::kqueue::faults::{self, Faults};

type Queue = Kqueue<UserEvents>;

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
const AT_ONCE: Option<Duration> = Some(Duration::ZERO);
const LONG: Option<Duration> = Some(Duration::from_secs(20));

/// A queue and room for so many events.
fn queue(capacity: usize) -> (Queue, Events) {
    (Queue::new().unwrap(), Events::with_capacity(capacity))
}

fn tokens(queue: &mut Queue, records: &mut Events, timeout: Option<Duration>) -> Vec<usize> {
    queue.select(records, timeout).unwrap();
    let all = records.as_slice().iter();
    all.map(|record| record.token().0).collect()
}

fn streams() -> (UnixStream, UnixStream) {
    let (left, right) = UnixStream::pair().unwrap();
    left.set_nonblocking(true).unwrap();
    (left, right)
}

/// A refusal of one filter, whatever is added.
fn refusing(filter: i32, error: i32) -> Faults {
    Faults {
        refusals: vec![(filter, error)],
        ..Faults::default()
    }
}

/// registering succeeds, and one event says that the other end is gone.
#[test]
fn a_pipe_whose_reader_is_gone() {
    for capacity in [1, 8] {
        let (mut queue, mut records) = queue(capacity);
        let (reader, writer) = fd::pipe().unwrap();
        drop(reader);
        let fd = writer.as_raw_fd();
        let registration = queue.register(fd, Token(7), Interest::WRITABLE).unwrap();
        assert_eq!(tokens(&mut queue, &mut records, LONG), [7]);
        let record = &records.as_slice()[0];
        assert!(record.is_writable() && record.is_write_closed() && !record.is_error());
        assert!(tokens(&mut queue, &mut records, AT_ONCE).is_empty());
        queue.deregister(registration, fd).unwrap();
    }
}

/// a kept event is not told once its source was dropped, nor to who has the number next.
#[test]
fn a_kept_event_goes_with_its_source() {
    let (mut queue, mut records) = queue(1);
    for token in 0..3 {
        let (_reader, writer) = fd::pipe().unwrap();
        let fd = writer.as_raw_fd();
        let add = || queue.register(fd, Token(token), Interest::WRITABLE);
        let mut registration = faults::with(refusing(WRITE, libc::EPIPE), add).unwrap();
        if token == 1 {
            let again = || queue.reregister(&mut registration, fd, Token(1), Interest::WRITABLE);
            faults::with(refusing(WRITE, libc::EPIPE), again).unwrap();
        }
        if token == 2 {
            // It is told as long as the source is there.
            assert_eq!(tokens(&mut queue, &mut records, LONG), [token]);
        }
        // The order in which a source is dropped.
        drop(registration);
        drop(writer);
        let _next = fd::pipe().unwrap();
        assert!(tokens(&mut queue, &mut records, AT_ONCE).is_empty());
    }
}

/// kept events are those of their registrations, and of the last.
#[test]
fn a_kept_event_goes_with_its_registration() {
    let (mut queue, mut records) = queue(1);
    let pipes: Vec<_> = (0..3).map(|_| fd::pipe().unwrap()).collect();
    let refuse = || refusing(WRITE, libc::EPIPE);
    let mut registrations = Vec::new();
    for (index, (_, writer)) in pipes.iter().enumerate() {
        let add = || queue.register(writer.as_raw_fd(), Token(index), Interest::WRITABLE);
        registrations.push(faults::with(refuse(), add).unwrap());
    }
    let mut registrations = registrations.into_iter();
    let fd = pipes[0].1.as_raw_fd();
    queue.deregister(registrations.next().unwrap(), fd).unwrap();
    let fd = pipes[1].1.as_raw_fd();
    let mut second = registrations.next().unwrap();
    let again = || queue.reregister(&mut second, fd, Token(11), Interest::WRITABLE);
    faults::with(refuse(), again).unwrap();
    assert_eq!(tokens(&mut queue, &mut records, LONG), [2]);
    assert_eq!(tokens(&mut queue, &mut records, LONG), [11]);
    // Nothing else, and the wake_event itself is never seen.
    assert!(tokens(&mut queue, &mut records, AT_ONCE).is_empty());
    let add = || queue.register_unowned(fd, Token(12), Interest::WRITABLE);
    faults::with(refuse(), add).unwrap();
    queue.deregister_unowned(fd).unwrap();
    assert!(tokens(&mut queue, &mut records, Some(Duration::from_millis(5))).is_empty());
}

/// A-20 where the kernel has no user events, and where it says that the descriptor is bad.
#[test]
fn dead_ends_on_lesser_kernels() {
    let (mut queue, mut records) = queue(4);
    let (_reader, writer) = fd::pipe().unwrap();
    let fd = writer.as_raw_fd();
    let faults = Faults {
        no_user_events: true,
        ..refusing(WRITE, libc::EBADF)
    };
    faults::with(faults, || {
        queue
            .register_unowned(fd, Token(3), Interest::WRITABLE)
            .unwrap();
        assert_eq!(tokens(&mut queue, &mut records, LONG), [3]);
        assert!(records.as_slice()[0].is_write_closed());
        assert!(tokens(&mut queue, &mut records, AT_ONCE).is_empty());
    });
}

/// what is not there can be deleted, and a filter that is no longer wanted goes.
#[test]
fn interests_come_and_go() {
    let (mut queue, mut records) = queue(8);
    let (left, mut right) = streams();
    let fd = left.as_raw_fd();
    let mut registration = queue.register(fd, Token(1), Interest::READABLE).unwrap();
    queue
        .reregister(&mut registration, fd, Token(2), Interest::WRITABLE)
        .unwrap();
    right.write_all(b"x").unwrap();
    assert_eq!(tokens(&mut queue, &mut records, LONG), [2]);
    assert!(!records.as_slice()[0].is_readable());
    // The second time there is nothing to delete.
    for token in [3, 4] {
        queue
            .reregister(&mut registration, fd, Token(token), Interest::READABLE)
            .unwrap();
        assert_eq!(tokens(&mut queue, &mut records, LONG), [token]);
        assert!(records.as_slice()[0].is_readable());
    }
    queue.deregister(registration, fd).unwrap();
}

/// each change has its answer, and a failed registration leaves nothing behind.
#[test]
fn one_bad_change_is_noticed() {
    let (mut queue, mut records) = queue(8);
    let (left, mut right) = streams();
    let fd = left.as_raw_fd();
    for filter in [READ, WRITE] {
        let add = || queue.register(fd, Token(1), BOTH);
        let error = faults::with(refusing(filter, libc::EINVAL), add).unwrap_err();
        // its kind is clear.
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
    right.write_all(b"x").unwrap();
    assert!(tokens(&mut queue, &mut records, AT_ONCE).is_empty());
}

/// A registration by fd that fails leaves an earlier one of the same fd alone, token included, and no filter of its own:
/// kevent(2) without room for events stops at the first change that fails.
#[test]
fn failed_registration_leaves_earlier_one_alone() {
    let (mut queue, mut records) = queue(8);
    let (left, mut right) = streams();
    let fd = left.as_raw_fd();
    queue
        .register_unowned(fd, Token(1), Interest::READABLE)
        .unwrap();
    for interest in [BOTH, Interest::WRITABLE] {
        let add = || queue.register_unowned(fd, Token(2), interest);
        faults::with(refusing(WRITE, libc::EINVAL), add).unwrap_err();
        right.write_all(b"x").unwrap();
        assert_eq!(tokens(&mut queue, &mut records, LONG), [1]);
    }
    queue.deregister_unowned(fd).unwrap();

    // The token of a filter that was there is replaced, so that one goes, too: its caller may have freed the new one.
    queue
        .register_unowned(fd, Token(3), Interest::WRITABLE)
        .unwrap();
    for filter in [READ, WRITE] {
        let add = || queue.register_unowned(fd, Token(4), BOTH);
        faults::with(refusing(filter, libc::EINVAL), add).unwrap_err();
    }
    assert!(!tokens(&mut queue, &mut records, AT_ONCE).contains(&4));
}

/// no change takes an event away that somebody waits for.
#[test]
fn changes_swallow_no_events() {
    let (mut queue, mut records) = queue(8);
    let registry = queue.try_clone().unwrap();
    let (watched, mut peer) = streams();
    let (other, _other_peer) = streams();
    queue
        .register_unowned(watched.as_raw_fd(), Token(1), Interest::READABLE)
        .unwrap();
    let waker = registry.waker(Token(2)).unwrap();
    for _ in 0..10 {
        peer.write_all(b"x").unwrap();
        let fd = other.as_raw_fd();
        registry.register_unowned(fd, Token(3), BOTH).unwrap();
        registry
            .reregister_unowned(fd, Token(3), Interest::READABLE)
            .unwrap();
        registry.deregister_unowned(fd).unwrap();
        drop(registry.waker(Token(4)).unwrap());
        waker.wake().unwrap();
        let mut got = tokens(&mut queue, &mut records, LONG);
        got.sort_unstable();
        assert_eq!(got, [1, 2]);
        (&watched).read_exact(&mut [0]).unwrap();
    }
}

/// the end of one direction is not the end of the other.
#[test]
fn an_end_is_one_direction() {
    let (mut queue, mut records) = queue(8);
    let (left, right) = streams();
    queue
        .register_unowned(left.as_raw_fd(), Token(1), BOTH)
        .unwrap();
    tokens(&mut queue, &mut records, LONG);
    right.shutdown(std::net::Shutdown::Write).unwrap();
    queue.select(&mut records, LONG).unwrap();
    for record in records.as_slice() {
        assert_eq!(record.is_read_closed(), record.is_readable());
        assert!(!record.is_write_closed() && !record.is_error());
    }
    assert!(
        records
            .as_slice()
            .iter()
            .any(|record| record.is_read_closed())
    );
}

/// Events of filters that were not registered here pass through with their token.
#[test]
fn foreign_events_pass_through() {
    let (mut queue, mut records) = queue(8);
    let foreign = |filter| KernelEvent {
        ident: 5,
        filter,
        flags: 0,
        fflags: 0,
        data: 3,
        udata: 99,
    };
    let mut filters = vec![-7];
    filters.extend(AIO);
    filters.extend(LIO);
    for filter in filters {
        let faults = Faults {
            spurious: vec![foreign(filter)],
            ..Faults::default()
        };
        let got = faults::with(faults, || tokens(&mut queue, &mut records, AT_ONCE));
        assert_eq!(got, [99]);
        let record = records.as_slice()[0];
        assert_eq!(record.is_aio(), AIO == Some(filter));
        assert_eq!(record.is_lio(), LIO == Some(filter));
        assert!(!record.is_readable() && !record.is_writable());
    }
    let (left, _right) = streams();
    if AIO.is_some() {
        let registration = queue
            .register(left.as_raw_fd(), Token(1), Interest::AIO)
            .unwrap();
        assert!(tokens(&mut queue, &mut records, AT_ONCE).is_empty());
        queue.deregister(registration, left.as_raw_fd()).unwrap();
    }
}

/// a signal loses no wake, and triggering again does not change what was registered.
#[test]
fn interrupted_waits_lose_no_wake() {
    let (mut queue, mut records) = queue(8);
    let waker = queue.waker(Token(1)).unwrap();
    for _ in 0..3 {
        waker.wake().unwrap();
        let faults = Faults {
            interruptions: 1,
            ..Faults::default()
        };
        let result = faults::with(faults, || queue.select(&mut records, LONG));
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Interrupted);
        assert!(records.as_slice().is_empty());
        waker.wake().unwrap();
        assert_eq!(tokens(&mut queue, &mut records, LONG), [1]);
        assert!(records.as_slice()[0].is_readable());
        assert!(tokens(&mut queue, &mut records, AT_ONCE).is_empty());
    }
}

/// between two returns a burst of wakes is one call.
#[test]
fn merged_wakes_are_one_call() {
    let (mut queue, mut records) = queue(8);
    let waker = queue.waker(Token(1)).unwrap();
    for _ in 0..3 {
        let before = faults::calls();
        for _ in 0..64 {
            waker.wake().unwrap();
        }
        if matches!(waker.wake_event, WakeEvent::User(_)) {
            assert_eq!(faults::calls() - before, 1);
        }
        assert_eq!(tokens(&mut queue, &mut records, LONG), [1]);
    }
}

/// names for every flag, on every system.
#[test]
fn events_show_their_names() {
    struct Shown(Event);
    impl fmt::Debug for Shown {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.details(f)
        }
    }
    let shown = format!(
        "{:?}",
        Shown(Event::new(4, WRITE, CLEAR | EOF, 54, Token(6)))
    );
    for part in [
        "EVFILT_WRITE",
        "EV_CLEAR",
        "EV_EOF",
        "fflags: 54",
        "udata: 6",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
    let shown = format!("{:?}", Shown(Event::new(4, USER, ADD, TRIGGER, Token(6))));
    assert!(shown.contains("EVFILT_USER") && shown.contains("NOTE_TRIGGER"));
}

/// systems disagree about the types of the fields, and no value is lost between theirs and ours.
#[test]
fn records_keep_their_fields() {
    for filter in [READ, WRITE, USER] {
        for number in [0, 1, usize::MAX >> 1, usize::MAX] {
            let record = Event::new(number, filter, ADD | CLEAR | EOF, TRIGGER, Token(number));
            assert_eq!((record.ident(), record.udata()), (number, number));
            assert_eq!(
                (record.filter(), record.flags()),
                (filter, ADD | CLEAR | EOF)
            );
            assert_eq!((record.fflags(), record.data()), (TRIGGER, 0));
        }
    }
}
