//! The selector over poll(2): wakes, and registrations that another thread changes while this one
//! waits.

use std::os::fd::RawFd;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

pub use crate::fake_poll::Faults;
use crate::fake_poll::{set_faults, set_readable, wait_until_not_polled};
use crate::sys::selector::{
    Deadline, EventBuffer as _, Selector as _, SelectorEvent as _, Wake as _,
};
use crate::sys::unix::level_triggered::Events;
use crate::sys::unix::notifier::{PollNotifier, eventfd::EventFd, pipe::Pipe};
use crate::sys::unix::posix_poll::PosixPoll;
use crate::{Interest, Token};

/// The fd of a model's source.
const FD: RawFd = 1000;
/// Another one.
const OTHER_FD: RawFd = 1001;
/// The token of the source, and of the other one. Those of wakers start at 0.
const SOURCE: usize = 100;
const OTHER: usize = 101;

/// Whether the notifier is a pipe instead of an eventfd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notifier {
    /// eventfd(2).
    EventFd,
    /// pipe(2).
    Pipe,
}

/// Wakes of several threads.
#[derive(Clone, Copy, Debug)]
pub struct Wakes {
    /// For each thread the wakers that it wakes, one after the other.
    pub threads: &'static [&'static [usize]],
    /// The number of wakers.
    pub wakers: usize,
    /// The most events that one `select` returns.
    pub capacity: usize,
    /// Whether there is a source, which the first thread makes readable before its wakes.
    pub has_source: bool,
    /// Calls that fail. A thread repeats a wake that fails.
    pub faults: Faults,
}

/// What another thread does while this one waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It registers a source that is ready.
    Register,
    /// It registers, and another thread wakes.
    RegisterAndWake,
    /// It changes the interest of a source to what is ready.
    Reregister,
    /// It reads until the read would block; then the source becomes ready again.
    Rearm,
    /// It deregisters a source, and expects that its file is no longer in use.
    Deregister,
    /// It drops a source, and expects that its file is no longer in use.
    Drop,
    /// It deregisters a source that becomes ready, and registers one that is not in the same slot.
    Reuse,
}

/// Runs `select` without a timeout, again if it was interrupted, and returns the tokens.
fn select<N: PollNotifier>(selector: &mut PosixPoll<N>, events: &mut Events) -> Vec<usize> {
    loop {
        events.clear();
        if selector.select(events, Deadline::Never).is_ok() {
            let tokens = events.as_slice().iter().map(|event| event.token().0);
            return tokens.collect();
        }
        assert!(events.as_slice().is_empty(), "an error loses events");
    }
}

/// The poller waits until it has seen what every thread wrote before its last wake of every waker.
pub fn wakes(notifier: Notifier, scene: Wakes) {
    match notifier {
        Notifier::EventFd => wakes_of::<EventFd>(scene),
        Notifier::Pipe => wakes_of::<Pipe>(scene),
    }
}

