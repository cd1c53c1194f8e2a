//! The ABI of dragonfly, group all.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Headers: our own (DragonFly 6.4).
//! Inputs: sha256 f1d47037ab3e6dbe1ed061c6d0739b68a1c6a88eafa7d7f5a801de0f69cb58c2.
//!
//! Serves:
//! - x86_64-unknown-dragonfly

use core::ffi::{c_int, c_long, c_short, c_uint, c_ushort, c_void};
use core::mem::{align_of, offset_of, size_of};

/// errno(3), declared in `codegen/headers/dragonfly.h`: the fd is not open.
pub const EBADF: c_int = 9;

/// kqueue(2), declared in `codegen/headers/dragonfly.h`: POSIX asynchronous I/O.
pub const EVFILT_AIO: c_short = -3;

/// kqueue(2), declared in `codegen/headers/dragonfly.h`: a name for Debug: processes of the caller.
pub const EVFILT_PROC: c_short = -5;

/// kqueue(2), declared in `codegen/headers/dragonfly.h`: readable.
pub const EVFILT_READ: c_short = -1;

/// kqueue(2), declared in `codegen/headers/dragonfly.h`: a name for Debug: signals of the caller.
pub const EVFILT_SIGNAL: c_short = -6;

/// kqueue(2), declared in `codegen/headers/dragonfly.h`: a name for Debug: timers of the caller.
pub const EVFILT_TIMER: c_short = -7;

/// kqueue(2), declared in `codegen/headers/dragonfly.h`: the waker.
pub const EVFILT_USER: c_short = -9;

/// kqueue(2), declared in `codegen/headers/dragonfly.h`: a name for Debug: files of the caller.
pub const EVFILT_VNODE: c_short = -4;

/// kqueue(2), declared in `codegen/headers/dragonfly.h`: writable.
pub const EVFILT_WRITE: c_short = -2;

/// kqueue(2), declared in `codegen/headers/dragonfly.h`: adds a registration.
pub const EV_ADD: c_ushort = 1;

/// kqueue(2), declared in `codegen/headers/dragonfly.h`: edge-triggered: reset when reported.
pub const EV_CLEAR: c_ushort = 32;

/// kqueue(2), declared in `codegen/headers/dragonfly.h`: removes a registration.
pub const EV_DELETE: c_ushort = 2;

/// kqueue(2), declared in `codegen/headers/dragonfly.h`: disables a registration without removing it.
pub const EV_DISABLE: c_ushort = 8;

/// kqueue(2), declared in `codegen/headers/dragonfly.h`: disabled after one event.
pub const EV_DISPATCH: c_ushort = 128;

/// kqueue(2), declared in `codegen/headers/dragonfly.h`: enables a disabled registration.
pub const EV_ENABLE: c_ushort = 4;

/// kqueue(2), declared in `codegen/headers/dragonfly.h`: end of file, or one direction is shut down.
pub const EV_EOF: c_ushort = 32768;

/// kqueue(2), declared in `codegen/headers/dragonfly.h`: a receipt or an error.
pub const EV_ERROR: c_ushort = 16384;

/// kqueue(2), declared in `codegen/headers/dragonfly.h`: removed after one event.
pub const EV_ONESHOT: c_ushort = 16;

/// kqueue(2), declared in `codegen/headers/dragonfly.h`: returns one receipt for each change.
pub const EV_RECEIPT: c_ushort = 64;

/// fcntl(2), declared in `codegen/headers/dragonfly.h`: the close-on-exec flag of an fd.
pub const FD_CLOEXEC: c_int = 1;

/// fcntl(2), declared in `codegen/headers/dragonfly.h`: reads the file status flags.
pub const F_GETFL: c_int = 3;

/// fcntl(2), declared in `codegen/headers/dragonfly.h`: sets the fd flags.
pub const F_SETFD: c_int = 2;

/// fcntl(2), declared in `codegen/headers/dragonfly.h`: sets the file status flags.
pub const F_SETFL: c_int = 4;

