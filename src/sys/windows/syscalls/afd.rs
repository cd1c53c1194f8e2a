//! AFD: opening a handle, starting a poll request, canceling it.
#![allow(unsafe_code)]

use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle, RawSocket};
use std::ptr;

use super::completion_port::status_error;
use super::faults;
use crate::sys::ffi;
use crate::sys::windows::afd::AfdPoll;
use crate::sys::windows::iocp::in_flight::{Pending, Reserved, Submission};
use crate::sys::windows::ntstatus::{self, Completion, Started, is_error};

/// The device, with a name behind it: without extended attributes the handle serves requests and is
/// not a socket. [wepoll] opens `\Device\Afd\Wepoll`.
///
/// [wepoll]: https://github.com/piscisaureus/wepoll/blob/dc895c6decbadf6b9626b829304365ba802f3a35/src/afd.c
const DEVICE: [u16; 15] = wide(b"\\Device\\Afd\\mio");

/// Converts ASCII to UTF-16.
const fn wide<const N: usize>(ascii: &[u8; N]) -> [u16; N] {
    let mut wide = [0; N];
    let mut index = 0;
    while index < N {
        wide[index] = ascii[index] as u16;
        index += 1;
    }
    wide
}

/// The buffer of one `IOCTL_AFD_POLL`, both input and output.
#[repr(transparent)]
pub(crate) struct PollInfo(ffi::AFD_POLL_INFO);

// SAFETY: the `HANDLE` in the buffer is a socket's value, which no code of ours dereferences.
unsafe impl Send for PollInfo {}

impl PollInfo {
    /// Requests `conditions` of a socket, without a timeout.
    #[inline]
    pub(crate) fn new(socket: RawSocket, conditions: u32) -> PollInfo {
        PollInfo(ffi::AFD_POLL_INFO {
            Timeout: i64::MAX,
            NumberOfHandles: 1,
            Exclusive: 0,
            Handles: [ffi::AFD_POLL_HANDLE_INFO {
                Handle: ptr::without_provenance_mut(socket as usize),
                Events: conditions,
                Status: 0,
            }],
        })
    }

    /// The completion of a request that ended with `status`.
    #[inline]
    pub(crate) fn completion(&self, status: ffi::NTSTATUS) -> Completion {
        let [info] = &self.0.Handles;
        let code = |status| status_error(status).raw_os_error().unwrap_or(0);
        ntstatus::from_status(status, self.0.NumberOfHandles, info.Events, code)
    }
}

/// Whether a request was refused because the socket's value is not an open handle.
#[inline]
pub(crate) fn is_invalid_handle(error: &io::Error) -> bool {
    error.raw_os_error() == Some(ffi::ERROR_INVALID_HANDLE)
}

/// Whether a request was refused for a reason that may pass, such as a lack of memory.
#[inline]
pub(crate) fn is_transient(error: &io::Error) -> bool {
    error.raw_os_error().is_some_and(ntstatus::is_transient)
}

