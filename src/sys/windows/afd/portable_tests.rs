//! The selector on a fake AFD: what Windows does and Wine does not.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

pub(crate) mod random_tests;
mod refusal_tests;

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use super::{Afd, Registration};
use crate::sys::selector::{
    EventBuffer as _, RegisterUnowned as _, Selector as _, SelectorEvent as _, Wake as _,
};
use crate::sys::windows::platform::kernel::{
    ACCESS_DENIED, INSUFFICIENT_RESOURCES, Kernel, Quirks,
};
use crate::sys::windows::{event, event::Events, platform, platform::ffi};
use crate::{Interest, Token};

pub(super) const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
pub(super) const AT_ONCE: Option<Duration> = Some(Duration::ZERO);
/// How long a source is paused, by the clock that only waits advance.
pub(super) const PAUSE: Duration = Duration::from_millis(10);
pub(super) const SHORT: Option<Duration> = Some(Duration::from_millis(60));

/// A selector on a kernel of its own, and room for events.
pub(crate) fn selector(seed: u64, quirks: Quirks) -> (Kernel, Afd, Events) {
    let kernel = Kernel::new(seed, quirks);
    platform::enter(&kernel);
    (kernel, Afd::new().unwrap(), Events::with_capacity(16))
}

/// The tokens of one wait.
pub(super) fn tokens(
    selector: &mut Afd,
    events: &mut Events,
    timeout: Option<Duration>,
) -> Vec<usize> {
    selector.poll(events, timeout).unwrap();
    let tokens = events.as_slice().iter();
    tokens.map(|event| event.token().0).collect()
}

pub(super) fn register(selector: &Afd, socket: u64, interest: Interest) -> Registration {
    let token = Token(socket as usize);
    selector.register(socket, token, interest).unwrap()
}

/// Sets what other threads do while this one waits: one action for each wait.
fn during_wait(actions: Vec<Box<dyn FnMut()>>) {
    let mut actions = actions.into_iter();
    platform::during_wait(Some(Box::new(move || match actions.next() {
        Some(mut action) => {
            action();
            true
        }
        None => false,
    })));
}

/// A server takes one event and stops accepting, as at its limit of connections. Then `poll` waits
/// without using the processor, whether or not AFD completes RECEIVE on a listener with ACCEPT.
#[test]
fn undrained_listener_does_not_spin() {
    for receive_is_accept in [false, true] {
        let quirks = Quirks {
            receive_is_accept,
            ..Quirks::default()
        };
        let (kernel, mut selector, mut events) = selector(1, quirks);
        kernel.open_socket(1, true);
        let registration = register(&selector, 1, Interest::READABLE);
        kernel.set(1, ffi::AFD_POLL_ACCEPT);
        assert_eq!(tokens(&mut selector, &mut events, None), [1]);
        let before = kernel.counts();
        assert!(tokens(&mut selector, &mut events, SHORT).is_empty());
        let after = kernel.counts();
        assert!(after.requests - before.requests <= 1, "{after:?}");
        assert!(after.waits - before.waits <= 2, "{after:?}");
        // After it accepts again, the next connection is an event.
        kernel.clear(1, ffi::AFD_POLL_ACCEPT);
        Afd::rearm(&registration, Interest::READABLE).unwrap();
        assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
        kernel.set(1, ffi::AFD_POLL_ACCEPT);
        assert_eq!(tokens(&mut selector, &mut events, None), [1]);
    }
}

/// A level-triggered source, owned or not, reports a condition in each wait while it holds. One
/// that has no condition costs no request.
#[test]
fn level_is_reported_by_each_wait() {
    let level = BOTH | Interest::LEVEL;
    for is_unowned in [false, true] {
        let (kernel, mut selector, mut events) = selector(1, Quirks::default());
        kernel.open_socket(1, false);
        let mut owned = None;
        if is_unowned {
            selector.register_unowned(1, Token(1), level).unwrap();
        } else {
            owned = Some(register(&selector, 1, level));
        }
        for conditions in [ffi::AFD_POLL_RECEIVE, ffi::AFD_POLL_ABORT] {
            kernel.set(1, conditions);
            for _ in 0..200 {
                assert_eq!(tokens(&mut selector, &mut events, AT_ONCE), [1]);
            }
            kernel.clear(1, conditions);
            // The request in flight may have completed before.
            tokens(&mut selector, &mut events, AT_ONCE);
            let before = kernel.counts();
            assert!(tokens(&mut selector, &mut events, SHORT).is_empty());
            assert!(kernel.counts().requests - before.requests <= 1);
        }
        drop(owned);
    }
}

