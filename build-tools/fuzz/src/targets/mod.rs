//! The targets: each has a function `run`, which gets one input.

pub mod addresses;
pub mod afd;
#[cfg(not(any(feature = "kqueue", feature = "solaris")))]
pub mod epoll;
#[cfg(feature = "solaris")]
pub mod event_ports;
#[cfg(feature = "kqueue")]
pub mod kqueue;
pub mod named_pipe;
pub mod poll_oneoff;
pub mod posix_poll;
pub mod schedules;
pub mod slab;
pub mod timing;

use arbitrary::Unstructured;

use crate::Interest;

/// A number below `limit`, which is not 0.
fn below(input: &mut Unstructured<'_>, limit: usize) -> usize {
    byte(input) as usize % limit
}

/// The next byte; 0 at the end of the input.
fn byte(input: &mut Unstructured<'_>) -> u8 {
    input.arbitrary().unwrap_or(0)
}

/// The next number; zeros at the end of the input.
fn number<T: for<'a> arbitrary::Arbitrary<'a> + Default>(input: &mut Unstructured<'_>) -> T {
    input.arbitrary().unwrap_or_default()
}

/// Readable, writable or both, and `more` sometimes.
fn interest(input: &mut Unstructured<'_>, more: Option<Interest>) -> Interest {
    let choice = byte(input);
    let both = Interest::READABLE | Interest::WRITABLE;
    let interest = [Interest::READABLE, Interest::WRITABLE, both][choice as usize % 3];
    match more {
        Some(more) if choice & 0x80 != 0 => interest | more,
        _ => interest,
    }
}

/// One of the items, if there are any.
fn pick<'i, T>(input: &mut Unstructured<'_>, items: &'i mut [T]) -> Option<&'i mut T> {
    let count = items.len();
    if count == 0 {
        return None;
    }
    items.get_mut(below(input, count))
}

/// Nothing that formats an event may panic.
fn check_debug(value: &impl std::fmt::Debug) {
    assert!(!format!("{value:?} {value:#?}").is_empty());
}
