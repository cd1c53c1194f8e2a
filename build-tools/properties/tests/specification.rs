//! Random sequences on the library, held against the specification.

mod runner;

use mio_properties::{check, op};

#[test]
fn one_thread_holds_to_the_specification() {
    runner::run(
        "regressions/one-thread.txt",
        300,
        op::sequences(false),
        |ops| check(ops),
    );
}

#[test]
fn several_threads_hold_to_the_specification() {
    runner::run(
        "regressions/several-threads.txt",
        200,
        op::sequences(true),
        |ops| check(ops),
    );
}
