//! The AFD selector on an AFD that returns any status and any conditions.

use std::collections::HashMap;
use std::time::Duration;

use arbitrary::Unstructured;

use super::{below, byte, check_debug, interest, number};
use crate::sys::selector::{
    EventBuffer as _, RegisterUnowned as _, Selector, SelectorEvent as _, Wake as _,
};
use crate::sys::windows::afd::portable_tests::selector;
use crate::sys::windows::event::FAULT;
use crate::sys::windows::ntstatus::is_error;
use crate::sys::windows::ntstatus::{Completion, from_status};
use crate::testing::windows::kernel::{INSUFFICIENT_RESOURCES, Kernel, Quirks};
use crate::testing::windows::{during_wait, ffi, now};
use crate::{Interest, Token};

struct Source<R> {
    socket: u64,
    interest: Interest,
    registration: Option<R>,
}

/// A status: often one of those that mean something.
fn status(input: &mut Unstructured<'_>) -> i32 {
    match below(input, 8) {
        0 => 0,
        1 => ffi::STATUS_CANCELLED,
        2 => ffi::STATUS_INVALID_HANDLE,
        3 => ffi::STATUS_OBJECT_TYPE_MISMATCH,
        4 => INSUFFICIENT_RESOURCES,
        5 => ffi::STATUS_NOT_FOUND,
        _ => number(input),
    }
}

fn conditions(input: &mut Unstructured<'_>) -> u32 {
    let choice = byte(input);
    match choice {
        255 => number(input),
        254 => 0,
        _ => 1 << (choice % 9) | 1 << (choice / 9 % 9),
    }
}

/// Checked: an event belongs to a live registration or waker, is readable or writable only if the
/// registration requests that (or the connection was reset), and has a fault only after AFD
/// failed; one `select` makes a bounded number of calls; and the end takes back all operations.
pub fn run(data: &[u8]) {
    let mut input = Unstructured::new(data);
    check_status(&mut input);
    let quirks = Quirks {
        receive_is_accept: byte(&mut input) % 2 == 0,
        completes_with_warning: byte(&mut input) % 4 == 0,
        one_late_of: below(&mut input, 4) as u64,
        ..Quirks::default()
    };
    let (kernel, mut selector, mut events) = selector(byte(&mut input).into(), quirks);
    let registry = selector.try_clone().unwrap();
    let waker = selector.waker(Token(0)).unwrap();
    let mut is_woken = false;
    let mut has_failed = false;
    let mut sources = HashMap::new();
    let mut last_token = 0;
    for socket in 0..6 {
        kernel.open_socket(socket, socket % 2 == 1);
    }
    while !input.is_empty() {
        let operation = below(&mut input, 14);
        let socket = below(&mut input, 6) as u64;
        let all = sources.len();
        let mut tokens: Vec<usize> = sources.keys().copied().collect();
        tokens.sort_unstable();
        let token = (all != 0).then(|| tokens[below(&mut input, all)]);
        match operation {
            0 | 1 => {
                last_token += 1;
                let token = Token(last_token);
                let interest = interest(&mut input, Some(Interest::PRIORITY));
                let registration = if operation == 0 {
                    registry.register(socket, token, interest).ok().map(Some)
                } else {
                    let result = registry.register_unowned(socket, token, interest);
                    result.ok().map(|()| None)
                };
                if let Some(registration) = registration {
                    let source = Source {
                        socket,
                        interest,
                        registration,
                    };
                    sources.insert(last_token, source);
                }
            }
            2 => {
                let Some(source) = token.and_then(|token| sources.remove(&token)) else {
                    continue;
                };
                match source.registration {
                    Some(registration) if byte(&mut input) % 2 == 0 => {
                        // It fails if AFD has found the socket closed.
                        let _ = registry.deregister(registration, source.socket);
                    }
                    Some(registration) => drop(registration),
                    // It fails if the socket was closed, or registered again since.
                    None => {
                        let _ = registry.deregister_unowned(source.socket);
                        let socket = source.socket;
                        sources.retain(|_, other: &mut Source<_>| {
                            other.socket != socket || other.registration.is_some()
                        });
                    }
                }
            }
            3 => {
                let Some(mut source) = token.and_then(|token| sources.remove(&token)) else {
                    continue;
                };
                last_token += 1;
                let token = Token(last_token);
                let interest = interest(&mut input, Some(Interest::PRIORITY));
                let result = match &mut source.registration {
                    Some(registration) => {
                        registry.reregister(registration, source.socket, token, interest)
                    }
                    None => registry.reregister_unowned(source.socket, token, interest),
                };
                if result.is_ok() {
                    source.interest = interest;
                    sources.insert(last_token, source);
                } else if source.registration.is_none() {
                    // It may have either token now, or none.
                    let _ = registry.deregister_unowned(source.socket);
                }
            }
            4 => {
                let direction = interest(&mut input, None);
                let source = token.and_then(|token| sources.get(&token));
                if let Some(registration) = source.and_then(|it| it.registration.as_ref()) {
                    rearm(&selector, registration, direction);
                }
            }
            5 => kernel.set(socket, conditions(&mut input)),
            6 => kernel.clear(socket, conditions(&mut input)),
            7 => {
                if byte(&mut input) % 4 == 0 {
                    kernel.close(socket);
                    kernel.open_socket(socket, socket % 2 == 1);
                }
            }
            8 | 9 => {
                has_failed = true;
                misbehave(&kernel, &mut input);
            }
            10 => {
                waker.wake().unwrap();
                is_woken = true;
            }
            _ => {
                let millis = [0, 0, 1, 9, 60][below(&mut input, 5)];
                let other = (socket, conditions(&mut input));
                let mut acts = below(&mut input, 3);
                let of = kernel.clone();
                during_wait(Some(Box::new(move || {
                    if acts == 0 {
                        return false;
                    }
                    acts -= 1;
                    of.set(other.0, other.1);
                    true
                })));
                let (before, start) = (kernel.counts(), now());
                let timeout = Duration::from_millis(millis);
                let result = selector.poll(&mut events, Some(timeout));
                during_wait(None);
                let after = kernel.counts();
                assert!(after.waits - before.waits <= 200, "select spins: {after:?}");
                assert!(after.requests - before.requests <= 1_000, "{after:?}");
                if result.is_ok() && events.as_slice().is_empty() {
                    assert!(now() - start >= timeout, "select ends early");
                    assert!(!is_woken, "a wake is lost");
                }
                assert!(result.is_ok() || has_failed, "{result:?}");
                for event in events.as_slice() {
                    check_debug(event);
                    let token = event.token().0;
                    if token == 0 {
                        assert!(std::mem::take(&mut is_woken), "a wake that was not made");
                        continue;
                    }
                    let source = sources.get(&token);
                    let source = source.unwrap_or_else(|| panic!("{token} is not registered"));
                    let interest = source.interest;
                    let is_reset = event.is_error() && event.flags & FAULT == 0;
                    let reads = interest.is_readable() || interest.is_priority();
                    assert!(!event.is_readable() || reads || is_reset, "{event:?}");
                    assert!(!event.is_writable() || interest.is_writable() || is_reset);
                    assert!(event.flags & FAULT == 0 || has_failed, "{event:?}");
                }
            }
        }
    }
    if byte(&mut input) % 2 == 0 {
        drop(selector);
        drop(registry);
        drop(sources);
    } else {
        drop(sources);
        drop(registry);
        drop(selector);
    }
    drop(waker);
}

