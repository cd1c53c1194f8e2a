//! How a test says that it is not run here. `tests/support` uses this file, too.

use std::fmt;
use std::io::{self, Write as _};
use std::panic::Location;

/// Reports why the calling test, or a part of it, is not run here. The caller then returns.
///
/// libtest captures what `println!` and `eprintln!` of a passing test print, and nothing else: this
/// writes to standard error itself. `cargo xtask` finds the line by its first words, does not count
/// the test as passed, and shows the reason. A test calls this at most once.
#[track_caller]
pub(crate) fn not_run(reason: impl fmt::Display) {
    let place = Location::caller();
    let line = format!(
        "mio test not run: {}:{}: {reason}\n",
        place.file(),
        place.line()
    );
    // In one call, so that lines of several threads stay whole. A test does not fail because
    // standard error is closed.
    let _ = io::stderr().write_all(line.as_bytes());
}
