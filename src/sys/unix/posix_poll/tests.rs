//! Registering the own notifier, and how many iterations of `select`, each with one poll(2), a
//! message takes.
#![cfg(target_os = "linux")]

use std::cell::Cell;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use super::*;
use crate::sys::ffi;
use crate::sys::selector::{EventBuffer as _, Selector as _, SelectorEvent as _};
use crate::sys::timeout::KernelTimeout;
use crate::sys::unix::notifier::pipe::Pipe;
use crate::sys::unix::syscalls::poll;

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

/// A selector, room for four events, and a pair of connected sockets.
fn scene<P: PollCall>() -> (PosixPoll<Pipe, P>, Events, UnixStream, UnixStream) {
    let selector = PosixPoll::new().unwrap();
    let (left, right) = UnixStream::pair().unwrap();
    (selector, Events::with_capacity(4), left, right)
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

/// poll(2) of FreeBSD 13.1, as far as it differs: it ignores `POLLRDHUP`, and a blocked one does
/// not return for the hang-up of a socket that requests no events. Measured there.
#[derive(Debug)]
enum FreeBsd13 {}

impl PollCall for FreeBsd13 {
    const RETURNS_FOR_HANG_UP: bool = false;

    fn wait(array: &mut [ffi::pollfd], timeout: KernelTimeout) -> io::Result<usize> {
        let now = KernelTimeout::Millis(0);
        let mut known = array.to_vec();
        for entry in &mut known {
            entry.events &= !ffi::POLLRDHUP;
        }
        let mut count = poll::wait(&mut known, now)?;
        if count == 0 {
            let mut watched = known.clone();
            for entry in watched.iter_mut().filter(|entry| entry.events == 0) {
                entry.fd = -1;
            }
            poll::wait(&mut watched, timeout)?;
            count = poll::wait(&mut known, now)?;
        }
        for (entry, known) in array.iter_mut().zip(known) {
            entry.revents = known.revents;
        }
        Ok(count)
    }
}

/// Where a blocked poll(2) does not return for the hang-up of an entry without events, the hang-up
/// is reported all the same, 100 ms late at most.
#[test]
fn silent_hang_up_is_reported() {
    for interest in [Interest::READABLE, Interest::WRITABLE, BOTH] {
        let (mut selector, mut events, left, mut right) = scene::<FreeBsd13>();
        right.write_all(b"x").unwrap();
        let _registration = selector
            .register(left.as_raw_fd(), Token(1), interest)
            .unwrap();
        let long = Duration::from_secs(20);
        // What is ready is reported and not served, so the entry requests nothing that is known.
        selector.poll(&mut events, Some(long)).unwrap();
        assert_eq!(events.as_slice().len(), 1);
        let start = Instant::now();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(150));
                drop(right);
            });
            selector.poll(&mut events, Some(long)).unwrap();
        });
        let elapsed = start.elapsed();
        assert_eq!(events.as_slice().len(), 1, "{interest:?}");
        let event = events.as_slice().first().unwrap();
        assert!(event.is_write_closed(), "{interest:?}");
        assert!(
            elapsed < Duration::from_secs(5),
            "{interest:?}: {elapsed:?}"
        );
    }
}

/// A `select` that does not block and finds nothing takes no lock, so it does not wait for threads
/// that register.
#[test]
fn empty_select_takes_no_lock() {
    let (mut selector, mut events, left, _right) = scene::<SystemPoll>();
    let _registration = selector
        .register(left.as_raw_fd(), Token(1), Interest::READABLE)
        .unwrap();
    // Applies the registration.
    selector.poll(&mut events, Some(Duration::ZERO)).unwrap();
    let shared = Arc::clone(&selector.shared);
    let state = shared.state();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            selector.poll(&mut events, Some(Duration::ZERO)).unwrap();
            sender.send(events.is_empty()).unwrap();
        });
        let result = receiver.recv_timeout(Duration::from_secs(10));
        drop(state);
        assert_eq!(result, Ok(true));
    });
}

