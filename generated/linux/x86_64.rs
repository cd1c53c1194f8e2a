//! The ABI of linux, group x86_64.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Headers: ziglang 0.17.1 (Linux 7.2).
//! Inputs: sha256 417b20f531ed7a9229e06a32c639144faf919e1459c8767305372dffa0f40704.
//!
//! Serves:
//! - x86_64-linux-android
//! - x86_64-unikraft-linux-musl
//! - x86_64-unknown-linux-gnu
//! - x86_64-unknown-linux-gnuasan
//! - x86_64-unknown-linux-musl
//! - x86_64-unknown-linux-ohos

use core::ffi::{c_int, c_long, c_longlong, c_short, c_uint, c_ulong, c_void};
use core::mem::{align_of, offset_of, size_of};

/// `<linux/errno.h>`: the fd is not open.
pub const EBADF: c_int = 9;

/// `<linux/eventfd.h>`: flag of eventfd.
pub const EFD_CLOEXEC: c_int = 524288;

/// `<linux/eventfd.h>`: flag of eventfd.
pub const EFD_NONBLOCK: c_int = 2048;

/// `<linux/eventpoll.h>`: an error, always reported.
pub const EPOLLERR: u32 = 8;

/// `<linux/eventpoll.h>`: edge-triggered.
pub const EPOLLET: u32 = 2147483648;

/// `<linux/eventpoll.h>`: both directions are shut down, always reported.
pub const EPOLLHUP: u32 = 16;

/// `<linux/eventpoll.h>`: readable.
pub const EPOLLIN: u32 = 1;

/// `<linux/eventpoll.h>`: disabled after one event.
pub const EPOLLONESHOT: u32 = 1073741824;

/// `<linux/eventpoll.h>`: writable.
pub const EPOLLOUT: u32 = 4;

/// `<linux/eventpoll.h>`: priority data, or an exceptional condition.
pub const EPOLLPRI: u32 = 2;

/// `<linux/eventpoll.h>`: the peer has shut down writing.
pub const EPOLLRDHUP: u32 = 8192;

/// `<linux/eventpoll.h>`: flag of epoll_create1.
pub const EPOLL_CLOEXEC: c_int = 524288;

/// `<linux/eventpoll.h>`: adds a registration.
pub const EPOLL_CTL_ADD: c_int = 1;

/// `<linux/eventpoll.h>`: removes a registration.
pub const EPOLL_CTL_DEL: c_int = 2;

/// `<linux/eventpoll.h>`: changes a registration.
pub const EPOLL_CTL_MOD: c_int = 3;

/// `<linux/fcntl.h>`: the close-on-exec flag of an fd.
pub const FD_CLOEXEC: c_int = 1;

/// `<linux/fcntl.h>`: reads the file status flags.
pub const F_GETFL: c_int = 3;

/// `<linux/fcntl.h>`: sets the fd flags.
pub const F_SETFD: c_int = 2;

/// `<linux/fcntl.h>`: sets the file status flags.
pub const F_SETFL: c_int = 4;

/// `<asm/unistd.h>`: the ppoll with 64-bit time.
pub const NR_ppoll_64: c_long = 271;

/// `<linux/fcntl.h>`: flag of pipe2.
pub const O_CLOEXEC: c_int = 524288;

/// `<linux/fcntl.h>`: file status flag, and flag of pipe2.
pub const O_NONBLOCK: c_int = 2048;

/// `<linux/poll.h>`: an error, always reported.
pub const POLLERR: c_short = 8;

/// `<linux/poll.h>`: a hang-up, always reported.
pub const POLLHUP: c_short = 16;

/// `<linux/poll.h>`: readable.
pub const POLLIN: c_short = 1;

/// `<linux/poll.h>`: the fd is not open.
pub const POLLNVAL: c_short = 32;

/// `<linux/poll.h>`: writable.
pub const POLLOUT: c_short = 4;

/// `<linux/poll.h>`: priority data.
pub const POLLPRI: c_short = 2;

/// `<linux/poll.h>`: the peer has shut down writing.
pub const POLLRDHUP: c_short = 8192;

