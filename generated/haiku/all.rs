//! The ABI of haiku, group all.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Headers: our own (Haiku R1/beta5).
//! Inputs: sha256 0ffa6a4a9a492fa99e0ca8a13a12309a3a693f12f2abbe5f12cf368d0ffd2139.
//!
//! Serves:
//! - i686-unknown-haiku
//! - x86_64-unknown-haiku

use core::ffi::{c_int, c_short, c_ulong, c_void};
use core::mem::{align_of, offset_of, size_of};

/// errno(3), declared in `codegen/headers/haiku.h`: the descriptor is not open.
pub const EBADF: c_int = -2147459072;

/// fcntl(2), declared in `codegen/headers/haiku.h`: the descriptor flag.
pub const FD_CLOEXEC: c_int = 1;

/// fcntl(2), declared in `codegen/headers/haiku.h`: read the status flags.
pub const F_GETFL: c_int = 8;

/// fcntl(2), declared in `codegen/headers/haiku.h`: set the descriptor flags.
pub const F_SETFD: c_int = 4;

/// fcntl(2), declared in `codegen/headers/haiku.h`: set the status flags.
pub const F_SETFL: c_int = 16;

/// open(2), declared in `codegen/headers/haiku.h`: status flag.
pub const O_NONBLOCK: c_int = 128;

/// poll(2), declared in `codegen/headers/haiku.h`: an error, always reported.
pub const POLLERR: c_short = 4;

/// poll(2), declared in `codegen/headers/haiku.h`: a hang-up, always reported.
pub const POLLHUP: c_short = 128;

/// poll(2), declared in `codegen/headers/haiku.h`: readable.
pub const POLLIN: c_short = 1;

/// poll(2), declared in `codegen/headers/haiku.h`: the descriptor is not open.
pub const POLLNVAL: c_short = 4096;

/// poll(2), declared in `codegen/headers/haiku.h`: writable.
pub const POLLOUT: c_short = 2;

/// poll(2), declared in `codegen/headers/haiku.h`: priority data.
pub const POLLPRI: c_short = 32;

/// The constants `POLL*` of this file with their names: flag names for Debug.
pub const POLL_NAMES: &[(&str, c_short)] = &[
    ("POLLIN", POLLIN),
    ("POLLOUT", POLLOUT),
    ("POLLERR", POLLERR),
    ("POLLPRI", POLLPRI),
    ("POLLHUP", POLLHUP),
    ("POLLNVAL", POLLNVAL),
];

/// poll(2), declared in `codegen/headers/haiku.h`: one watched descriptor.
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
    /// fcntl(2), declared in `codegen/headers/haiku.h`: sets flags.
    pub fn fcntl(fd: c_int, cmd: c_int, ...) -> c_int;

    /// pipe(2), declared in `codegen/headers/haiku.h`: the waker.
    pub fn pipe(pipefd: *mut c_int) -> c_int;

    /// poll(2), declared in `codegen/headers/haiku.h`: waits, in milliseconds.
    pub fn poll(fds: *mut pollfd, nfds: c_ulong, timeout: c_int) -> c_int;

    /// read(2), declared in `codegen/headers/haiku.h`: empties a waker.
    pub fn read(fd: c_int, buf: *mut c_void, count: usize) -> isize;

    /// write(2), declared in `codegen/headers/haiku.h`: wakes.
    pub fn write(fd: c_int, buf: *const c_void, count: usize) -> isize;
}
