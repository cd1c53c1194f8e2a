//! Failures of AFD on request, for tests: a kernel that works does not show them.

use crate::sys::raw::NTSTATUS;

#[cfg(test)]
thread_local! {
    /// How many of this thread's polls pass before one is refused with a status, and how many are then refused.
    pub(super) static POLLS: std::cell::Cell<Option<(u32, u32, NTSTATUS)>> = const { std::cell::Cell::new(None) };
    /// As `POLLS`, for cancelling.
    pub(super) static CANCELS: std::cell::Cell<Option<(u32, u32, NTSTATUS)>> = const { std::cell::Cell::new(None) };
    /// How many polls and cancels this thread has asked the kernel for.
    pub(super) static CALLS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// The status by which the next poll is to fail.
#[cfg(test)]
pub(super) fn poll() -> Option<NTSTATUS> {
    CALLS.set(CALLS.get() + 1);
    next(&POLLS)
}

/// The status by which the next cancelling is to fail.
#[cfg(test)]
pub(super) fn cancel() -> Option<NTSTATUS> {
    CALLS.set(CALLS.get() + 1);
    next(&CANCELS)
}

#[cfg(test)]
fn next(
    plan: &'static std::thread::LocalKey<std::cell::Cell<Option<(u32, u32, NTSTATUS)>>>,
) -> Option<NTSTATUS> {
    let (passing, failing, status) = plan.get()?;
    if passing > 0 {
        plan.set(Some((passing - 1, failing, status)));
        return None;
    }
    plan.set((failing > 1).then_some((0, failing - 1, status)));
    Some(status)
}

/// None: outside of tests there are only the kernel's own.
#[cfg(not(test))]
pub(super) fn poll() -> Option<NTSTATUS> {
    None
}

/// None: outside of tests there are only the kernel's own.
#[cfg(not(test))]
pub(super) fn cancel() -> Option<NTSTATUS> {
    None
}
