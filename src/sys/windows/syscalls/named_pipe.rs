//! Named pipes: creating, connecting, reading and writing.
#![allow(unsafe_code)]

use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr;

use super::completion_port::status_error;
use crate::sys::ffi;
use crate::sys::windows::iocp::in_flight::{Outcome, Pending, Reserved, Submission};
use crate::sys::windows::named_pipe::{OpError, OpErrorKind, OpKind, Transfer};
use crate::sys::windows::ntstatus::is_error;

/// How many bytes a pipe buffers in each direction before a write waits for its reader.
const QUOTA: u32 = 64 * 1024;

/// `CreateNamedPipeW`: the first instance of a byte pipe, for both directions and overlapped
/// operations. `name` ends with its only NUL.
#[inline]
pub(crate) fn create(name: &[u16]) -> io::Result<OwnedHandle> {
    if name.last() != Some(&0) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mode =
        ffi::PIPE_ACCESS_DUPLEX | ffi::FILE_FLAG_FIRST_PIPE_INSTANCE | ffi::FILE_FLAG_OVERLAPPED;
    // SAFETY: the call reads the name up to its NUL, which was checked above. Null security
    // attributes mean the default ones, and a handle that is not inherited.
    let handle = unsafe {
        ffi::CreateNamedPipeW(
            name.as_ptr(),
            mode as u32,
            ffi::PIPE_TYPE_BYTE as u32,
            ffi::PIPE_UNLIMITED_INSTANCES as u32,
            QUOTA,
            QUOTA,
            0,
            ptr::null(),
        )
    };
    if handle == ffi::INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call succeeded, so this is a new handle that nothing else owns.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// `GetFileType`: whether this is a pipe, named or anonymous.
#[inline]
pub(crate) fn is_pipe(handle: BorrowedHandle<'_>) -> bool {
    // SAFETY: the handle is open; the call accesses no memory of ours.
    let kind = unsafe { ffi::GetFileType(handle.as_raw_handle()) };
    kind == ffi::FILE_TYPE_PIPE as u32
}

/// `NtQueryInformationFile` of `FilePipeLocalInformation`: whether the pipe has a peer. A handle
/// that is not a pipe, or that may not be queried, counts as connected. The states are those of
/// [FILE_PIPE_LOCAL_INFORMATION][info].
///
/// [info]: https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/ns-ntifs-_file_pipe_local_information
#[inline]
pub(crate) fn is_connected(handle: BorrowedHandle<'_>) -> bool {
    let mut status = ffi::IO_STATUS_BLOCK::default();
    let mut info = ffi::FILE_PIPE_LOCAL_INFORMATION::default();
    // SAFETY: the handle is open. The call is complete when it returns. It writes the status block,
    // and at most the given length of the information.
    let result = unsafe {
        ffi::NtQueryInformationFile(
            handle.as_raw_handle(),
            &raw mut status,
            (&raw mut info).cast(),
            size_of_val(&info) as u32,
            ffi::FilePipeLocalInformation,
        )
    };
    #[cfg(test)]
    super::faults::after_pipe_query();
    let without_peer = [
        ffi::FILE_PIPE_DISCONNECTED_STATE as u32,
        ffi::FILE_PIPE_LISTENING_STATE as u32,
    ];
    result < 0 || !without_peer.contains(&info.NamedPipeState)
}

/// `NtSetInformationFile` of [`FileReplaceCompletionInformation`][replace] (Windows 8.1 and later)
/// without a port: ends the association with the completion port. No operation may be in flight.
///
/// [replace]: https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/ns-ntifs-_file_completion_information
#[inline]
pub(crate) fn dissociate(handle: BorrowedHandle<'_>) -> io::Result<()> {
    let mut status = ffi::IO_STATUS_BLOCK::default();
    let info = ffi::FILE_COMPLETION_INFORMATION {
        Port: ptr::null_mut(),
        Key: ptr::null_mut(),
    };
    // SAFETY: the handle is open. The call is complete when it returns. It reads the information,
    // whose length is given, and writes the status block.
    let result = unsafe {
        ffi::NtSetInformationFile(
            handle.as_raw_handle(),
            &raw mut status,
            (&raw const info).cast(),
            size_of_val(&info) as u32,
            ffi::FileReplaceCompletionInformation,
        )
    };
    if result < 0 {
        return Err(status_error(result));
    }
    Ok(())
}

/// `DisconnectNamedPipe`. For a pipe that is still listening, Wine fails it with
/// `STATUS_PIPE_LISTENING` ([`pipe_server_ioctl`][wine]); Windows ends the listening.
///
/// [wine]: https://github.com/wine-mirror/wine/blob/4cbb92cfb93949a89cd997815a10829bc4c700fa/server/named_pipe.c
#[inline]
pub(crate) fn disconnect(handle: BorrowedHandle<'_>) -> io::Result<()> {
    // SAFETY: the handle is open; the call accesses no memory of ours.
    if unsafe { ffi::DisconnectNamedPipe(handle.as_raw_handle()) } != 0 {
        return Ok(());
    }
    match io::Error::last_os_error() {
        error if is(&error, ffi::ERROR_PIPE_LISTENING) => Ok(()),
        error => Err(error),
    }
}

/// `NtFsControlFile` with `FSCTL_PIPE_LISTEN`, as `ConnectNamedPipe` of [ReactOS][connect] calls
/// it. The handle is associated with the port that the memory was reserved for.
///
/// [connect]: https://github.com/reactos/reactos/blob/6ebd0be0205fbc32a3c2094ced6a3fe9f5359abe/dll/win32/kernel32/client/file/npipe.c
#[inline]
pub(crate) fn connect<'r>(
    handle: BorrowedHandle<'_>,
    reserved: Reserved<'r, Transfer>,
) -> Submission<'r> {
    // SAFETY: the handle is open. `Reserved` keeps the status block alive until the packet has
    // come. There is no other buffer.
    let status = unsafe {
        ffi::NtFsControlFile(
            handle.as_raw_handle(),
            ptr::null_mut(),
            None,
            reserved.context(),
            reserved.status_block(),
            ffi::FSCTL_PIPE_LISTEN as u32,
            ptr::null(),
            0,
            ptr::null_mut(),
            0,
        )
    };
    submission(reserved, status)
}

