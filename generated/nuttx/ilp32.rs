//! The ABI of nuttx, group ilp32.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Headers: our own (NuttX 13.0).
//! Inputs: sha256 0be79f866c633e9a698585715b9b01d205421d6f47f092b73e000cffcec0ab9f.
//!
//! Serves:
//! - armv7a-nuttx-eabi
//! - armv7a-nuttx-eabihf
//! - riscv32imac-unknown-nuttx-elf
//! - riscv32imafc-unknown-nuttx-elf
//! - riscv32imc-unknown-nuttx-elf
//! - thumbv6m-nuttx-eabi
//! - thumbv7a-nuttx-eabi
//! - thumbv7a-nuttx-eabihf
//! - thumbv7em-nuttx-eabi
//! - thumbv7em-nuttx-eabihf
//! - thumbv7m-nuttx-eabi
//! - thumbv8m.base-nuttx-eabi
//! - thumbv8m.main-nuttx-eabi
//! - thumbv8m.main-nuttx-eabihf

use core::ffi::{c_int, c_uint, c_void};
use core::mem::{align_of, offset_of, size_of};

/// errno(3), declared in `codegen/headers/nuttx.h`: the fd is not open.
pub const EBADF: c_int = 9;

/// eventfd(2), declared in `codegen/headers/nuttx.h`: flag of eventfd.
pub const EFD_CLOEXEC: c_int = 524288;

/// eventfd(2), declared in `codegen/headers/nuttx.h`: flag of eventfd.
pub const EFD_NONBLOCK: c_int = 2048;

/// fcntl(2), declared in `codegen/headers/nuttx.h`: reads the file status flags.
pub const F_GETFL: c_int = 2;

/// fcntl(2), declared in `codegen/headers/nuttx.h`: sets the file status flags.
pub const F_SETFL: c_int = 9;

/// open(2), declared in `codegen/headers/nuttx.h`: flag of pipe2.
pub const O_CLOEXEC: c_int = 524288;

/// open(2), declared in `codegen/headers/nuttx.h`: file status flag.
pub const O_NONBLOCK: c_int = 2048;

/// poll(2), declared in `codegen/headers/nuttx.h`: an error, always reported.
pub const POLLERR: c_uint = 8;

/// poll(2), declared in `codegen/headers/nuttx.h`: a hang-up, always reported.
pub const POLLHUP: c_uint = 16;

/// poll(2), declared in `codegen/headers/nuttx.h`: readable.
pub const POLLIN: c_uint = 1;

/// poll(2), declared in `codegen/headers/nuttx.h`: the fd is not open.
pub const POLLNVAL: c_uint = 32;

/// poll(2), declared in `codegen/headers/nuttx.h`: writable.
pub const POLLOUT: c_uint = 4;

/// poll(2), declared in `codegen/headers/nuttx.h`: priority data.
pub const POLLPRI: c_uint = 2;

/// The constants `POLL*` of this file with their names: flag names for Debug.
pub const POLL_NAMES: &[(&str, c_uint)] = &[
    ("POLLIN", POLLIN),
    ("POLLPRI", POLLPRI),
    ("POLLOUT", POLLOUT),
    ("POLLERR", POLLERR),
    ("POLLHUP", POLLHUP),
    ("POLLNVAL", POLLNVAL),
];

/// poll(2), declared in `codegen/headers/nuttx.h`: one fd with its conditions.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct pollfd {
    /// At byte 0.
    pub fd: c_int,
    /// At byte 4.
    pub events: c_uint,
    /// At byte 8.
    pub revents: c_uint,
    /// At byte 12.
    pub arg: usize,
    /// At byte 16.
    pub cb: usize,
    /// At byte 20.
    pub priv_: usize,
}

const _: () = {
    assert!(size_of::<pollfd>() == 24);
    assert!(align_of::<pollfd>() == 4);
    assert!(offset_of!(pollfd, fd) == 0);
    assert!(offset_of!(pollfd, events) == 4);
    assert!(offset_of!(pollfd, revents) == 8);
    assert!(offset_of!(pollfd, arg) == 12);
    assert!(offset_of!(pollfd, cb) == 16);
    assert!(offset_of!(pollfd, priv_) == 20);
};

unsafe extern "C" {
    /// eventfd(2), declared in `codegen/headers/nuttx.h`: the waker.
    pub fn eventfd(initval: c_uint, flags: c_int) -> c_int;

    /// fcntl(2), declared in `codegen/headers/nuttx.h`: reads and sets flags of an fd.
    pub fn fcntl(fd: c_int, cmd: c_int, ...) -> c_int;

    /// pipe(2), declared in `codegen/headers/nuttx.h`: the waker.
    pub fn pipe2(pipefd: *mut c_int, flags: c_int) -> c_int;

    /// poll(2), declared in `codegen/headers/nuttx.h`: waits, with a timeout in milliseconds.
    pub fn poll(fds: *mut pollfd, nfds: c_uint, timeout: c_int) -> c_int;

    /// read(2), declared in `codegen/headers/nuttx.h`: drains the waker.
    pub fn read(fd: c_int, buf: *mut c_void, count: usize) -> isize;

    /// write(2), declared in `codegen/headers/nuttx.h`: wakes a blocked poll.
    pub fn write(fd: c_int, buf: *const c_void, count: usize) -> isize;
}
