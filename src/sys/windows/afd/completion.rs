//! What the statuses of poll requests mean. Makes no system call.

use super::socket_state::{Completion, Started};
use crate::sys::windows::ntstatus::is_error;
use crate::sys::windows::platform::ffi;

/// `STATUS_PENDING`.
const PENDING: ffi::NTSTATUS = 0x103;

/// What it means that `NtDeviceIoControlFile` returned this status, which is not an error.
pub(crate) fn after_submission(status: ffi::NTSTATUS) -> Started {
    if status == PENDING {
        Started::Pending
    } else {
        Started::Completed
    }
}

/// The completion of a request that ended with `status` and `count` entries, the first of which has
/// these `conditions`. `code` converts a status to a Win32 error code.
pub(crate) fn from_status(
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

/// Whether the error with this code may pass, because it is a lack of memory
/// ([system error codes][system], [Winsock error codes][winsock]).
///
/// [system]: https://learn.microsoft.com/windows/win32/debug/system-error-codes
/// [winsock]: https://learn.microsoft.com/windows/win32/winsock/windows-sockets-error-codes-2
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
