//! Failures of AFD on request, for tests: a kernel that works does not show them.

use crate::sys::ffi::NTSTATUS;

#[cfg(test)]
pub(crate) use plans::{CALLS, CANCELS, POLLS, PROBES, Plan};

/// The status by which the next poll is to fail.
#[cfg(test)]
pub(crate) fn poll() -> Option<NTSTATUS> {
    plans::next(&POLLS)
}

/// The status by which the next cancelling is to fail.
#[cfg(test)]
pub(crate) fn cancel() -> Option<NTSTATUS> {
    plans::next(&CANCELS)
}

/// The error by which a look at so many sockets is to fail.
#[cfg(test)]
pub(crate) fn probe(count: usize) -> Option<i32> {
    PROBES.get().and_then(|fails| fails(count))
}

/// None: outside of tests there are only the kernel's own.
#[cfg(not(test))]
pub(crate) fn probe(_: usize) -> Option<i32> {
    None
}

/// None: outside of tests there are only the kernel's own.
#[cfg(not(test))]
pub(crate) fn poll() -> Option<NTSTATUS> {
    None
}

/// None: outside of tests there are only the kernel's own.
#[cfg(not(test))]
pub(crate) fn cancel() -> Option<NTSTATUS> {
    None
}

#[cfg(test)]
mod plans {
    //! What is to fail, for each thread.
    #![allow(clippy::missing_const_for_thread_local)] // They are, but not for the lint's eyes on this system.

    use std::cell::Cell;
    use std::thread::LocalKey;

    use super::NTSTATUS;

    /// Lets some calls pass, and then one fail.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Plan {
        pub(crate) passing: u32,
        pub(crate) status: NTSTATUS,
    }

    thread_local! {
        /// For polls.
        pub(crate) static POLLS: Cell<Option<Plan>> = const { Cell::new(None) };
        /// For cancelling.
        pub(crate) static CANCELS: Cell<Option<Plan>> = const { Cell::new(None) };
        /// For looks: the error of one at so many sockets.
        pub(crate) static PROBES: Cell<Option<fn(usize) -> Option<i32>>> = const { Cell::new(None) };
        /// How many polls and cancels this thread has asked for.
        pub(crate) static CALLS: Cell<usize> = const { Cell::new(0) };
    }

    pub(crate) fn next(plan: &'static LocalKey<Cell<Option<Plan>>>) -> Option<NTSTATUS> {
        CALLS.set(CALLS.get() + 1);
        let Plan { passing, status } = plan.get()?;
        if passing == 0 {
            plan.set(None);
            return Some(status);
        }
        let passing = passing - 1;
        plan.set(Some(Plan { passing, status }));
        None
    }
}
