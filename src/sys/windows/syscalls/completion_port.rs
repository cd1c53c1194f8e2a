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
    #[inline]
    pub(crate) fn key(&self) -> usize {
        self.0.lpCompletionKey
    }

    /// The receiver id that was posted, or the context of an operation. It is not a pointer.
    #[inline]
    pub(crate) fn context(&self) -> usize {
        self.0.lpOverlapped.addr()
    }
}

/// Room for packets.
pub(crate) type Packets = KernelVec<Packet>;

/// The result of a call that returns a handle: null on failure.
#[inline]
fn ret_not_null(handle: ffi::HANDLE) -> io::Result<()> {
    if handle.is_null() {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// `CreateIoCompletionPort`: makes a port.
///
/// A thread that has once waited on a port counts as running whenever it does not block. While as
/// many of them run as the port's concurrency value allows, no other thread gets a packet ([Threads
/// and Concurrency][concurrency]). One thread at a time polls, but each poll may be in another
/// thread. So the value is the largest: 0 is the number of processors, and as many busy earlier
/// pollers would hold back wakes.
///
/// [concurrency]: https://learn.microsoft.com/windows/win32/fileio/i-o-completion-ports#threads-and-concurrency
#[inline]
pub(crate) fn create() -> io::Result<OwnedHandle> {
    // SAFETY: without a file and without a port the call makes a new port. It accesses no memory of
    // ours.
    let handle = unsafe {
        ffi::CreateIoCompletionPort(ffi::INVALID_HANDLE_VALUE, ptr::null_mut(), 0, u32::MAX)
    };
    ret_not_null(handle)?;
    // SAFETY: the call succeeded, so this is a new handle that nothing else owns.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// `CreateIoCompletionPort`: from now on, completions on `handle` are queued to `port`.
#[inline]
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
#[inline]
pub(crate) fn post(port: BorrowedHandle<'_>, receiver_id: usize) -> io::Result<()> {
    post_as(port, RECEIVER_KEY, receiver_id)
}

/// `PostQueuedCompletionStatus`: queues a packet with this key and context.
#[inline]
pub(crate) fn post_as(port: BorrowedHandle<'_>, key: usize, context: usize) -> io::Result<()> {
    let context = ptr::without_provenance_mut(context);
    // SAFETY: the port is open. The kernel hands the pointer through without dereferencing it.
    let result = unsafe { ffi::PostQueuedCompletionStatus(port.as_raw_handle(), 0, key, context) };
    ret_bool(result)
}

/// `GetQueuedCompletionStatusEx`: waits up to `millis` for packets, takes at most `room` of them
/// and returns how many it took. A timeout is no error: it returns 0.
#[inline]
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
#[inline]
pub(crate) fn status_error(status: ffi::NTSTATUS) -> io::Error {
    // SAFETY: the call takes an integer and accesses no memory of ours.
    let code = unsafe { ffi::RtlNtStatusToDosError(status) };
    io::Error::from_raw_os_error(code as i32)
}
