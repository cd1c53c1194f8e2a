//! Wait completion packets, which are looked up at run time, timers, and duplicates of handles.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_void};
use std::io;
use std::mem;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr;
use std::sync::OnceLock;
use std::time::Duration;

use super::completion_port::status_error;
use super::ret_bool;
use crate::sys::ffi;
use crate::sys::windows::iocp::RECEIVER_KEY;

type Create = unsafe extern "system" fn(*mut ffi::HANDLE, u32, *const c_void) -> ffi::NTSTATUS;
type Associate = unsafe extern "system" fn(
    ffi::HANDLE,
    ffi::HANDLE,
    ffi::HANDLE,
    *const c_void,
    *const c_void,
    ffi::NTSTATUS,
    usize,
    *mut u8,
) -> ffi::NTSTATUS;
type Cancel = unsafe extern "system" fn(ffi::HANDLE, u8) -> ffi::NTSTATUS;

/// The functions of ntdll. Microsoft documents them without a header or an import library:
/// [create], [associate], [cancel].
///
/// [create]: https://learn.microsoft.com/windows/win32/devnotes/ntcreatewaitcompletionpacket
/// [associate]: https://learn.microsoft.com/windows/win32/devnotes/ntassociatewaitcompletionpacket
/// [cancel]: https://learn.microsoft.com/windows/win32/devnotes/ntcancelwaitcompletionpacket
#[derive(Clone, Copy, Debug)]
pub(crate) struct Functions {
    create: Create,
    associate: Associate,
    cancel: Cancel,
}

impl Functions {
    /// Looks the functions up, once in a process. `None` if ntdll lacks one of them: before Windows
    /// 8, and on Wine 8.
    #[inline]
    pub(crate) fn find() -> Option<Functions> {
        static FOUND: OnceLock<Option<Functions>> = OnceLock::new();
        *FOUND.get_or_init(|| {
            let create = address(c"NtCreateWaitCompletionPacket")?;
            let associate = address(c"NtAssociateWaitCompletionPacket")?;
            let cancel = address(c"NtCancelWaitCompletionPacket")?;
            Some(Functions {
                // SAFETY: the address is that of the function of this name, which has this
                // prototype.
                create: unsafe { mem::transmute::<Found, Create>(create) },
                // SAFETY: as above.
                associate: unsafe { mem::transmute::<Found, Associate>(associate) },
                // SAFETY: as above.
                cancel: unsafe { mem::transmute::<Found, Cancel>(cancel) },
            })
        })
    }

    /// `NtCreateWaitCompletionPacket`.
    #[inline]
    pub(crate) fn create(self) -> io::Result<OwnedHandle> {
        let mut handle = ptr::null_mut();
        // SAFETY: the call writes one handle; object attributes are optional.
        let status =
            unsafe { (self.create)(&raw mut handle, ffi::GENERIC_ALL as u32, ptr::null()) };
        if status < 0 {
            return Err(status_error(status));
        }
        // SAFETY: the call succeeded, so this is a new handle that nothing else owns.
        Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
    }

    /// `NtAssociateWaitCompletionPacket`: when `object` is signaled, the kernel queues one packet
    /// for `receiver_id` to `port`.
    #[inline]
    pub(crate) fn associate(
        self,
        packet: BorrowedHandle<'_>,
        port: BorrowedHandle<'_>,
        object: BorrowedHandle<'_>,
        receiver_id: usize,
    ) -> io::Result<()> {
        let mut is_signaled = 0;
        // SAFETY: all handles are open. The kernel hands the two contexts through without
        // dereferencing them. The call writes one byte.
        let status = unsafe {
            (self.associate)(
                packet.as_raw_handle(),
                port.as_raw_handle(),
                object.as_raw_handle(),
                ptr::without_provenance(RECEIVER_KEY),
                ptr::without_provenance(receiver_id),
                0,
                0,
                &raw mut is_signaled,
            )
        };
        if status < 0 {
            return Err(status_error(status));
        }
        Ok(())
    }

