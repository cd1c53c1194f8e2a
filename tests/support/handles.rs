//! The number of open handles of this process, and which of them a child process would inherit.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::mem::size_of;
use std::os::windows::io::AsRawSocket;
use std::ptr;
use std::thread;
use std::time::Duration;

type Handle = *mut c_void;

#[link(name = "kernel32")]
unsafe extern "system" {
    fn GetCurrentProcess() -> Handle;
    fn GetCurrentProcessId() -> u32;
    fn GetHandleInformation(handle: Handle, flags: *mut u32) -> i32;
    fn GetProcessHandleCount(process: Handle, count: *mut u32) -> i32;
    fn SetHandleInformation(handle: Handle, mask: u32, flags: u32) -> i32;
}

#[link(name = "ntdll")]
unsafe extern "system" {
    fn NtQuerySystemInformation(
        class: u32,
        buffer: *mut c_void,
        length: u32,
        returned: *mut u32,
    ) -> i32;
}

#[link(name = "ws2_32")]
unsafe extern "system" {
    fn WSACleanup() -> i32;
}

const HANDLE_FLAG_INHERIT: u32 = 1;

/// Whether a child process would inherit the socket.
pub(crate) fn is_inherited(socket: &impl AsRawSocket) -> bool {
    is_handle_inherited(socket.as_raw_socket() as usize as Handle)
}

/// Whether a child process would inherit the handle.
pub(crate) fn is_handle_inherited(handle: Handle) -> bool {
    let mut flags = 0;
    // SAFETY: GetHandleInformation writes one `u32` to `flags`.
    let result = unsafe { GetHandleInformation(handle, &mut flags) };
    assert_ne!(result, 0, "{}", std::io::Error::last_os_error());
    flags & HANDLE_FLAG_INHERIT != 0
}

/// Lets child processes inherit the socket.
pub(crate) fn inherit(socket: &impl AsRawSocket) {
    let handle = socket.as_raw_socket() as usize as Handle;
    // SAFETY: SetHandleInformation takes a handle and two integers, and touches no memory.
    let result = unsafe { SetHandleInformation(handle, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT) };
    assert_ne!(result, 0, "{}", std::io::Error::last_os_error());
}

/// Undoes one WSAStartup, and returns whether there was one.
pub(crate) fn end_winsock() -> bool {
    // SAFETY: WSACleanup takes nothing. The caller uses no socket afterwards.
    unsafe { WSACleanup() == 0 }
}

/// The number of handles that this process has open.
pub(crate) fn open() -> usize {
    // SAFETY: GetCurrentProcess takes nothing; what it returns needs not be closed.
    let process = unsafe { GetCurrentProcess() };
    let mut count = 0;
    // SAFETY: GetProcessHandleCount writes one `u32` to `count`.
    let result = unsafe { GetProcessHandleCount(process, &mut count) };
    assert_ne!(result, 0, "{}", std::io::Error::last_os_error());
    // Wine 8 returns 0, but it has the table of the handles of all processes.
    match count {
        0 => count_in_system_table(),
        count => count as usize,
    }
}

/// Waits until no more handles are open than `before`. Threads that have ended may take a moment
/// to release theirs.
#[track_caller]
pub(crate) fn assert_count_returns_to(before: usize) {
    let mut now = open();
    for _ in 0..200 {
        if now <= before {
            return;
        }
        thread::sleep(Duration::from_millis(20));
        now = open();
    }
    panic!("{before} handles were open, now {now}");
}

/// SYSTEM_HANDLE_TABLE_ENTRY_INFO.
#[repr(C)]
#[derive(Clone, Copy)]
struct Entry {
    process: u16,
    back_trace: u16,
    kind: u8,
    attributes: u8,
    value: u16,
    object: *mut c_void,
    access: u32,
}

/// SYSTEM_HANDLE_INFORMATION, with room for many.
#[repr(C)]
struct Table {
    count: u32,
    entries: [Entry; ROOM],
}

const ROOM: usize = 32 * 1024;

fn count_in_system_table() -> usize {
    const SYSTEM_HANDLE_INFORMATION: u32 = 16;
    let entry = Entry {
        process: 0,
        back_trace: 0,
        kind: 0,
        attributes: 0,
        value: 0,
        object: ptr::null_mut(),
        access: 0,
    };
    // Too large for the stack of a test's thread.
    let mut entries = vec![entry; ROOM + 1];
    let table = entries.as_mut_ptr().cast::<Table>();
    let length = size_of::<Table>() as u32;
    // SAFETY: the call writes at most `length` bytes to `table`, which has that room: one entry is
    // larger than `count` and its padding.
    let status = unsafe {
        NtQuerySystemInformation(
            SYSTEM_HANDLE_INFORMATION,
            table.cast(),
            length,
            ptr::null_mut(),
        )
    };
    assert_eq!(status, 0, "NtQuerySystemInformation: {status:#x}");
    // SAFETY: the call succeeded, so the table begins with its count, which is aligned and
    // initialized.
    let count = unsafe { (*table).count } as usize;
    assert!(count <= ROOM);
    // SAFETY: GetCurrentProcessId takes nothing.
    let this = unsafe { GetCurrentProcessId() } as u16;
    // SAFETY: the table is alive; this is the address of its field.
    let entries = unsafe { &raw const (*table).entries };
    (0..count)
        .filter(|index| {
            // SAFETY: the call has written `count` entries, at most the room, of integers.
            let entry = unsafe { entries.cast::<Entry>().add(*index) };
            // SAFETY: as above; the pointer is aligned, as the table is.
            unsafe { (*entry).process == this }
        })
        .count()
}
