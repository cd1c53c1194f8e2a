//! Reports tests that do not run on a system. The unit tests of the library include this file, too.

use std::fmt;
use std::io::{self, Write as _};
use std::panic::Location;

/// Reports why the calling test, or a part of it, does not run here. The caller then returns.
///
/// libtest captures the output of `println!` and `eprintln!` of a passing test
/// ([`--no-capture`][capture]). So this function writes to standard error itself. `cargo xtask`
/// finds the line by its first words, does not count the test as passed, and shows the reason. A
/// test calls this function at most once.
///
/// [capture]: https://doc.rust-lang.org/rustc/tests/index.html#--no-capture
#[track_caller]
pub(crate) fn not_run(reason: impl fmt::Display) {
    let location = Location::caller();
    let line = format!(
        "mio test not run: {}:{}: {reason}\n",
        location.file(),
        location.line()
    );
    // One call, so that lines of several threads do not mix. A closed standard error does not make
    // the test fail.
    let _ = io::stderr().write_all(line.as_bytes());
}
