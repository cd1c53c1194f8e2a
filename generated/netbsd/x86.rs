//! The ABI of netbsd, group x86.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Headers: ziglang 0.16.0 (NetBSD 10.1); also ziglang 0.17.1 (NetBSD 11.0) but for fn kevent, struct kevent.
//! Inputs: sha256 41a34c5077655fa068e82c9ca0de236fa6944be1ed8b8ccad991568172519e38.
//!
//! Serves:
//! - i586-unknown-netbsd
//! - i686-unknown-netbsd

use core::ffi::{c_int, c_long, c_longlong, c_short, c_uint, c_void};
use core::mem::{align_of, offset_of, size_of};

/// `<errno.h>`: the fd is not open.
pub const EBADF: c_int = 9;

/// `<sys/event.h>`: POSIX asynchronous I/O.
pub const EVFILT_AIO: c_uint = 2;

/// `<sys/event.h>`: a name for Debug: processes of the caller.
pub const EVFILT_PROC: c_uint = 4;

/// `<sys/event.h>`: readable.
pub const EVFILT_READ: c_uint = 0;

/// `<sys/event.h>`: a name for Debug: signals of the caller.
pub const EVFILT_SIGNAL: c_uint = 5;

/// `<sys/event.h>`: a name for Debug: timers of the caller.
pub const EVFILT_TIMER: c_uint = 6;

/// `<sys/event.h>`: the waker.
pub const EVFILT_USER: c_uint = 8;

/// `<sys/event.h>`: a name for Debug: files of the caller.
pub const EVFILT_VNODE: c_uint = 3;

/// `<sys/event.h>`: writable.
pub const EVFILT_WRITE: c_uint = 1;

/// `<sys/event.h>`: adds a registration.
pub const EV_ADD: c_uint = 1;

/// `<sys/event.h>`: edge-triggered: reset when reported.
pub const EV_CLEAR: c_uint = 32;

/// `<sys/event.h>`: removes a registration.
pub const EV_DELETE: c_uint = 2;

/// `<sys/event.h>`: disables a registration without removing it.
pub const EV_DISABLE: c_uint = 8;

/// `<sys/event.h>`: disabled after one event.
pub const EV_DISPATCH: c_uint = 128;

/// `<sys/event.h>`: enables a disabled registration.
pub const EV_ENABLE: c_uint = 4;

/// `<sys/event.h>`: end of file, or one direction is shut down.
pub const EV_EOF: c_uint = 32768;

/// `<sys/event.h>`: a receipt or an error.
pub const EV_ERROR: c_uint = 16384;

/// `<sys/event.h>`: removed after one event.
pub const EV_ONESHOT: c_uint = 16;

/// `<sys/event.h>`: returns one receipt for each change.
pub const EV_RECEIPT: c_uint = 64;

/// `<fcntl.h>`: the close-on-exec flag of an fd.
pub const FD_CLOEXEC: c_int = 1;

/// `<fcntl.h>`: reads the file status flags.
pub const F_GETFL: c_int = 3;

/// `<fcntl.h>`: sets the fd flags.
pub const F_SETFD: c_int = 2;

/// `<fcntl.h>`: sets the file status flags.
pub const F_SETFL: c_int = 4;

/// `<sys/event.h>`: wakes a blocked poll.
pub const NOTE_TRIGGER: c_uint = 16777216;

/// `<fcntl.h>`: flag of pipe2.
pub const O_CLOEXEC: c_int = 4194304;

/// `<fcntl.h>`: file status flag, and flag of pipe2.
pub const O_NONBLOCK: c_int = 4;

/// `<poll.h>`: an error, always reported.
pub const POLLERR: c_short = 8;

/// `<poll.h>`: a hang-up, always reported.
pub const POLLHUP: c_short = 16;

/// `<poll.h>`: readable.
pub const POLLIN: c_short = 1;

/// `<poll.h>`: the fd is not open.
pub const POLLNVAL: c_short = 32;

/// `<poll.h>`: writable.
pub const POLLOUT: c_short = 4;

/// `<poll.h>`: priority data.
pub const POLLPRI: c_short = 2;