/// After a `select` that has taken no lock, the next one applies each kind of change.
#[test]
fn change_after_an_empty_select_is_seen() {
    let mut selector = PosixPoll::<Pipe>::new().unwrap();
    let mut events = Events::with_capacity(4);
    let poll = |selector: &mut PosixPoll<Pipe>, events: &mut Events| {
        selector.poll(events, NOW).unwrap();
        tokens(events)
    };
    assert_eq!(poll(&mut selector, &mut events), []);
    let (left, mut right) = UnixStream::pair().unwrap();
    left.set_nonblocking(true).unwrap();
    let fd = left.as_raw_fd();
    right.write_all(b"x").unwrap();

    let mut registration = selector.register(fd, Token(1), Interest::READABLE).unwrap();
    assert_eq!(poll(&mut selector, &mut events), [1]);
    assert_eq!(poll(&mut selector, &mut events), []);
    selector
        .reregister(&mut registration, fd, Token(2), BOTH)
        .unwrap();
    assert_eq!(poll(&mut selector, &mut events), [2]);
    assert_eq!(poll(&mut selector, &mut events), []);
    // The byte is still there.
    PosixPoll::<Pipe>::rearm(&registration, Interest::READABLE).unwrap();
    assert_eq!(poll(&mut selector, &mut events), [2]);
    assert_eq!(poll(&mut selector, &mut events), []);

    let waker = selector.waker(Token(3)).unwrap();
    assert_eq!(poll(&mut selector, &mut events), []);
    waker.wake().unwrap();
    assert_eq!(poll(&mut selector, &mut events), [3]);
    assert_eq!(poll(&mut selector, &mut events), []);

    PosixPoll::<Pipe>::rearm(&registration, Interest::READABLE).unwrap();
    selector.deregister(registration, fd).unwrap();
    assert_eq!(poll(&mut selector, &mut events), []);
    let entries = selector.poller.fds();
    assert!(!entries.contains(&fd), "{entries:?}");
}

/// The registration of a closed fd ends, also in a `select` that began without the lock: the next
/// one takes it, and removes the fd from the array. Events beside it are reported.
#[test]
fn closed_fd_leaves_the_array() {
    // No process has so many fds.
    let closed = i32::MAX;
    for (closed_at, is_locked) in [(0, true), (1, true), (2, true), (1, false)] {
        let (mut selector, mut events, left, right) = scene::<SystemPoll>();
        let mut fds = vec![left.as_raw_fd(), right.as_raw_fd()];
        fds.insert(closed_at, closed);
        for fd in fds {
            let token = Token(usize::from(fd == closed));
            let registered = selector.register_unowned(fd, token, Interest::WRITABLE);
            registered.unwrap();
        }
        if !is_locked {
            let shared = Arc::clone(&selector.shared);
            selector.poller.apply_changes(&shared, &mut shared.state());
            shared.has_changes.store(false, Ordering::Relaxed);
        }
        selector.poll(&mut events, NOW).unwrap();
        assert_eq!(tokens(&events), [0, 0]);
        assert!(selector.deregister_unowned(closed).is_err());
        selector.poll(&mut events, NOW).unwrap();
        assert_eq!(tokens(&events), [0, 0]);
        assert!(!selector.poller.fds().contains(&closed));
    }
}

/// poll(2) of a process whose `RLIMIT_NOFILE` is 4. It returns EINVAL, which is 22 on all systems:
/// the models of `build-tools/loom` have no libc.
#[derive(Debug)]
enum LimitOfFour {}

impl PollCall for LimitOfFour {
    const RETURNS_FOR_HANG_UP: bool = true;

    fn wait(array: &mut [ffi::pollfd], timeout: KernelTimeout) -> io::Result<usize> {
        if array.len() > 4 {
            return Err(io::Error::from_raw_os_error(22));
        }
        poll::wait(array, timeout)
    }
}

/// Free entries before the last one do not count against the limit.
#[test]
fn gaps_do_not_exceed_the_limit() {
    let mut selector = PosixPoll::<Pipe, LimitOfFour>::new().unwrap();
    let mut events = Events::with_capacity(4);
    let mut pairs: Vec<_> = (0..8).map(|_| UnixStream::pair().unwrap()).collect();
    let mut registrations: Vec<_> = (pairs.iter().zip(0..))
        .map(|((left, _), n)| selector.register(left.as_raw_fd(), Token(n), Interest::READABLE))
        .map(Result::unwrap)
        .collect();
    let _last = registrations.pop();
    registrations.clear();
    // Twice each: the second one finds the array unchanged.
    for millis in [0, 0, 1, 1] {
        let timeout = Duration::from_millis(millis);
        selector.poll(&mut events, Some(timeout)).unwrap();
        assert!(events.as_slice().is_empty());
    }
    pairs[7].1.write_all(b"x").unwrap();
    selector.poll(&mut events, None).unwrap();
    assert_eq!(tokens(&events), [7]);
}

