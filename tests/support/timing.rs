//! Bounds of time that a loaded machine may miss now and then, and a wrong algorithm always.

use std::time::Duration;

/// The documented bound of a hang-up in its first second. (All bounds: `SourceFd`.)
pub(crate) const FIRST_BOUND: Duration = Duration::from_millis(10).saturating_add(MARGIN);
/// The documented bound once a hang-up has been reported for a second.
pub(crate) const LATER_BOUND: Duration = Duration::from_millis(100).saturating_add(MARGIN);
/// For timers in whole milliseconds, and for the scheduler.
const MARGIN: Duration = Duration::from_millis(10);

const ROUNDS: usize = 5;

/// Runs `round` up to five times: one of them has to keep to the bound. A round measures so often
/// that a wrong algorithm does not pass by luck, and returns its worst.
#[track_caller]
pub(crate) fn best_of_rounds(mut round: impl FnMut() -> Result<(), String>) {
    let mut faults = Vec::new();
    for _ in 0..ROUNDS {
        match round() {
            Ok(()) => return,
            Err(fault) => faults.push(fault),
        }
    }
    panic!("no round of {ROUNDS} passed:\n{}", faults.join("\n"));
}

/// That `time` keeps to `bound`.
pub(crate) fn within(time: Duration, bound: Duration) -> Result<(), String> {
    if time <= bound {
        return Ok(());
    }
    Err(format!("{time:?}, and the bound is {bound:?}"))
}
