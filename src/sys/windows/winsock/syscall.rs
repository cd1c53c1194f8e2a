//! WSAStartup.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use crate::sys::ffi;

/// Version 2.2, the only one since Windows 98.
const VERSION: u16 = 0x0202;

/// WSAStartup. Returns the error's code, or 0.
pub(super) fn startup() -> i32 {
    let mut facts = MaybeUninit::<ffi::WSADATA>::uninit();
    // SAFETY: WSAStartup writes one `WSADATA` to the pointer, which has that room. Nobody reads it.
    unsafe { ffi::WSAStartup(VERSION, facts.as_mut_ptr()) }
}
