//! Wait completion packets, which are looked up at run time, and duplicates of handles.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_void};
use std::io;
use std::mem;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle, RawHandle};
use std::ptr;
use std::sync::OnceLock;

use super::completion_port::status_error;
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
    /// Errors are ignored: they mean that there is nothing to cancel.
    pub(crate) fn cancel(self, packet: BorrowedHandle<'_>) {
        // SAFETY: the handle is open; the call accesses no memory of ours.
        let _ = unsafe { (self.cancel)(packet.as_raw_handle(), 1) };
    }
}

/// A function whose prototype is not known.
type Found = unsafe extern "system" fn() -> isize;

/// `GetProcAddress` in ntdll, which every process has loaded.
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
pub(crate) fn duplicate(handle: RawHandle) -> io::Result<OwnedHandle> {
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
    if result == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call succeeded, so this is a new handle that nothing else owns.
    Ok(unsafe { OwnedHandle::from_raw_handle(duplicate) })
}

#[cfg(test)]
pub(crate) mod fake;
