//! Probes of unowned sockets whose common `WSAPoll` fails.
#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::os::windows::io::AsRawSocket;
use std::time::Duration;
use std::time::Instant;

use super::super::masks;
use super::super::selector::Afd;
use crate::sys::selector::{EventBuffer as _, RegisterUnowned as _, Selector as _};
use crate::sys::selector_tests::{BOTH, LONG, stream_pair, tokens};
use crate::sys::windows::event::Events;
use crate::sys::windows::platform::RawSocket;
use crate::sys::windows::syscalls::faults::PROBES;
use crate::{Interest, Token};

/// Polls until these conditions of these sockets are probed.
fn wait_until_probed(selector: &mut Afd, events: &mut Events, sockets: &[(RawSocket, u32)]) {
    let is_probed = |selector: &Afd, (raw, wanted): &(RawSocket, u32)| {
        let source = selector.shared.find_unowned(*raw).unwrap();
        let conditions_to_probe = source.state().conditions_to_probe();
        conditions_to_probe & wanted == *wanted
    };
    let end = Instant::now() + Duration::from_secs(30);
    while !sockets.iter().all(|socket| is_probed(selector, socket)) {
        tokens(selector, events, Some(Duration::from_millis(10)));
        assert!(Instant::now() < end);
    }
}

/// One closed socket may fail the common `WSAPoll`. Then it is deregistered, and the others are
/// still probed.
#[test]
fn closed_socket_failing_the_probe_fails_no_other() {
    let mut selector = Afd::new().unwrap();
    let mut events = Events::with_capacity(8);
    let (closed, _peer) = stream_pair();
    let (left, right) = stream_pair();
    let closed_socket = closed.as_raw_socket();
    for (raw, token) in [(closed_socket, 1), (left.as_raw_socket(), 2)] {
        selector
            .register_unowned(raw, Token(token), Interest::WRITABLE)
            .unwrap();
    }
    let write = masks::WRITE;
    let sockets = [(closed_socket, write), (left.as_raw_socket(), write)];
    wait_until_probed(&mut selector, &mut events, &sockets);
    // WSAENOTSOCK.
    PROBES.set(Some(|count| (count > 1).then_some(10_038)));
    drop(closed);
    tokens(&mut selector, &mut events, Some(Duration::from_millis(50)));
    assert!(selector.shared.find_unowned(closed_socket).is_err());
    PROBES.set(Some(|_| Some(10_038)));
    // Now the probe of the other one fails with the same error, so it counts as closed.
    tokens(&mut selector, &mut events, Some(Duration::from_millis(50)));
    assert!(selector.shared.find_unowned(left.as_raw_socket()).is_err());
    PROBES.set(None);
    drop(right);
}

/// A probe that fails for another reason is retried, and reports nothing meanwhile.
#[test]
fn failed_probe_is_retried() {
    let mut selector = Afd::new().unwrap();
    let mut events = Events::with_capacity(8);
    let (left, right) = stream_pair();
    let raw = left.as_raw_socket();
    selector.register_unowned(raw, Token(1), BOTH).unwrap();
    (&right).write_all(b"x").unwrap();
    let both = masks::WRITE | crate::sys::ffi::AFD_POLL_RECEIVE;
    wait_until_probed(&mut selector, &mut events, &[(raw, both)]);
    // WSAENOBUFS.
    PROBES.set(Some(|_| Some(10_055)));
    let got = tokens(&mut selector, &mut events, Some(Duration::from_millis(50)));
    assert!(got.is_empty(), "{got:?}");
    PROBES.set(None);
    assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
    assert_eq!((&left).read(&mut [0; 8]).unwrap(), 1);
    selector.deregister_unowned(raw).unwrap();
}
