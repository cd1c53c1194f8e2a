//! Failures that unit tests inject into AFD and Winsock. Without `cfg(test)` all are `None`.

use crate::sys::ffi::NTSTATUS;

#[cfg(test)]
pub(crate) use plans::{AFTER_PIPE_QUERY, CALLS, CANCELS, POLLS, PROBES, Plan};

/// The status with which the next poll request is to fail.
#[cfg(test)]
pub(crate) fn poll() -> Option<NTSTATUS> {
    plans::next(&POLLS)
}

/// The status with which the next cancel is to fail.
#[cfg(test)]
pub(crate) fn cancel() -> Option<NTSTATUS> {
    plans::next(&CANCELS)
}

/// The error with which a probe of `count` sockets is to fail.
#[cfg(test)]
pub(crate) fn probe(count: usize) -> Option<i32> {
    PROBES.get().and_then(|fails| fails(count))
}

/// Runs what a test has planned for the moment after the next query of a pipe's state.
#[cfg(test)]
#[cfg(feature = "os-ext")]
pub(crate) fn after_pipe_query() {
    if let Some(planned) = AFTER_PIPE_QUERY.take() {
        planned();
    }
}

#[cfg(not(test))]
pub(crate) fn probe(_: usize) -> Option<i32> {
    None
}

#[cfg(not(test))]
pub(crate) fn poll() -> Option<NTSTATUS> {
    None
}

#[cfg(not(test))]
pub(crate) fn cancel() -> Option<NTSTATUS> {
    None
}

#[cfg(test)]
mod plans {
    //! The planned failures of each thread.
    // They are const; the lint does not see it through this target's `thread_local!`.
    #![allow(clippy::missing_const_for_thread_local)]

    use std::cell::Cell;
    use std::thread::LocalKey;

    use super::NTSTATUS;

    /// Lets some calls pass, then one fail.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Plan {
        pub(crate) passing: u32,
        pub(crate) status: NTSTATUS,
    }

    /// The error of a probe of so many sockets.
    type ProbeFault = fn(usize) -> Option<i32>;

    thread_local! {
        /// Of poll requests.
        pub(crate) static POLLS: Cell<Option<Plan>> = const { Cell::new(None) };
        /// Of cancels.
        pub(crate) static CANCELS: Cell<Option<Plan>> = const { Cell::new(None) };
        /// Of probes: the error of one of so many sockets.
        pub(crate) static PROBES: Cell<Option<ProbeFault>> = const { Cell::new(None) };
        /// What runs after the next query of a pipe's state.
        pub(crate) static AFTER_PIPE_QUERY: Cell<Option<Box<dyn FnOnce()>>> =
            const { Cell::new(None) };
        /// How many poll requests and cancels this thread has made.
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