/// A one-shot source reports one event, whatever follows, until it is registered again.
#[test]
fn one_shot_is_reported_once() {
    let once = BOTH | Interest::ONESHOT;
    let (kernel, mut selector, mut events) = selector(1, Quirks::default());
    kernel.open_socket(1, false);
    let mut registration = register(&selector, 1, once);
    for token in 10..13 {
        kernel.set(1, ffi::AFD_POLL_RECEIVE);
        assert_eq!(tokens(&mut selector, &mut events, SHORT).len(), 1);
        kernel.clear(1, ffi::AFD_POLL_RECEIVE);
        // An operation that would block arms nothing, and no condition is seen.
        Afd::rearm(&registration, BOTH).unwrap();
        kernel.set(1, ffi::AFD_POLL_SEND | ffi::AFD_POLL_ABORT);
        assert!(tokens(&mut selector, &mut events, SHORT).is_empty());
        assert_eq!(kernel.in_flight(1), 0);
        selector
            .reregister(&mut registration, 1, Token(token), once)
            .unwrap();
        assert_eq!(tokens(&mut selector, &mut events, SHORT), [token]);
        kernel.clear(1, ffi::AFD_POLL_SEND | ffi::AFD_POLL_ABORT);
        selector
            .reregister(&mut registration, 1, Token(token), once)
            .unwrap();
    }
}

/// An AFD that completes requests with conditions that were not requested costs about one request
/// for each pause of 10 ms. Once it behaves, no event is lost.
#[test]
fn unrequested_conditions_do_not_spin() {
    for is_unowned in [false, true] {
        let (kernel, mut selector, mut events) = selector(1, Quirks::default());
        kernel.open_socket(1, false);
        let mut registration = None;
        if is_unowned {
            selector
                .register_unowned(1, Token(1), Interest::READABLE)
                .unwrap();
        } else {
            registration = Some(register(&selector, 1, Interest::READABLE));
        }
        kernel.quirks(|quirks| quirks.reports_unrequested = true);
        kernel.set(1, ffi::AFD_POLL_RECEIVE);
        let start = platform::now();
        assert!(tokens(&mut selector, &mut events, SHORT).is_empty());
        let pauses = (platform::now() - start).as_millis() / 10 + 1;
        let requests = kernel.counts().requests as u128;
        assert!(requests <= 4 + pauses, "{requests} in {pauses} pauses");
        kernel.quirks(|quirks| quirks.reports_unrequested = false);
        assert_eq!(tokens(&mut selector, &mut events, SHORT), [1]);
        drop(registration);
    }
}

/// One SOCKET, registered as a stream and as an unowned socket, has its requests on two AFD
/// handles, since AFD mixes up two on one handle (trio's experiment).
#[test]
fn two_sources_of_one_socket_use_two_handles() {
    let (kernel, mut selector, mut events) = selector(1, Quirks::default());
    kernel.open_socket(1, false);
    let writer = selector.register(1, Token(10), Interest::WRITABLE).unwrap();
    selector
        .register_unowned(1, Token(20), Interest::READABLE)
        .unwrap();
    assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    assert_eq!(kernel.in_flight(1), 2);
    kernel.set(1, ffi::AFD_POLL_RECEIVE);
    assert_eq!(tokens(&mut selector, &mut events, SHORT), [20]);
    kernel.clear(1, ffi::AFD_POLL_RECEIVE);
    kernel.set(1, ffi::AFD_POLL_SEND);
    assert_eq!(tokens(&mut selector, &mut events, SHORT), [10]);
    assert_eq!(kernel.counts().overlapping, 0);
    drop(writer);
}