/// The constants `EVFILT*` of this file with their names: filter names for Debug.
pub const EVFILT_NAMES: &[(&str, c_uint)] = &[
    ("EVFILT_READ", EVFILT_READ),
    ("EVFILT_WRITE", EVFILT_WRITE),
    ("EVFILT_AIO", EVFILT_AIO),
    ("EVFILT_VNODE", EVFILT_VNODE),
    ("EVFILT_PROC", EVFILT_PROC),
    ("EVFILT_SIGNAL", EVFILT_SIGNAL),
    ("EVFILT_TIMER", EVFILT_TIMER),
    ("EVFILT_USER", EVFILT_USER),
];

/// The constants `EV_*` of this file with their names: flag names for Debug.
pub const EV_NAMES: &[(&str, c_uint)] = &[
    ("EV_ADD", EV_ADD),
    ("EV_DELETE", EV_DELETE),
    ("EV_ENABLE", EV_ENABLE),
    ("EV_DISABLE", EV_DISABLE),
    ("EV_ONESHOT", EV_ONESHOT),
    ("EV_CLEAR", EV_CLEAR),
    ("EV_RECEIPT", EV_RECEIPT),
    ("EV_DISPATCH", EV_DISPATCH),
    ("EV_ERROR", EV_ERROR),
    ("EV_EOF", EV_EOF),
];

/// The constants `POLL*` of this file with their names: flag names for Debug.
pub const POLL_NAMES: &[(&str, c_short)] = &[
    ("POLLIN", POLLIN),
    ("POLLPRI", POLLPRI),
    ("POLLOUT", POLLOUT),
    ("POLLERR", POLLERR),
    ("POLLHUP", POLLHUP),
    ("POLLNVAL", POLLNVAL),
];

/// `<sys/event.h>`: one change of a registration, or one event.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct kevent {
    /// At byte 0.
    pub ident: usize,
    /// At byte 4.
    pub filter: u32,
    /// At byte 8.
    pub flags: u32,
    /// At byte 12.
    pub fflags: u32,
    /// At byte 16.
    pub data: i64,
    /// At byte 24.
    pub udata: *mut c_void,
}

const _: () = {
    assert!(size_of::<kevent>() == 28);
    assert!(align_of::<kevent>() == 4);
    assert!(offset_of!(kevent, ident) == 0);
    assert!(offset_of!(kevent, filter) == 4);
    assert!(offset_of!(kevent, flags) == 8);
    assert!(offset_of!(kevent, fflags) == 12);
    assert!(offset_of!(kevent, data) == 16);
    assert!(offset_of!(kevent, udata) == 24);
};

/// `<poll.h>`: one fd with its conditions.
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

/// `<sys/event.h>`: the timeout of kevent.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct timespec {
    /// At byte 0.
    pub tv_sec: c_longlong,
    /// At byte 8.
    pub tv_nsec: c_long,
}

const _: () = {
    assert!(size_of::<timespec>() == 12);
    assert!(align_of::<timespec>() == 4);
    assert!(offset_of!(timespec, tv_sec) == 0);
    assert!(offset_of!(timespec, tv_nsec) == 8);
};

unsafe extern "C" {
    /// `<fcntl.h>`: reads and sets flags of an fd.
    pub fn fcntl(arg1: c_int, arg2: c_int, ...) -> c_int;

    /// `<sys/event.h>`: changes registrations, and waits for events.
    #[link_name = "__kevent50"]
    pub fn kevent(arg1: c_int, arg2: *const kevent, arg3: usize, arg4: *mut kevent, arg5: usize, arg6: *const timespec) -> c_int;

    /// `<sys/event.h>`: creates a selector (kqueue).
    pub fn kqueue() -> c_int;

    /// `<unistd.h>`: the waker without EVFILT_USER.
    pub fn pipe2(arg1: *mut c_int, arg2: c_int) -> c_int;

    /// `<poll.h>`: waits, with a timeout in milliseconds.
    pub fn poll(arg1: *mut pollfd, arg2: c_uint, arg3: c_int) -> c_int;

    /// `<unistd.h>`: drains the waker.
    pub fn read(arg1: c_int, arg2: *mut c_void, arg3: usize) -> isize;

    /// `<unistd.h>`: wakes a blocked poll.
    pub fn write(arg1: c_int, arg2: *const c_void, arg3: usize) -> isize;
}
