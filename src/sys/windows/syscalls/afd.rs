//! The calls of AFD: opening it, polling with it, and what Winsock says about sockets.
#![allow(unsafe_code)]

use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle, RawSocket};
use std::ptr;

use super::completion_port::status_error;
use super::faults;
use crate::sys::ffi;
use crate::sys::windows::afd::{AfdPoll, Completion, Started, completion};
use crate::sys::windows::iocp::in_flight::{Pending, Reserved, Submission};
use crate::sys::windows::ntstatus::is_error;

/// The name of the driver's device. Wine and Windows want something behind `Afd`, whatever it is.
const DEVICE: [u16; 15] = wide(b"\\Device\\Afd\\mio");

/// UTF-16 of ASCII.
const fn wide<const N: usize>(ascii: &[u8; N]) -> [u16; N] {
    let mut wide = [0; N];
    let mut index = 0;
    while index < N {
        wide[index] = ascii[index] as u16;
        index += 1;
    }
    wide
}

/// The record of one poll: asked and answered in the same memory.
#[repr(transparent)]
pub(crate) struct PollInfo(ffi::AFD_POLL_INFO);

// SAFETY: the handle in the record is a number: nothing here follows it.
unsafe impl Send for PollInfo {}

impl PollInfo {
    /// Asks once for `conditions` of a socket, without a time limit.
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

    /// What a request with this `status` has found.
    pub(crate) fn completion(&self, status: ffi::NTSTATUS) -> Completion {
        let [info] = &self.0.Handles;
        let code = |status| status_error(status).raw_os_error().unwrap_or(0);
        completion::completion(status, self.0.NumberOfHandles, info.Events, code)
    }
}

/// Whether a poll was refused because there is no such socket.
pub(crate) fn is_invalid_handle(error: &io::Error) -> bool {
    error.raw_os_error() == Some(ffi::ERROR_INVALID_HANDLE)
}

/// Whether a poll was refused for a reason that may pass.
pub(crate) fn is_transient(error: &io::Error) -> bool {
    error.raw_os_error().is_some_and(completion::is_transient)
}

/// `NtCreateFile` of a handle to AFD, for operations that send packets.
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
    // status, all of which outlive it: an open is over when it returns.
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

/// `SetFileCompletionNotificationModes`: the end of an operation need not signal the handle as well, nobody waits on it. A
/// system that cannot do so is only slower.
pub(crate) fn skip_event_signal(handle: BorrowedHandle<'_>) {
    // SAFETY: the handle is open; the call touches no memory.
    let _ = unsafe {
        ffi::SetFileCompletionNotificationModes(
            handle.as_raw_handle(),
            ffi::FILE_SKIP_SET_EVENT_ON_HANDLE as u8,
        )
    };
}

/// `NtDeviceIoControlFile` with `IOCTL_AFD_POLL`: asks once for `conditions` of a base socket,
/// without a time limit. `Started` counts only if the request was taken.
pub(crate) fn poll<'r>(
    handle: BorrowedHandle<'_>,
    socket: RawSocket,
    conditions: u32,
    reserved: Reserved<'r, AfdPoll>,
) -> (Submission<'r>, Started) {
    let block = reserved.status_block();
    let operation = reserved.operation();
    // SAFETY: nobody else has access to the operation; this is the address of its field.
    let info = unsafe { &raw mut (*operation).info };
    // SAFETY: as above, and the memory is that of one `PollInfo`.
    unsafe { info.write(PollInfo::new(socket, conditions)) };
    let size = size_of::<ffi::AFD_POLL_INFO>() as u32;
    let status = match faults::poll() {
        Some(status) => status,
        // SAFETY: the handle is open. The kernel reads and writes the status block and the poll's
        // record, both of them until the packet has come: `Reserved` says that they stay that long.
        // The socket and the context are numbers for the kernel.
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
        // SAFETY: an operation that fails at once sends no packet, and the kernel is done with its
        // memory.
        unsafe { reserved.refused(status_error(status)) }
    } else {
        // SAFETY: what succeeds or is pending sends one packet with the context that was given,
        // to the port that the handle is associated with. It was not told to
        // leave packets out.
        unsafe { reserved.submitted() }
    };
    (submission, completion::started(status))
}

/// `NtCancelIoFileEx` of one poll. `Ok` if its packet comes soon, or is there already.
pub(crate) fn cancel(handle: BorrowedHandle<'_>, poll: &Pending<AfdPoll>) -> io::Result<()> {
    if let Some(status) = faults::cancel() {
        return Err(status_error(status));
    }
    let mut status_block = ffi::IO_STATUS_BLOCK::default();
    // SAFETY: the handle is open. The poll's address is compared and not followed; the second block
    // is written during the call.
    let status = unsafe {
        ffi::NtCancelIoFileEx(
            handle.as_raw_handle(),
            poll.status_block(),
            &raw mut status_block,
        )
    };
    if is_error(status) && status != ffi::STATUS_NOT_FOUND {
        return Err(status_error(status));
    }
    Ok(())
}

/// `CancelIoEx` of everything in flight on a handle of AFD.
pub(crate) fn cancel_all(handle: BorrowedHandle<'_>) {
    // There is nothing to be done about an error; "nothing found" is the usual one.
    // SAFETY: the handle is open; the call touches no memory.
    let _ = unsafe { ffi::CancelIoEx(handle.as_raw_handle(), ptr::null()) };
}