/// The same holds after a source was deregistered whose request could not be canceled.
#[test]
fn lingering_request_keeps_its_socket_reserved() {
    let (kernel, mut selector, mut events) = selector(1, Quirks::default());
    kernel.open_socket(1, false);
    let first = register(&selector, 1, Interest::WRITABLE);
    assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    kernel.quirks(|quirks| quirks.failing_cancels = 1);
    selector.deregister(first, 1).unwrap();
    let second = selector.register(1, Token(2), Interest::READABLE).unwrap();
    assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    assert_eq!(kernel.in_flight(1), 2);
    kernel.set(1, ffi::AFD_POLL_RECEIVE);
    assert_eq!(tokens(&mut selector, &mut events, SHORT), [2]);
    assert_eq!(kernel.counts().overlapping, 0);
    // After the request has completed, its handle serves the socket again.
    kernel.set(1, ffi::AFD_POLL_SEND);
    assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    selector.deregister(second, 1).unwrap();
    let third = register(&selector, 1, Interest::READABLE);
    assert_eq!(selector.shared.handles().len(), 1);
    drop(third);
}

/// Registering and deregistering repeatedly, as connection pools do, opens no second handle.
#[test]
fn cancelled_request_frees_its_handle() {
    let (kernel, mut selector, mut events) = selector(1, Quirks::default());
    kernel.open_socket(1, false);
    for _ in 0..10 {
        let registration = register(&selector, 1, BOTH);
        assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
        selector.deregister(registration, 1).unwrap();
        assert_eq!(selector.shared.handles().len(), 1);
    }
}

/// A read that would block returns `WouldBlock` even if the system refuses the request that it
/// needs. The poller retries the request, and the event comes.
#[test]
fn refused_rearm_is_retried() {
    for refusal in [INSUFFICIENT_RESOURCES, ACCESS_DENIED] {
        let (kernel, mut selector, mut events) = selector(1, Quirks::default());
        kernel.open_socket(1, false);
        let registration = Rc::new(register(&selector, 1, Interest::READABLE));
        kernel.set(1, ffi::AFD_POLL_RECEIVE);
        assert_eq!(tokens(&mut selector, &mut events, AT_ONCE), [1]);
        kernel.clear(1, ffi::AFD_POLL_RECEIVE);
        // No request for reading is in flight now. Another thread reads while this one waits.
        let result = Rc::new(RefCell::new(None));
        let (its, of) = (Rc::clone(&result), Rc::clone(&registration));
        let (refuses, receives) = (kernel.clone(), kernel.clone());
        during_wait(vec![
            Box::new(move || {
                refuses.quirks(|quirks| quirks.refusals.push_back(refusal));
                refuses.quirks(|quirks| quirks.failing_cancels = 1);
                *its.borrow_mut() = Some(Afd::rearm(&of, Interest::READABLE));
            }),
            Box::new(move || receives.set(1, ffi::AFD_POLL_RECEIVE)),
        ]);
        let start = platform::now();
        let got = tokens(&mut selector, &mut events, None);
        assert!(result.borrow_mut().take().unwrap().is_ok());
        assert_eq!(got, [1]);
        assert!(platform::now() - start <= 2 * PAUSE);
        platform::during_wait(None);
        kernel.quirks(|quirks| *quirks = Quirks::default());
        drop(registration);
    }
}

/// A refusal while another thread waits is returned to the caller of `register`, and leaves nothing
/// behind.
#[test]
fn refused_registration_returns_the_error() {
    let (kernel, mut selector, mut events) = selector(1, Quirks::default());
    kernel.open_socket(1, false);
    let registry = selector.try_clone().unwrap();
    let of = kernel.clone();
    let seen = Rc::new(RefCell::new(Vec::new()));
    let its = Rc::clone(&seen);
    during_wait(vec![Box::new(move || {
        of.quirks(|quirks| quirks.refusals.push_back(INSUFFICIENT_RESOURCES));
        let result = registry.register(1, Token(1), BOTH);
        its.borrow_mut()
            .push(result.err().and_then(|e| e.raw_os_error()));
        of.quirks(|quirks| quirks.refusals.push_back(INSUFFICIENT_RESOURCES));
        let result = registry.register_unowned(1, Token(1), BOTH);
        its.borrow_mut()
            .push(result.err().and_then(|e| e.raw_os_error()));
    })]);
    assert!(tokens(&mut selector, &mut events, SHORT).is_empty());
    // ERROR_NO_SYSTEM_RESOURCES.
    assert_eq!(*seen.borrow(), [Some(1450), Some(1450)]);
    assert_eq!(kernel.in_flight(1), 0);
    platform::during_wait(None);
}

