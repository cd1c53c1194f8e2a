//! The ABI of vita, group all.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Headers: our own (vitasdk 2).
//! Inputs: sha256 8cdb9b96534e2c7421d703aff165cdae120d33aa3f2aab490196e8401701af99.
//!
//! Serves:
//! - armv7-sony-vita-newlibeabihf

use core::ffi::{c_int, c_short, c_uint, c_void};
use core::mem::{align_of, offset_of, size_of};

/// errno(3), declared in `codegen/headers/vita.h`: the fd is not open.
pub const EBADF: c_int = 9;

/// fcntl(2), declared in `codegen/headers/vita.h`: reads the file status flags.
pub const F_GETFL: c_int = 3;

/// fcntl(2), declared in `codegen/headers/vita.h`: sets the file status flags.
pub const F_SETFL: c_int = 4;

/// open(2), declared in `codegen/headers/vita.h`: flag of pipe2.
pub const O_CLOEXEC: c_int = 262144;

/// open(2), declared in `codegen/headers/vita.h`: file status flag.
pub const O_NONBLOCK: c_int = 16384;

/// poll(2), declared in `codegen/headers/vita.h`: an error, always reported.
pub const POLLERR: c_short = 8;

/// poll(2), declared in `codegen/headers/vita.h`: a hang-up, always reported.
pub const POLLHUP: c_short = 16;

/// poll(2), declared in `codegen/headers/vita.h`: readable.
pub const POLLIN: c_short = 1;

/// poll(2), declared in `codegen/headers/vita.h`: the fd is not open.
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

/// poll(2), declared in `codegen/headers/vita.h`: one fd with its conditions.
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
    /// fcntl(2), declared in `codegen/headers/vita.h`: reads and sets flags of an fd.
    pub fn fcntl(fd: c_int, cmd: c_int, ...) -> c_int;

    /// pipe(2), declared in `codegen/headers/vita.h`: the waker.
    pub fn pipe2(pipefd: *mut c_int, flags: c_int) -> c_int;

    /// poll(2), declared in `codegen/headers/vita.h`: waits, with a timeout in milliseconds.
    pub fn poll(fds: *mut pollfd, nfds: c_uint, timeout: c_int) -> c_int;

    /// read(2), declared in `codegen/headers/vita.h`: drains the waker.
    pub fn read(fd: c_int, buf: *mut c_void, count: usize) -> isize;

    /// write(2), declared in `codegen/headers/vita.h`: wakes a blocked poll.
    pub fn write(fd: c_int, buf: *const c_void, count: usize) -> isize;
}
