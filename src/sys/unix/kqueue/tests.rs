//! What only kqueue(2) does, over the fake kernel.
#![cfg(any(
    mio_fake_kernel = "apple",
    mio_fake_kernel = "dragonfly",
    mio_fake_kernel = "freebsd",
    mio_fake_kernel = "netbsd",
    mio_fake_kernel = "openbsd"
))]
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

#[allow(dead_code)] // These tests fork by fork(2) alone.
#[path = "../../../../tests/support/child_process.rs"]
mod child_process;

use super::syscall::{EOF, TRIGGER, USER};
use super::wake_event::WakeEvent;
use super::*;
use crate::sys::selector::{EventBuffer as _, Selector as _, SelectorEvent as _, Wake as _};
use crate::sys::unix::syscalls::pipe::pipe;
use crate::testing::injection::{self, Call, Fault};
use crate::testing::kqueue::KernelEvent;
use crate::testing::kqueue::faults::{self, Faults};

type Selector = Kqueue<UserEvents>;

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
const AT_ONCE: Option<Duration> = Some(Duration::ZERO);
const LONG: Option<Duration> = Some(Duration::from_secs(20));

/// A selector, and an event buffer of `capacity`.
fn new_selector(capacity: usize) -> (Selector, Events) {
    (Selector::new().unwrap(), Events::with_capacity(capacity))
}

/// The tokens of one `select`.
fn tokens(selector: &mut Selector, events: &mut Events, timeout: Option<Duration>) -> Vec<usize> {
    selector.poll(events, timeout).unwrap();
    let all = events.as_slice().iter();
    all.map(|event| event.token().0).collect()
}

fn streams() -> (UnixStream, UnixStream) {
    let (left, right) = UnixStream::pair().unwrap();
    left.set_nonblocking(true).unwrap();
    (left, right)
}

/// Faults that refuse every `EV_ADD` of one filter.
fn refusing(filter: i32, error: i32) -> Faults {
    let call = match filter {
        READ => Call::ChangeAddRead,
        WRITE => Call::ChangeAddWrite,
        _ => Call::ChangeAddUser,
    };
    failing(call, usize::MAX, error)
}

/// Faults by which the next `times` calls of a kind fail.
fn failing(call: Call, times: usize, error: i32) -> Faults {
    Faults {
        errors: vec![Fault::next(call, times, error)],
        ..Faults::default()
    }
}

/// Registering a pipe's writer whose reader is closed succeeds on every kernel. One event reports
/// that the writing half is closed, and no error.
#[test]
fn writer_without_reader_gets_one_write_closed_event() {
    for capacity in [1, 8] {
        let (mut selector, mut events) = new_selector(capacity);
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let fd = writer.as_raw_fd();
        let registration = selector.register(fd, Token(7), Interest::WRITABLE).unwrap();
        assert_eq!(tokens(&mut selector, &mut events, LONG), [7]);
        let event = &events.as_slice()[0];
        assert!(event.is_writable() && event.is_write_closed() && !event.is_error());
        assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
        selector.deregister(registration, fd).unwrap();
    }
}

/// Dropping an owned source removes its pending event. Neither the source nor the next owner of the
/// fd gets it.
#[test]
fn dropped_source_takes_its_pending_event_along() {
    let (mut selector, mut events) = new_selector(1);
    for token in 0..3 {
        let (_reader, writer) = pipe().unwrap();
        let fd = writer.as_raw_fd();
        let add = || selector.register(fd, Token(token), Interest::WRITABLE);
        let mut registration = faults::with(refusing(WRITE, libc::EPIPE), add).unwrap();
        if token == 1 {
            let again = || selector.reregister(&mut registration, fd, Token(1), Interest::WRITABLE);
            faults::with(refusing(WRITE, libc::EPIPE), again).unwrap();
        }
        if token == 2 {
            // As long as the source exists, the event is reported.
            assert_eq!(tokens(&mut selector, &mut events, LONG), [token]);
        }
        // Sources drop their registration before their fd.
        drop(registration);
        drop(writer);
        let _next = pipe().unwrap();
        assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    }
}

