//! The ABI of wasip2, group all.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Headers: ziglang 0.17.1 (wasi-libc, preview 2).
//! Inputs: sha256 7b482549b865bfd99f7f6c40d9b38aa93f14aaeabf154d9ec720de1f3b0f1a38.
//!
//! Serves:
//! - wasm32-wasip2
//! - wasm32-wasip3

use core::ffi::{c_int, c_short, c_ulong};
use core::mem::{align_of, offset_of, size_of};

/// `<errno.h>`: the fd is not open.
pub const EBADF: c_int = 8;

/// `<fcntl.h>`: reads the file status flags.
pub const F_GETFL: c_int = 3;

/// `<poll.h>`: an error, always reported.
pub const POLLERR: c_short = 4096;

/// `<poll.h>`: a hang-up, always reported.
pub const POLLHUP: c_short = 8192;

/// `<poll.h>`: readable.
pub const POLLIN: c_short = 1;

/// `<poll.h>`: the fd is not open.
pub const POLLNVAL: c_short = 16384;

/// `<poll.h>`: writable.
pub const POLLOUT: c_short = 2;

/// The constants `POLL*` of this file with their names: flag names for Debug.
pub const POLL_NAMES: &[(&str, c_short)] = &[
    ("POLLIN", POLLIN),
    ("POLLOUT", POLLOUT),
    ("POLLERR", POLLERR),
    ("POLLHUP", POLLHUP),
    ("POLLNVAL", POLLNVAL),
];

/// `<poll.h>`: one fd with its conditions.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct pollfd {
    /// At byte 0.
    pub fd: c_int,
    /// At byte 4.
    pub events: c_short,
    /// At byte 6.
    pub revents: c_short,
}

const _: () = {
    assert!(size_of::<pollfd>() == 8);
    assert!(align_of::<pollfd>() == 4);
    assert!(offset_of!(pollfd, fd) == 0);
    assert!(offset_of!(pollfd, events) == 4);
    assert!(offset_of!(pollfd, revents) == 6);
};

unsafe extern "C" {
    /// `<fcntl.h>`: checks whether an fd is open, and sets its flags.
    pub fn fcntl(arg1: c_int, arg2: c_int, ...) -> c_int;

    /// `<poll.h>`: waits, with a timeout in milliseconds.
    pub fn poll(arg1: *mut pollfd, arg2: c_ulong, arg3: c_int) -> c_int;
}
