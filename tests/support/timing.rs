//! Time bounds that a loaded machine misses now and then, and a wrong algorithm always.

use std::time::Duration;

/// The bound for a hang-up in its first second, as `SourceFd` documents it.
pub(crate) const FIRST_BOUND: Duration = Duration::from_millis(10).saturating_add(MARGIN);
/// The bound once a hang-up has been reported for a second.
pub(crate) const LATER_BOUND: Duration = Duration::from_millis(100).saturating_add(MARGIN);
/// Allows for timers in whole milliseconds and for the scheduler.
const MARGIN: Duration = Duration::from_millis(10);

const ROUNDS: usize = 5;

/// Runs `round` up to five times, and fails if no round keeps to the bound. A round returns the
/// worst of so many measurements that a wrong algorithm does not pass by luck.
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

/// An error if `time` exceeds `bound`.
pub(crate) fn within(time: Duration, bound: Duration) -> Result<(), String> {
    if time <= bound {
        return Ok(());
    }
    Err(format!("{time:?}, and the bound is {bound:?}"))
}
