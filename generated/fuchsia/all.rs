//! The ABI of fuchsia, group all.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Headers: our own (Fuchsia F20).
//! Inputs: sha256 a607dc183e749dd1c3af9b2ddd3e64a80e4ff56a1beeebb085007c0a30a027f8.
//!
//! Serves:
//! - aarch64-unknown-fuchsia
//! - riscv64gc-unknown-fuchsia
//! - x86_64-unknown-fuchsia

use core::ffi::{c_int, c_short, c_uint, c_ulong, c_void};
use core::mem::{align_of, offset_of, size_of};

/// errno(3), declared in `codegen/headers/fuchsia.h`: the fd is not open.
pub const EBADF: c_int = 9;

/// eventfd(2), declared in `codegen/headers/fuchsia.h`: flag of eventfd.
pub const EFD_CLOEXEC: c_int = 256;

/// eventfd(2), declared in `codegen/headers/fuchsia.h`: flag of eventfd.
pub const EFD_NONBLOCK: c_int = 16;

/// fcntl(2), declared in `codegen/headers/fuchsia.h`: reads the file status flags.
pub const F_GETFL: c_int = 3;

/// fcntl(2), declared in `codegen/headers/fuchsia.h`: sets the file status flags.
pub const F_SETFL: c_int = 4;

/// open(2), declared in `codegen/headers/fuchsia.h`: flag of pipe2.
pub const O_CLOEXEC: c_int = 256;

/// open(2), declared in `codegen/headers/fuchsia.h`: file status flag.
pub const O_NONBLOCK: c_int = 16;

/// poll(2), declared in `codegen/headers/fuchsia.h`: an error, always reported.
pub const POLLERR: c_short = 8;

/// poll(2), declared in `codegen/headers/fuchsia.h`: a hang-up, always reported.
pub const POLLHUP: c_short = 16;

/// poll(2), declared in `codegen/headers/fuchsia.h`: readable.
pub const POLLIN: c_short = 1;

/// poll(2), declared in `codegen/headers/fuchsia.h`: the fd is not open.
pub const POLLNVAL: c_short = 32;

/// poll(2), declared in `codegen/headers/fuchsia.h`: writable.
pub const POLLOUT: c_short = 4;

/// poll(2), declared in `codegen/headers/fuchsia.h`: priority data.
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

/// poll(2), declared in `codegen/headers/fuchsia.h`: one fd with its conditions.
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
    /// eventfd(2), declared in `codegen/headers/fuchsia.h`: the waker.
    pub fn eventfd(initval: c_uint, flags: c_int) -> c_int;

    /// fcntl(2), declared in `codegen/headers/fuchsia.h`: reads and sets flags of an fd.
    pub fn fcntl(fd: c_int, cmd: c_int, ...) -> c_int;

    /// pipe(2), declared in `codegen/headers/fuchsia.h`: the waker.
    pub fn pipe2(pipefd: *mut c_int, flags: c_int) -> c_int;

    /// poll(2), declared in `codegen/headers/fuchsia.h`: waits, with a timeout in milliseconds.
    pub fn poll(fds: *mut pollfd, nfds: c_ulong, timeout: c_int) -> c_int;

    /// read(2), declared in `codegen/headers/fuchsia.h`: drains the waker.
    pub fn read(fd: c_int, buf: *mut c_void, count: usize) -> isize;

    /// write(2), declared in `codegen/headers/fuchsia.h`: wakes a blocked poll.
    pub fn write(fd: c_int, buf: *const c_void, count: usize) -> isize;
}
