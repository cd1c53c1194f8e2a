//! Completion ports, and the packets that they return.
#![allow(unsafe_code)]

use std::io;
use std::mem::MaybeUninit;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr;

use super::ret_bool;
use crate::sys::event_buffer::KernelVec;
use crate::sys::ffi;
use crate::sys::windows::iocp::{OPERATION_KEY, RECEIVER_KEY};

/// The timeout of a wait that does not end by itself. Any other value is in milliseconds.
pub(crate) const INFINITE: u32 = ffi::INFINITE;

/// One completion packet.
#[repr(transparent)]
pub(crate) struct Packet(ffi::OVERLAPPED_ENTRY);

// SAFETY: no code of ours dereferences the pointer in a packet.
unsafe impl Send for Packet {}
// SAFETY: as for `Send`; besides, no method changes a packet through a shared reference.
unsafe impl Sync for Packet {}

impl Packet {
    /// The completion key that `associate` or `post` gave.
    pub(crate) fn key(&self) -> usize {
        self.0.lpCompletionKey
    }

    /// The receiver id that was posted, or the context of an operation. It is not a pointer.
    pub(crate) fn context(&self) -> usize {
        self.0.lpOverlapped.addr()
    }
}

/// Room for packets.
pub(crate) type Packets = KernelVec<Packet>;

/// The result of a call that returns a handle: null on failure.
fn ret_not_null(handle: ffi::HANDLE) -> io::Result<()> {
    if handle.is_null() {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// `CreateIoCompletionPort`: makes a port.
pub(crate) fn create() -> io::Result<OwnedHandle> {
    // SAFETY: without a file and without a port the call makes a new port. It accesses no memory of
    // ours.
    let handle =
        unsafe { ffi::CreateIoCompletionPort(ffi::INVALID_HANDLE_VALUE, ptr::null_mut(), 0, 0) };
    ret_not_null(handle)?;
    // SAFETY: the call succeeded, so this is a new handle that nothing else owns.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// `CreateIoCompletionPort`: from now on, completions on `handle` are queued to `port`.
pub(crate) fn associate(port: BorrowedHandle<'_>, handle: BorrowedHandle<'_>) -> io::Result<()> {
    // SAFETY: both handles are open; the call accesses no memory of ours.
    let result = unsafe {
        ffi::CreateIoCompletionPort(
            handle.as_raw_handle(),
            port.as_raw_handle(),
            OPERATION_KEY,
            0,
        )
    };
    ret_not_null(result)
}

/// `PostQueuedCompletionStatus`: queues a packet for a receiver.
pub(crate) fn post(port: BorrowedHandle<'_>, receiver_id: usize) -> io::Result<()> {
    post_as(port, RECEIVER_KEY, receiver_id)
}

/// `PostQueuedCompletionStatus`: queues a packet with this key and context.
pub(crate) fn post_as(port: BorrowedHandle<'_>, key: usize, context: usize) -> io::Result<()> {
    let context = ptr::without_provenance_mut(context);
    // SAFETY: the port is open. The kernel hands the pointer through without dereferencing it.
    let result = unsafe { ffi::PostQueuedCompletionStatus(port.as_raw_handle(), 0, key, context) };
    ret_bool(result)
}

/// `GetQueuedCompletionStatusEx`: waits up to `millis` for packets, takes at most `room` of them
/// and returns how many it took. A timeout is no error: it returns 0.
pub(crate) fn dequeue(
    port: BorrowedHandle<'_>,
    packets: &mut Packets,
    room: usize,
    millis: u32,
) -> io::Result<usize> {
    let fill = |slots: &mut [MaybeUninit<Packet>]| {
        let most = slots.len().min(room);
        let mut count = 0;
        // SAFETY: the call writes at most `most` entries, for which `slots` has room; a `Packet` is
        // one `OVERLAPPED_ENTRY`.
        let result = unsafe {
            ffi::GetQueuedCompletionStatusEx(
                port.as_raw_handle(),
                slots.as_mut_ptr().cast(),
                u32::try_from(most).unwrap_or(u32::MAX),
                &raw mut count,
                millis,
                0,
            )
        };
        if result != 0 {
            return Ok(usize::try_from(count).unwrap_or(0));
        }
        let error = io::Error::last_os_error();
        if error.raw_os_error() == Some(ffi::WAIT_TIMEOUT) {
            return Ok(0);
        }
        Err(error)
    };
    // SAFETY: the call returns how many entries it has written, from the start.
    unsafe { packets.fill(fill) }
}

/// `RtlNtStatusToDosError`: the error that a status stands for.
pub(crate) fn status_error(status: ffi::NTSTATUS) -> io::Error {
    // SAFETY: the call takes an integer and accesses no memory of ours.
    let code = unsafe { ffi::RtlNtStatusToDosError(status) };
    io::Error::from_raw_os_error(code as i32)
}
