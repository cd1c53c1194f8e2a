//! Behavior that a kernel shows rarely: faults that a test injects.
//!
//! A unit test calls `with`, which affects the calls of its own thread. `errors` are calls that
//! fail (see `testing::injection`), the other fields what else this kernel may do. The environment
//! variable `MIO_FAKE_KERNEL_FAULTS` affects all threads of the process:
//!
//! - `etime`: port_getn(3C) returns events together with ETIME.
//! - `eintr`: port_getn(3C) returns events together with EINTR.
//! - `leave-count`: with ETIME and no events, port_getn(3C) does not write the count.
//! - `interrupt`: every fifth wait returns EINTR and no events.

use std::cell::RefCell;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

use super::PortEvent;
use super::host::Errno;
use crate::sys::ffi;
use crate::testing::injection::{self, Fault, environment};

/// The faults to inject.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    /// Calls that fail.
    pub(crate) errors: Vec<Fault>,
    /// Events are returned together with this error.
    pub(crate) error_with_events: Option<Errno>,
    /// With ETIME and no events, the count is not written.
    pub(crate) leaves_count: bool,
}

thread_local! {
    static FAULTS: RefCell<Faults> = RefCell::new(Faults::default());
}

/// Runs `run` with these faults in the calls of this thread.
#[allow(dead_code)] // Only unit tests use it.
pub(crate) fn with<T>(faults: Faults, run: impl FnOnce() -> T) -> T {
    let errors = faults.errors.clone();
    let old = FAULTS.replace(faults);
    let result = injection::with(&errors, run);
    FAULTS.set(old);
    result
}

pub(super) fn error_with_events() -> Option<Errno> {
    if environment::has("etime") {
        Some(ffi::ETIME)
    } else if environment::has("eintr") {
        Some(libc::EINTR)
    } else {
        FAULTS.with_borrow(|faults| faults.error_with_events)
    }
}

pub(super) fn leaves_count() -> bool {
    environment::has("leave-count") || FAULTS.with_borrow(|faults| faults.leaves_count)
}

/// port_dissociate(3C).
#[allow(dead_code)] // Only unit tests use it.
pub(crate) fn dissociate(port: BorrowedFd<'_>, fd: RawFd) -> Result<(), Errno> {
    super::dissociate(port.as_raw_fd(), fd as usize)
}

/// port_getn(3C) that waits for `wanted` events. Returns the number of events, and the error.
#[allow(dead_code)] // Only unit tests use it.
pub(crate) fn get(
    port: BorrowedFd<'_>,
    wanted: usize,
    timeout: Duration,
) -> (usize, Option<Errno>) {
    match super::get(port.as_raw_fd(), 4, wanted, Some(timeout)) {
        Ok(outcome) => (outcome.events.len(), outcome.error),
        Err(error) => (0, Some(error)),
    }
}

/// Queues an event that no association or port_send(3C) has caused.
#[allow(dead_code)] // Only unit tests use it.
pub(crate) fn inject_event(port: BorrowedFd<'_>, event: PortEvent) -> Result<(), Errno> {
    super::send(port.as_raw_fd(), event)
}

/// Closes `fd` and opens another file with the same fd.
#[allow(dead_code)] // Only unit tests use it.
pub(crate) fn replace(fd: RawFd, by: OwnedFd) {
    super::syscall::replace(fd, &by);
}

/// Closes a file descriptor.
#[allow(dead_code)] // Only unit tests use it.
pub(crate) fn close(fd: RawFd) {
    super::syscall::close(fd);
}
