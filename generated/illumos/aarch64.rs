//! The ABI of illumos, group aarch64.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Headers: our own (illumos 2024).
//! Inputs: sha256 5e6cc46d3dfe61d50a40d6ac16fbf1bf31a1b1c3994e0808d9249878d52b00c3.
//!
//! Serves:
//! - aarch64-unknown-illumos

use core::ffi::{c_int, c_short, c_uint, c_ulong, c_ulonglong, c_void};
use core::mem::{align_of, offset_of, size_of};

/// errno(3), declared in `codegen/headers/illumos.h`: the fd is not open.
pub const EBADF: c_int = 9;

/// eventfd(2), declared in `codegen/headers/illumos.h`: flag of eventfd.
pub const EFD_CLOEXEC: c_int = 524288;

/// eventfd(2), declared in `codegen/headers/illumos.h`: flag of eventfd.
pub const EFD_NONBLOCK: c_int = 2048;

/// epoll_ctl(2), declared in `codegen/headers/illumos.h`: an error, always reported.
pub const EPOLLERR: c_uint = 8;

/// epoll_ctl(2), declared in `codegen/headers/illumos.h`: edge-triggered.
pub const EPOLLET: c_uint = 2147483648;

/// epoll_ctl(2), declared in `codegen/headers/illumos.h`: both directions are shut down, always reported.
pub const EPOLLHUP: c_uint = 16;

/// epoll_ctl(2), declared in `codegen/headers/illumos.h`: readable.
pub const EPOLLIN: c_uint = 1;

/// epoll_ctl(2), declared in `codegen/headers/illumos.h`: disabled after one event.
pub const EPOLLONESHOT: c_uint = 1073741824;

/// epoll_ctl(2), declared in `codegen/headers/illumos.h`: writable.
pub const EPOLLOUT: c_uint = 4;

/// epoll_ctl(2), declared in `codegen/headers/illumos.h`: priority data, or an exceptional condition.
pub const EPOLLPRI: c_uint = 2;

/// epoll_ctl(2), declared in `codegen/headers/illumos.h`: the peer has shut down writing.
pub const EPOLLRDHUP: c_uint = 8192;

/// epoll_ctl(2), declared in `codegen/headers/illumos.h`: flag of epoll_create1.
pub const EPOLL_CLOEXEC: c_int = 524288;

/// epoll_ctl(2), declared in `codegen/headers/illumos.h`: adds a registration.
pub const EPOLL_CTL_ADD: c_int = 1;

/// epoll_ctl(2), declared in `codegen/headers/illumos.h`: removes a registration.
pub const EPOLL_CTL_DEL: c_int = 2;

/// epoll_ctl(2), declared in `codegen/headers/illumos.h`: changes a registration.
pub const EPOLL_CTL_MOD: c_int = 3;

/// fcntl(2), declared in `codegen/headers/illumos.h`: reads the file status flags.
pub const F_GETFL: c_int = 3;

/// fcntl(2), declared in `codegen/headers/illumos.h`: sets the file status flags.
pub const F_SETFL: c_int = 4;

/// open(2), declared in `codegen/headers/illumos.h`: flag of pipe2.
pub const O_CLOEXEC: c_int = 8388608;

/// open(2), declared in `codegen/headers/illumos.h`: file status flag.
pub const O_NONBLOCK: c_int = 128;

/// poll(2), declared in `codegen/headers/illumos.h`: an error, always reported.
pub const POLLERR: c_short = 8;

/// poll(2), declared in `codegen/headers/illumos.h`: a hang-up, always reported.
pub const POLLHUP: c_short = 16;

/// poll(2), declared in `codegen/headers/illumos.h`: readable.
pub const POLLIN: c_short = 1;

/// poll(2), declared in `codegen/headers/illumos.h`: the fd is not open.
pub const POLLNVAL: c_short = 32;

/// poll(2), declared in `codegen/headers/illumos.h`: writable.
pub const POLLOUT: c_short = 4;