/// Closed fds end their registrations also if there are more of them than the limit. What is ready
/// beside them is reported.
#[test]
fn closed_fds_beyond_the_limit_leave_the_array() {
    for timeout in [Duration::ZERO, Duration::from_secs(20)] {
        let (mut selector, mut events, left, mut right) = scene::<LimitOfFour>();
        // No process has so many fds.
        let register = |fd| selector.register_unowned(fd, Token(1), Interest::READABLE);
        (0..20).for_each(|n| register(i32::MAX - n).unwrap());
        let _registration = selector
            .register(left.as_raw_fd(), Token(2), Interest::READABLE)
            .unwrap();
        right.write_all(b"x").unwrap();
        selector.poll(&mut events, Some(timeout)).unwrap();
        assert_eq!(tokens(&events), [2]);
        selector.poll(&mut events, Some(Duration::ZERO)).unwrap();
        let mut fds = selector.poller.fds();
        fds.retain(|fd| *fd >= 0);
        assert_eq!(fds, [selector.shared.notifier.raw_fd(), left.as_raw_fd()]);
    }
}

/// Happens during a poll(2), which then returns this error.
type Action = Box<dyn FnOnce() -> io::Result<()>>;

/// A timeout of zero.
const NOW: Option<Duration> = Some(Duration::ZERO);

/// The tokens of the events, sorted.
fn tokens(events: &Events) -> Vec<usize> {
    let tokens = events.as_slice().iter().map(|event| event.token().0);
    let mut tokens: Vec<_> = tokens.collect();
    tokens.sort_unstable();
    tokens
}

thread_local! {
    /// What happens next while a thread is in poll(2), after the kernel has looked at all fds.
    static DURING_POLL: Cell<Option<Action>> = const { Cell::new(None) };
}

/// poll(2) of Linux, during which `DURING_POLL` happens.
#[derive(Debug)]
enum Interrupted {}

impl PollCall for Interrupted {
    const RETURNS_FOR_HANG_UP: bool = true;

    fn wait(array: &mut [ffi::pollfd], timeout: KernelTimeout) -> io::Result<usize> {
        let result = poll::wait(array, timeout);
        DURING_POLL.take().map_or(Ok(()), |action| action())?;
        result
    }
}

/// A registration gets no event of the one before it in its slot, also if it has the same fd.
#[test]
fn result_of_an_ended_registration_is_dropped() {
    let level = Interest::READABLE | Interest::LEVEL;
    for interest in [Interest::READABLE, BOTH, level] {
        for is_same_fd in [true, false] {
            let (mut selector, mut events, left, mut right) = scene::<Interrupted>();
            let (other, _other_right) = UnixStream::pair().unwrap();
            left.set_nonblocking(true).unwrap();
            right.write_all(b"x").unwrap();
            let fd = left.as_raw_fd();
            let registration = selector.register(fd, Token(1), interest).unwrap();
            let clone = selector.try_clone().unwrap();
            let next = if is_same_fd { fd } else { other.as_raw_fd() };
            let (sender, receiver) = std::sync::mpsc::channel();
            DURING_POLL.set(Some(Box::new(move || {
                clone.deregister(registration, fd).unwrap();
                assert_eq!((&left).read(&mut [0; 8]).unwrap(), 1);
                let registration = clone.register(next, Token(2), Interest::READABLE);
                sender.send((left, registration.unwrap())).unwrap();
                Ok(())
            })));
            selector.poll(&mut events, NOW).unwrap();
            let _both = receiver.recv().unwrap();
            assert!(events.is_empty(), "{interest:?}, {is_same_fd}");
            selector.poll(&mut events, NOW).unwrap();
            assert!(events.is_empty(), "{interest:?}, {is_same_fd}");
        }
    }
}

/// What is armed while a poll(2) has found its source ready is armed in the next one.
#[test]
fn rearm_during_a_poll_is_kept() {
    let (mut selector, mut events, left, mut right) = scene::<Interrupted>();
    let registration = selector.register(left.as_raw_fd(), Token(1), BOTH).unwrap();
    let registration = Arc::new(registration);
    selector.poll(&mut events, NOW).unwrap();
    assert_eq!(events.as_slice().len(), 1);
    right.write_all(b"x").unwrap();
    let shared = Arc::clone(&registration);
    DURING_POLL.set(Some(Box::new(move || {
        PosixPoll::<Pipe>::rearm(&shared, Interest::WRITABLE)
    })));
    selector.poll(&mut events, NOW).unwrap();
    let is_event = |events: &Events, is_readable| {
        let event = events.as_slice().first().unwrap();
        event.is_readable() == is_readable && event.is_writable() != is_readable
    };
    assert!(is_event(&events, true));
    selector.poll(&mut events, NOW).unwrap();
    assert!(is_event(&events, false));
    selector.poll(&mut events, NOW).unwrap();
    assert!(events.is_empty());
}

