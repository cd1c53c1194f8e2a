//! Random sequences of operations, held against a specification of readiness.
//!
//! `spec` is the specification, in prose and as code. [`op`] generates sequences, `world` runs one
//! on a `Poll`. The crate's README describes how to run them and how to read a failure.

#[cfg(unix)]
pub mod differences;
pub mod op;
mod ours;
mod spec;
mod sys;
#[cfg(unix)]
mod upstream;

use std::collections::{BTreeMap, BTreeSet};

use op::Op;
use spec::{Backend, Flags};
use sys::Levels;

/// How a sequence is run.
#[derive(Clone, Copy, Debug)]
struct Options {
    backend: Backend,
    /// Whether the specification must hold.
    checks: bool,
    /// At most one waker, as upstream has it.
    one_waker: bool,
}

/// One operation that was run.
#[cfg_attr(windows, allow(dead_code))] // Only a comparison reads it.
#[derive(Debug)]
struct Step {
    op: Op,
    outcome: String,
    polled: Option<PollTrace>,
}

/// What a `poll` has returned.
#[cfg_attr(windows, allow(dead_code))] // Only a comparison reads it.
#[derive(Debug, Default)]
struct PollTrace {
    /// By the number of the token.
    events: BTreeMap<usize, Flags>,
    /// The source of a token.
    sources: BTreeMap<usize, usize>,
    /// The tokens of sources whose kernel part delivers at any time: TCP and terminals.
    late: BTreeSet<usize>,
    /// The levels of each source before and after the `poll`.
    before: BTreeMap<usize, Levels>,
    after: BTreeMap<usize, Levels>,
}

/// What a sequence has done.
struct Run {
    steps: Vec<Step>,
    fault: Option<String>,
}

/// Runs a sequence on the library. Returns the number of operations, or what is wrong.
pub fn check(ops: &[Op]) -> Result<usize, String> {
    let options = Options {
        backend: Backend::of_build(),
        checks: true,
        one_waker: false,
    };
    let run = ours::world::run(ops, options);
    let steps: Vec<Op> = run.steps.into_iter().map(|step| step.op).collect();
    match run.fault {
        None => Ok(steps.len()),
        Some(what) => Err(format!("{what}\n\n{}", op::program("holds", &steps))),
    }
}

/// Panics unless the specification holds for a sequence on the library.
pub fn holds(ops: &[Op]) {
    if let Err(what) = check(ops) {
        panic!("{what}");
    }
}

/// Runs a sequence on the library and on upstream's mio, both over epoll. Returns what was
/// compared, or a difference that no rule allows.
#[cfg(unix)]
pub fn compare(ops: &[Op]) -> Result<differences::Compared, String> {
    let ops = differences::comparable(ops);
    let mut options = Options {
        backend: Backend::Epoll,
        checks: true,
        one_waker: true,
    };
    let ours = ours::world::run(&ops, options);
    options.checks = false;
    let theirs = upstream::world::run(&ops, options);
    let program = || {
        let steps: Vec<Op> = ours.steps.iter().map(|step| step.op.clone()).collect();
        op::program("agrees", &steps)
    };
    if let Some(what) = ours.fault.as_ref().or(theirs.fault.as_ref()) {
        return Err(format!("{what}\n\n{}", program()));
    }
    differences::compare(&ours.steps, &theirs.steps)
        .map_err(|what| format!("{what}\n\n{}", program()))
}

/// Panics if the library and upstream's mio differ where no rule allows it.
#[cfg(unix)]
pub fn agrees(ops: &[Op]) {
    if let Err(what) = compare(ops) {
        panic!("{what}");
    }
}