    /// `NtCancelWaitCompletionPacket`, which also removes a packet that is in the port already.
    /// An error counts as removed: it means that there is nothing to cancel.
    #[inline]
    pub(crate) fn cancel(self, packet: BorrowedHandle<'_>) -> Canceled {
        // SAFETY: the handle is open; the call accesses no memory of ours.
        match unsafe { (self.cancel)(packet.as_raw_handle(), 1) } {
            ffi::STATUS_PENDING => Canceled::Pending,
            _ => Canceled::Removed,
        }
    }
}

/// The result of canceling an association.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Canceled {
    /// No packet comes any more.
    Removed,
    /// A packet may come.
    Pending,
}

/// A high-resolution timer, with a wait completion packet of its own.
#[derive(Debug)]
pub(crate) struct Timer {
    functions: Functions,
    packet: OwnedHandle,
    timer: OwnedHandle,
}

impl Timer {
    /// Makes a timer that is not set. `None` if the system lacks the timer or the packet.
    #[inline]
    pub(crate) fn new() -> io::Result<Option<Timer>> {
        #[cfg(all(test, feature = "os-ext"))]
        if fake::TIMERS_USE_IT.get() {
            return Timer::with_functions(Functions::fake());
        }
        Functions::find().map_or(Ok(None), Timer::with_functions)
    }

    /// Like `new`, with these functions.
    #[inline]
    fn with_functions(functions: Functions) -> io::Result<Option<Timer>> {
        let access = ffi::SYNCHRONIZE | ffi::TIMER_MODIFY_STATE;
        // SAFETY: attributes and name are optional; the call accesses no memory of ours.
        let handle = unsafe {
            ffi::CreateWaitableTimerExW(
                ptr::null(),
                ptr::null(),
                ffi::CREATE_WAITABLE_TIMER_HIGH_RESOLUTION as u32,
                access as u32,
            )
        };
        if handle.is_null() {
            let error = io::Error::last_os_error();
            // The system does not know the flag.
            let is_missing = error.raw_os_error() == Some(ffi::ERROR_INVALID_PARAMETER);
            return if is_missing { Ok(None) } else { Err(error) };
        }
        // SAFETY: the call succeeded, so this is a new handle that nothing else owns.
        let timer = unsafe { OwnedHandle::from_raw_handle(handle) };
        Ok(Some(Timer {
            functions,
            packet: functions.create()?,
            timer,
        }))
    }

    /// `SetWaitableTimer`: the timer is signaled once, in `left`, and not before.
    #[inline]
    pub(crate) fn set(&self, left: Duration) -> io::Result<()> {
        // A negative time is relative, in units of 100 ns.
        let due = i64::try_from(left.as_nanos().div_ceil(100)).map_or(i64::MIN, |due| -due);
        // SAFETY: the handle is open. The call reads the time. Without a function there is no
        // argument for it.
        let result = unsafe {
            ffi::SetWaitableTimer(
                self.timer.as_raw_handle(),
                &raw const due,
                0,
                None,
                ptr::null(),
                0,
            )
        };
        ret_bool(result)
    }

    /// Makes the timer queue one packet for `receiver_id` to `port`. An error if the packet is
    /// associated already.
    #[inline]
    pub(crate) fn associate(&self, port: &OwnedHandle, receiver_id: usize) -> io::Result<()> {
        let (packet, timer) = (self.packet.as_handle(), self.timer.as_handle());
        self.functions
            .associate(packet, port.as_handle(), timer, receiver_id)
    }

    /// Cancels the association.
    #[inline]
    pub(crate) fn cancel(&self) -> Canceled {
        self.functions.cancel(self.packet.as_handle())
    }
}

/// A function whose prototype is not known.
type Found = unsafe extern "system" fn() -> isize;

/// `GetProcAddress` in ntdll, which every process has loaded.
#[inline]
fn address(name: &CStr) -> Option<Found> {
    const NTDLL: [u16; 10] = [
        b'n' as u16,
        b't' as u16,
        b'd' as u16,
        b'l' as u16,
        b'l' as u16,
        b'.' as u16,
        b'd' as u16,
        b'l' as u16,
        b'l' as u16,
        0,
    ];
    // SAFETY: the name ends with a zero.
    let module = unsafe { ffi::GetModuleHandleW(NTDLL.as_ptr()) };
    if module.is_null() {
        return None;
    }
    // SAFETY: the module is never unloaded, and the name ends with a zero.
    unsafe { ffi::GetProcAddress(module, name.as_ptr().cast()) }
}

