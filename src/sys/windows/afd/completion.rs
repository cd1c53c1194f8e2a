//! What the statuses of AFD mean, without any system call.
//!
//! The I/O manager queues a completion packet for a request unless the driver fails it at once
//! with an error: the topmost two bits of the status are set. Success, information (as
//! `STATUS_PENDING`) and warnings send one:
//! <https://learn.microsoft.com/windows-hardware/drivers/kernel/using-ntstatus-values>.

use super::super::ntstatus::is_error;
use super::super::platform::ffi;
use super::socket_state::{Completion, Started};

/// `STATUS_PENDING`.
const PENDING: ffi::NTSTATUS = 0x103;

/// What a request was taken as that the driver answered with this status, which is no error.
pub(crate) fn started(status: ffi::NTSTATUS) -> Started {
    if status == PENDING {
        Started::Pending
    } else {
        Started::Completed
    }
}

/// What a request has found that ended with `status` and `count` entries, the first of which has
/// these `conditions`. `code` makes the system's code of a status.
pub(crate) fn completion(
    status: ffi::NTSTATUS,
    count: u32,
    conditions: u32,
    code: impl FnOnce(ffi::NTSTATUS) -> i32,
) -> Completion {
    match status {
        ffi::STATUS_CANCELLED => Completion::NoConditions,
        ffi::STATUS_INVALID_HANDLE | ffi::STATUS_OBJECT_TYPE_MISMATCH => {
            Completion::InvalidHandle(code(status))
        }
        _ if is_error(status) => Completion::Failed(code(status)),
        _ if count == 0 => Completion::NoConditions,
        _ => Completion::Conditions(conditions),
    }
}

/// Whether a refusal with this code of the system may pass: it lacks memory. The codes are those
/// of <https://learn.microsoft.com/windows/win32/debug/system-error-codes>, and Winsock's own of
/// <https://learn.microsoft.com/windows/win32/winsock/windows-sockets-error-codes-2>.
pub(crate) fn is_transient(code: i32) -> bool {
    const NOT_ENOUGH_MEMORY: i32 = 8;
    const OUT_OF_MEMORY: i32 = 14;
    const NO_SYSTEM_RESOURCES: i32 = 1450;
    const WORKING_SET_QUOTA: i32 = 1453;
    const COMMITMENT_LIMIT: i32 = 1455;
    const NOT_ENOUGH_QUOTA: i32 = 1816;
    const WSAENOBUFS: i32 = 10_055;
    [
        NOT_ENOUGH_MEMORY,
        OUT_OF_MEMORY,
        NO_SYSTEM_RESOURCES,
        WORKING_SET_QUOTA,
        COMMITMENT_LIMIT,
        NOT_ENOUGH_QUOTA,
        WSAENOBUFS,
    ]
    .contains(&code)
}
