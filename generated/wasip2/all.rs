//! The ABI of wasip2, group all.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Headers: ziglang 0.17.1 (wasi-libc, preview 2).
//! Inputs: sha256 90f1432812e35e88cd1e559a4df8d2114ead9756b72c93db4fa1c1fdf7052f8c.
//!
//! Serves:
//! - wasm32-wasip2
//! - wasm32-wasip3

use core::ffi::{c_int, c_short, c_ulong, c_void};
use core::mem::{align_of, offset_of, size_of};

/// `<errno.h>`: would block.
pub const EAGAIN: c_int = 6;

/// `<errno.h>`: the descriptor is not open.
pub const EBADF: c_int = 8;

/// `<errno.h>`: already there.
pub const EEXIST: c_int = 20;

/// `<errno.h>`: interrupted by a signal.
pub const EINTR: c_int = 27;

/// `<errno.h>`: a bad argument.
pub const EINVAL: c_int = 28;

/// `<errno.h>`: not registered.
pub const ENOENT: c_int = 44;

/// `<errno.h>`: the host lacks the call.
pub const ENOSYS: c_int = 52;

/// `<errno.h>`: the host cannot do it.
pub const ENOTSUP: c_int = 58;

/// `<errno.h>`: not permitted.
pub const EPERM: c_int = 63;

/// `<errno.h>`: the other end is gone.
pub const EPIPE: c_int = 64;

/// `<fcntl.h>`: the descriptor flag.
pub const FD_CLOEXEC: c_int = 1;

/// `<fcntl.h>`: read the descriptor flags.
pub const F_GETFD: c_int = 1;

/// `<fcntl.h>`: read the status flags.
pub const F_GETFL: c_int = 3;

/// `<fcntl.h>`: set the descriptor flags.
pub const F_SETFD: c_int = 2;

/// `<fcntl.h>`: set the status flags.
pub const F_SETFL: c_int = 4;

/// `<fcntl.h>`: zero: nothing is inherited.
pub const O_CLOEXEC: c_int = 0;

/// `<fcntl.h>`: status flag.
pub const O_NONBLOCK: c_int = 4;

/// `<poll.h>`: an error, always reported.
pub const POLLERR: c_short = 4096;

/// `<poll.h>`: a hang-up, always reported.
pub const POLLHUP: c_short = 8192;

/// `<poll.h>`: readable.
pub const POLLIN: c_short = 1;

/// `<poll.h>`: the descriptor is not open.
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

/// `<poll.h>`: one watched descriptor.
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
    /// `<fcntl.h>`: tells whether a descriptor is open, sets flags.
    pub fn fcntl(arg1: c_int, arg2: c_int, ...) -> c_int;

    /// `<poll.h>`: waits, in milliseconds.
    pub fn poll(arg1: *mut pollfd, arg2: c_ulong, arg3: c_int) -> c_int;

    /// `<unistd.h>`: reads a descriptor.
    pub fn read(arg1: c_int, arg2: *mut c_void, arg3: usize) -> isize;

    /// `<unistd.h>`: writes to one.
    pub fn write(arg1: c_int, arg2: *const c_void, arg3: usize) -> isize;
}
