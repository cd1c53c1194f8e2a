//! The system calls of completion ports, and the packets that they return.
#![allow(unsafe_code)]

use std::io;
use std::mem::MaybeUninit;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr;

use crate::sys::ffi;
use crate::sys::kernel_vec::KernelVec;
use crate::sys::windows::iocp::{OPERATION_KEY, RECEIVER_KEY};

/// A wait without an end. Every other number is a number of milliseconds.
pub(crate) const INFINITE: u32 = ffi::INFINITE;

/// One packet.
#[repr(transparent)]
pub(crate) struct Packet(ffi::OVERLAPPED_ENTRY);

// SAFETY: the pointer in a packet is a number here: nothing follows it.
unsafe impl Send for Packet {}
// SAFETY: as for `Send`; besides, nothing changes a packet through a shared reference.
unsafe impl Sync for Packet {}

impl Packet {
    /// What the packet's sender or its handle said at `associate` or `post`.
    pub(crate) fn key(&self) -> usize {
        self.0.lpCompletionKey
    }

    /// The number that was posted, or the context of an operation. Never to be followed as a
    /// pointer.
    pub(crate) fn context(&self) -> usize {
        self.0.lpOverlapped.addr()
    }
}

/// Room for packets.
pub(crate) type Packets = KernelVec<Packet>;

/// `CreateIoCompletionPort` of a new port.
pub(crate) fn create() -> io::Result<OwnedHandle> {
    // SAFETY: without a file and without a port the call makes a new port; it touches no memory.
    let handle =
        unsafe { ffi::CreateIoCompletionPort(ffi::INVALID_HANDLE_VALUE, ptr::null_mut(), 0, 0) };
    if handle.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call succeeded, so this is a new handle that nothing else owns.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// `CreateIoCompletionPort` that makes the operations of `handle` send their packets to `port`, as operations in flight.
pub(crate) fn associate(port: BorrowedHandle<'_>, handle: BorrowedHandle<'_>) -> io::Result<()> {
    // SAFETY: both handles are open; the call touches no memory.
    let result = unsafe {
        ffi::CreateIoCompletionPort(
            handle.as_raw_handle(),
            port.as_raw_handle(),
            OPERATION_KEY,
            0,
        )
    };
    if result.is_null() {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// `PostQueuedCompletionStatus` of a packet that says `number`.
pub(crate) fn post(port: BorrowedHandle<'_>, number: usize) -> io::Result<()> {
    post_as(port, RECEIVER_KEY, number)
}

/// `PostQueuedCompletionStatus` of a packet with this key and pointer.
pub(crate) fn post_as(port: BorrowedHandle<'_>, key: usize, number: usize) -> io::Result<()> {
    let number = ptr::without_provenance_mut(number);
    // SAFETY: the port is open. The pointer is a number, which is handed through.
    let result = unsafe { ffi::PostQueuedCompletionStatus(port.as_raw_handle(), 0, key, number) };
    if result == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// `GetQueuedCompletionStatusEx`: waits `millis` for packets, takes at most `room` of them and returns how many came.
pub(crate) fn dequeue(
    port: BorrowedHandle<'_>,
    packets: &mut Packets,
    room: usize,
    millis: u32,
) -> io::Result<usize> {
    let fill = |places: &mut [MaybeUninit<Packet>]| {
        let most = places.len().min(room);
        let mut count = 0;
        // SAFETY: the call writes at most `most` entries, for which there are places; a `Packet` is one `OVERLAPPED_ENTRY`.
        let result = unsafe {
            ffi::GetQueuedCompletionStatusEx(
                port.as_raw_handle(),
                places.as_mut_ptr().cast(),
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
    // SAFETY: the call returns the number of entries that it has written, from the start.
    unsafe { packets.fill(fill) }
}

/// `RtlNtStatusToDosError`: the error that a status of the kernel means.
pub(crate) fn status_error(status: ffi::NTSTATUS) -> io::Error {
    // SAFETY: the call takes an integer and touches no memory.
    let code = unsafe { ffi::RtlNtStatusToDosError(status) };
    io::Error::from_raw_os_error(code as i32)
}
