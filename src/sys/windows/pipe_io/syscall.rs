//! The system calls of named pipes.
#![allow(unsafe_code)]

use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr;

use super::device::{Call, Fault, Meaning};
use super::in_flight::Transfer;
use crate::sys::iocp::in_flight::{Outcome, Pending, Reserved, Submission};
use crate::sys::raw;

/// How much a pipe holds in each direction before a write waits for its reader.
const QUOTA: u32 = 64 * 1024;

/// `CreateNamedPipeW` of the first instance of a byte pipe, for both directions and overlapped operations. The name ends with
/// its only NUL.
pub(super) fn create(name: &[u16]) -> io::Result<OwnedHandle> {
    if name.last() != Some(&0) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mode =
        raw::PIPE_ACCESS_DUPLEX | raw::FILE_FLAG_FIRST_PIPE_INSTANCE | raw::FILE_FLAG_OVERLAPPED;
    // SAFETY: the name is read up to its NUL, which was found above. Without security attributes the default ones hold, and the
    // handle is not inherited.
    let handle = unsafe {
        raw::CreateNamedPipeW(
            name.as_ptr(),
            mode as u32,
            raw::PIPE_TYPE_BYTE as u32,
            raw::PIPE_UNLIMITED_INSTANCES as u32,
            QUOTA,
            QUOTA,
            0,
            ptr::null(),
        )
    };
    if handle == raw::INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call succeeded, so this is a new handle that nothing else owns.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// `GetFileType`: whether this is a pipe of any kind.
pub(super) fn is_pipe(handle: BorrowedHandle<'_>) -> bool {
    // SAFETY: the handle is open; the call touches no memory.
    let kind = unsafe { raw::GetFileType(handle.as_raw_handle()) };
    kind == raw::FILE_TYPE_PIPE as u32
}

/// `NtQueryInformationFile`: whether there is another end. What is not a pipe, or may not be asked, is taken for connected. Wine 8
/// answers as Windows does.
pub(super) fn is_connected(handle: BorrowedHandle<'_>) -> bool {
    let mut status = raw::IO_STATUS_BLOCK::default();
    let mut info = raw::FILE_PIPE_LOCAL_INFORMATION::default();
    // SAFETY: the handle is open. The call is over when it returns, and writes the two records, of the second one at most the
    // length that is given.
    let result = unsafe {
        raw::NtQueryInformationFile(
            handle.as_raw_handle(),
            &raw mut status,
            (&raw mut info).cast(),
            size_of_val(&info) as u32,
            raw::FilePipeLocalInformation,
        )
    };
    let alone = [
        raw::FILE_PIPE_DISCONNECTED_STATE as u32,
        raw::FILE_PIPE_LISTENING_STATE as u32,
    ];
    result < 0 || !alone.contains(&info.NamedPipeState)
}

/// `NtSetInformationFile`: operations send their packets nowhere any more. There must be none in flight.
pub(super) fn dissociate(handle: BorrowedHandle<'_>) -> io::Result<()> {
    let mut status = raw::IO_STATUS_BLOCK::default();
    let info = raw::FILE_COMPLETION_INFORMATION {
        Port: ptr::null_mut(),
        Key: ptr::null_mut(),
    };
    // SAFETY: the handle is open. The call is over when it returns; it reads one record of the length that is given, and writes
    // the other.
    let result = unsafe {
        raw::NtSetInformationFile(
            handle.as_raw_handle(),
            &raw mut status,
            (&raw const info).cast(),
            size_of_val(&info) as u32,
            raw::FileReplaceCompletionInformation,
        )
    };
    if result < 0 {
        return Err(crate::sys::iocp::status_error(result));
    }
    Ok(())
}

/// `DisconnectNamedPipe`. Wine has an error for a pipe that still waits for its client; Windows ends the waiting.
pub(super) fn disconnect(handle: BorrowedHandle<'_>) -> io::Result<()> {
    // SAFETY: the handle is open; the call touches no memory.
    if unsafe { raw::DisconnectNamedPipe(handle.as_raw_handle()) } != 0 {
        return Ok(());
    }
    match io::Error::last_os_error() {
        error if is(&error, raw::ERROR_PIPE_LISTENING) => Ok(()),
        error => Err(error),
    }
}

/// `ConnectNamedPipe`. The handle is associated with the port that the memory was reserved for.
pub(super) fn connect<'r>(
    handle: BorrowedHandle<'_>,
    reserved: Reserved<'r, Transfer>,
) -> Submission<'r> {
    // SAFETY: the handle is open, and the record stays until its packet has come.
    let result = unsafe { raw::ConnectNamedPipe(handle.as_raw_handle(), reserved.overlapped()) };
    submission(reserved, result)
}