/// `NtReadFile` of at most `len` bytes. The handle is associated with the port that the memory was
/// reserved for.
#[inline]
pub(crate) fn read<'r>(
    handle: BorrowedHandle<'_>,
    reserved: Reserved<'r, Transfer>,
    len: usize,
) -> Submission<'r> {
    // SAFETY: `Reserved` has exclusive access to the operation until the call below is made.
    let transfer = unsafe { &mut *reserved.operation() };
    let space = transfer.buffer.space();
    let len = u32::try_from(len.min(space.len())).unwrap_or(u32::MAX);
    // SAFETY: the handle is open. `Reserved` keeps the status block and the space, at least `len`
    // bytes, alive until the packet has come, and no code of ours accesses them meanwhile. The
    // offset is read during the call.
    let status = unsafe {
        ffi::NtReadFile(
            handle.as_raw_handle(),
            ptr::null_mut(),
            None,
            reserved.context(),
            reserved.status_block(),
            space.as_mut_ptr().cast(),
            len,
            &raw const START,
            ptr::null(),
        )
    };
    submission(reserved, status)
}

/// `NtWriteFile` of the data of the buffer, or of as much as the call can take. The handle is
/// associated with the port that the memory was reserved for.
#[inline]
pub(crate) fn write<'r>(
    handle: BorrowedHandle<'_>,
    reserved: Reserved<'r, Transfer>,
) -> Submission<'r> {
    // SAFETY: `Reserved` has exclusive access to the operation until the call below is made.
    let transfer = unsafe { &*reserved.operation() };
    let data = transfer.buffer.data();
    let len = u32::try_from(data.len()).unwrap_or(u32::MAX);
    // SAFETY: the handle is open. `Reserved` keeps the status block and the data, at least `len`
    // bytes, alive until the packet has come, and no code of ours changes them meanwhile. The
    // offset is read during the call.
    let status = unsafe {
        ffi::NtWriteFile(
            handle.as_raw_handle(),
            ptr::null_mut(),
            None,
            reserved.context(),
            reserved.status_block(),
            data.as_ptr().cast(),
            len,
            &raw const START,
            ptr::null(),
        )
    };
    submission(reserved, status)
}

