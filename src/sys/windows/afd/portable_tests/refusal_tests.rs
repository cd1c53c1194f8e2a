//! Refusals: a lack of memory, which is retried, and permanent ones, which are reported.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use super::super::Afd;
use super::super::socket_state::MAX_STRAYS;
use super::{AT_ONCE, BOTH, PAUSE, SHORT, register, selector, tokens};
use crate::sys::selector::{
    EventBuffer as _, RegisterUnowned as _, Selector as _, SelectorEvent as _,
};
use crate::sys::windows::platform::kernel::{ACCESS_DENIED, INSUFFICIENT_RESOURCES, Quirks};
use crate::sys::windows::platform::{self, ffi};
use crate::{Interest, Token};

/// `WSAENOBUFS` ([Winsock error codes][codes]).
///
/// [codes]: https://learn.microsoft.com/windows/win32/winsock/windows-sockets-error-codes-2
const NO_BUFFERS: i32 = 10_055;

/// Checks a lack of memory, which `quirks` cause: it is no event, `poll` does not spin, and the
/// first event after it has passed is the real one ("Errors" in `afd/mod.rs`).
fn is_waited_out(is_unowned: bool, lack: Quirks) {
    let (kernel, mut selector, mut events) = selector(1, Quirks::default());
    kernel.open_socket(1, false);
    let mut owned = None;
    if is_unowned {
        selector.register_unowned(1, Token(1), BOTH).unwrap();
    } else {
        owned = Some(register(&selector, 1, BOTH));
    }
    kernel.quirks(|quirks| *quirks = lack);
    assert_eq!(tokens(&mut selector, &mut events, SHORT), [0; 0]);
    let requests = kernel.counts().requests;
    assert!((2..=8).contains(&requests), "{requests}");
    kernel.quirks(|quirks| *quirks = Quirks::default());
    kernel.set(1, ffi::AFD_POLL_SEND);
    assert_eq!(tokens(&mut selector, &mut events, SHORT), [1]);
    let event = events.as_slice()[0];
    assert!(event.is_writable() && !event.is_error());
    drop(owned);
}

/// A refusal for lack of memory does not query the base socket: it means nothing for layered
/// providers.
#[test]
fn memory_shortage_does_not_query_the_base_socket() {
    for is_unowned in [false, true] {
        is_waited_out(
            is_unowned,
            Quirks {
                refusals: [INSUFFICIENT_RESOURCES; 1_000].into(),
                // WSAEFAULT.
                base_error: Some(10_014),
                ..Quirks::default()
            },
        );
    }
}

/// AFD refuses the socket of a layered provider, and the query of its base socket lacks memory.
#[test]
fn memory_shortage_of_the_base_query_is_retried() {
    for is_unowned in [false, true] {
        is_waited_out(
            is_unowned,
            Quirks {
                refusals: [ffi::STATUS_OBJECT_TYPE_MISMATCH; 1_000].into(),
                base_error: Some(NO_BUFFERS),
                ..Quirks::default()
            },
        );
    }
}

/// Two sources of a layered socket poll its base socket on a handle each, and so does a source of
/// the base socket. The handles stay open until the last packet, and release all sockets.
#[test]
fn layered_sources_poll_their_base_socket() {
    let (kernel, mut selector, mut events) = selector(1, Quirks::default());
    kernel.open_socket(1, false);
    kernel.quirks(|quirks| _ = quirks.layered.insert(1001, 1));
    let clone = selector.try_clone().unwrap();
    let layered = |token, interest| clone.register(1001, Token(token), interest).unwrap();
    let base = register(&selector, 1, Interest::READABLE);
    let reader = layered(2, Interest::READABLE);
    let writer = layered(3, Interest::WRITABLE);
    let mut sorted = || {
        let mut tokens = tokens(&mut selector, &mut events, AT_ONCE);
        tokens.sort_unstable();
        tokens
    };
    for failing_cancels in [0, 1] {
        let other = layered(4, Interest::READABLE);
        assert_eq!((sorted(), kernel.in_flight(1)), (vec![], 4));
        kernel.quirks(|quirks| quirks.failing_cancels = failing_cancels);
        // Its request may linger, on a handle that no other source of the base socket gets.
        drop(other);
        let again = layered(5, Interest::READABLE);
        assert_eq!(sorted(), []);
        for (condition, expected) in [
            (ffi::AFD_POLL_RECEIVE, vec![1, 2, 5]),
            (ffi::AFD_POLL_SEND, vec![3]),
        ] {
            kernel.set(1, condition);
            assert_eq!(sorted(), expected);
            kernel.clear(1, condition);
        }
        assert_eq!(kernel.counts().overlapping, 0);
        for source in [&base, &reader, &writer] {
            Afd::rearm(source, BOTH).unwrap();
        }
        drop(again);
        assert_eq!(sorted(), []);
    }
    drop((base, reader, writer));
    assert_eq!(sorted(), []);
    let handles = selector.shared.handles();
    assert!(handles.has_no_routes() && handles.len() == 1);
}

/// A request was accepted and completes for lack of memory.
#[test]
fn memory_shortage_in_a_completion_is_retried() {
    for is_unowned in [false, true] {
        is_waited_out(
            is_unowned,
            Quirks {
                failures: [INSUFFICIENT_RESOURCES; 1_000].into(),
                ..Quirks::default()
            },
        );
    }
}

/// AFD refuses a source permanently, and its owner ignores the event and goes on reading. Each read
/// that would block arms the source. The error events are paced as stray completions are.
#[test]
fn ignored_permanent_refusal_does_not_spin() {
    let at_once = Quirks {
        refusals: [ACCESS_DENIED; 10_000].into(),
        ..Quirks::default()
    };
    let later = Quirks {
        failures: [ACCESS_DENIED; 10_000].into(),
        ..Quirks::default()
    };
    for quirks in [at_once, later] {
        let (kernel, mut selector, mut events) = selector(1, quirks);
        kernel.open_socket(1, false);
        let registration = register(&selector, 1, Interest::READABLE);
        let end = platform::now() + 10 * PAUSE;
        let mut reported = 0;
        while platform::now() < end && reported < 1_000 {
            let got = tokens(&mut selector, &mut events, SHORT);
            reported += got.len() as u32;
            Afd::rearm(&registration, Interest::READABLE).unwrap();
        }
        assert!(
            (2..=u32::from(MAX_STRAYS) + 10).contains(&reported),
            "{reported}"
        );
        // Once AFD accepts the request, no event is lost.
        kernel.quirks(|quirks| *quirks = Quirks::default());
        tokens(&mut selector, &mut events, SHORT);
        Afd::rearm(&registration, Interest::READABLE).unwrap();
        kernel.set(1, ffi::AFD_POLL_RECEIVE);
        assert_eq!(tokens(&mut selector, &mut events, SHORT), [1]);
        assert!(!events.as_slice()[0].is_error());
    }
}

/// The error of a registration has the code of the failed system call.
#[test]
fn failing_afd_open_returns_its_code() {
    // ERROR_ACCESS_DENIED.
    let quirks = Quirks {
        open_error: Some(5),
        ..Quirks::default()
    };
    let (kernel, mut selector, mut events) = selector(1, quirks);
    kernel.open_socket(1, false);
    let error = selector.register(1, Token(1), BOTH).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(5));
    let error = selector.register_unowned(1, Token(1), BOTH).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(5));
    assert_eq!(tokens(&mut selector, &mut events, AT_ONCE), [0; 0]);
}
