//! Runs a property with a number of cases, and prints what was run.

use std::cell::Cell;
use std::time::Instant;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestError, TestRunner};

/// The number in an environment variable.
fn number(name: &str) -> Option<u32> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}: {text}")))
}

/// `MIO_PROPERTIES_CASES` replaces the number of cases, and `MIO_PROPERTIES_SHRINK` the number of
/// seconds for which a failure is shortened.
fn config(file: &'static str, cases: u32) -> Config {
    let shrink_seconds = number("MIO_PROPERTIES_SHRINK").unwrap_or(60);
    Config {
        cases: number("MIO_PROPERTIES_CASES").unwrap_or(cases),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(file))),
        max_shrink_iters: 3_000,
        max_shrink_time: shrink_seconds * 1_000,
        ..Config::default()
    }
}

/// Runs a property of sequences. It returns the number of operations, or what is wrong.
pub(crate) fn run<S: Strategy>(
    file: &'static str,
    cases: u32,
    sequences: S,
    property: impl Fn(&S::Value) -> Result<usize, String>,
) {
    let start = Instant::now();
    let (ran, operations) = (Cell::new(0), Cell::new(0));
    let mut runner = TestRunner::new(config(file, cases));
    let result = runner.run(&sequences, |ops| {
        let count = property(&ops).map_err(TestCaseError::fail)?;
        ran.set(ran.get() + 1);
        operations.set(operations.get() + count);
        Ok(())
    });
    println!(
        "{} cases, {} operations, {:.1} s",
        ran.get(),
        operations.get(),
        start.elapsed().as_secs_f32()
    );
    match result {
        Ok(()) => {}
        Err(TestError::Fail(what, _) | TestError::Abort(what)) => panic!("{}", what.message()),
    }
}
