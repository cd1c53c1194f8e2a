//! The selector on AFD: wakes, and registrations that another thread changes while this one waits.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use crate::sys::selector::{
    Deadline, EventBuffer as _, Selector as _, SelectorEvent as _, Wake as _,
};
use crate::sys::windows::afd::Afd;
use crate::sys::windows::event::Events;
use crate::testing::windows::ffi::{AFD_POLL_RECEIVE, AFD_POLL_SEND};
use crate::testing::windows::kernel::{INSUFFICIENT_RESOURCES, Kernel, Quirks};
use crate::testing::windows::{self as platform};
use crate::{Interest, Token};

/// The value of a model's socket, and the token of its source.
const SOCKET: u64 = 100;
const SOURCE: usize = 100;

/// What another thread does while this one waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It registers a source, which then becomes ready.
    Register,
    /// It changes the interest of a source to what is ready.
    Reregister,
    /// It reads until the read would block; then the source becomes ready again.
    Rearm,
    /// The same, and a thread that is not the reader makes the source ready.
    RearmOfTwo,
    /// As `Rearm`, but AFD refuses the call, a request or a cancel, for lack of memory.
    RearmRefused,
    /// It deregisters a source that becomes ready at the same time.
    Deregister,
    /// It deregisters a source whose request cannot be canceled, and registers the socket again.
    RegisterAgain,
}

/// A selector on a fake kernel of its own, whose waits block.
fn selector(quirks: Quirks) -> (Kernel, Afd, Events) {
    let blocks = true;
    let kernel = Kernel::new(1, Quirks { blocks, ..quirks });
    platform::enter(&kernel);
    kernel.open_socket(SOCKET, false);
    (kernel, Afd::new().unwrap(), Events::with_capacity(4))
}

/// Runs `select` without a timeout, and returns the tokens.
fn select(selector: &mut Afd, events: &mut Events) -> Vec<usize> {
    events.clear();
    selector.select(events, Deadline::Never).unwrap();
    let tokens = events.as_slice().iter().map(|event| event.token().0);
    tokens.collect()
}

/// Each thread wakes these wakers. The poller waits until it has seen what every thread wrote
/// before its last wake of every waker.
pub fn wakes(threads: &'static [&'static [usize]], wakers: usize) {
    crate::explore(move || {
        let (_, mut selector, mut events) = selector(Quirks::default());
        let all: Vec<_> = (0..wakers)
            .map(|waker| Arc::new(selector.waker(Token(waker)).unwrap()))
            .collect();
        let written: Arc<Vec<Vec<AtomicUsize>>> = Arc::new(
            (threads.iter())
                .map(|_| (0..wakers).map(|_| AtomicUsize::new(0)).collect())
                .collect(),
        );
        let handles: Vec<_> = (threads.iter().enumerate())
            .map(|(index, wakes)| {
                let (written, all) = (Arc::clone(&written), all.clone());
                thread::spawn(move || {
                    for waker in *wakes {
                        let count = &written[index][*waker];
                        count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
                        all[*waker].wake().unwrap();
                    }
                })
            })
            .collect();
        let mut seen = vec![vec![0; wakers]; threads.len()];
        let has_seen_all = |seen: &[Vec<usize>]| {
            threads.iter().zip(seen).all(|(wakes, seen)| {
                let of = |waker| wakes.iter().filter(|one| **one == waker).count();
                (0..wakers).all(|waker| seen[waker] == of(waker))
            })
        };
        while !has_seen_all(&seen) {
            for token in select(&mut selector, &mut events) {
                for (row, written) in seen.iter_mut().zip(written.iter()) {
                    row[token] = written[token].load(Ordering::Relaxed);
                }
            }
        }
        for handle in handles {
            handle.join().unwrap();
        }
    });
}

/// Another thread changes a registration. The poller waits until it has seen the change. At the
/// end the port has all requests back, and no two requests for the socket were on one handle.
pub fn change(change: Change) {
    crate::explore(move || {
        let (kernel, mut selector, mut events) = selector(Quirks::default());
        let waker = selector.waker(Token(0)).unwrap();
        let other = selector.try_clone().unwrap();
        let interest = match change {
            Change::Reregister => Interest::WRITABLE,
            _ => Interest::READABLE,
        };
        let register = || selector.register(SOCKET, Token(SOURCE), interest).unwrap();
        let mut source = (change != Change::Register).then(register);
        let is_rearmed = matches!(
            change,
            Change::Rearm | Change::RearmOfTwo | Change::RearmRefused
        );
        if is_rearmed {
            kernel.set(SOCKET, AFD_POLL_RECEIVE);
            assert_eq!(select(&mut selector, &mut events), [SOURCE]);
            kernel.clear(SOCKET, AFD_POLL_RECEIVE);
        }
        let mut threads = Vec::new();
        if matches!(change, Change::RearmOfTwo | Change::Deregister) {
            let kernel = kernel.clone();
            threads.push(thread::spawn(move || {
                kernel.set(SOCKET, AFD_POLL_RECEIVE);
            }));
        }
        let its_kernel = kernel.clone();
        let changer = thread::spawn(move || {
            let kernel = its_kernel;
            match change {
                Change::Register => {
                    source = other.register(SOCKET, Token(SOURCE), interest).ok();
                    kernel.set(SOCKET, AFD_POLL_RECEIVE);
                }
                Change::Reregister => {
                    let source = source.as_mut().unwrap();
                    let both = Interest::READABLE.add(Interest::WRITABLE);
                    let result = other.reregister(source, SOCKET, Token(SOURCE), both);
                    result.unwrap();
                    kernel.set(SOCKET, AFD_POLL_RECEIVE);
                }
                Change::Rearm | Change::RearmOfTwo | Change::RearmRefused => {
                    if change == Change::RearmRefused {
                        let refusal = INSUFFICIENT_RESOURCES;
                        kernel.quirks(|quirks| {
                            quirks.refusals.push_back(refusal);
                            quirks.failing_cancels = 1;
                        });
                    }
                    Afd::rearm(source.as_ref().unwrap(), Interest::READABLE).unwrap();
                    if change != Change::RearmOfTwo {
                        kernel.set(SOCKET, AFD_POLL_RECEIVE);
                    }
                }
                Change::Deregister => {
                    other.deregister(source.take().unwrap(), SOCKET).unwrap();
                    assert_eq!(kernel.in_flight(SOCKET), 0, "a request is left");
                    waker.wake().unwrap();
                }
                Change::RegisterAgain => {
                    kernel.quirks(|quirks| quirks.failing_cancels = 1);
                    other.deregister(source.take().unwrap(), SOCKET).unwrap();
                    let writable = Interest::WRITABLE;
                    source = other.register(SOCKET, Token(SOURCE + 1), writable).ok();
                    kernel.set(SOCKET, AFD_POLL_SEND);
                }
            }
            (source, waker)
        });
        let expected = match change {
            Change::Deregister => 0,
            Change::RegisterAgain => SOURCE + 1,
            _ => SOURCE,
        };
        while !select(&mut selector, &mut events).contains(&expected) {}
        let kept = changer.join().unwrap();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(kernel.counts().overlapping, 0, "requests are mixed up");
        drop(kept);
        drop(selector);
    });
}
