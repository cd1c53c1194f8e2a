//! The ABI of freebsd, group x86.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Headers: ziglang 0.15.2 (FreeBSD 14.3, declared as 14.0); also ziglang 0.17.1 (FreeBSD 15.1).
//! Inputs: sha256 e92a022c2ccde8534ac42832cdd0b4152bd40e17070880d3830d90a29a5855d1.
//!
//! Serves:
//! - i686-unknown-freebsd

use core::ffi::{c_int, c_long, c_longlong, c_short, c_uint, c_ulonglong, c_ushort, c_void};
use core::mem::{align_of, offset_of, size_of};

/// `<errno.h>`: the fd is not open.
pub const EBADF: c_int = 9;

/// `<sys/event.h>`: POSIX asynchronous I/O.
pub const EVFILT_AIO: c_short = -3;

/// `<sys/event.h>`: a list of POSIX asynchronous I/O.
pub const EVFILT_LIO: c_short = -10;

/// `<sys/event.h>`: a name for Debug: processes of the caller.
pub const EVFILT_PROC: c_short = -5;

/// `<sys/event.h>`: readable.
pub const EVFILT_READ: c_short = -1;

/// `<sys/event.h>`: a name for Debug: signals of the caller.
pub const EVFILT_SIGNAL: c_short = -6;

/// `<sys/event.h>`: a name for Debug: timers of the caller.
pub const EVFILT_TIMER: c_short = -7;

/// `<sys/event.h>`: the waker.
pub const EVFILT_USER: c_short = -11;

/// `<sys/event.h>`: a name for Debug: files of the caller.
pub const EVFILT_VNODE: c_short = -4;

/// `<sys/event.h>`: writable.
pub const EVFILT_WRITE: c_short = -2;

/// `<sys/event.h>`: adds a registration.
pub const EV_ADD: c_ushort = 1;

/// `<sys/event.h>`: edge-triggered: reset when reported.
pub const EV_CLEAR: c_ushort = 32;

/// `<sys/event.h>`: removes a registration.
pub const EV_DELETE: c_ushort = 2;

/// `<sys/event.h>`: disables a registration without removing it.
pub const EV_DISABLE: c_ushort = 8;

/// `<sys/event.h>`: disabled after one event.
pub const EV_DISPATCH: c_ushort = 128;

/// `<sys/event.h>`: enables a disabled registration.
pub const EV_ENABLE: c_ushort = 4;

/// `<sys/event.h>`: end of file, or one direction is shut down.
pub const EV_EOF: c_ushort = 32768;

/// `<sys/event.h>`: a receipt or an error.
pub const EV_ERROR: c_ushort = 16384;

/// `<sys/event.h>`: removed after one event.
pub const EV_ONESHOT: c_ushort = 16;

/// `<sys/event.h>`: returns one receipt for each change.
pub const EV_RECEIPT: c_ushort = 64;

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
pub const O_CLOEXEC: c_int = 1048576;

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

/// `<poll.h>`: the peer has shut down writing.
pub const POLLRDHUP: c_short = 16384;

/// The constants `EVFILT*` of this file with their names: filter names for Debug.
pub const EVFILT_NAMES: &[(&str, c_short)] = &[
    ("EVFILT_USER", EVFILT_USER),
    ("EVFILT_LIO", EVFILT_LIO),
    ("EVFILT_TIMER", EVFILT_TIMER),
    ("EVFILT_SIGNAL", EVFILT_SIGNAL),
    ("EVFILT_PROC", EVFILT_PROC),
    ("EVFILT_VNODE", EVFILT_VNODE),
    ("EVFILT_AIO", EVFILT_AIO),
    ("EVFILT_WRITE", EVFILT_WRITE),
    ("EVFILT_READ", EVFILT_READ),
];

/// The constants `EV_*` of this file with their names: flag names for Debug.
pub const EV_NAMES: &[(&str, c_ushort)] = &[
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
    ("POLLRDHUP", POLLRDHUP),
];

/// `<sys/event.h>`: one change of a registration, or one event.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct kevent {
    /// At byte 0.
    pub ident: c_uint,
    /// At byte 4.
    pub filter: c_short,
    /// At byte 6.
    pub flags: c_ushort,
    /// At byte 8.
    pub fflags: c_uint,
    /// At byte 12.
    pub data: c_longlong,
    /// At byte 20.
    pub udata: *mut c_void,
    /// At byte 24.
    pub ext: [c_ulonglong; 4],
}

const _: () = {
    assert!(size_of::<kevent>() == 56);
    assert!(align_of::<kevent>() == 4);
    assert!(offset_of!(kevent, ident) == 0);
    assert!(offset_of!(kevent, filter) == 4);
    assert!(offset_of!(kevent, flags) == 6);
    assert!(offset_of!(kevent, fflags) == 8);
    assert!(offset_of!(kevent, data) == 12);
    assert!(offset_of!(kevent, udata) == 20);
    assert!(offset_of!(kevent, ext) == 24);
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
    pub tv_sec: c_int,
    /// At byte 4.
    pub tv_nsec: c_long,
}

const _: () = {
    assert!(size_of::<timespec>() == 8);
    assert!(align_of::<timespec>() == 4);
    assert!(offset_of!(timespec, tv_sec) == 0);
    assert!(offset_of!(timespec, tv_nsec) == 4);
};

unsafe extern "C" {
    /// `<fcntl.h>`: reads and sets flags of an fd.
    pub fn fcntl(arg1: c_int, arg2: c_int, ...) -> c_int;

    /// `<sys/event.h>`: changes registrations, and waits for events.
    pub fn kevent(kq: c_int, changelist: *const kevent, nchanges: c_int, eventlist: *mut kevent, nevents: c_int, timeout: *const timespec) -> c_int;

    /// `<sys/event.h>`: creates a selector (kqueue).
    pub fn kqueue() -> c_int;

    /// `<unistd.h>`: the waker without EVFILT_USER.
    pub fn pipe2(arg1: *mut c_int, arg2: c_int) -> c_int;

    /// `<poll.h>`: waits, with a timeout in milliseconds.
    pub fn poll(_pfd: *mut pollfd, _nfds: c_uint, _timeout: c_int) -> c_int;

    /// `<unistd.h>`: drains the waker.
    pub fn read(arg1: c_int, arg2: *mut c_void, arg3: usize) -> isize;

    /// `<unistd.h>`: wakes a blocked poll.
    pub fn write(arg1: c_int, arg2: *const c_void, arg3: usize) -> isize;
}
