//! The ABI of hermit, group all.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Headers: our own (hermit-abi 0.5).
//! Inputs: sha256 28af7f56ea29eda2b2ea95e90913a803192757e721d2c285b37c0d01b30d8ba5.
//!
//! Serves:
//! - aarch64-unknown-hermit
//! - aarch64_be-unknown-hermit
//! - riscv64gc-unknown-hermit
//! - x86_64-unknown-hermit

use core::ffi::{c_int, c_short, c_uchar, c_ulonglong};
use core::mem::{align_of, offset_of, size_of};

/// errno(3), declared in `codegen/headers/hermit.h`: the fd is not open.
pub const EBADF: c_int = 9;

/// eventfd(2), declared in `codegen/headers/hermit.h`: flag of eventfd.
pub const EFD_CLOEXEC: c_short = 16384;

/// eventfd(2), declared in `codegen/headers/hermit.h`: flag of eventfd.
pub const EFD_NONBLOCK: c_short = 2048;

/// fcntl(2), declared in `codegen/headers/hermit.h`: reads the file status flags.
pub const F_GETFL: c_int = 3;

/// fcntl(2), declared in `codegen/headers/hermit.h`: sets the file status flags.
pub const F_SETFL: c_int = 4;

/// open(2), declared in `codegen/headers/hermit.h`: file status flag.
pub const O_NONBLOCK: c_int = 2048;

/// poll(2), declared in `codegen/headers/hermit.h`: an error, always reported.
pub const POLLERR: c_short = 8;

/// poll(2), declared in `codegen/headers/hermit.h`: a hang-up, always reported.
pub const POLLHUP: c_short = 16;

/// poll(2), declared in `codegen/headers/hermit.h`: readable.
pub const POLLIN: c_short = 1;

/// poll(2), declared in `codegen/headers/hermit.h`: the fd is not open.
pub const POLLNVAL: c_short = 32;

/// poll(2), declared in `codegen/headers/hermit.h`: writable.
pub const POLLOUT: c_short = 4;

/// poll(2), declared in `codegen/headers/hermit.h`: priority data.
pub const POLLPRI: c_short = 2;

/// poll(2), declared in `codegen/headers/hermit.h`: the peer has shut down writing.
pub const POLLRDHUP: c_short = 8192;

/// The constants `POLL*` of this file with their names: flag names for Debug.
pub const POLL_NAMES: &[(&str, c_short)] = &[
    ("POLLIN", POLLIN),
    ("POLLPRI", POLLPRI),
    ("POLLOUT", POLLOUT),
    ("POLLERR", POLLERR),
    ("POLLHUP", POLLHUP),
    ("POLLNVAL", POLLNVAL),
    ("POLLRDHUP", POLLRDHUP),
];

/// poll(2), declared in `codegen/headers/hermit.h`: one fd with its conditions.
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
    /// eventfd(2), declared in `codegen/headers/hermit.h`: the waker.
    #[link_name = "sys_eventfd"]
    pub fn eventfd(initval: c_ulonglong, flags: c_short) -> c_int;

    /// fcntl(2), declared in `codegen/headers/hermit.h`: reads and sets flags of an fd.
    #[link_name = "sys_fcntl"]
    pub fn fcntl(fd: c_int, cmd: c_int, arg: c_int) -> c_int;

    /// poll(2), declared in `codegen/headers/hermit.h`: waits, with a timeout in milliseconds.
    #[link_name = "sys_poll"]
    pub fn poll(fds: *mut pollfd, nfds: usize, timeout: c_int) -> c_int;

    /// read(2), declared in `codegen/headers/hermit.h`: drains the waker.
    #[link_name = "sys_read"]
    pub fn read(fd: c_int, buf: *mut c_uchar, count: usize) -> isize;

    /// write(2), declared in `codegen/headers/hermit.h`: wakes a blocked poll.
    #[link_name = "sys_write"]
    pub fn write(fd: c_int, buf: *const c_uchar, count: usize) -> isize;
}
