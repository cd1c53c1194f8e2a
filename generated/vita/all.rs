//! The ABI of vita, group all.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Headers: our own (vitasdk 2).
//! Inputs: sha256 6c3de7e1efbaba1e1be9789f54c583bf2825c4f95b2bdeb8204604cc84fc2a54.
//!
//! Serves:
//! - armv7-sony-vita-newlibeabihf

use core::ffi::{c_int, c_short, c_uint, c_void};
use core::mem::{align_of, offset_of, size_of};

/// errno(3), declared in `codegen/headers/vita.h`: the descriptor is not open.
pub const EBADF: c_int = 9;

/// fcntl(2), declared in `codegen/headers/vita.h`: read the status flags.
pub const F_GETFL: c_int = 3;

/// fcntl(2), declared in `codegen/headers/vita.h`: set the status flags.
pub const F_SETFL: c_int = 4;

/// open(2), declared in `codegen/headers/vita.h`: flag of pipe2.
pub const O_CLOEXEC: c_int = 262144;

/// open(2), declared in `codegen/headers/vita.h`: status flag.
pub const O_NONBLOCK: c_int = 16384;

/// poll(2), declared in `codegen/headers/vita.h`: an error, always reported.
pub const POLLERR: c_short = 8;

/// poll(2), declared in `codegen/headers/vita.h`: a hang-up, always reported.
pub const POLLHUP: c_short = 16;

/// poll(2), declared in `codegen/headers/vita.h`: readable.
pub const POLLIN: c_short = 1;

/// poll(2), declared in `codegen/headers/vita.h`: the descriptor is not open.
pub const POLLNVAL: c_short = 32;

/// poll(2), declared in `codegen/headers/vita.h`: writable.
pub const POLLOUT: c_short = 4;

/// The constants `POLL*` of this file with their names: flag names for Debug.
pub const POLL_NAMES: &[(&str, c_short)] = &[
    ("POLLIN", POLLIN),
    ("POLLOUT", POLLOUT),
    ("POLLERR", POLLERR),
    ("POLLHUP", POLLHUP),
    ("POLLNVAL", POLLNVAL),
];

/// poll(2), declared in `codegen/headers/vita.h`: one watched descriptor.
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
    /// fcntl(2), declared in `codegen/headers/vita.h`: sets flags.
    pub fn fcntl(fd: c_int, cmd: c_int, ...) -> c_int;

    /// pipe(2), declared in `codegen/headers/vita.h`: the waker.
    pub fn pipe2(pipefd: *mut c_int, flags: c_int) -> c_int;

    /// poll(2), declared in `codegen/headers/vita.h`: waits, in milliseconds.
    pub fn poll(fds: *mut pollfd, nfds: c_uint, timeout: c_int) -> c_int;

    /// read(2), declared in `codegen/headers/vita.h`: empties a waker.
    pub fn read(fd: c_int, buf: *mut c_void, count: usize) -> isize;

    /// write(2), declared in `codegen/headers/vita.h`: wakes.
    pub fn write(fd: c_int, buf: *const c_void, count: usize) -> isize;
}
