//! Which of AFD's conditions belong together.

use crate::Interest;
use crate::sys::{raw, record};

/// What a reader waits for.
pub(super) const READ: u32 = raw::AFD_POLL_RECEIVE
    | raw::AFD_POLL_RECEIVE_EXPEDITED
    | raw::AFD_POLL_DISCONNECT
    | raw::AFD_POLL_ACCEPT;
/// What a writer waits for; a connection that is made allows sending.
pub(super) const WRITE: u32 = raw::AFD_POLL_SEND;
/// What ends both directions.
pub(super) const FAILED: u32 = raw::AFD_POLL_ABORT | raw::AFD_POLL_CONNECT_FAIL;
/// The socket was closed on this side.
pub(super) const CLOSED: u32 = raw::AFD_POLL_LOCAL_CLOSE;

/// What to report of a source that cannot be polled for `wanted`: a fault, and readiness without anything that says "closed".
pub(super) fn fault(wanted: u32) -> u32 {
    wanted & (READ | WRITE) & !raw::AFD_POLL_DISCONNECT | record::FAULT
}

/// The conditions of the directions of an operation that would block.
pub(super) fn directions(waits_for: Interest) -> u32 {
    let mut mask = FAILED;
    if waits_for.is_readable() {
        mask |= READ;
    }
    if waits_for.is_writable() {
        mask |= WRITE;
    }
    mask
}

/// The conditions that an interest asks for.
pub(super) fn of(interest: Interest) -> u32 {
    let mut mask = FAILED;
    if interest.is_readable() {
        mask |= READ & !raw::AFD_POLL_RECEIVE_EXPEDITED;
    }
    if interest.is_priority() {
        mask |= raw::AFD_POLL_RECEIVE_EXPEDITED;
    }
    if interest.is_writable() {
        mask |= WRITE;
    }
    mask
}