/// Deregistering removes the pending event of an fd, and registering it again replaces the event.
#[test]
fn deregistered_or_replaced_pending_event_is_not_reported() {
    let (mut selector, mut events) = new_selector(1);
    let pipes: Vec<_> = (0..3).map(|_| pipe().unwrap()).collect();
    let refuse = || refusing(WRITE, libc::EPIPE);
    let mut registrations = Vec::new();
    for (index, (_, writer)) in pipes.iter().enumerate() {
        let add = || selector.register(writer.as_raw_fd(), Token(index), Interest::WRITABLE);
        registrations.push(faults::with(refuse(), add).unwrap());
    }
    let mut registrations = registrations.into_iter();
    let fd = pipes[0].1.as_raw_fd();
    let first = registrations.next().unwrap();
    selector.deregister(first, fd).unwrap();
    let fd = pipes[1].1.as_raw_fd();
    let mut second = registrations.next().unwrap();
    let again = || selector.reregister(&mut second, fd, Token(11), Interest::WRITABLE);
    faults::with(refuse(), again).unwrap();
    assert_eq!(tokens(&mut selector, &mut events, LONG), [2]);
    assert_eq!(tokens(&mut selector, &mut events, LONG), [11]);
    // No other event is reported, in particular not the internal wake event.
    assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    let add = || selector.register_unowned(fd, Token(12), Interest::WRITABLE);
    faults::with(refuse(), add).unwrap();
    selector.deregister_unowned(fd).unwrap();
    assert!(tokens(&mut selector, &mut events, Some(Duration::from_millis(5))).is_empty());
}

/// The synthetic event works on a kernel without user events, and on one that returns EBADF for a
/// pipe's writer whose reader is closed.
#[test]
fn synthetic_eof_needs_neither_user_events_nor_epipe() {
    let (mut selector, mut events) = new_selector(4);
    let (_reader, writer) = pipe().unwrap();
    let fd = writer.as_raw_fd();
    let mut faults = refusing(WRITE, libc::EBADF);
    faults.errors.extend(refusing(USER, libc::EINVAL).errors);
    faults::with(faults, || {
        selector
            .register_unowned(fd, Token(3), Interest::WRITABLE)
            .unwrap();
        assert_eq!(tokens(&mut selector, &mut events, LONG), [3]);
        assert!(events.as_slice()[0].is_write_closed());
        assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    });
}

/// `reregister` deletes the filters that the interest no longer needs. Deleting a filter that does
/// not exist is no error.
#[test]
fn reregister_deletes_unneeded_filters() {
    let (mut selector, mut events) = new_selector(8);
    let (left, mut right) = streams();
    let fd = left.as_raw_fd();
    let mut registration = selector.register(fd, Token(1), Interest::READABLE).unwrap();
    selector
        .reregister(&mut registration, fd, Token(2), Interest::WRITABLE)
        .unwrap();
    right.write_all(b"x").unwrap();
    assert_eq!(tokens(&mut selector, &mut events, LONG), [2]);
    assert!(!events.as_slice()[0].is_readable());
    // The second time there is no filter to delete.
    for token in [3, 4] {
        selector
            .reregister(&mut registration, fd, Token(token), Interest::READABLE)
            .unwrap();
        assert_eq!(tokens(&mut selector, &mut events, LONG), [token]);
        assert!(events.as_slice()[0].is_readable());
    }
    selector.deregister(registration, fd).unwrap();
}