/// `NtCreateFile` of an AFD handle for overlapped operations.
#[inline]
pub(crate) fn open() -> io::Result<OwnedHandle> {
    let mut device = DEVICE;
    let length = size_of_val(&device) as u16;
    let name = ffi::UNICODE_STRING {
        Length: length,
        MaximumLength: length,
        Buffer: device.as_mut_ptr(),
    };
    let attributes = ffi::OBJECT_ATTRIBUTES {
        Length: size_of::<ffi::OBJECT_ATTRIBUTES>() as u32,
        RootDirectory: ptr::null_mut(),
        ObjectName: (&raw const name).cast_mut(),
        Attributes: 0,
        SecurityDescriptor: ptr::null_mut(),
        SecurityQualityOfService: ptr::null_mut(),
    };
    let mut handle = ptr::null_mut();
    let mut status_block = ffi::IO_STATUS_BLOCK::default();
    // SAFETY: the call reads the attributes, the name and its text, and writes the handle and the
    // status block. All of them outlive it: an open is complete when the call returns.
    let status = unsafe {
        ffi::NtCreateFile(
            &raw mut handle,
            ffi::SYNCHRONIZE as u32,
            (&raw const attributes).cast_mut(),
            &raw mut status_block,
            ptr::null_mut(),
            0,
            (ffi::FILE_SHARE_READ | ffi::FILE_SHARE_WRITE) as u32,
            ffi::FILE_OPEN as u32,
            0,
            ptr::null_mut(),
            0,
        )
    };
    if status < 0 {
        return Err(status_error(status));
    }
    // SAFETY: the call succeeded, so this is a new handle that nothing else owns.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// `SetFileCompletionNotificationModes`: completions do not signal the handle itself, on which no
/// thread waits ([`FILE_SKIP_SET_EVENT_ON_HANDLE`][modes]). An error is ignored: it costs time
/// only.
///
/// [modes]: https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-setfilecompletionnotificationmodes
#[inline]
pub(crate) fn skip_event_signal(handle: BorrowedHandle<'_>) {
    // SAFETY: the handle is open; the call touches no memory.
    let _ = unsafe {
        ffi::SetFileCompletionNotificationModes(
            handle.as_raw_handle(),
            ffi::FILE_SKIP_SET_EVENT_ON_HANDLE as u8,
        )
    };
}

/// `NtDeviceIoControlFile` with `IOCTL_AFD_POLL` for `conditions` of a base socket, without a
/// timeout. The returned `Started` is valid only if the submission is not a refusal.
#[inline]
pub(crate) fn poll<'r>(
    handle: BorrowedHandle<'_>,
    socket: RawSocket,
    conditions: u32,
    reserved: Reserved<'r, AfdPoll>,
) -> (Submission<'r>, Started) {
    let block = reserved.status_block();
    let operation = reserved.operation();
    // SAFETY: `Reserved` has exclusive access to the operation; this takes the address of a field.
    let info = unsafe { &raw mut (*operation).info };
    // SAFETY: as above; the field has room for one `PollInfo`.
    unsafe { info.write(PollInfo::new(socket, conditions)) };
    let size = size_of::<ffi::AFD_POLL_INFO>() as u32;
    let status = match faults::poll() {
        Some(status) => status,
        // SAFETY: the handle is open. The kernel reads and writes the status block and the poll
        // buffer until the packet has come; `Reserved` keeps both alive that long. The kernel
        // validates the socket and does not dereference the context.
        None => unsafe {
            ffi::NtDeviceIoControlFile(
                handle.as_raw_handle(),
                ptr::null_mut(),
                None,
                reserved.context(),
                block,
                ffi::IOCTL_AFD_POLL,
                info.cast(),
                size,
                info.cast(),
                size,
            )
        },
    };
    let submission = if is_error(status) {
        // SAFETY: a call that returns severity "error" queues no packet, and the kernel is done
        // with the memory (see `ntstatus`).
        unsafe { reserved.refused(status_error(status)) }
    } else {
        // SAFETY: any other status queues one packet with this context to the port that the handle
        // is associated with. `FILE_SKIP_COMPLETION_PORT_ON_SUCCESS` is not set on it.
        unsafe { reserved.submitted() }
    };
    (submission, ntstatus::after_submission(status))
}

/// `NtCancelIoFileEx` of one request. `Ok` if its packet is in the port or will be soon.
#[inline]
pub(crate) fn cancel(handle: BorrowedHandle<'_>, request: &Pending<AfdPoll>) -> io::Result<()> {
    if let Some(status) = faults::cancel() {
        return Err(status_error(status));
    }
    let mut status_block = ffi::IO_STATUS_BLOCK::default();
    // SAFETY: the handle is open. The kernel compares the address of the request's status block
    // with those in flight and does not dereference it; it writes the second block during the call.
    let status = unsafe {
        ffi::NtCancelIoFileEx(
            handle.as_raw_handle(),
            request.status_block(),
            &raw mut status_block,
        )
    };
    if is_error(status) && status != ffi::STATUS_NOT_FOUND {
        return Err(status_error(status));
    }
    Ok(())
}

/// `CancelIoEx` of every request on an AFD handle. Errors are ignored: usually "not found".
#[inline]
pub(crate) fn cancel_all(handle: BorrowedHandle<'_>) {
    // SAFETY: the handle is open; the call touches no memory.
    let _ = unsafe { ffi::CancelIoEx(handle.as_raw_handle(), ptr::null()) };
}
