//! What the system refuses: for a moment, which is waited out, and for good, which is reported.
#![allow(clippy::unwrap_used)]

use super::super::selector::Afd;
use super::super::socket_state::STRAYS;
use super::{AT_ONCE, BOTH, PAUSE, SHORT, register, selector, tokens};
use crate::sys::selector::{
    EventBuffer as _, RegisterUnowned as _, Selector as _, SelectorEvent as _,
};
use crate::sys::windows::platform::kernel::{DENIED, NO_RESOURCES, Quirks};
use crate::sys::windows::platform::{self, ffi};
use crate::{Interest, Token};

/// `WSAENOBUFS`: "No buffer space available" (learn.microsoft.com, Windows Sockets error codes).
const NO_BUFFERS: i32 = 10_055;

/// Has the system lack memory as `quirks` says: no event says so, `poll` does not spin, and the
/// first event after the lack has passed is the real one ("One bad source" in `afd/mod.rs`).
fn is_waited_out(is_unowned: bool, lack: Quirks) {
    let (kernel, mut selector, mut records) = selector(1, Quirks::default());
    kernel.open_socket(1, false);
    let mut owned = None;
    if is_unowned {
        selector.register_unowned(1, Token(1), BOTH).unwrap();
    } else {
        owned = Some(register(&selector, 1, BOTH));
    }
    kernel.quirks(|quirks| *quirks = lack);
    assert_eq!(tokens(&mut selector, &mut records, SHORT), [0; 0]);
    let requests = kernel.counts().requests;
    assert!((2..=8).contains(&requests), "{requests}");
    kernel.quirks(|quirks| *quirks = Quirks::default());
    kernel.set(1, ffi::AFD_POLL_SEND);
    assert_eq!(tokens(&mut selector, &mut records, SHORT), [1]);
    let record = records.as_slice()[0];
    assert!(record.is_writable() && !record.is_error());
    drop(owned);
}

/// A refusal for lack of memory says nothing of layered providers, so nothing is asked about them.
#[test]
fn lack_of_memory_for_a_request_is_no_question_of_layers() {
    for is_unowned in [false, true] {
        is_waited_out(
            is_unowned,
            Quirks {
                refusals: [NO_RESOURCES; 1_000].into(),
                // WSAEFAULT, as a network filter is known to return.
                base_error: Some(10_014),
                ..Quirks::default()
            },
        );
    }
}

/// AFD does not know a layered socket, and Winsock lacks memory to say which one is below it.
#[test]
fn lack_of_memory_below_is_waited_out() {
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
fn lack_of_memory_in_an_answer_is_waited_out() {
    for is_unowned in [false, true] {
        is_waited_out(
            is_unowned,
            Quirks {
                failures: [NO_RESOURCES; 1_000].into(),
                ..Quirks::default()
            },
        );
    }
}

/// AFD refuses a source for good, and its owner does nothing but try to read: each read that would
/// block arms the source. The error events are paced as stray answers are.
#[test]
fn lasting_refusal_that_is_ignored_does_not_spin() {
    let at_once = Quirks {
        refusals: [DENIED; 10_000].into(),
        ..Quirks::default()
    };
    let later = Quirks {
        failures: [DENIED; 10_000].into(),
        ..Quirks::default()
    };
    for quirks in [at_once, later] {
        let (kernel, mut selector, mut records) = selector(1, quirks);
        kernel.open_socket(1, false);
        let registration = register(&selector, 1, Interest::READABLE);
        let end = platform::now() + 10 * PAUSE;
        let mut events = 0;
        while platform::now() < end && events < 1_000 {
            let got = tokens(&mut selector, &mut records, SHORT);
            events += got.len() as u32;
            Afd::rearm(&registration, Interest::READABLE).unwrap();
        }
        assert!((2..=STRAYS + 10).contains(&events), "{events}");
        // Once AFD takes it, nothing is lost.
        kernel.quirks(|quirks| *quirks = Quirks::default());
        tokens(&mut selector, &mut records, SHORT);
        Afd::rearm(&registration, Interest::READABLE).unwrap();
        kernel.set(1, ffi::AFD_POLL_RECEIVE);
        assert_eq!(tokens(&mut selector, &mut records, SHORT), [1]);
        assert!(!records.as_slice()[0].is_error());
    }
}

/// The error of a registration has the system's code, as that of every call of the system has.
#[test]
fn afd_that_cannot_be_opened_is_an_error_with_its_code() {
    // ERROR_ACCESS_DENIED.
    let quirks = Quirks {
        open_error: Some(5),
        ..Quirks::default()
    };
    let (kernel, mut selector, mut records) = selector(1, quirks);
    kernel.open_socket(1, false);
    let error = selector.register(1, Token(1), BOTH).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(5));
    let error = selector.register_unowned(1, Token(1), BOTH).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(5));
    assert_eq!(tokens(&mut selector, &mut records, AT_ONCE), [0; 0]);
}
