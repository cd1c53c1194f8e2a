//! Event objects, and fake wait completion packets for systems that have none.
//!
//! The fake follows the documentation. A packet is associated with one object at a time,
//! sends its contexts once when the object is signaled, and may then be associated again
//! (<https://learn.microsoft.com/windows/win32/devnotes/ntassociatewaitcompletionpacket>). It sends
//! nothing after it was canceled with the packet's removal from the port
//! (<https://learn.microsoft.com/windows/win32/devnotes/ntcancelwaitcompletionpacket>). A thread
//! waits for each association.
//!
//! Known to differ: `cancel` returns success where Windows returns `STATUS_CANCELLED` (sent
//! already, or never associated), and a packet that is in the port stays there.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::*;

#[link(name = "kernel32")]
unsafe extern "system" {
    fn CreateEventW(
        attributes: *const c_void,
        is_manual: i32,
        is_set: i32,
        name: *const u16,
    ) -> RawHandle;
    fn SetEvent(event: RawHandle) -> i32;
    fn ResetEvent(event: RawHandle) -> i32;
    fn WaitForSingleObject(object: RawHandle, millis: u32) -> u32;
}

/// An event object of the kernel.
pub(crate) struct Event(OwnedHandle);

impl Event {
    pub(crate) fn new(is_manual: bool) -> io::Result<Event> {
        // SAFETY: attributes and name are optional; the call accesses no memory of ours.
        let handle = unsafe { CreateEventW(ptr::null(), i32::from(is_manual), 0, ptr::null()) };
        if handle.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the call succeeded, so this is a new handle that nothing else owns.
        Ok(Event(unsafe { OwnedHandle::from_raw_handle(handle) }))
    }

    pub(crate) fn set(&self) {
        // SAFETY: the handle is open; the call accesses no memory of ours.
        let _ = unsafe { SetEvent(self.0.as_raw_handle()) };
    }

    pub(crate) fn reset(&self) {
        // SAFETY: the handle is open; the call accesses no memory of ours.
        let _ = unsafe { ResetEvent(self.0.as_raw_handle()) };
    }
}

impl AsRawHandle for Event {
    fn as_raw_handle(&self) -> RawHandle {
        self.0.as_raw_handle()
    }
}

impl Functions {
    /// The fake's.
    pub(crate) fn fake() -> Functions {
        Functions {
            create,
            associate,
            cancel,
        }
    }
}

const ARMED: u8 = 0;
const SENT: u8 = 1;
const CANCELLED: u8 = 2;

const SUCCESS: ffi::NTSTATUS = 0;
/// `STATUS_INVALID_PARAMETER`.
const INVALID: ffi::NTSTATUS = 0xC000_000D_u32 as i32;

/// The open packets by handle, each with the state of its last association.
static PACKETS: Mutex<Packets> = Mutex::new(Vec::new());

type Packets = Vec<(usize, Arc<AtomicU8>)>;

fn packets() -> MutexGuard<'static, Packets> {
    PACKETS.lock().unwrap_or_else(PoisonError::into_inner)
}

unsafe extern "system" fn create(
    handle: *mut ffi::HANDLE,
    _: u32,
    _: *const c_void,
) -> ffi::NTSTATUS {
    // The handle is that of an event on which no thread waits.
    let Ok(event) = Event::new(true).map(mem::ManuallyDrop::new) else {
        return INVALID;
    };
    let handle_value = event.as_raw_handle().addr();
    let mut packets = packets();
    // The fake does not see a handle close, so this one may have been another packet.
    packets.retain(|(other, _)| *other != handle_value);
    packets.push((handle_value, Arc::new(AtomicU8::new(CANCELLED))));
    // SAFETY: the caller passes room for one handle.
    unsafe { *handle = event.as_raw_handle() };
    SUCCESS
}

unsafe extern "system" fn associate(
    packet: ffi::HANDLE,
    port: ffi::HANDLE,
    object: ffi::HANDLE,
    key: *const c_void,
    context: *const c_void,
    status: ffi::NTSTATUS,
    information: usize,
    is_signaled: *mut u8,
) -> ffi::NTSTATUS {
    let mut packets = packets();
    let handle_value = packet.addr();
    let Some((_, state)) = packets.iter_mut().find(|(other, _)| *other == handle_value) else {
        return INVALID;
    };
    if state.load(Ordering::SeqCst) == ARMED || (status, information) != (0, 0) {
        return INVALID;
    }
    let (Ok(port), Ok(object)) = (duplicate(port), duplicate(object)) else {
        return INVALID;
    };
    *state = Arc::new(AtomicU8::new(ARMED));
    let state = Arc::clone(state);
    let (key, context) = (key.addr(), context.addr());
    thread::spawn(move || {
        while state.load(Ordering::SeqCst) == ARMED {
            // SAFETY: the object is open; the call accesses no memory of ours.
            if unsafe { WaitForSingleObject(object.as_raw_handle(), 2) } != 0 {
                continue;
            }
            let sent = state.compare_exchange(ARMED, SENT, Ordering::SeqCst, Ordering::SeqCst);
            if sent.is_ok() {
                let context = ptr::without_provenance_mut(context);
                // SAFETY: the port is open; the kernel hands key and context through.
                let _ = unsafe {
                    ffi::PostQueuedCompletionStatus(port.as_raw_handle(), 0, key, context)
                };
            }
        }
    });
    // SAFETY: the caller passes room for one byte.
    unsafe { *is_signaled = 0 };
    SUCCESS
}

unsafe extern "system" fn cancel(packet: ffi::HANDLE, removes: u8) -> ffi::NTSTATUS {
    if removes == 0 {
        return INVALID;
    }
    let packets = packets();
    let handle_value = packet.addr();
    if let Some((_, state)) = packets.iter().find(|(other, _)| *other == handle_value) {
        state.store(CANCELLED, Ordering::SeqCst);
    }
    SUCCESS
}