/// A lasting lack of memory makes `poll` neither spin nor fail, and is no event: a connecting
/// socket that is reported writable counts as connected.
#[test]
fn memory_shortage_is_retried() {
    let (kernel, mut selector, mut events) = selector(1, Quirks::default());
    kernel.open_socket(1, false);
    let registration = register(&selector, 1, BOTH);
    kernel.quirks(|quirks| quirks.refusals.extend([INSUFFICIENT_RESOURCES; 1_000]));
    assert!(tokens(&mut selector, &mut events, SHORT).is_empty());
    let requests = kernel.counts().requests;
    assert!((2..=8).contains(&requests), "{requests}");
    kernel.quirks(|quirks| quirks.refusals.clear());
    kernel.set(1, ffi::AFD_POLL_SEND);
    assert_eq!(tokens(&mut selector, &mut events, SHORT), [1]);
    assert!(!events.as_slice()[0].is_error());
    drop(registration);
}

/// A permanent refusal is an error event, and `take_error` returns its code once, so that a
/// connecting socket does not count as connected.
#[test]
fn permanent_refusal_is_an_error_event() {
    let (kernel, mut selector, mut events) = selector(1, Quirks::default());
    kernel.open_socket(1, false);
    let registration = register(&selector, 1, Interest::WRITABLE);
    kernel.quirks(|quirks| quirks.refusals.push_back(ACCESS_DENIED));
    assert_eq!(tokens(&mut selector, &mut events, SHORT), [1]);
    let event = events.as_slice()[0];
    assert!(event.is_error() && event.is_writable() && !event.is_readable());
    let fault = Afd::take_fault(&registration);
    // ERROR_ACCESS_DENIED.
    assert_eq!(fault.and_then(|fault| fault.raw_os_error()), Some(5));
    assert!(Afd::take_fault(&registration).is_none());
    // The source is not polled until it is armed.
    assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    kernel.set(1, ffi::AFD_POLL_SEND);
    Afd::rearm(&registration, Interest::WRITABLE).unwrap();
    assert_eq!(tokens(&mut selector, &mut events, SHORT), [1]);
}

/// "Invalid handle" is an error event of an owned socket, which is open. An unowned socket was
/// closed by its owner: its registration ends without an event.
#[test]
fn invalid_handle_of_an_owned_socket_is_an_error_event() {
    let (kernel, mut selector, mut events) = selector(1, Quirks::default());
    // AFD does not know this socket, as if it were one of a layered provider.
    let owned = register(&selector, 1, Interest::READABLE);
    kernel.open_socket(2, false);
    selector.register_unowned(2, Token(2), BOTH).unwrap();
    kernel.close(2);
    assert_eq!(tokens(&mut selector, &mut events, SHORT), [1]);
    let event = events.as_slice()[0];
    assert!(event.is_error() && event.is_readable() && !event.is_writable());
    assert!(event.flags & event::FAULT != 0);
    let error = selector.deregister_unowned(2).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    selector.deregister(owned, 1).unwrap();
}

/// A reader that drains an unowned socket costs one request for each message and no probe: that AFD
/// leaves the request pending shows that the socket was drained.
#[test]
fn draining_reader_is_never_probed() {
    let (kernel, mut selector, mut events) = selector(1, Quirks::default());
    kernel.open_socket(1, false);
    selector
        .register_unowned(1, Token(1), Interest::READABLE)
        .unwrap();
    let start = platform::now();
    for _ in 0..2_000 {
        let of = kernel.clone();
        during_wait(vec![Box::new(move || of.set(1, ffi::AFD_POLL_RECEIVE))]);
        assert_eq!(tokens(&mut selector, &mut events, None), [1]);
        kernel.clear(1, ffi::AFD_POLL_RECEIVE);
    }
    platform::during_wait(None);
    let counts = kernel.counts();
    assert_eq!((counts.probes, counts.requests), (0, 2_000), "{counts:?}");
    // No wait ended by its timeout.
    assert_eq!(platform::now(), start);
}

/// The update list does not grow with registrations that have ended.
#[test]
fn register_and_deregister_leave_no_updates() {
    let (kernel, mut selector, mut events) = selector(1, Quirks::default());
    for socket in 0..100 {
        kernel.open_socket(socket, false);
    }
    let live: Vec<_> = (0..50)
        .map(|socket| register(&selector, socket, BOTH))
        .collect();
    for round in 0..10_000 {
        let socket = 50 + round % 50;
        let registration = register(&selector, socket, BOTH);
        selector.deregister(registration, socket).unwrap();
    }
    let listed = selector.shared.updates().len();
    assert!(listed <= 2 * 64, "{listed}");
    // Every live registration still has its event.
    for socket in 0..50 {
        kernel.set(socket, ffi::AFD_POLL_SEND);
    }
    let mut seen = Vec::new();
    while seen.len() < 50 {
        let got = tokens(&mut selector, &mut events, SHORT);
        assert!(!got.is_empty(), "{seen:?}");
        seen.extend(got);
    }
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..50));
    drop(live);
}

