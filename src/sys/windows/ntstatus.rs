//! The severity of an NTSTATUS, which decides whether a completion packet comes.

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
pub(crate) fn is_error(status: i32) -> bool {
    status as u32 >> 30 == 3
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