fn wakes_of<N: PollNotifier + 'static>(scene: Wakes) {
    crate::explore(move || {
        let mut selector = PosixPoll::<N>::new().unwrap();
        let mut events = Events::with_capacity(scene.capacity);
        let wakers: Vec<_> = (0..scene.wakers)
            .map(|waker| Arc::new(selector.waker(Token(waker)).unwrap()))
            .collect();
        let source = scene.has_source.then(|| {
            set_readable(FD, false);
            let registered = selector.register(FD, Token(SOURCE), Interest::READABLE);
            registered.unwrap()
        });
        set_faults(scene.faults);
        // Before a wake a thread writes how often it has woken the waker.
        let counter = || AtomicUsize::new(0);
        let written: Arc<Vec<Vec<AtomicUsize>>> = Arc::new(
            (scene.threads.iter())
                .map(|_| (0..scene.wakers).map(|_| counter()).collect())
                .collect(),
        );
        let mut threads = Vec::new();
        for (index, wakes) in scene.threads.iter().enumerate() {
            let (written, wakers) = (Arc::clone(&written), wakers.clone());
            threads.push(thread::spawn(move || {
                if index == 0 && scene.has_source {
                    set_readable(FD, true);
                }
                for waker in *wakes {
                    let count = &written[index][*waker];
                    count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
                    while wakers[*waker].wake().is_err() {}
                }
            }));
        }
        let mut seen = vec![vec![0; scene.wakers]; scene.threads.len()];
        let has_seen_all = |seen: &[Vec<usize>]| {
            scene.threads.iter().zip(seen).all(|(wakes, seen)| {
                let of = |waker| wakes.iter().filter(|one| **one == waker).count();
                (0..scene.wakers).all(|waker| seen[waker] == of(waker))
            })
        };
        let mut sees_source = source.is_none();
        while !has_seen_all(&seen) || !sees_source {
            for token in select(&mut selector, &mut events) {
                if token == SOURCE {
                    sees_source = true;
                    continue;
                }
                for (row, written) in seen.iter_mut().zip(written.iter()) {
                    row[token] = written[token].load(Ordering::Relaxed);
                }
            }
        }
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

/// A poller that never blocks, and so takes no lock unless a change is marked, reports every wake
/// that has returned.
pub fn wakes_without_blocking() {
    crate::explore(|| {
        let mut selector = PosixPoll::<EventFd>::new().unwrap();
        let mut events = Events::with_capacity(1);
        let wakers = [0, 1].map(|waker| selector.waker(Token(waker)).unwrap());
        set_faults(Faults {
            failing_writes: 0,
            interrupted_polls: 0,
            is_full_at_once: false,
        });
        let threads = wakers.map(|waker| {
            thread::spawn(move || {
                waker.wake().unwrap();
                waker
            })
        });
        let mut seen = Vec::new();
        let mut poll = |events: &mut Events| {
            events.clear();
            selector.select(events, Deadline::Immediate).unwrap();
            seen.extend(events.as_slice().iter().map(|event| event.token().0));
        };
        poll(&mut events);
        let kept = threads.map(|thread| thread.join().unwrap());
        // The wakes have returned. The buffer has room for one event.
        poll(&mut events);
        poll(&mut events);
        seen.sort_unstable();
        assert_eq!(seen, [0, 1], "a wake is lost");
        drop(kept);
    });
}

/// Another thread changes a registration. The poller waits until it has seen the change.
pub fn change(notifier: Notifier, change: Change, faults: Faults) {
    match notifier {
        Notifier::EventFd => change_on::<EventFd>(change, faults),
        Notifier::Pipe => change_on::<Pipe>(change, faults),
    }
}

fn change_on<N: PollNotifier + 'static>(change: Change, faults: Faults) {
    crate::explore_within(4, move || {
        let mut selector = PosixPoll::<N>::new().unwrap();
        let mut events = Events::with_capacity(4);
        let waker = selector.waker(Token(0)).unwrap();
        let other = selector.try_clone().unwrap();
        set_readable(
            FD,
            matches!(change, Change::Register | Change::RegisterAndWake),
        );
        set_readable(OTHER_FD, false);
        let interest = match change {
            Change::Reregister => Interest::WRITABLE,
            _ => Interest::READABLE,
        };
        let is_registered = !matches!(change, Change::Register | Change::RegisterAndWake);
        let source = is_registered.then(|| selector.register(FD, Token(SOURCE), interest));
        let mut source = source.map(|registered| registered.unwrap());
        if change == Change::Rearm {
            set_readable(FD, true);
            assert_eq!(select(&mut selector, &mut events), [SOURCE]);
        }
        set_faults(faults);
        // The poller waits for these.
        let mut expected = match change {
            Change::RegisterAndWake => vec![0, SOURCE],
            Change::Register | Change::Reregister | Change::Rearm => vec![SOURCE],
            Change::Deregister | Change::Drop | Change::Reuse => vec![0],
        };
        let mut threads = Vec::new();
        let mut waker = Some(waker);
        if change == Change::RegisterAndWake {
            let waker = waker.take().unwrap();
            threads.push(thread::spawn(move || {
                while waker.wake().is_err() {}
                // Dropping a waker drops its event.
                waker
            }));
        }
        let changer = thread::spawn(move || {
            let register = |fd, token| loop {
                // A registration that fails leaves nothing behind.
                match other.register(fd, Token(token), Interest::READABLE) {
                    Ok(registration) => return registration,
                    Err(error) => assert_ne!(error.kind(), std::io::ErrorKind::AlreadyExists),
                }
            };
            match change {
                Change::Register | Change::RegisterAndWake => {
                    source = Some(register(FD, SOURCE));
                }
                Change::Reregister => {
                    set_readable(FD, true);
                    let source = source.as_mut().unwrap();
                    let interest = Interest::READABLE;
                    while other
                        .reregister(source, FD, Token(SOURCE), interest)
                        .is_err()
                    {}
                }
                Change::Rearm => {
                    set_readable(FD, false);
                    let source = source.as_ref().unwrap();
                    while PosixPoll::<N>::rearm(source, Interest::READABLE).is_err() {}
                    set_readable(FD, true);
                }
                Change::Deregister => {
                    other.deregister(source.take().unwrap(), FD).unwrap();
                    wait_until_not_polled(FD);
                }
                Change::Drop => {
                    drop(source.take());
                    wait_until_not_polled(FD);
                }
                Change::Reuse => {
                    set_readable(FD, true);
                    other.deregister(source.take().unwrap(), FD).unwrap();
                    source = Some(register(OTHER_FD, OTHER));
                }
            }
            if matches!(change, Change::Deregister | Change::Drop | Change::Reuse) {
                while waker.as_ref().unwrap().wake().is_err() {}
            }
            (source, waker)
        });
        while !expected.is_empty() {
            let tokens = select(&mut selector, &mut events);
            assert!(!tokens.contains(&OTHER), "an event of a source not ready");
            expected.retain(|token| !tokens.contains(token));
        }
        let kept = changer.join().unwrap();
        let wakers: Vec<_> = threads.into_iter().map(|thread| thread.join()).collect();
        assert!(wakers.iter().all(|waker| waker.is_ok()));
        drop(selector);
        drop(kept);
    });
}
