//! The ABI of horizon, group all.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Headers: our own (libctru 2).
//! Inputs: sha256 6144b05b1c97d2f085aa5ea49e272332c9b66fbfddb7db14d82bf1d133475b0a.
//!
//! Serves:
//! - armv6k-nintendo-3ds

use core::ffi::{c_int, c_uint, c_void};
use core::mem::{align_of, offset_of, size_of};

/// errno(3), declared in `codegen/headers/horizon.h`: the fd is not open.
pub const EBADF: c_int = 9;

/// fcntl(2), declared in `codegen/headers/horizon.h`: reads the file status flags.
pub const F_GETFL: c_int = 3;

/// fcntl(2), declared in `codegen/headers/horizon.h`: sets the file status flags.
pub const F_SETFL: c_int = 4;

/// open(2), declared in `codegen/headers/horizon.h`: file status flag.
pub const O_NONBLOCK: c_int = 16384;

/// poll(2), declared in `codegen/headers/horizon.h`: an error, always reported.
pub const POLLERR: c_int = 8;

/// poll(2), declared in `codegen/headers/horizon.h`: a hang-up, always reported.
pub const POLLHUP: c_int = 4;

/// poll(2), declared in `codegen/headers/horizon.h`: readable.
pub const POLLIN: c_int = 1;

/// poll(2), declared in `codegen/headers/horizon.h`: the fd is not open.
pub const POLLNVAL: c_int = 32;

/// poll(2), declared in `codegen/headers/horizon.h`: writable.
pub const POLLOUT: c_int = 16;

/// poll(2), declared in `codegen/headers/horizon.h`: priority data.
pub const POLLPRI: c_int = 2;

/// The constants `POLL*` of this file with their names: flag names for Debug.
pub const POLL_NAMES: &[(&str, c_int)] = &[
    ("POLLIN", POLLIN),
    ("POLLPRI", POLLPRI),
    ("POLLHUP", POLLHUP),
    ("POLLERR", POLLERR),
    ("POLLOUT", POLLOUT),
    ("POLLNVAL", POLLNVAL),
];

/// poll(2), declared in `codegen/headers/horizon.h`: one fd with its conditions.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct pollfd {
    /// At byte 0.
    pub fd: c_int,
    /// At byte 4.
    pub events: c_int,
    /// At byte 8.
    pub revents: c_int,
}

const _: () = {
    assert!(size_of::<pollfd>() == 12);
    assert!(align_of::<pollfd>() == 4);
    assert!(offset_of!(pollfd, fd) == 0);
    assert!(offset_of!(pollfd, events) == 4);
    assert!(offset_of!(pollfd, revents) == 8);
};

unsafe extern "C" {
    /// fcntl(2), declared in `codegen/headers/horizon.h`: reads and sets flags of an fd.
    pub fn fcntl(fd: c_int, cmd: c_int, ...) -> c_int;

    /// poll(2), declared in `codegen/headers/horizon.h`: waits, with a timeout in milliseconds.
    pub fn poll(fds: *mut pollfd, nfds: c_uint, timeout: c_int) -> c_int;

    /// read(2), declared in `codegen/headers/horizon.h`: drains the waker.
    pub fn read(fd: c_int, buf: *mut c_void, count: usize) -> isize;

    /// write(2), declared in `codegen/headers/horizon.h`: wakes a blocked poll.
    pub fn write(fd: c_int, buf: *const c_void, count: usize) -> isize;
}
