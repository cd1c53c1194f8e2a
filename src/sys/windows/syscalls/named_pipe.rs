//! The system calls of named pipes.
#![allow(unsafe_code)]

use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr;

use super::completion_port::status_error;
use crate::sys::ffi;
use crate::sys::windows::iocp::in_flight::{Outcome, Pending, Reserved, Submission};
use crate::sys::windows::named_pipe::{OpError, OpErrorKind, OpKind, Transfer};
use crate::sys::windows::ntstatus::is_error;

/// How much a pipe holds in each direction before a write waits for its reader.
const QUOTA: u32 = 64 * 1024;

/// `CreateNamedPipeW` of the first instance of a byte pipe, for both directions and overlapped operations. The name ends with
/// its only NUL.
pub(crate) fn create(name: &[u16]) -> io::Result<OwnedHandle> {
    if name.last() != Some(&0) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mode =
        ffi::PIPE_ACCESS_DUPLEX | ffi::FILE_FLAG_FIRST_PIPE_INSTANCE | ffi::FILE_FLAG_OVERLAPPED;
    // SAFETY: the name is read up to its NUL, which was found above. Without security attributes the default ones hold, and the
    // handle is not inherited.
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

/// `GetFileType`: whether this is a pipe of any kind.
pub(crate) fn is_pipe(handle: BorrowedHandle<'_>) -> bool {
    // SAFETY: the handle is open; the call touches no memory.
    let kind = unsafe { ffi::GetFileType(handle.as_raw_handle()) };
    kind == ffi::FILE_TYPE_PIPE as u32
}

/// `NtQueryInformationFile`: whether there is another end. What is not a pipe, or may not be asked, is taken for connected. Wine 8
/// answers as Windows does.
pub(crate) fn is_connected(handle: BorrowedHandle<'_>) -> bool {
    let mut status = ffi::IO_STATUS_BLOCK::default();
    let mut info = ffi::FILE_PIPE_LOCAL_INFORMATION::default();
    // SAFETY: the handle is open. The call is over when it returns, and writes the two records, of the second one at most the
    // length that is given.
    let result = unsafe {
        ffi::NtQueryInformationFile(
            handle.as_raw_handle(),
            &raw mut status,
            (&raw mut info).cast(),
            size_of_val(&info) as u32,
            ffi::FilePipeLocalInformation,
        )
    };
    let alone = [
        ffi::FILE_PIPE_DISCONNECTED_STATE as u32,
        ffi::FILE_PIPE_LISTENING_STATE as u32,
    ];
    result < 0 || !alone.contains(&info.NamedPipeState)
}

/// `NtSetInformationFile`: operations send their packets nowhere any more. There must be none in flight.
pub(crate) fn dissociate(handle: BorrowedHandle<'_>) -> io::Result<()> {
    let mut status = ffi::IO_STATUS_BLOCK::default();
    let info = ffi::FILE_COMPLETION_INFORMATION {
        Port: ptr::null_mut(),
        Key: ptr::null_mut(),
    };
    // SAFETY: the handle is open. The call is over when it returns; it reads one record of the length that is given, and writes
    // the other.
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

/// `DisconnectNamedPipe`. Wine has an error for a pipe that still waits for its client; Windows ends the waiting.
pub(crate) fn disconnect(handle: BorrowedHandle<'_>) -> io::Result<()> {
    // SAFETY: the handle is open; the call touches no memory.
    if unsafe { ffi::DisconnectNamedPipe(handle.as_raw_handle()) } != 0 {
        return Ok(());
    }
    match io::Error::last_os_error() {
        error if is(&error, ffi::ERROR_PIPE_LISTENING) => Ok(()),
        error => Err(error),
    }
}

/// `NtFsControlFile` with `FSCTL_PIPE_LISTEN`, which `ConnectNamedPipe` calls. The handle is
/// associated with the port that the memory was reserved for.
pub(crate) fn connect<'r>(
    handle: BorrowedHandle<'_>,
    reserved: Reserved<'r, Transfer>,
) -> Submission<'r> {
    // SAFETY: the handle is open, and the status block stays until the packet has come. There are
    // no other buffers.
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
pub(crate) fn read<'r>(
    handle: BorrowedHandle<'_>,
    reserved: Reserved<'r, Transfer>,
    len: usize,
) -> Submission<'r> {
    // SAFETY: the memory is reserved for this call, so nobody else has access to it until the call is made.
    let transfer = unsafe { &mut *reserved.operation() };
    let space = transfer.buffer.space();
    let len = u32::try_from(len.min(space.len())).unwrap_or(u32::MAX);
    // SAFETY: the handle is open; there are at least `len` bytes of space, which, like the status
    // block, stay until the packet has come, and are touched by nobody meanwhile. The offset is
    // read during the call.
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
pub(crate) fn write<'r>(
    handle: BorrowedHandle<'_>,
    reserved: Reserved<'r, Transfer>,
) -> Submission<'r> {
    // SAFETY: the memory is reserved for this call, so nobody else has access to it until the call is made.
    let transfer = unsafe { &*reserved.operation() };
    let data = transfer.buffer.data();
    let len = u32::try_from(data.len()).unwrap_or(u32::MAX);
    // SAFETY: the handle is open; there are at least `len` bytes of data, which, like the status
    // block, stay until the packet has come, and are changed by nobody meanwhile. The offset is
    // read during the call.
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

/// The offset of reads and writes. Pipes and serial ports ignore it; a handle of another kind that
/// is open for asynchronous I/O [must be given one][offset].
///
/// [offset]: https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-ntreadfile
static START: i64 = 0;

/// What became of a call that returned `status`.
fn submission(reserved: Reserved<'_, Transfer>, status: ffi::NTSTATUS) -> Submission<'_> {
    if is_error(status) {
        // SAFETY: the call failed with severity "error" before it returned, so the kernel is done
        // with the memory, and no packet comes.
        unsafe { reserved.refused(status_error(status)) }
    } else {
        // SAFETY: the call did not fail with severity "error", so the I/O manager sends one packet
        // with the context that was given, after it has written the status block, on a handle that
        // sends its packets to the port. (If a duplicate was told to leave packets out, the entry
        // stays.)
        unsafe { reserved.submitted() }
    }
}

/// `NtCancelIoFileEx`. That it is over already is no error, and no other one is of use to anybody:
/// the packet comes in any case.
pub(crate) fn cancel(handle: BorrowedHandle<'_>, pending: &Pending<Transfer>) {
    let mut status = ffi::IO_STATUS_BLOCK::default();
    // SAFETY: the handle is open; the operation's address is compared with those of the operations
    // in flight, and its memory is still there. The second block is written during the call.
    let _: ffi::NTSTATUS = unsafe {
        ffi::NtCancelIoFileEx(
            handle.as_raw_handle(),
            pending.status_block(),
            &raw mut status,
        )
    };
}

/// What an operation has done: how many bytes it moved, or its fault.
pub(crate) fn result(op: OpKind, outcome: Outcome) -> Result<usize, OpError> {
    match outcome.result() {
        Ok(bytes) => Ok(bytes),
        Err(error) if op == OpKind::Read && is(&error, ffi::ERROR_MORE_DATA) => Ok(outcome.bytes),
        Err(error) => Err(op_error(op, error)),
    }
}

/// What an error means.
pub(crate) fn op_error(op: OpKind, error: io::Error) -> OpError {
    let is = |code| is(&error, code);
    let kind = match op {
        // A client that has gone again has been there.
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

fn is(error: &io::Error, code: i32) -> bool {
    error.raw_os_error() == Some(code)
}
