//! The selector on AFD, and the state of a named pipe, on fake drivers: random sequences of
//! operations, held against a specification of readiness.
//!
//! This is the library's crate root once more, over the same files, with the modules [`afd`] and
//! [`named_pipe`] beside them. It is compiled under `cfg(test)` (see `build.rs`), because the fakes
//! exist only there.
#![cfg(unix)]
#![deny(unsafe_op_in_unsafe_fn)]

/// The library's macro without the feature `log`.
macro_rules! trace {
    ($($argument:tt)+) => {{
        let _ = || ::std::format_args!($($argument)+).to_string();
    }};
}

#[rustfmt::skip]
#[path = "../../../../generated/mod.rs"]
#[allow(
    missing_debug_implementations, missing_docs, non_camel_case_types, non_snake_case,
    non_upper_case_globals, unreachable_pub, clippy::all, clashing_extern_declarations
)]
mod generated;

#[path = "../../../../src/interest.rs"]
mod interest;
#[macro_use]
#[path = "../../../../src/sys/mod.rs"]
mod sys;
#[path = "../../../../src/poll.rs"]
mod poll;
#[path = "../../../../src/testing/mod.rs"]
mod testing;
#[path = "../../../../src/token.rs"]
mod token;
#[path = "../../../../src/unowned_source.rs"]
mod unowned_source;
#[path = "../../../../src/waker.rs"]
mod waker;

#[path = "../../../../src/event/mod.rs"]
pub mod event;
#[path = "../../../../src/io_source.rs"]
mod io_source;
#[path = "../../../../src/net/mod.rs"]
pub mod net;
#[path = "../../../../src/unix/mod.rs"]
pub mod unix;

pub use event::Events;
pub use interest::Interest;
pub use poll::{Poll, Registry};
pub use token::Token;
pub use waker::Waker;

pub mod afd;
pub mod named_pipe;

use std::fmt::{Debug, Write as _};
use std::panic::{self, AssertUnwindSafe};

/// A sequence as a Rust test.
fn program(module: &str, first: &str, ops: &[impl Debug]) -> String {
    let mut text = String::from("#[test]\nfn found() {\n");
    let _ = writeln!(
        text,
        "    use mio_machines::{module}::*;\n    holds({first}&["
    );
    for op in ops {
        let _ = writeln!(text, "        {op:?},");
    }
    text.push_str("    ]);\n}\n");
    text
}

/// Runs a sequence. Returns what is wrong, with the sequence; a panic is wrong, too.
fn checked<T: Debug>(
    module: &str,
    first: &str,
    ops: &[T],
    run: impl FnOnce(&[T]) -> Result<(), String>,
) -> Result<usize, String> {
    let result = panic::catch_unwind(AssertUnwindSafe(|| run(ops)));
    let what = match result {
        Ok(Ok(())) => return Ok(ops.len()),
        Ok(Err(what)) => what,
        Err(payload) => match payload.downcast::<String>() {
            Ok(text) => format!("a panic: {text}"),
            Err(payload) => format!("a panic: {:?}", payload.downcast_ref::<&str>()),
        },
    };
    Err(format!("{what}\n\n{}", program(module, first, ops)))
}

/// The interest of these bits: 1 reads, 2 writes, 4 waits for urgent data. Reads if there is none.
fn interest_of(bits: u8) -> Interest {
    let known = [
        (1, Interest::READABLE),
        (2, Interest::WRITABLE),
        (4, Interest::PRIORITY),
    ];
    let named = known.into_iter().filter(|(bit, _)| bits & bit != 0);
    let all = named.map(|(_, interest)| interest).reduce(|a, b| a | b);
    all.unwrap_or(Interest::READABLE)
}
