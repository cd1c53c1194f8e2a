//! The selector on a fake AFD: what Windows does and Wine does not.
#![allow(clippy::unwrap_used)]

mod random_tests;
mod refusal_tests;

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use super::selector::{Afd, Registration};
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
/// For which a source is held back, by the clock that only waits advance.
pub(super) const PAUSE: Duration = Duration::from_millis(10);
pub(super) const SHORT: Option<Duration> = Some(Duration::from_millis(60));

/// A selector on a kernel of its own, and room for events.
pub(super) fn selector(seed: u64, quirks: Quirks) -> (Kernel, Afd, Events) {
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
    selector.select(events, timeout).unwrap();
    let tokens = events.as_slice().iter();
    tokens.map(|event| event.token().0).collect()
}

pub(super) fn register(selector: &Afd, socket: u64, interest: Interest) -> Registration {
    let token = Token(socket as usize);
    selector.register(socket, token, interest).unwrap()
}

/// What other threads do while this one waits: these things, one after the other.
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

/// A server that takes one event and stops accepting waits without using the processor, whatever
/// an AFD says of RECEIVE on a listener. accept(2) of the documented pattern ("until it would
/// block") is not made, as by a server at its limit of connections.
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
        // Accepting goes on, and the next connection is an event.
        kernel.clear(1, ffi::AFD_POLL_ACCEPT);
        Afd::rearm(&registration, Interest::READABLE).unwrap();
        assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
        kernel.set(1, ffi::AFD_POLL_ACCEPT);
        assert_eq!(tokens(&mut selector, &mut events, None), [1]);
    }
}

/// The guard for the class: an AFD that answers what nobody asked for costs about one request for
/// each pause of 10 ms, and no event once it behaves.
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

/// No two requests for one socket are in flight on one handle of AFD, which would mix them up
/// (trio's experiment): the same SOCKET as a stream and as an unowned socket.
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

/// The same after a source was deregistered whose request could not be cancelled.
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
    // When it has come back, its handle serves the socket again.
    kernel.set(1, ffi::AFD_POLL_SEND);
    assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    selector.deregister(second, 1).unwrap();
    let third = register(&selector, 1, Interest::READABLE);
    assert_eq!(selector.shared.handles().len(), 1);
    drop(third);
}

/// Registering anew and again, as connection pools do, opens no second handle.
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

/// A read that would block says so, though the system lacks memory for the request that it makes
/// necessary; the source is tried again, and its event comes.
#[test]
fn refused_rearm_is_retried() {
    for refusal in [INSUFFICIENT_RESOURCES, ACCESS_DENIED] {
        let (kernel, mut selector, mut events) = selector(1, Quirks::default());
        kernel.open_socket(1, false);
        let registration = Rc::new(register(&selector, 1, Interest::READABLE));
        kernel.set(1, ffi::AFD_POLL_RECEIVE);
        assert_eq!(tokens(&mut selector, &mut events, AT_ONCE), [1]);
        kernel.clear(1, ffi::AFD_POLL_RECEIVE);
        // Nothing is in flight for reading now; another thread reads while this one waits.
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

/// Who registers while another thread waits is told of a refusal, and nothing is left behind.
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

/// A lack of memory that lasts makes `poll` neither spin nor fail, and is no event: a connecting
/// socket that was reported writable would be taken for connected.
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

/// What AFD refuses for good is an event that says so; its code can be taken once, so that a
/// connection that is being made is not taken for made.
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
    // It is left out until it is armed.
    assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    kernel.set(1, ffi::AFD_POLL_SEND);
    Afd::rearm(&registration, Interest::WRITABLE).unwrap();
    assert_eq!(tokens(&mut selector, &mut events, SHORT), [1]);
}

/// "No such handle" is an error event of a socket of ours, which is open, and the silent end of
/// one that is not: its owner closed it.
#[test]
fn invalid_handle_of_an_owned_socket_is_an_error_event() {
    let (kernel, mut selector, mut events) = selector(1, Quirks::default());
    // AFD does not know this one, as that of a layered provider without a base socket.
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

/// A reader of an unowned socket that reads all it is told of costs one request for each message
/// and no look: that the kernel lets the request wait says that the socket was drained.
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
    // Nothing was ever late.
    assert_eq!(platform::now(), start);
}

/// The list of sources to be updated does not grow with registrations that have ended.
#[test]
fn register_and_deregister_leave_no_updates() {
    let (kernel, mut selector, mut events) = selector(1, Quirks::default());
    for socket in 0..100 {
        kernel.open_socket(socket, false);
    }
    let live: Vec<_> = (0..50)
        .map(|socket| register(&selector, socket, BOTH))
        .collect();
    for sink in 0..10_000 {
        let socket = 50 + sink % 50;
        let registration = register(&selector, socket, BOTH);
        selector.deregister(registration, socket).unwrap();
    }
    let listed = selector.shared.updates().len();
    assert!(listed <= 2 * 64, "{listed}");
    // Those that are registered are all still there.
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

/// Warnings send their packets, as success does, and so does every request that was taken: the
/// port's end finds nothing that is missing.
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

/// A wake ends a wait that has no end.
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
