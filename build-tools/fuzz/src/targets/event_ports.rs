//! Event ports: any events of port_getn(3C), beside those of real registrations.

use std::collections::HashMap;
use std::io::Write as _;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use arbitrary::Unstructured;

use super::{below, byte, check_debug, interest, number};
use crate::sys::ffi;
use crate::sys::selector::{EventBuffer as _, Selector as _, SelectorEvent as _, Wake as _};
use crate::sys::unix::event_ports::{EventPorts, Events};
use crate::testing::event_ports::PortEvent;
use crate::testing::event_ports::faults::{self, Faults};
use crate::testing::injection::{Call, Fault};
use crate::{Interest, Token};

type Registration = <EventPorts as crate::sys::selector::Selector>::Registration;

/// Tokens of registrations and wakers begin here; events of other sources have lower ones.
const FIRST_TOKEN: usize = 1 << 40;

struct Source {
    stream: UnixStream,
    peer: UnixStream,
    interest: Interest,
    registration: Registration,
}

fn any_event(input: &mut Unstructured<'_>) -> PortEvent {
    let source = match below(input, 4) {
        0 | 1 => ffi::PORT_SOURCE_FD,
        2 => ffi::PORT_SOURCE_USER,
        _ => number::<u16>(input).into(),
    };
    let user = match below(input, 4) {
        // Low indices with low generations, and ids of wakers.
        0 | 1 => below(input, 4) | below(input, 8) << (usize::BITS / 2),
        2 => below(input, 8),
        _ => number::<u32>(input) as usize,
    };
    PortEvent {
        source,
        events: number(input),
        object: number::<u8>(input).into(),
        user,
    }
}

/// Checked: an event has the token of a live registration or waker, or that of an event of other
/// code; it is readable or writable only if the registration requests that; a waker is reported at
/// most once by one `select`; and `select` ends.
pub fn run(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let mut selector = EventPorts::new().unwrap();
    let capacity = 1 + below(&mut input, 6);
    let mut events = Events::with_capacity(capacity);
    let mut sources: HashMap<usize, Source> = HashMap::new();
    let mut wakers = HashMap::new();
    let mut others = Vec::new();
    let mut last_token = FIRST_TOKEN;
    while !input.is_empty() {
        let mut tokens: Vec<usize> = sources.keys().copied().collect();
        tokens.sort_unstable();
        let token = super::pick(&mut input, &mut tokens).copied();
        match below(&mut input, 10) {
            0 if sources.len() < 4 => {
                let (stream, peer) = UnixStream::pair().unwrap();
                stream.set_nonblocking(true).unwrap();
                last_token += 1;
                let interest = interest(&mut input, Some(Interest::PRIORITY));
                let fd = stream.as_raw_fd();
                let registration = selector.register(fd, Token(last_token), interest).unwrap();
                let source = Source {
                    stream,
                    peer,
                    interest,
                    registration,
                };
                sources.insert(last_token, source);
            }
            1 => {
                if let Some(source) = token.and_then(|token| sources.remove(&token)) {
                    if byte(&mut input) % 2 == 0 {
                        let fd = source.stream.as_raw_fd();
                        selector.deregister(source.registration, fd).unwrap();
                    }
                }
            }
            2 => {
                if let Some(mut source) = token.and_then(|token| sources.remove(&token)) {
                    last_token += 1;
                    let interest = interest(&mut input, Some(Interest::PRIORITY));
                    let fd = source.stream.as_raw_fd();
                    let token = Token(last_token);
                    let registration = &mut source.registration;
                    selector
                        .reregister(registration, fd, token, interest)
                        .unwrap();
                    source.interest = interest;
                    sources.insert(last_token, source);
                }
            }
            3 => {
                if let Some(source) = token.and_then(|token| sources.get_mut(&token)) {
                    let direction = interest(&mut input, None);
                    match byte(&mut input) % 3 {
                        0 => drop(source.peer.write(b"x")),
                        1 => EventPorts::rearm(&source.registration, direction).unwrap(),
                        _ => EventPorts::watch_as_unowned(&source.registration).unwrap(),
                    }
                }
            }
            4 if wakers.len() < 3 => {
                last_token += 1;
                wakers.insert(last_token, selector.waker(Token(last_token)).unwrap());
            }
            5 => {
                if let Some(waker) = wakers.values().next() {
                    waker.wake().unwrap();
                }
            }
            6 => {
                let first = wakers.keys().next().copied();
                first.and_then(|token| wakers.remove(&token));
            }
            7 | 8 => {
                let event = any_event(&mut input);
                let is_known = [ffi::PORT_SOURCE_FD, ffi::PORT_SOURCE_USER].contains(&event.source);
                if !is_known {
                    others.push(event.user);
                }
                faults::inject_event(selector.as_fd(), event).unwrap();
            }
            _ => {
                let faults = Faults {
                    errors: match byte(&mut input) % 16 {
                        0 => vec![Fault::next(Call::PortGetn, 1, libc::EINTR)],
                        _ => Vec::new(),
                    },
                    error_with_events: [None, Some(ffi::ETIME), Some(libc::EINTR)]
                        [below(&mut input, 3)],
                    leaves_count: byte(&mut input) % 2 == 0,
                };
                let result =
                    faults::with(faults, || selector.poll(&mut events, Some(Duration::ZERO)));
                let all = events.as_slice();
                assert!(all.len() <= capacity);
                assert!(result.is_ok() || all.is_empty());
                let mut reported = Vec::new();
                for event in all {
                    check_debug(&format_args!("{}", Details(event)));
                    let token = event.token().0;
                    if let Some(source) = sources.get(&token) {
                        let interest = source.interest;
                        let reads = interest.is_readable() || interest.is_priority();
                        assert!(!event.is_readable() || reads);
                        assert!(!event.is_writable() || interest.is_writable());
                        assert!(!event.is_priority() || interest.is_priority());
                    } else if wakers.contains_key(&token) {
                        assert!(!reported.contains(&token), "a waker is reported twice");
                        reported.push(token);
                    } else {
                        let index = others.iter().position(|other| *other == token);
                        let index = index.unwrap_or_else(|| panic!("{token:#x} has ended"));
                        others.remove(index);
                    }
                }
            }
        }
    }
}

/// What `Debug` of the public event writes.
struct Details<'e>(&'e crate::sys::unix::event_ports::Event);

impl std::fmt::Display for Details<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.details(f)
    }
}
