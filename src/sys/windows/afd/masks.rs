//! Sets of AFD's conditions.

use crate::Interest;
use crate::sys::windows::event;
use crate::sys::windows::platform::ffi;

/// The conditions that a reader waits for.
pub(super) const READ: u32 = ffi::AFD_POLL_RECEIVE
    | ffi::AFD_POLL_RECEIVE_EXPEDITED
    | ffi::AFD_POLL_DISCONNECT
    | ffi::AFD_POLL_ACCEPT;
/// The condition that a writer waits for. A completed connect sets `SEND`, too.
pub(super) const WRITE: u32 = ffi::AFD_POLL_SEND;
/// The connection was reset, or could not be made. Both directions have ended.
pub(super) const RESET: u32 = ffi::AFD_POLL_ABORT | ffi::AFD_POLL_CONNECT_FAIL;
/// The socket was closed by this process.
pub(super) const CLOSED: u32 = ffi::AFD_POLL_LOCAL_CLOSE;

/// `RECEIVE` and `ACCEPT` count as one condition, since AFD may complete a request for the first
/// with the second (see the head of `afd/mod.rs`). No socket ever has both.
const RECEIVE_OR_ACCEPT: u32 = ffi::AFD_POLL_RECEIVE | ffi::AFD_POLL_ACCEPT;

/// `ready`, with `RECEIVE` and `ACCEPT` if it has one of them.
pub(super) fn with_alias(ready: u32) -> u32 {
    if ready & RECEIVE_OR_ACCEPT == 0 {
        ready
    } else {
        ready | RECEIVE_OR_ACCEPT
    }
}

/// What to report of a source that cannot be polled for `wanted`: a fault and the readiness,
/// without `DISCONNECT`, which would mean a closed peer.
pub(super) fn of_fault(wanted: u32) -> u32 {
    wanted & (READ | WRITE) & !ffi::AFD_POLL_DISCONNECT | event::FAULT
}

/// The conditions of the directions that an operation waits for.
pub(super) fn of_directions(waits_for: Interest) -> u32 {
    let mut mask = RESET;
    if waits_for.is_readable() {
        mask |= READ;
    }
    if waits_for.is_writable() {
        mask |= WRITE;
    }
    mask
}

/// The conditions of an interest.
pub(super) fn of_interest(interest: Interest) -> u32 {
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
