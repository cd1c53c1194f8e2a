//! WSAStartup.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use crate::sys::ffi;

/// Winsock 2.2, the current version of the specification
/// (<https://learn.microsoft.com/windows/win32/api/winsock/nf-winsock-wsastartup#remarks>).
const VERSION: u16 = 0x0202;

/// `WSAStartup`. Returns 0 or the error's code.
pub(crate) fn startup() -> i32 {
    let mut data = MaybeUninit::<ffi::WSADATA>::uninit();
    // SAFETY: WSAStartup writes one `WSADATA` to the pointer, which has room for it. The data is
    // not read.
    unsafe { ffi::WSAStartup(VERSION, data.as_mut_ptr()) }
}
