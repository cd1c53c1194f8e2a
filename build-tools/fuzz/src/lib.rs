//! Fuzz targets for the library's private parts.
//!
//! This is the library's crate root once more, over the same files, with the module [`targets`]
//! beside them. It is compiled under `cfg(test)` (see `build.rs`), because the fakes exist only
//! there. So the library itself has no code and no condition for fuzzing.
// The targets of the generator need nothing of the library.
#![cfg(not(feature = "generator"))]
#![deny(unsafe_op_in_unsafe_fn)]

/// The library's macro without the feature `log`.
macro_rules! trace {
    ($($argument:tt)+) => {{
        let _ = || ::std::format_args!($($argument)+).to_string();
    }};
}

#[rustfmt::skip]
#[path = "../../../generated/mod.rs"]
#[allow(
    missing_debug_implementations, missing_docs, non_camel_case_types, non_snake_case,
    non_upper_case_globals, unreachable_pub, clippy::all, clashing_extern_declarations
)]
mod generated;

#[path = "../../../src/interest.rs"]
mod interest;
#[macro_use]
#[path = "../../../src/sys/mod.rs"]
mod sys;
#[path = "../../../src/poll.rs"]
mod poll;
#[path = "../../../src/testing/mod.rs"]
mod testing;
#[path = "../../../src/token.rs"]
mod token;
#[path = "../../../src/unowned_source.rs"]
mod unowned_source;
#[path = "../../../src/waker.rs"]
mod waker;

#[path = "../../../src/event/mod.rs"]
pub mod event;
#[path = "../../../src/io_source.rs"]
mod io_source;
#[path = "../../../src/net/mod.rs"]
pub mod net;
#[path = "../../../src/unix/mod.rs"]
pub mod unix;

pub use event::Events;
pub use interest::Interest;
pub use poll::{Poll, Registry};
pub use token::Token;
pub use waker::Waker;

mod kernel;
pub mod targets;