/// If the kernel refuses one of two filters, `register` fails with the kernel's error and leaves no
/// filter behind.
#[test]
fn refused_filter_fails_registration() {
    let (mut selector, mut events) = new_selector(8);
    let (left, mut right) = streams();
    let fd = left.as_raw_fd();
    for filter in [READ, WRITE] {
        let add = || selector.register(fd, Token(1), BOTH);
        let error = faults::with(refusing(filter, libc::EINVAL), add).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
    right.write_all(b"x").unwrap();
    assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
}

/// A registration of an unowned fd that fails adds no filter, and leaves the filters of an earlier
/// registration of that fd with their token.
#[test]
fn failed_registration_keeps_earlier_filters() {
    let (mut selector, mut events) = new_selector(8);
    let (left, mut right) = streams();
    let fd = left.as_raw_fd();
    selector
        .register_unowned(fd, Token(1), Interest::READABLE)
        .unwrap();
    for interest in [BOTH, Interest::WRITABLE] {
        let add = || selector.register_unowned(fd, Token(2), interest);
        faults::with(refusing(WRITE, libc::EINVAL), add).unwrap_err();
        right.write_all(b"x").unwrap();
        assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
    }
    selector.deregister_unowned(fd).unwrap();

    // Where the token of an earlier filter was replaced, that filter is deleted: the caller may
    // have freed what the new token points to.
    let third = selector.register_unowned(fd, Token(3), Interest::WRITABLE);
    third.unwrap();
    for filter in [READ, WRITE] {
        let add = || selector.register_unowned(fd, Token(4), BOTH);
        faults::with(refusing(filter, libc::EINVAL), add).unwrap_err();
    }
    assert!(!tokens(&mut selector, &mut events, AT_ONCE).contains(&4));
}

/// Changes to the kqueue return no events, so they take none from the thread that waits.
#[test]
fn changes_take_no_events() {
    let (mut selector, mut events) = new_selector(8);
    let registry = selector.try_clone().unwrap();
    let (watched, mut peer) = streams();
    let (other, _other_peer) = streams();
    selector
        .register_unowned(watched.as_raw_fd(), Token(1), Interest::READABLE)
        .unwrap();
    let waker = registry.waker(Token(2)).unwrap();
    for _ in 0..10 {
        peer.write_all(b"x").unwrap();
        let fd = other.as_raw_fd();
        registry.register_unowned(fd, Token(3), BOTH).unwrap();
        let changed = registry.reregister_unowned(fd, Token(3), Interest::READABLE);
        changed.unwrap();
        registry.deregister_unowned(fd).unwrap();
        drop(registry.waker(Token(4)).unwrap());
        waker.wake().unwrap();
        let mut got = tokens(&mut selector, &mut events, LONG);
        got.sort_unstable();
        assert_eq!(got, [1, 2]);
        (&watched).read_exact(&mut [0]).unwrap();
    }
}

/// If the peer shuts down its writing half, only the reading half is reported as closed.
#[test]
fn half_close_closes_one_direction() {
    let (mut selector, mut events) = new_selector(8);
    let (left, right) = streams();
    selector
        .register_unowned(left.as_raw_fd(), Token(1), BOTH)
        .unwrap();
    tokens(&mut selector, &mut events, LONG);
    right.shutdown(std::net::Shutdown::Write).unwrap();
    selector.poll(&mut events, LONG).unwrap();
    for event in events.as_slice() {
        assert_eq!(event.is_read_closed(), event.is_readable());
        assert!(!event.is_write_closed() && !event.is_error());
    }
    assert!(events.as_slice().iter().any(|event| event.is_read_closed()));
}

/// Events of filters that other code added to the kqueue are reported with their `udata` as token.
#[test]
fn events_of_foreign_filters_pass_through() {
    let (mut selector, mut events) = new_selector(8);
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
        let got = faults::with(faults, || tokens(&mut selector, &mut events, AT_ONCE));
        assert_eq!(got, [99]);
        let event = events.as_slice()[0];
        assert_eq!(event.is_aio(), AIO == Some(filter));
        assert_eq!(event.is_lio(), LIO == Some(filter));
        assert!(!event.is_readable() && !event.is_writable());
    }
    let (left, _right) = streams();
    if AIO.is_some() {
        let registration = selector
            .register(left.as_raw_fd(), Token(1), Interest::AIO)
            .unwrap();
        assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
        selector.deregister(registration, left.as_raw_fd()).unwrap();
    }
}