/// `DuplicateHandle` within this process. Fails if `handle` is not an open handle.
#[cfg(feature = "os-ext")]
#[inline]
pub(crate) fn duplicate(handle: std::os::windows::io::RawHandle) -> io::Result<OwnedHandle> {
    // SAFETY: the call takes no argument and returns a constant.
    let process = unsafe { ffi::GetCurrentProcess() };
    let mut duplicate = ptr::null_mut();
    // SAFETY: the call writes one handle. The kernel validates the source handle.
    let result = unsafe {
        ffi::DuplicateHandle(
            process,
            handle,
            process,
            &raw mut duplicate,
            0,
            0,
            ffi::DUPLICATE_SAME_ACCESS as u32,
        )
    };
    ret_bool(result)?;
    // SAFETY: the call succeeded, so this is a new handle that nothing else owns.
    Ok(unsafe { OwnedHandle::from_raw_handle(duplicate) })
}

#[cfg(all(test, feature = "os-ext"))]
pub(crate) mod fake {
    //! Event objects, and fake wait completion packets for systems that have none.
    //!
    //! The fake follows the documentation. A packet is associated with one object at a time, sends
    //! its contexts once when the object is signaled, and may then be associated again
    //! (<https://learn.microsoft.com/windows/win32/devnotes/ntassociatewaitcompletionpacket>). It
    //! sends nothing after it was canceled with the packet's removal from the port
    //! (<https://learn.microsoft.com/windows/win32/devnotes/ntcancelwaitcompletionpacket>). A
    //! thread waits for each association.
    //!
    //! Known to differ: `cancel` returns success where Windows returns `STATUS_CANCELLED` (sent
    //! already, or never associated), and a packet that is in the port stays there.

    // It is const; the lint does not see it through this target's `thread_local!`.
    #![allow(clippy::missing_const_for_thread_local)]

    use std::cell::Cell;
    use std::os::windows::io::RawHandle;
    use std::sync::atomic::{AtomicU8, Ordering};
    use std::sync::{Arc, Mutex, MutexGuard};
    use std::thread;

    use super::*;
    use crate::sys::sync::lock;

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

    thread_local! {
        /// Whether the timers that this thread makes have fake packets.
        pub(crate) static TIMERS_USE_IT: Cell<bool> = const { Cell::new(false) };
    }

    /// An event object of the kernel.
    pub(crate) struct Event(OwnedHandle);

    impl Event {
        #[inline]
        pub(crate) fn new(is_manual: bool) -> io::Result<Event> {
            // SAFETY: attributes and name are optional; the call accesses no memory of ours.
            let handle = unsafe { CreateEventW(ptr::null(), i32::from(is_manual), 0, ptr::null()) };
            if handle.is_null() {
                return Err(io::Error::last_os_error());
            }
            // SAFETY: the call succeeded, so this is a new handle that nothing else owns.
            Ok(Event(unsafe { OwnedHandle::from_raw_handle(handle) }))
        }

        #[inline]
        pub(crate) fn set(&self) {
            // SAFETY: the handle is open; the call accesses no memory of ours.
            let _ = unsafe { SetEvent(self.0.as_raw_handle()) };
        }

        #[inline]
        pub(crate) fn reset(&self) {
            // SAFETY: the handle is open; the call accesses no memory of ours.
            let _ = unsafe { ResetEvent(self.0.as_raw_handle()) };
        }
    }

    impl AsRawHandle for Event {
        #[inline]
        fn as_raw_handle(&self) -> RawHandle {
            self.0.as_raw_handle()
        }
    }

    impl Functions {
        /// The fake's.
        #[inline]
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

    #[inline]
    fn packets() -> MutexGuard<'static, Packets> {
        lock(&PACKETS)
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
}
