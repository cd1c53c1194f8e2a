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
use crate::sys::windows::platform::kernel::{DENIED, Kernel, NO_RESOURCES, Quirks};
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
    records: &mut Events,
    timeout: Option<Duration>,
) -> Vec<usize> {
    selector.select(records, timeout).unwrap();
    let tokens = records.as_slice().iter();
    tokens.map(|record| record.token().0).collect()
}

pub(super) fn register(selector: &Afd, socket: u64, interest: Interest) -> Registration {
    let token = Token(socket as usize);
    selector.register(socket, token, interest).unwrap()
}

/// What other threads do while this one waits: these things, one after the other.
fn meanwhile(actions: Vec<Box<dyn FnMut()>>) {
    let mut actions = actions.into_iter();
    platform::meanwhile(Some(Box::new(move || match actions.next() {
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
fn a_listener_that_is_not_drained_does_not_spin() {
    for receive_is_accept in [false, true] {
        let quirks = Quirks {
            receive_is_accept,
            ..Quirks::default()
        };
        let (kernel, mut selector, mut records) = selector(1, quirks);
        kernel.open_socket(1, true);
        let registration = register(&selector, 1, Interest::READABLE);
        kernel.set(1, ffi::AFD_POLL_ACCEPT);
        assert_eq!(tokens(&mut selector, &mut records, None), [1]);
        let before = kernel.counts();
        assert!(tokens(&mut selector, &mut records, SHORT).is_empty());
        let after = kernel.counts();
        assert!(after.requests - before.requests <= 1, "{after:?}");
        assert!(after.waits - before.waits <= 2, "{after:?}");
        // Accepting goes on, and the next connection is an event.
        kernel.clear(1, ffi::AFD_POLL_ACCEPT);
        Afd::rearm(&registration, Interest::READABLE).unwrap();
        assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
        kernel.set(1, ffi::AFD_POLL_ACCEPT);
        assert_eq!(tokens(&mut selector, &mut records, None), [1]);
    }
}

/// The guard for the class: an AFD that answers what nobody asked for costs about one request for
/// each pause of 10 ms, and no event once it behaves.
#[test]
fn answers_to_what_nobody_asked_do_not_spin() {
    for is_unowned in [false, true] {
        let (kernel, mut selector, mut records) = selector(1, Quirks::default());
        kernel.open_socket(1, false);
        let mut registration = None;
        if is_unowned {
            selector
                .register_unowned(1, Token(1), Interest::READABLE)
                .unwrap();
        } else {
            registration = Some(register(&selector, 1, Interest::READABLE));
        }
        kernel.quirks(|quirks| quirks.answers_amiss = true);
        kernel.set(1, ffi::AFD_POLL_RECEIVE);
        let start = platform::now();
        assert!(tokens(&mut selector, &mut records, SHORT).is_empty());
        let pauses = (platform::now() - start).as_millis() / 10 + 1;
        let requests = kernel.counts().requests as u128;
        assert!(requests <= 4 + pauses, "{requests} in {pauses} pauses");
        kernel.quirks(|quirks| quirks.answers_amiss = false);
        assert_eq!(tokens(&mut selector, &mut records, SHORT), [1]);
        drop(registration);
    }
}

/// No two requests for one socket are in flight on one handle of AFD, which would mix them up
/// (trio's experiment): the same SOCKET as a stream and as an unowned socket.
#[test]
fn two_sources_of_one_socket_have_their_own_handles() {
    let (kernel, mut selector, mut records) = selector(1, Quirks::default());
    kernel.open_socket(1, false);
    let writer = selector.register(1, Token(10), Interest::WRITABLE).unwrap();
    selector
        .register_unowned(1, Token(20), Interest::READABLE)
        .unwrap();
    assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
    assert_eq!(kernel.in_flight(1), 2);
    kernel.set(1, ffi::AFD_POLL_RECEIVE);
    assert_eq!(tokens(&mut selector, &mut records, SHORT), [20]);
    kernel.clear(1, ffi::AFD_POLL_RECEIVE);
    kernel.set(1, ffi::AFD_POLL_SEND);
    assert_eq!(tokens(&mut selector, &mut records, SHORT), [10]);
    assert_eq!(kernel.counts().mixed_up, 0);
    drop(writer);
}

/// The same after a source was deregistered whose request could not be cancelled.
#[test]
fn a_request_that_lingers_keeps_its_handle_from_others() {
    let (kernel, mut selector, mut records) = selector(1, Quirks::default());
    kernel.open_socket(1, false);
    let first = register(&selector, 1, Interest::WRITABLE);
    assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
    kernel.quirks(|quirks| quirks.failing_cancels = 1);
    selector.deregister(first, 1).unwrap();
    let second = selector.register(1, Token(2), Interest::READABLE).unwrap();
    assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
    assert_eq!(kernel.in_flight(1), 2);
    kernel.set(1, ffi::AFD_POLL_RECEIVE);
    assert_eq!(tokens(&mut selector, &mut records, SHORT), [2]);
    assert_eq!(kernel.counts().mixed_up, 0);
    // When it has come back, its handle serves the socket again.
    kernel.set(1, ffi::AFD_POLL_SEND);
    assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
    selector.deregister(second, 1).unwrap();
    let third = register(&selector, 1, Interest::READABLE);
    assert_eq!(selector.shared.handles().len(), 1);
    drop(third);
}

/// Registering anew and again, as connection pools do, opens no second handle.
#[test]
fn a_cancelled_request_does_not_keep_its_handle() {
    let (kernel, mut selector, mut records) = selector(1, Quirks::default());
    kernel.open_socket(1, false);
    for _ in 0..10 {
        let registration = register(&selector, 1, BOTH);
        assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
        selector.deregister(registration, 1).unwrap();
        assert_eq!(selector.shared.handles().len(), 1);
    }
}

/// A read that would block says so, though the system lacks memory for the request that it makes
/// necessary; the source is tried again, and its event comes.
#[test]
fn a_refused_rearm_is_tried_again() {
    for refusal in [NO_RESOURCES, DENIED] {
        let (kernel, mut selector, mut records) = selector(1, Quirks::default());
        kernel.open_socket(1, false);
        let registration = Rc::new(register(&selector, 1, Interest::READABLE));
        kernel.set(1, ffi::AFD_POLL_RECEIVE);
        assert_eq!(tokens(&mut selector, &mut records, AT_ONCE), [1]);
        kernel.clear(1, ffi::AFD_POLL_RECEIVE);
        // Nothing is in flight for reading now; another thread reads while this one waits.
        let result = Rc::new(RefCell::new(None));
        let (its, of) = (Rc::clone(&result), Rc::clone(&registration));
        let (refuses, receives) = (kernel.clone(), kernel.clone());
        meanwhile(vec![
            Box::new(move || {
                refuses.quirks(|quirks| quirks.refusals.push_back(refusal));
                refuses.quirks(|quirks| quirks.failing_cancels = 1);
                *its.borrow_mut() = Some(Afd::rearm(&of, Interest::READABLE));
            }),
            Box::new(move || receives.set(1, ffi::AFD_POLL_RECEIVE)),
        ]);
        let start = platform::now();
        let got = tokens(&mut selector, &mut records, None);
        assert!(result.borrow_mut().take().unwrap().is_ok());
        assert_eq!(got, [1]);
        assert!(platform::now() - start <= 2 * PAUSE);
        platform::meanwhile(None);
        kernel.quirks(|quirks| *quirks = Quirks::default());
        drop(registration);
    }
}

/// Who registers while another thread waits is told of a refusal, and nothing is left behind.
#[test]
fn a_refused_registration_is_an_error() {
    let (kernel, mut selector, mut records) = selector(1, Quirks::default());
    kernel.open_socket(1, false);
    let registry = selector.try_clone().unwrap();
    let of = kernel.clone();
    let seen = Rc::new(RefCell::new(Vec::new()));
    let its = Rc::clone(&seen);
    meanwhile(vec![Box::new(move || {
        of.quirks(|quirks| quirks.refusals.push_back(NO_RESOURCES));
        let result = registry.register(1, Token(1), BOTH);
        its.borrow_mut()
            .push(result.err().and_then(|e| e.raw_os_error()));
        of.quirks(|quirks| quirks.refusals.push_back(NO_RESOURCES));
        let result = registry.register_unowned(1, Token(1), BOTH);
        its.borrow_mut()
            .push(result.err().and_then(|e| e.raw_os_error()));
    })]);
    assert!(tokens(&mut selector, &mut records, SHORT).is_empty());
    // ERROR_NO_SYSTEM_RESOURCES.
    assert_eq!(*seen.borrow(), [Some(1450), Some(1450)]);
    assert_eq!(kernel.in_flight(1), 0);
    platform::meanwhile(None);
}

/// A lack of memory that lasts makes `poll` neither spin nor fail, and is no event: a connecting
/// socket that was reported writable would be taken for connected.
#[test]
fn a_lack_of_memory_is_waited_out() {
    let (kernel, mut selector, mut records) = selector(1, Quirks::default());
    kernel.open_socket(1, false);
    let registration = register(&selector, 1, BOTH);
    kernel.quirks(|quirks| quirks.refusals.extend([NO_RESOURCES; 1_000]));
    assert!(tokens(&mut selector, &mut records, SHORT).is_empty());
    let requests = kernel.counts().requests;
    assert!((2..=8).contains(&requests), "{requests}");
    kernel.quirks(|quirks| quirks.refusals.clear());
    kernel.set(1, ffi::AFD_POLL_SEND);
    assert_eq!(tokens(&mut selector, &mut records, SHORT), [1]);
    assert!(!records.as_slice()[0].is_error());
    drop(registration);
}

/// What AFD refuses for good is an event that says so; its code can be taken once, so that a
/// connection that is being made is not taken for made.
#[test]
fn a_lasting_refusal_is_an_error_event() {
    let (kernel, mut selector, mut records) = selector(1, Quirks::default());
    kernel.open_socket(1, false);
    let registration = register(&selector, 1, Interest::WRITABLE);
    kernel.quirks(|quirks| quirks.refusals.push_back(DENIED));
    assert_eq!(tokens(&mut selector, &mut records, SHORT), [1]);
    let record = records.as_slice()[0];
    assert!(record.is_error() && record.is_writable() && !record.is_readable());
    let fault = Afd::take_fault(&registration);
    // ERROR_ACCESS_DENIED.
    assert_eq!(fault.and_then(|fault| fault.raw_os_error()), Some(5));
    assert!(Afd::take_fault(&registration).is_none());
    // It is left out until it is armed.
    assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
    kernel.set(1, ffi::AFD_POLL_SEND);
    Afd::rearm(&registration, Interest::WRITABLE).unwrap();
    assert_eq!(tokens(&mut selector, &mut records, SHORT), [1]);
}

/// "No such handle" is an error event of a socket of ours, which is open, and the silent end of
/// one that is not: its owner closed it.
#[test]
fn an_invalid_handle_is_an_error_of_owned_sockets() {
    let (kernel, mut selector, mut records) = selector(1, Quirks::default());
    // AFD does not know this one, as that of a layered provider without a base socket.
    let owned = register(&selector, 1, Interest::READABLE);
    kernel.open_socket(2, false);
    selector.register_unowned(2, Token(2), BOTH).unwrap();
    kernel.close(2);
    assert_eq!(tokens(&mut selector, &mut records, SHORT), [1]);
    let record = records.as_slice()[0];
    assert!(record.is_error() && record.is_readable() && !record.is_writable());
    assert!(record.flags & event::FAULT != 0);
    let error = selector.deregister_unowned(2).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    selector.deregister(owned, 1).unwrap();
}

/// A reader of an unowned socket that reads all it is told of costs one request for each message
/// and no look: that the kernel lets the request wait says that the socket was drained.
#[test]
fn a_well_behaved_reader_is_never_looked_at() {
    let (kernel, mut selector, mut records) = selector(1, Quirks::default());
    kernel.open_socket(1, false);
    selector
        .register_unowned(1, Token(1), Interest::READABLE)
        .unwrap();
    let start = platform::now();
    for _ in 0..2_000 {
        let of = kernel.clone();
        meanwhile(vec![Box::new(move || of.set(1, ffi::AFD_POLL_RECEIVE))]);
        assert_eq!(tokens(&mut selector, &mut records, None), [1]);
        kernel.clear(1, ffi::AFD_POLL_RECEIVE);
    }
    platform::meanwhile(None);
    let counts = kernel.counts();
    assert_eq!((counts.looks, counts.requests), (0, 2_000), "{counts:?}");
    // Nothing was ever late.
    assert_eq!(platform::now(), start);
}

/// The list of sources to be updated does not grow with registrations that have ended.
#[test]
fn registrations_that_come_and_go_leave_nothing() {
    let (kernel, mut selector, mut records) = selector(1, Quirks::default());
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
    // Those that are registered are all still there.
    for socket in 0..50 {
        kernel.set(socket, ffi::AFD_POLL_SEND);
    }
    let mut seen = Vec::new();
    while seen.len() < 50 {
        let got = tokens(&mut selector, &mut records, SHORT);
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
fn warnings_are_answers() {
    let quirks = Quirks {
        warns: true,
        ..Quirks::default()
    };
    let (kernel, mut selector, mut records) = selector(1, quirks);
    kernel.open_socket(1, false);
    let registration = register(&selector, 1, Interest::READABLE);
    kernel.set(1, ffi::AFD_POLL_RECEIVE);
    assert_eq!(tokens(&mut selector, &mut records, SHORT), [1]);
    drop(selector);
    drop(registration);
}

/// A wake ends a wait that has no end.
#[test]
fn a_wake_ends_the_wait() {
    let (_, mut selector, mut records) = selector(1, Quirks::default());
    let waker = selector.waker(Token(7)).unwrap();
    waker.wake().unwrap();
    waker.wake().unwrap();
    assert_eq!(tokens(&mut selector, &mut records, None), [7]);
    assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
    assert!(!format!("{selector:?} {waker:?}").is_empty());
    assert_eq!(selector.port().outstanding(), 0);
    assert!(waker.number() > 0);
}