/// After a signal interrupted `select`, the next one reports the wake once, even if the waker was
/// triggered again.
#[test]
fn interrupted_select_loses_no_wake() {
    let (mut selector, mut events) = new_selector(8);
    let waker = selector.waker(Token(1)).unwrap();
    for _ in 0..3 {
        waker.wake().unwrap();
        let faults = failing(Call::KeventWait, 1, libc::EINTR);
        let result = faults::with(faults, || selector.poll(&mut events, LONG));
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Interrupted);
        assert!(events.as_slice().is_empty());
        waker.wake().unwrap();
        assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
        assert!(events.as_slice()[0].is_readable());
        assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    }
}

/// A burst of wakes between two returns of the kernel makes one system call.
#[test]
fn merged_wakes_make_one_call() {
    let (mut selector, mut events) = new_selector(8);
    let waker = selector.waker(Token(1)).unwrap();
    for _ in 0..3 {
        let count = injection::counts(|| {
            for _ in 0..64 {
                waker.wake().unwrap();
            }
        });
        if matches!(waker.wake_event, WakeEvent::User { .. }) {
            assert_eq!(count.of(Call::KeventChange), 1);
        }
        assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
    }
}

/// `Debug` of an event shows the names of filters and flags, on every system.
#[test]
fn debug_shows_filter_and_flag_names() {
    struct Shown(Event);
    impl fmt::Debug for Shown {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.details(f)
        }
    }
    let show = |event| format!("{:?}", Shown(event));
    let shown = show(Event::new(4, WRITE, CLEAR | EOF, 54, Token(6)));
    let user = show(Event::new(4, USER, ADD, TRIGGER, Token(6)));
    for part in "EVFILT_WRITE|EV_CLEAR|EV_EOF|fflags: 54|udata: 6".split('|') {
        assert!(shown.contains(part), "{shown}");
    }
    assert!(user.contains("EVFILT_USER") && user.contains("NOTE_TRIGGER"));
}

/// The types of the fields differ between systems. The conversions to and from them lose no value.
#[test]
fn event_keeps_its_fields() {
    for filter in [READ, WRITE, USER] {
        for value in [0, 1, usize::MAX >> 1, usize::MAX] {
            let event = Event::new(value, filter, ADD | CLEAR | EOF, TRIGGER, Token(value));
            assert_eq!((event.ident(), event.udata()), (value, value));
            assert_eq!((event.filter(), event.flags()), (filter, ADD | CLEAR | EOF));
            assert_eq!((event.fflags(), event.data()), (TRIGGER, 0));
        }
    }
}

/// EINVAL of a filter means that kqueue cannot watch this kind of file. For a character device of
/// macOS the error states it; other files, and other systems, keep the system's error. The terminal
/// that is watched in place of `/dev/tty` is no exception.
#[test]
fn refused_device_is_unsupported() {
    let (selector, _) = new_selector(1);
    let (zero, (stream, _peer)) = (std::fs::File::open("/dev/zero").unwrap(), streams());
    for (filter, interest) in [(READ, Interest::READABLE), (WRITE, Interest::WRITABLE)] {
        for fd in [zero.as_raw_fd(), stream.as_raw_fd()] {
            for adds in [true, false] {
                let add = || match adds {
                    true => selector.register_unowned(fd, Token(1), interest),
                    false => selector.reregister_unowned(fd, Token(1), interest),
                };
                let error = faults::with(refusing(filter, libc::EINVAL), add).unwrap_err();
                if fd == zero.as_raw_fd() && cfg!(mio_fake_kernel = "apple") {
                    assert_eq!(error.kind(), ErrorKind::Unsupported);
                    assert!(error.to_string().contains("a thread of its own"), "{error}");
                } else {
                    assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
                }
                selector.deregister_unowned(fd).unwrap();
            }
        }
    }
    let refused = io::Error::from_raw_os_error(libc::EINVAL);
    assert_eq!(terminal::explain(refused).kind(), ErrorKind::Unsupported);
    let explained = terminal::explain(io::Error::from_raw_os_error(libc::EMFILE));
    assert_eq!(explained.raw_os_error(), Some(libc::EMFILE));
}