/// `Afd` has a path of its own on Windows only.
fn rearm<S: Selector>(_: &S, registration: &S::Registration, direction: Interest) {
    S::rearm(registration, direction).expect("a re-arm is retried, and does not fail");
}

fn misbehave(kernel: &Kernel, input: &mut Unstructured<'_>) {
    let choice = below(input, 8);
    let status = status(input);
    let (count, conditions) = (number(input), conditions(input));
    kernel.quirks(|quirks| match choice {
        0 if is_error(status) => quirks.refusals.push_back(status),
        1 => quirks.failing_cancels = count % 4,
        2 => quirks.base_error = (count % 2 == 1).then_some(status & 0xffff),
        3 => quirks.open_error = (count % 2 == 1).then_some(status & 0xffff),
        4 => quirks.reports_unrequested = count % 2 == 1,
        5 => quirks.failures.push_back(status),
        _ => quirks.results.push_back((status, count, conditions)),
    });
}

/// What a completed poll request means.
fn check_status(input: &mut Unstructured<'_>) {
    let (status, count, conditions) = (status(input), number::<u8>(input), number(input));
    let completion = from_status(status, count.into(), conditions, |status| status);
    // The two uppermost bits are the severity.
    let is_error = status as u32 >> 30 == 3;
    let expected = if status as u32 == 0xC000_0120 || !is_error && count == 0 {
        Completion::NoConditions
    } else if [0xC000_0008, 0xC000_0024].contains(&(status as u32)) {
        Completion::InvalidHandle(status)
    } else if is_error {
        Completion::Failed(status)
    } else {
        Completion::Conditions(conditions)
    };
    assert_eq!(completion, expected);
}