/// `<asm/unistd.h>`: epoll_wait in nanoseconds, since Linux 5.11; old C libraries lack it.
pub const __NR_epoll_pwait2: c_long = 441;

/// The constants `EPOLL*` of this file with their names: flag names for Debug.
pub const EPOLL_NAMES: &[(&str, u32)] = &[
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

/// `<linux/time_types.h>`: the timeout of epoll_pwait2 and of the 64-bit ppoll.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct __kernel_timespec {
    /// At byte 0.
    pub tv_sec: c_longlong,
    /// At byte 8.
    pub tv_nsec: c_longlong,
}

const _: () = {
    assert!(size_of::<__kernel_timespec>() == 16);
    assert!(align_of::<__kernel_timespec>() == 8);
    assert!(offset_of!(__kernel_timespec, tv_sec) == 0);
    assert!(offset_of!(__kernel_timespec, tv_nsec) == 8);
};

/// epoll_ctl(2), declared in `codegen/headers/linux.h`: the data of a registration.
#[repr(C)]
#[derive(Clone, Copy)]
pub union epoll_data {
    /// At byte 0.
    pub ptr: *mut c_void,
    /// At byte 0.
    pub fd: c_int,
    /// At byte 0.
    pub u32_: u32,
    /// At byte 0.
    pub u64_: u64,
}

const _: () = {
    assert!(size_of::<epoll_data>() == 8);
    assert!(align_of::<epoll_data>() == 8);
    assert!(offset_of!(epoll_data, ptr) == 0);
    assert!(offset_of!(epoll_data, fd) == 0);
    assert!(offset_of!(epoll_data, u32_) == 0);
    assert!(offset_of!(epoll_data, u64_) == 0);
};

/// `<linux/eventpoll.h>`: one registration or event.
#[repr(C, packed)]
#[derive(Clone, Copy)]
pub struct epoll_event {
    /// At byte 0.
    pub events: c_uint,
    /// At byte 4.
    pub data: epoll_data,
}

const _: () = {
    assert!(size_of::<epoll_event>() == 12);
    assert!(align_of::<epoll_event>() == 1);
    assert!(offset_of!(epoll_event, events) == 0);
    assert!(offset_of!(epoll_event, data) == 4);
};

/// `<linux/poll.h>`: one fd with its conditions.
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
    /// epoll_create(2), declared in `codegen/headers/linux.h`: creates a selector (epoll instance).
    pub fn epoll_create1(flags: c_int) -> c_int;

    /// epoll_ctl(2), declared in `codegen/headers/linux.h`: changes registrations.
    pub fn epoll_ctl(epfd: c_int, op: c_int, fd: c_int, event: *mut epoll_event) -> c_int;

    /// epoll_wait(2), declared in `codegen/headers/linux.h`: waits, with a timeout in milliseconds.
    pub fn epoll_wait(epfd: c_int, events: *mut epoll_event, maxevents: c_int, timeout: c_int) -> c_int;

    /// eventfd(2), declared in `codegen/headers/linux.h`: the waker.
    pub fn eventfd(initval: c_uint, flags: c_int) -> c_int;

    /// fcntl(2), declared in `codegen/headers/linux.h`: reads and sets flags of an fd.
    pub fn fcntl(fd: c_int, cmd: c_int, ...) -> c_int;

    /// pipe(2), declared in `codegen/headers/linux.h`: the waker without eventfd.
    pub fn pipe2(pipefd: *mut c_int, flags: c_int) -> c_int;

    /// poll(2), declared in `codegen/headers/linux.h`: waits, with a timeout in milliseconds.
    pub fn poll(fds: *mut pollfd, nfds: c_ulong, timeout: c_int) -> c_int;

    /// read(2), declared in `codegen/headers/linux.h`: drains the waker.
    pub fn read(fd: c_int, buf: *mut c_void, count: usize) -> isize;

    /// syscall(2), declared in `codegen/headers/linux.h`: system calls without a function in the C library.
    pub fn syscall(number: c_long, ...) -> c_long;

    /// write(2), declared in `codegen/headers/linux.h`: wakes a blocked poll.
    pub fn write(fd: c_int, buf: *const c_void, count: usize) -> isize;
}