/// The pending EOFs of level-triggered registrations stay until they are removed, and each has its
/// turn; an edge among them is reported once.
#[test]
fn pending_event_of_a_level_is_repeated() {
    let (mut selector, mut events) = new_selector(1);
    let level = Interest::WRITABLE | Interest::LEVEL;
    let interests = [level, Interest::WRITABLE, level];
    let pipes: Vec<_> = interests.map(|_| pipe().unwrap()).into_iter().collect();
    let mut registrations = Vec::new();
    for (index, interest) in interests.into_iter().enumerate() {
        let fd = pipes[index].1.as_raw_fd();
        let add = || selector.register(fd, Token(index), interest);
        registrations.push(faults::with(refusing(WRITE, libc::EPIPE), add).unwrap());
    }
    let mut counts = [0; 3];
    for _ in 0..41 {
        for token in tokens(&mut selector, &mut events, LONG) {
            counts[token] += 1;
        }
    }
    assert_eq!(counts, [20, 1, 20]);
    let mut larger = Events::with_capacity(3);
    let mut both = tokens(&mut selector, &mut larger, LONG);
    both.sort_unstable();
    assert_eq!(both, [0, 2]);
    let mut last = registrations.pop().unwrap();
    let fd = pipes[2].1.as_raw_fd();
    let once = Interest::WRITABLE | Interest::ONESHOT;
    let again = || selector.reregister(&mut last, fd, Token(7), once);
    faults::with(refusing(WRITE, libc::EPIPE), again).unwrap();
    drop(registrations);
    assert_eq!(tokens(&mut selector, &mut events, LONG), [7]);
    assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    drop(last);
}

/// Only a kqueue that has had a mode deletes filters before it adds them: the others make one call
/// for a `reregister`.
#[test]
fn filters_are_deleted_first_once_a_mode_was_used() {
    let (selector, _) = new_selector(1);
    let (left, _right) = streams();
    let fd = left.as_raw_fd();
    let mut registration = selector.register(fd, Token(1), BOTH).unwrap();
    let mut again = |interest| {
        let faults = failing(Call::ChangeDelete, usize::MAX, libc::EIO);
        let change = || selector.reregister(&mut registration, fd, Token(1), interest);
        faults::with(faults, change)
    };
    again(BOTH).unwrap();
    let error = again(BOTH | Interest::LEVEL).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EIO));
    let error = again(BOTH).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EIO));
}

/// A forked child has only the thread that forked, so a lock that another thread held stays locked
/// there (<https://pubs.opengroup.org/onlinepubs/9699919799/functions/fork.html>). The child drops
/// what it got without waiting for one, and operations on the kqueue fail at once.
#[test]
fn forked_child_waits_for_no_lock() {
    let (selector, _) = new_selector(1);
    let pipes = [(); 4].map(|()| pipe().unwrap());
    let fds = pipes.each_ref().map(|(_, writer)| writer.as_raw_fd());
    let add = |fd| selector.register(fd, Token(1), Interest::WRITABLE).unwrap();
    let refused = refusing(WRITE, libc::EPIPE);
    let mut registrations = Some(faults::with(refused, || fds.map(add)));
    let _pending_eofs = selector.shared.synthetic_eofs.lock_pending();
    let _terminals = selector.shared.terminals.lock_entries();
    (selector.shared.terminals.count).store(1, Ordering::Relaxed);
    let child = child_process::Child::new(|| {
        let [dropped, left, deregistered, mut changed] = registrations.take().unwrap();
        drop(dropped);
        Selector::leave(left, fds[1]);
        for result in [
            selector.deregister(deregistered, fds[2]),
            selector.reregister(&mut changed, fds[3], Token(2), BOTH),
            selector.register_unowned(fds[0], Token(2), BOTH),
            selector.reregister_unowned(fds[0], Token(2), BOTH),
            selector.deregister_unowned(fds[0]),
        ] {
            assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::EBADF));
        }
        drop(changed);
    });
    child.join();
}
