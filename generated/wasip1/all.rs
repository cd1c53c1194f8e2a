//! The ABI of wasip1, group all.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Headers: ziglang 0.17.1 (wasi-libc, snapshot preview 1).
//! Inputs: sha256 a964c14aa2be2389164efab31d5e39d202cc0a19e1ab37949c6e54900f195aba.
//!
//! Serves:
//! - wasm32-wasip1
//! - wasm32-wasip1-threads

use core::ffi::{c_int, c_ulong};
use core::mem::{align_of, offset_of, size_of};

/// `<errno.h>`: the fd is not open.
pub const EBADF: c_int = 8;

/// `<wasi/api.h>`: the clock of timeouts.
pub const __WASI_CLOCKID_MONOTONIC: u32 = 1;

/// `<wasi/api.h>`: the fd is not open.
pub const __WASI_ERRNO_BADF: u16 = 8;

/// `<wasi/api.h>`: the call succeeded.
pub const __WASI_ERRNO_SUCCESS: u16 = 0;

/// `<wasi/api.h>`: the peer has closed its end.
pub const __WASI_EVENTRWFLAGS_FD_READWRITE_HANGUP: u16 = 1;

/// `<wasi/api.h>`: a timeout.
pub const __WASI_EVENTTYPE_CLOCK: u8 = 0;

/// `<wasi/api.h>`: readable.
pub const __WASI_EVENTTYPE_FD_READ: u8 = 1;

/// `<wasi/api.h>`: writable.
pub const __WASI_EVENTTYPE_FD_WRITE: u8 = 2;

/// `<wasi/api.h>`: the part of an event for an fd.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct __wasi_event_fd_readwrite_t {
    /// At byte 0.
    pub nbytes: u64,
    /// At byte 8.
    pub flags: u16,
}

const _: () = {
    assert!(size_of::<__wasi_event_fd_readwrite_t>() == 16);
    assert!(align_of::<__wasi_event_fd_readwrite_t>() == 8);
    assert!(offset_of!(__wasi_event_fd_readwrite_t, nbytes) == 0);
    assert!(offset_of!(__wasi_event_fd_readwrite_t, flags) == 8);
};

/// `<wasi/api.h>`: one event.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct __wasi_event_t {
    /// At byte 0.
    pub userdata: u64,
    /// At byte 8.
    pub error: u16,
    /// At byte 10.
    pub type_: u8,
    /// At byte 16.
    pub fd_readwrite: __wasi_event_fd_readwrite_t,
}

const _: () = {
    assert!(size_of::<__wasi_event_t>() == 32);
    assert!(align_of::<__wasi_event_t>() == 8);
    assert!(offset_of!(__wasi_event_t, userdata) == 0);
    assert!(offset_of!(__wasi_event_t, error) == 8);
    assert!(offset_of!(__wasi_event_t, type_) == 10);
    assert!(offset_of!(__wasi_event_t, fd_readwrite) == 16);
};

/// `<wasi/api.h>`: the result of fd_fdstat_get.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct __wasi_fdstat_t {
    /// At byte 0.
    pub fs_filetype: u8,
    /// At byte 2.
    pub fs_flags: u16,
    /// At byte 8.
    pub fs_rights_base: u64,
    /// At byte 16.
    pub fs_rights_inheriting: u64,
}

const _: () = {
    assert!(size_of::<__wasi_fdstat_t>() == 24);
    assert!(align_of::<__wasi_fdstat_t>() == 8);
    assert!(offset_of!(__wasi_fdstat_t, fs_filetype) == 0);
    assert!(offset_of!(__wasi_fdstat_t, fs_flags) == 2);
    assert!(offset_of!(__wasi_fdstat_t, fs_rights_base) == 8);
    assert!(offset_of!(__wasi_fdstat_t, fs_rights_inheriting) == 16);
};

/// `<wasi/api.h>`: the part of a subscription for a timeout.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct __wasi_subscription_clock_t {
    /// At byte 0.
    pub id: u32,
    /// At byte 8.
    pub timeout: u64,
    /// At byte 16.
    pub precision: u64,
    /// At byte 24.
    pub flags: u16,
}

const _: () = {
    assert!(size_of::<__wasi_subscription_clock_t>() == 32);
    assert!(align_of::<__wasi_subscription_clock_t>() == 8);
    assert!(offset_of!(__wasi_subscription_clock_t, id) == 0);
    assert!(offset_of!(__wasi_subscription_clock_t, timeout) == 8);
    assert!(offset_of!(__wasi_subscription_clock_t, precision) == 16);
    assert!(offset_of!(__wasi_subscription_clock_t, flags) == 24);
};

/// `<wasi/api.h>`: the part of a subscription for an fd.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct __wasi_subscription_fd_readwrite_t {
    /// At byte 0.
    pub file_descriptor: c_int,
}

const _: () = {
    assert!(size_of::<__wasi_subscription_fd_readwrite_t>() == 4);
    assert!(align_of::<__wasi_subscription_fd_readwrite_t>() == 4);
    assert!(offset_of!(__wasi_subscription_fd_readwrite_t, file_descriptor) == 0);
};

/// `<wasi/api.h>`: one subscription.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct __wasi_subscription_t {
    /// At byte 0.
    pub userdata: u64,
    /// At byte 8.
    pub u: __wasi_subscription_u_t,
}

const _: () = {
    assert!(size_of::<__wasi_subscription_t>() == 48);
    assert!(align_of::<__wasi_subscription_t>() == 8);
    assert!(offset_of!(__wasi_subscription_t, userdata) == 0);
    assert!(offset_of!(__wasi_subscription_t, u) == 8);
};

/// `<wasi/api.h>`: the type and the contents of a subscription.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct __wasi_subscription_u_t {
    /// At byte 0.
    pub tag: u8,
    /// At byte 8.
    pub u: __wasi_subscription_u_u_t,
}

const _: () = {
    assert!(size_of::<__wasi_subscription_u_t>() == 40);
    assert!(align_of::<__wasi_subscription_u_t>() == 8);
    assert!(offset_of!(__wasi_subscription_u_t, tag) == 0);
    assert!(offset_of!(__wasi_subscription_u_t, u) == 8);
};

/// `<wasi/api.h>`: the contents of a subscription.
#[repr(C)]
#[derive(Clone, Copy)]
pub union __wasi_subscription_u_u_t {
    /// At byte 0.
    pub clock: __wasi_subscription_clock_t,
    /// At byte 0.
    pub fd_read: __wasi_subscription_fd_readwrite_t,
    /// At byte 0.
    pub fd_write: __wasi_subscription_fd_readwrite_t,
}

const _: () = {
    assert!(size_of::<__wasi_subscription_u_u_t>() == 32);
    assert!(align_of::<__wasi_subscription_u_u_t>() == 8);
    assert!(offset_of!(__wasi_subscription_u_u_t, clock) == 0);
    assert!(offset_of!(__wasi_subscription_u_u_t, fd_read) == 0);
    assert!(offset_of!(__wasi_subscription_u_u_t, fd_write) == 0);
};

unsafe extern "C" {
    /// `<wasi/api.h>`: checks whether an fd is open.
    pub fn __wasi_fd_fdstat_get(fd: c_int, retptr0: *mut __wasi_fdstat_t) -> u16;

    /// `<wasi/api.h>`: waits for events.
    pub fn __wasi_poll_oneoff(in_: *const __wasi_subscription_t, out: *mut __wasi_event_t, nsubscriptions: c_ulong, retptr0: *mut c_ulong) -> u16;
}
