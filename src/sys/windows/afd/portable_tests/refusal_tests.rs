//! What the system refuses: for a moment, which is waited out, and for good, which is reported.
#![allow(clippy::unwrap_used)]

use super::super::selector::Afd;
use super::super::socket_state::MAX_STRAYS;
use super::{AT_ONCE, BOTH, PAUSE, SHORT, register, selector, tokens};
use crate::sys::selector::{
    EventBuffer as _, RegisterUnowned as _, Selector as _, SelectorEvent as _,
};
use crate::sys::windows::platform::kernel::{ACCESS_DENIED, INSUFFICIENT_RESOURCES, Quirks};
use crate::sys::windows::platform::{self, ffi};
use crate::{Interest, Token};

/// `WSAENOBUFS`: "No buffer space available" (learn.microsoft.com, Windows Sockets error codes).
const NO_BUFFERS: i32 = 10_055;

/// Has the system lack memory as `quirks` says: no event says so, `poll` does not spin, and the
/// first event after the lack has passed is the real one ("One bad source" in `afd/mod.rs`).
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

/// A refusal for lack of memory says nothing of layered providers, so nothing is asked about them.
#[test]
fn memory_shortage_does_not_query_the_base_socket() {
    for is_unowned in [false, true] {
        is_waited_out(
            is_unowned,
            Quirks {
                refusals: [INSUFFICIENT_RESOURCES; 1_000].into(),
                // WSAEFAULT, as a network filter is known to return.
                base_error: Some(10_014),
                ..Quirks::default()
            },
        );
    }
}

/// AFD does not know a layered socket, and Winsock lacks memory to say which one is below it.
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

/// A request was taken, and ends for lack of memory.
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

/// AFD refuses a source for good, and its owner does nothing but try to read: each read that would
/// block arms the source. The error events are paced as stray answers are.
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
        assert!((2..=MAX_STRAYS + 10).contains(&reported), "{reported}");
        // Once AFD takes it, nothing is lost.
        kernel.quirks(|quirks| *quirks = Quirks::default());
        tokens(&mut selector, &mut events, SHORT);
        Afd::rearm(&registration, Interest::READABLE).unwrap();
        kernel.set(1, ffi::AFD_POLL_RECEIVE);
        assert_eq!(tokens(&mut selector, &mut events, SHORT), [1]);
        assert!(!events.as_slice()[0].is_error());
    }
}

/// The error of a registration has the system's code, as that of every call of the system has.
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