/// Sources that are always ready are reported in turn, whatever the capacity.
#[test]
fn ready_sources_are_reported_in_turn() {
    const SOURCES: usize = 40;
    for capacity in [1, 3, 16, 17, SOURCES, 64] {
        let mut selector = PosixPoll::<Pipe>::new().unwrap();
        let mut events = Events::with_capacity(capacity);
        let streams: Vec<_> = (0..SOURCES).map(|_| UnixStream::pair().unwrap()).collect();
        let registrations: Vec<_> = (streams.iter().zip(0..))
            .map(|((left, _), n)| selector.register(left.as_raw_fd(), Token(n), Interest::WRITABLE))
            .map(Result::unwrap)
            .collect();
        let (mut reports, rounds) = ([0; SOURCES], 5);
        for _ in 0..(rounds * SOURCES).div_ceil(capacity.min(SOURCES)) {
            selector.poll(&mut events, NOW).unwrap();
            assert_eq!(events.as_slice().len(), capacity.min(SOURCES));
            for event in events.as_slice() {
                let token = event.token().0;
                reports[token] += 1;
                PosixPoll::<Pipe>::rearm(&registrations[token], Interest::WRITABLE).unwrap();
            }
        }
        let is_fair = reports.iter().all(|n| (rounds..=rounds + 1).contains(n));
        assert!(is_fair, "{capacity}: {reports:?}");
    }
}

/// A source that was registered or changed after a report is in the array of the next poll(2).
#[test]
fn change_after_a_report_is_seen() {
    let mut selector = PosixPoll::<Pipe>::new().unwrap();
    let mut events = Events::with_capacity(4);
    let pairs: Vec<_> = (0..3).map(|_| UnixStream::pair().unwrap()).collect();
    let [first, second, third] = [0, 1, 2].map(|index: usize| pairs[index].0.as_raw_fd());
    let clone = selector.try_clone().unwrap();
    let register = |fd, token| clone.register(fd, Token(token), Interest::WRITABLE);
    let registered = register(first, 1).unwrap();
    selector.poll(&mut events, NOW).unwrap();
    assert_eq!(tokens(&events), [1]);
    // One takes the slot of another, one needs a new entry.
    selector.deregister(registered, first).unwrap();
    let mut kept = register(second, 2).unwrap();
    let dropped = register(third, 3).unwrap();
    selector.poll(&mut events, NOW).unwrap();
    assert_eq!(tokens(&events), [2, 3]);
    selector
        .reregister(&mut kept, second, Token(4), BOTH)
        .unwrap();
    drop(dropped);
    selector.poll(&mut events, NOW).unwrap();
    assert_eq!(tokens(&events), [4]);
    selector.poll(&mut events, NOW).unwrap();
    assert!(events.is_empty());
    assert_eq!(selector.poller.fds().len(), 2);
}

/// What an interrupted poll(2) has left in the array is no event, now or later.
#[test]
fn result_of_an_interrupted_poll_is_dropped() {
    let (mut selector, mut events, mut left, mut right) = scene::<Interrupted>();
    let registered = selector.register(left.as_raw_fd(), Token(1), Interest::READABLE);
    let (_registration, waker) = (registered.unwrap(), selector.waker(Token(2)).unwrap());
    for is_woken in [false, true, false, true] {
        right.write_all(b"x").unwrap();
        DURING_POLL.set(Some(Box::new(|| Err(io::ErrorKind::Interrupted.into()))));
        if is_woken {
            waker.wake().unwrap();
            selector.poll(&mut events, NOW).unwrap();
            assert_eq!(tokens(&events), [2]);
        } else {
            let error = selector.poll(&mut events, NOW).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::Interrupted);
            assert!(events.is_empty());
        }
        assert_eq!(left.read(&mut [0; 8]).unwrap(), 1);
        selector.poll(&mut events, NOW).unwrap();
        assert!(events.is_empty());
    }
    right.write_all(b"x").unwrap();
    selector.poll(&mut events, NOW).unwrap();
    assert_eq!(tokens(&events), [1]);
}
