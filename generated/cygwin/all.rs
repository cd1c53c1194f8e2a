//! The ABI of cygwin, group all.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Headers: our own (Cygwin 3.6).
//! Inputs: sha256 61d784e5124d70a7eb067c70da841ded8c9d2674ab8680faca2a22d28b4e7cb1.
//!
//! Serves:
//! - x86_64-pc-cygwin

use core::ffi::{c_int, c_long, c_short, c_uint, c_void};
use core::mem::{align_of, offset_of, size_of};

/// errno(3), declared in `codegen/headers/cygwin.h`: the fd is not open.
pub const EBADF: c_int = 9;

/// fcntl(2), declared in `codegen/headers/cygwin.h`: reads the file status flags.
pub const F_GETFL: c_int = 3;

/// fcntl(2), declared in `codegen/headers/cygwin.h`: sets the file status flags.
pub const F_SETFL: c_int = 4;

/// open(2), declared in `codegen/headers/cygwin.h`: flag of pipe2.
pub const O_CLOEXEC: c_int = 262144;

/// open(2), declared in `codegen/headers/cygwin.h`: file status flag.
pub const O_NONBLOCK: c_int = 16384;

/// poll(2), declared in `codegen/headers/cygwin.h`: an error, always reported.
pub const POLLERR: c_short = 8;

/// poll(2), declared in `codegen/headers/cygwin.h`: a hang-up, always reported.
pub const POLLHUP: c_short = 16;

/// poll(2), declared in `codegen/headers/cygwin.h`: readable.
pub const POLLIN: c_short = 1;

/// poll(2), declared in `codegen/headers/cygwin.h`: the fd is not open.
pub const POLLNVAL: c_short = 32;

/// poll(2), declared in `codegen/headers/cygwin.h`: writable.
pub const POLLOUT: c_short = 4;

/// poll(2), declared in `codegen/headers/cygwin.h`: priority data.
pub const POLLPRI: c_short = 2;

/// The constants `POLL*` of this file with their names: flag names for Debug.
pub const POLL_NAMES: &[(&str, c_short)] = &[
    ("POLLIN", POLLIN),
    ("POLLPRI", POLLPRI),
    ("POLLOUT", POLLOUT),
    ("POLLERR", POLLERR),
    ("POLLHUP", POLLHUP),
    ("POLLNVAL", POLLNVAL),
];

/// poll(2), declared in `codegen/headers/cygwin.h`: one fd with its conditions.
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

/// ppoll(2), declared in `codegen/headers/cygwin.h`: the timeout of ppoll.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct timespec {
    /// At byte 0.
    pub tv_sec: c_long,
    /// At byte 8.
    pub tv_nsec: c_long,
}

const _: () = {
    assert!(size_of::<timespec>() == 16);
    assert!(align_of::<timespec>() == 8);
    assert!(offset_of!(timespec, tv_sec) == 0);
    assert!(offset_of!(timespec, tv_nsec) == 8);
};

unsafe extern "C" {
    /// fcntl(2), declared in `codegen/headers/cygwin.h`: reads and sets flags of an fd.
    pub fn fcntl(fd: c_int, cmd: c_int, ...) -> c_int;

    /// pipe(2), declared in `codegen/headers/cygwin.h`: the waker.
    pub fn pipe2(pipefd: *mut c_int, flags: c_int) -> c_int;

    /// poll(2), declared in `codegen/headers/cygwin.h`: waits, with a timeout in milliseconds.
    pub fn poll(fds: *mut pollfd, nfds: c_uint, timeout: c_int) -> c_int;

    /// ppoll(2), declared in `codegen/headers/cygwin.h`: waits, with a timeout in nanoseconds.
    pub fn ppoll(fds: *mut pollfd, nfds: c_uint, timeout: *const timespec, mask: *const c_void) -> c_int;

    /// read(2), declared in `codegen/headers/cygwin.h`: drains the waker.
    pub fn read(fd: c_int, buf: *mut c_void, count: usize) -> isize;

    /// write(2), declared in `codegen/headers/cygwin.h`: wakes a blocked poll.
    pub fn write(fd: c_int, buf: *const c_void, count: usize) -> isize;
}