/// The offset of reads and writes. Pipes and serial ports have none; for other handles that are
/// opened for asynchronous I/O it is [required][offset].
///
/// [offset]: https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-ntreadfile
static START: i64 = 0;

/// The submission of a call that returned `status`.
#[inline]
fn submission(reserved: Reserved<'_, Transfer>, status: ffi::NTSTATUS) -> Submission<'_> {
    if is_error(status) {
        // SAFETY: a call that returns severity "error" queues no packet, and the kernel is done
        // with the memory (see `ntstatus`).
        unsafe { reserved.refused(status_error(status)) }
    } else {
        // SAFETY: any other status queues one packet with this context to the port that the handle
        // is associated with, after the kernel has written the status block. (If a duplicate of the
        // handle has `FILE_SKIP_COMPLETION_PORT_ON_SUCCESS` set, there is no packet and the memory
        // is kept.)
        unsafe { reserved.submitted() }
    }
}

/// `NtCancelIoFileEx` of one operation. Its packet comes in any case, so errors, such as "not
/// found" for one that has completed, are ignored.
#[inline]
pub(crate) fn cancel(handle: BorrowedHandle<'_>, pending: &Pending<Transfer>) {
    let mut status = ffi::IO_STATUS_BLOCK::default();
    // SAFETY: the handle is open. The kernel compares the address of the operation's status block
    // with those in flight and does not dereference it; it writes the second block during the call.
    let _: ffi::NTSTATUS = unsafe {
        ffi::NtCancelIoFileEx(
            handle.as_raw_handle(),
            pending.status_block(),
            &raw mut status,
        )
    };
}

/// The result of an operation: how many bytes it transferred, or its error.
///
/// A canceled read of a serial port may have taken bytes from the driver ([`SerialGrabReadFromIsr`]
/// counts them), and the I/O manager does not copy them for an error status. They are lost, so the
/// caller gets the error.
///
/// [`SerialGrabReadFromIsr`]: https://github.com/microsoft/Windows-driver-samples/blob/97cf5197cf5b882b2c689d8dc2b555f2edf8f418/serial/serial/read.c
#[inline]
pub(crate) fn result(op: OpKind, outcome: Outcome) -> Result<usize, OpError> {
    match outcome.result() {
        Ok(bytes) => Ok(bytes),
        Err(error) if op == OpKind::Read && is(&error, ffi::ERROR_MORE_DATA) => Ok(outcome.bytes),
        Err(error) => {
            let mut op_error = classify(op, error);
            if outcome.bytes != 0 && op_error.kind == OpErrorKind::Aborted {
                op_error.kind = OpErrorKind::Other;
            }
            Err(op_error)
        }
    }
}

/// Classifies an error of an operation.
#[inline]
pub(crate) fn classify(op: OpKind, error: io::Error) -> OpError {
    let is = |code| is(&error, code);
    let kind = match op {
        // `ERROR_NO_DATA`: a client connected and has closed its end.
        OpKind::Connect if is(ffi::ERROR_PIPE_CONNECTED) || is(ffi::ERROR_NO_DATA) => {
            OpErrorKind::AlreadyConnected
        }
        OpKind::Read if is(ffi::ERROR_PIPE_LISTENING) => OpErrorKind::Listening,
        OpKind::Read if is(ffi::ERROR_BROKEN_PIPE) || is(ffi::ERROR_HANDLE_EOF) => {
            OpErrorKind::EndOfFile
        }
        _ if is(ffi::ERROR_OPERATION_ABORTED) => OpErrorKind::Aborted,
        _ => OpErrorKind::Other,
    };
    OpError { kind, error }
}

#[inline]
fn is(error: &io::Error, code: i32) -> bool {
    error.raw_os_error() == Some(code)
}