/// poll(2), declared in `codegen/headers/illumos.h`: priority data.
pub const POLLPRI: c_short = 2;

/// poll(2), declared in `codegen/headers/illumos.h`: the peer has shut down writing.
pub const POLLRDHUP: c_short = 16384;

/// The constants `EPOLL*` of this file with their names: flag names for Debug.
pub const EPOLL_NAMES: &[(&str, c_uint)] = &[
    ("EPOLLIN", EPOLLIN),
    ("EPOLLPRI", EPOLLPRI),
    ("EPOLLOUT", EPOLLOUT),
    ("EPOLLERR", EPOLLERR),
    ("EPOLLHUP", EPOLLHUP),
    ("EPOLLRDHUP", EPOLLRDHUP),
    ("EPOLLONESHOT", EPOLLONESHOT),
    ("EPOLLET", EPOLLET),
];

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

/// epoll_ctl(2), declared in `codegen/headers/illumos.h`: the data of a registration.
#[repr(C)]
#[derive(Clone, Copy)]
pub union epoll_data {
    /// At byte 0.
    pub ptr: *mut c_void,
    /// At byte 0.
    pub fd: c_int,
    /// At byte 0.
    pub u32_: c_uint,
    /// At byte 0.
    pub u64_: c_ulonglong,
}

const _: () = {
    assert!(size_of::<epoll_data>() == 8);
    assert!(align_of::<epoll_data>() == 8);
    assert!(offset_of!(epoll_data, ptr) == 0);
    assert!(offset_of!(epoll_data, fd) == 0);
    assert!(offset_of!(epoll_data, u32_) == 0);
    assert!(offset_of!(epoll_data, u64_) == 0);
};

/// epoll_ctl(2), declared in `codegen/headers/illumos.h`: one registration or event.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct epoll_event {
    /// At byte 0.
    pub events: c_uint,
    /// At byte 8.
    pub data: epoll_data,
}

const _: () = {
    assert!(size_of::<epoll_event>() == 16);
    assert!(align_of::<epoll_event>() == 8);
    assert!(offset_of!(epoll_event, events) == 0);
    assert!(offset_of!(epoll_event, data) == 8);
};

/// poll(2), declared in `codegen/headers/illumos.h`: one fd with its conditions.
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
    /// epoll_create(2), declared in `codegen/headers/illumos.h`: creates a selector (epoll instance).
    pub fn epoll_create1(flags: c_int) -> c_int;

    /// epoll_ctl(2), declared in `codegen/headers/illumos.h`: changes registrations.
    pub fn epoll_ctl(epfd: c_int, op: c_int, fd: c_int, event: *mut epoll_event) -> c_int;

    /// epoll_wait(2), declared in `codegen/headers/illumos.h`: waits, with a timeout in milliseconds.
    pub fn epoll_wait(epfd: c_int, events: *mut epoll_event, maxevents: c_int, timeout: c_int) -> c_int;

    /// eventfd(2), declared in `codegen/headers/illumos.h`: the waker.
    pub fn eventfd(initval: c_uint, flags: c_int) -> c_int;

    /// fcntl(2), declared in `codegen/headers/illumos.h`: reads and sets flags of an fd.
    pub fn fcntl(fd: c_int, cmd: c_int, ...) -> c_int;

    /// pipe(2), declared in `codegen/headers/illumos.h`: the waker.
    pub fn pipe2(pipefd: *mut c_int, flags: c_int) -> c_int;

    /// poll(2), declared in `codegen/headers/illumos.h`: waits, with a timeout in milliseconds.
    pub fn poll(fds: *mut pollfd, nfds: c_ulong, timeout: c_int) -> c_int;

    /// read(2), declared in `codegen/headers/illumos.h`: drains the waker.
    pub fn read(fd: c_int, buf: *mut c_void, count: usize) -> isize;

    /// write(2), declared in `codegen/headers/illumos.h`: wakes a blocked poll.
    pub fn write(fd: c_int, buf: *const c_void, count: usize) -> isize;
}
