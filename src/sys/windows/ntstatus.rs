//! What an NTSTATUS means: its severity, which decides whether a completion packet comes, and the
//! statuses of AFD's poll requests. Makes no system call.

use super::platform::ffi;

/// `NT_ERROR(status)`: whether the severity is "error", the topmost two bits being set.
///
/// The I/O manager queues a completion packet for every request unless the driver failed it with
/// severity "error" before the call returned. So `STATUS_PENDING`, success, information and
/// *warnings* queue one: besides `STATUS_BUFFER_OVERFLOW` (a message longer than its buffer) there
/// are `STATUS_DEVICE_BUSY`, `STATUS_DEVICE_PAPER_EMPTY` and others, which drivers other than npfs
/// return.
///
/// - The severities: [Using NTSTATUS values][values].
/// - The condition in the I/O manager: `IopCompleteRequest` in [ReactOS' irp.c][irp] writes the
///   status block and queues the packet for what is not `NT_ERROR`, or was pending.
/// - Wine's server has the same condition in [`async_handoff` and `async_set_result`][wine].
///
/// A Win32 error code cannot be classified instead: `ERROR_MORE_DATA` stands for the warning
/// `STATUS_BUFFER_OVERFLOW` as well as for the error `STATUS_MORE_PROCESSING_REQUIRED`
/// ([RtlNtStatusToDosError][dos] is not one to one).
///
/// [values]: https://learn.microsoft.com/windows-hardware/drivers/kernel/using-ntstatus-values
/// [irp]: https://github.com/reactos/reactos/blob/7aae4bb0522f359482baea96b6fdbeca3942b49d/ntoskrnl/io/iomgr/irp.c
/// [wine]: https://github.com/wine-mirror/wine/blob/0507f4413b9d3f75de00e76b2c1beb890fdb503d/server/async.c
/// [dos]: https://learn.microsoft.com/windows/win32/api/winternl/nf-winternl-rtlntstatustodoserror
#[inline]
pub(crate) fn is_error(status: i32) -> bool {
    status as u32 >> 30 == 3
}

/// What the kernel did with a request that it accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Started {
    /// Completed it: one of its conditions holds.
    Completed,
    /// Left it pending: none of its conditions held.
    Pending,
}

/// How a request completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Completion {
    /// These conditions hold.
    Conditions(u32),
    /// Without a condition: it was canceled.
    NoConditions,
    /// With an error that has this code.
    Failed(i32),
    /// The socket is not an open socket handle; the error has this code.
    InvalidHandle(i32),
}

/// `STATUS_PENDING`.
const PENDING: ffi::NTSTATUS = 0x103;

/// What it means that `NtDeviceIoControlFile` returned this status, which is not an error.
#[inline]
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
#[inline]
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

#[cfg(test)]
mod tests {
    use super::*;

    /// By severity, see [Using NTSTATUS values][values]; the names and numbers are in `ntstatus.h`.
    ///
    /// [values]: https://learn.microsoft.com/windows-hardware/drivers/kernel/using-ntstatus-values
    #[test]
    fn only_severity_error_is_an_error() {
        for (status, expected) in [
            (0x0000_0000_u32, false), // STATUS_SUCCESS
            (0x0000_0103, false),     // STATUS_PENDING
            (0x4000_0000, false),     // STATUS_OBJECT_NAME_EXISTS, information
            (0x8000_0005, false),     // STATUS_BUFFER_OVERFLOW
            (0x8000_000E, false),     // STATUS_DEVICE_PAPER_EMPTY
            (0x8000_0011, false),     // STATUS_DEVICE_BUSY
            (0xC000_0016, true),      // STATUS_MORE_PROCESSING_REQUIRED
            (0xC000_00B0, true),      // STATUS_PIPE_DISCONNECTED
            (0xC000_00B1, true),      // STATUS_PIPE_CLOSING
            (0xC000_00B2, true),      // STATUS_PIPE_CONNECTED
            (0xC000_00B3, true),      // STATUS_PIPE_LISTENING
        ] {
            assert_eq!(is_error(status as i32), expected, "{status:#x}");
        }
    }
}
