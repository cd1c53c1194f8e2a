//! The ABI of aix, group all.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Headers: our own (AIX 7.2).
//! Inputs: sha256 9ac955ce4cabeb31fab3bd444f9f051d4e327b3c58080b20abd0850fc217acb8.
//!
//! Serves:
//! - powerpc64-ibm-aix

use core::ffi::{c_int, c_short, c_uint, c_void};
use core::mem::{align_of, offset_of, size_of};

/// errno(3), declared in `codegen/headers/aix.h`: the fd is not open.
pub const EBADF: c_int = 9;

/// fcntl(2), declared in `codegen/headers/aix.h`: the close-on-exec flag of an fd.
pub const FD_CLOEXEC: c_int = 1;

/// fcntl(2), declared in `codegen/headers/aix.h`: reads the file status flags.
pub const F_GETFL: c_int = 3;

/// fcntl(2), declared in `codegen/headers/aix.h`: sets the fd flags.
pub const F_SETFD: c_int = 2;

/// fcntl(2), declared in `codegen/headers/aix.h`: sets the file status flags.
pub const F_SETFL: c_int = 4;

/// open(2), declared in `codegen/headers/aix.h`: file status flag.
pub const O_NONBLOCK: c_int = 4;

/// poll(2), declared in `codegen/headers/aix.h`: an error, always reported.
pub const POLLERR: c_short = 16384;

/// poll(2), declared in `codegen/headers/aix.h`: a hang-up, always reported.
pub const POLLHUP: c_short = 8192;

/// poll(2), declared in `codegen/headers/aix.h`: readable.
pub const POLLIN: c_short = 1;

/// poll(2), declared in `codegen/headers/aix.h`: the fd is not open.
pub const POLLNVAL: c_short = -32768;

/// poll(2), declared in `codegen/headers/aix.h`: writable.
pub const POLLOUT: c_short = 2;

/// poll(2), declared in `codegen/headers/aix.h`: priority data.
pub const POLLPRI: c_short = 4;

/// The constants `POLL*` of this file with their names: flag names for Debug.
pub const POLL_NAMES: &[(&str, c_short)] = &[
    ("POLLNVAL", POLLNVAL),
    ("POLLIN", POLLIN),
    ("POLLOUT", POLLOUT),
    ("POLLPRI", POLLPRI),
    ("POLLHUP", POLLHUP),
    ("POLLERR", POLLERR),
];

/// poll(2), declared in `codegen/headers/aix.h`: one fd with its conditions.
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
    /// fcntl(2), declared in `codegen/headers/aix.h`: reads and sets flags of an fd.
    pub fn fcntl(fd: c_int, cmd: c_int, ...) -> c_int;

    /// pipe(2), declared in `codegen/headers/aix.h`: the waker.
    pub fn pipe(pipefd: *mut c_int) -> c_int;

    /// poll(2), declared in `codegen/headers/aix.h`: waits, with a timeout in milliseconds.
    pub fn poll(fds: *mut pollfd, nfds: c_uint, timeout: c_int) -> c_int;

    /// read(2), declared in `codegen/headers/aix.h`: drains the waker.
    pub fn read(fd: c_int, buf: *mut c_void, count: usize) -> isize;

    /// write(2), declared in `codegen/headers/aix.h`: wakes a blocked poll.
    pub fn write(fd: c_int, buf: *const c_void, count: usize) -> isize;
}