/// `ReadFile` of at most `len` bytes. The handle is associated with the port that the memory was reserved for.
pub(super) fn read<'r>(
    handle: BorrowedHandle<'_>,
    reserved: Reserved<'r, Transfer>,
    len: usize,
) -> Submission<'r> {
    // SAFETY: the memory is reserved for this call, so nobody else has access to it until the call is made.
    let transfer = unsafe { &mut *reserved.operation() };
    let space = transfer.buffer.space();
    let len = u32::try_from(len.min(space.len())).unwrap_or(u32::MAX);
    // SAFETY: the handle is open; there are at least `len` bytes of space, which, like the record, stay until the packet has
    // come, and are touched by nobody meanwhile.
    let result = unsafe {
        raw::ReadFile(
            handle.as_raw_handle(),
            space.as_mut_ptr().cast(),
            len,
            ptr::null_mut(),
            reserved.overlapped(),
        )
    };
    submission(reserved, result)
}

/// `WriteFile` of the data of the buffer, or of as much as the call can take. The handle is associated with the port that the
/// memory was reserved for.
pub(super) fn write<'r>(
    handle: BorrowedHandle<'_>,
    reserved: Reserved<'r, Transfer>,
) -> Submission<'r> {
    // SAFETY: the memory is reserved for this call, so nobody else has access to it until the call is made.
    let transfer = unsafe { &*reserved.operation() };
    let data = transfer.buffer.data();
    let len = u32::try_from(data.len()).unwrap_or(u32::MAX);
    // SAFETY: the handle is open; there are at least `len` bytes of data, which, like the record, stay until the packet has
    // come, and are changed by nobody meanwhile.
    let result = unsafe {
        raw::WriteFile(
            handle.as_raw_handle(),
            data.as_ptr().cast(),
            len,
            ptr::null_mut(),
            reserved.overlapped(),
        )
    };
    submission(reserved, result)
}

/// What became of a call that returned `result`. To be asked before anything else may change the thread's last error.
fn submission(reserved: Reserved<'_, Transfer>, result: raw::BOOL) -> Submission<'_> {
    let error = io::Error::last_os_error();
    // A message that is longer than the buffer is a warning only.
    if result != 0 || is(&error, raw::ERROR_IO_PENDING) || is(&error, raw::ERROR_MORE_DATA) {
        // SAFETY: the call succeeded or is pending, or has warned, on a handle that sends its packets to the port.
        unsafe { reserved.submitted() }
    } else {
        // SAFETY: the call has failed, so the kernel is done with the memory, and no packet comes.
        unsafe { reserved.refused(error) }
    }
}

/// `CancelIoEx`. That it is over already is no error, and no other one is of use to anybody: the packet comes in any case.
pub(super) fn cancel(handle: BorrowedHandle<'_>, pending: &Pending<Transfer>) {
    // SAFETY: the handle is open; the address is compared with those of the operations in flight, and its memory is still there.
    let _: raw::BOOL = unsafe { raw::CancelIoEx(handle.as_raw_handle(), pending.name()) };
}

/// What an operation has done: how many bytes it moved, or its fault.
pub(super) fn result(call: Call, outcome: Outcome) -> Result<usize, Fault> {
    match outcome.result() {
        Ok(bytes) => Ok(bytes),
        Err(error) if call == Call::Read && is(&error, raw::ERROR_MORE_DATA) => Ok(outcome.bytes),
        Err(error) => Err(fault(call, error)),
    }
}

/// What an error means.
pub(super) fn fault(call: Call, error: io::Error) -> Fault {
    let is = |code| is(&error, code);
    let meaning = match call {
        // A client that has gone again has been there.
        Call::Connect if is(raw::ERROR_PIPE_CONNECTED) || is(raw::ERROR_NO_DATA) => {
            Meaning::Connected
        }
        Call::Read if is(raw::ERROR_PIPE_LISTENING) => Meaning::Listening,
        Call::Read if is(raw::ERROR_BROKEN_PIPE) || is(raw::ERROR_HANDLE_EOF) => Meaning::Ended,
        _ if is(raw::ERROR_OPERATION_ABORTED) => Meaning::Aborted,
        _ => Meaning::Failed,
    };
    Fault { meaning, error }
}

fn is(error: &io::Error, code: i32) -> bool {
    error.raw_os_error() == Some(code)
}
