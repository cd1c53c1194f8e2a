//! Which of AFD's conditions belong together.

use super::super::event;
use super::super::platform::ffi;
use crate::Interest;

/// What a reader waits for.
pub(super) const READ: u32 = ffi::AFD_POLL_RECEIVE
    | ffi::AFD_POLL_RECEIVE_EXPEDITED
    | ffi::AFD_POLL_DISCONNECT
    | ffi::AFD_POLL_ACCEPT;
/// What a writer waits for; a connection that is made allows sending.
pub(super) const WRITE: u32 = ffi::AFD_POLL_SEND;
/// The connection was reset, or was never made. Ends both directions.
pub(super) const RESET: u32 = ffi::AFD_POLL_ABORT | ffi::AFD_POLL_CONNECT_FAIL;
/// The socket was closed on this side.
pub(super) const CLOSED: u32 = ffi::AFD_POLL_LOCAL_CLOSE;

/// Data on a connection and a connection on a listener: one condition under two names, because an
/// AFD may answer a poll for the first with the second (see the head of `afd/mod.rs`). No socket
/// ever has both.
const RECEIVE_OR_ACCEPT: u32 = ffi::AFD_POLL_RECEIVE | ffi::AFD_POLL_ACCEPT;

/// The conditions that a report of `ready` covers.
pub(super) fn covered(ready: u32) -> u32 {
    if ready & RECEIVE_OR_ACCEPT == 0 {
        ready
    } else {
        ready | RECEIVE_OR_ACCEPT
    }
}

/// What to report of a source that cannot be polled for `wanted`: a fault, and readiness without
/// anything that says "closed".
pub(super) fn fault(wanted: u32) -> u32 {
    wanted & (READ | WRITE) & !ffi::AFD_POLL_DISCONNECT | event::FAULT
}

/// The conditions of the directions of an operation that would block.
pub(super) fn directions(waits_for: Interest) -> u32 {
    let mut mask = RESET;
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
    let mut mask = RESET;
    if interest.is_readable() {
        mask |= READ & !ffi::AFD_POLL_RECEIVE_EXPEDITED;
    }
    if interest.is_priority() {
        mask |= ffi::AFD_POLL_RECEIVE_EXPEDITED;
    }
    if interest.is_writable() {
        mask |= WRITE;
    }
    mask
}