/// kqueue(2), declared in `codegen/headers/dragonfly.h`: wakes a blocked poll.
pub const NOTE_TRIGGER: c_uint = 16777216;

/// open(2), declared in `codegen/headers/dragonfly.h`: flag of pipe2.
pub const O_CLOEXEC: c_int = 131072;

/// open(2), declared in `codegen/headers/dragonfly.h`: file status flag.
pub const O_NONBLOCK: c_int = 4;

/// poll(2), declared in `codegen/headers/dragonfly.h`: an error, always reported.
pub const POLLERR: c_short = 8;

/// poll(2), declared in `codegen/headers/dragonfly.h`: a hang-up, always reported.
pub const POLLHUP: c_short = 16;

/// poll(2), declared in `codegen/headers/dragonfly.h`: readable.
pub const POLLIN: c_short = 1;

/// poll(2), declared in `codegen/headers/dragonfly.h`: the fd is not open.
pub const POLLNVAL: c_short = 32;

/// poll(2), declared in `codegen/headers/dragonfly.h`: writable.
pub const POLLOUT: c_short = 4;

/// poll(2), declared in `codegen/headers/dragonfly.h`: priority data.
pub const POLLPRI: c_short = 2;

/// The constants `EVFILT*` of this file with their names: filter names for Debug.
pub const EVFILT_NAMES: &[(&str, c_short)] = &[
    ("EVFILT_USER", EVFILT_USER),
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
];

/// kqueue(2), declared in `codegen/headers/dragonfly.h`: one change of a registration, or one event.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct kevent {
    /// At byte 0.
    pub ident: usize,
    /// At byte 8.
    pub filter: c_short,
    /// At byte 10.
    pub flags: c_ushort,
    /// At byte 12.
    pub fflags: c_uint,
    /// At byte 16.
    pub data: isize,
    /// At byte 24.
    pub udata: *mut c_void,
}

const _: () = {
    assert!(size_of::<kevent>() == 32);
    assert!(align_of::<kevent>() == 8);
    assert!(offset_of!(kevent, ident) == 0);
    assert!(offset_of!(kevent, filter) == 8);
    assert!(offset_of!(kevent, flags) == 10);
    assert!(offset_of!(kevent, fflags) == 12);
    assert!(offset_of!(kevent, data) == 16);
    assert!(offset_of!(kevent, udata) == 24);
};

/// poll(2), declared in `codegen/headers/dragonfly.h`: one fd with its conditions.
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

/// kqueue(2), declared in `codegen/headers/dragonfly.h`: the timeout of kevent.
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
    /// fcntl(2), declared in `codegen/headers/dragonfly.h`: reads and sets flags of an fd.
    pub fn fcntl(fd: c_int, cmd: c_int, ...) -> c_int;

    /// kqueue(2), declared in `codegen/headers/dragonfly.h`: changes registrations, and waits for events.
    pub fn kevent(kq: c_int, changelist: *const kevent, nchanges: c_int, eventlist: *mut kevent, nevents: c_int, timeout: *const timespec) -> c_int;

    /// kqueue(2), declared in `codegen/headers/dragonfly.h`: creates a selector (kqueue).
    pub fn kqueue() -> c_int;

    /// pipe(2), declared in `codegen/headers/dragonfly.h`: the waker.
    pub fn pipe2(pipefd: *mut c_int, flags: c_int) -> c_int;

    /// poll(2), declared in `codegen/headers/dragonfly.h`: waits, with a timeout in milliseconds.
    pub fn poll(fds: *mut pollfd, nfds: c_uint, timeout: c_int) -> c_int;

    /// read(2), declared in `codegen/headers/dragonfly.h`: drains the waker.
    pub fn read(fd: c_int, buf: *mut c_void, count: usize) -> isize;

    /// write(2), declared in `codegen/headers/dragonfly.h`: wakes a blocked poll.
    pub fn write(fd: c_int, buf: *const c_void, count: usize) -> isize;
}