/// A request that returns a warning queues a packet, as success does: dropping the port finds no
/// operation without one.
#[test]
fn warning_statuses_are_completions() {
    let quirks = Quirks {
        completes_with_warning: true,
        ..Quirks::default()
    };
    let (kernel, mut selector, mut events) = selector(1, quirks);
    kernel.open_socket(1, false);
    let registration = register(&selector, 1, Interest::READABLE);
    kernel.set(1, ffi::AFD_POLL_RECEIVE);
    assert_eq!(tokens(&mut selector, &mut events, SHORT), [1]);
    drop(selector);
    drop(registration);
}

/// A wake ends a wait with an infinite timeout.
#[test]
fn wake_ends_the_wait() {
    let (_, mut selector, mut events) = selector(1, Quirks::default());
    let waker = selector.waker(Token(7)).unwrap();
    waker.wake().unwrap();
    waker.wake().unwrap();
    assert_eq!(tokens(&mut selector, &mut events, None), [7]);
    assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    assert!(!format!("{selector:?} {waker:?}").is_empty());
    assert_eq!(selector.port().outstanding(), 0);
    assert!(waker.receiver_id() > 0);
}

/// A request and its reply cost one poll request, also for a source that is registered for writing.
#[test]
fn request_and_reply_cost_one_poll() {
    for interest in [Interest::READABLE, BOTH] {
        let (kernel, mut selector, mut events) = selector(1, Quirks::default());
        kernel.open_socket(1, false);
        kernel.set(1, ffi::AFD_POLL_SEND);
        let registration = register(&selector, 1, interest);
        let first = tokens(&mut selector, &mut events, AT_ONCE);
        assert_eq!(first.is_empty(), interest == Interest::READABLE);
        assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
        let before = kernel.counts();
        for _ in 0..10 {
            kernel.set(1, ffi::AFD_POLL_RECEIVE);
            assert_eq!(tokens(&mut selector, &mut events, None), [1]);
            // Before it is read, a wait that does not block starts no request for a reset.
            assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
            // The request is read until it would block. The reply fits into the buffer.
            kernel.clear(1, ffi::AFD_POLL_RECEIVE);
            Afd::rearm(&registration, Interest::READABLE).unwrap();
            assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
        }
        let after = kernel.counts();
        assert_eq!(after.requests - before.requests, 10, "{interest:?}");
        assert_eq!(after.cancels, before.cancels, "{interest:?}");
    }
}

/// If another thread reads while this one waits, it costs a second request. The wait has started
/// with a request for a reset, which the thread cancels when it arms reading: AFD cannot
/// extend it.
#[test]
fn request_and_reply_by_another_thread_cost_two_polls() {
    for interest in [Interest::READABLE, BOTH] {
        let (kernel, mut selector, mut events) = selector(1, Quirks::default());
        kernel.open_socket(1, false);
        kernel.set(1, ffi::AFD_POLL_SEND);
        let registration = Rc::new(register(&selector, 1, interest));
        tokens(&mut selector, &mut events, AT_ONCE);
        tokens(&mut selector, &mut events, AT_ONCE);
        let before = kernel.counts();
        for _ in 0..10 {
            let (reader, its, peer) = (kernel.clone(), Rc::clone(&registration), kernel.clone());
            during_wait(vec![
                Box::new(move || {
                    reader.clear(1, ffi::AFD_POLL_RECEIVE);
                    Afd::rearm(&its, Interest::READABLE).unwrap();
                }),
                Box::new(move || peer.set(1, ffi::AFD_POLL_RECEIVE)),
            ]);
            assert_eq!(tokens(&mut selector, &mut events, None), [1]);
        }
        let after = kernel.counts();
        assert!(after.requests - before.requests <= 20, "{after:?}");
        assert!(after.cancels - before.cancels <= 10, "{after:?}");
    }
}
