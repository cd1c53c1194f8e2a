//! The ABI of solaris, group all.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Headers: our own (Solaris 11.4).
//! Inputs: sha256 93a19eb3a987b46dfd764a36f00f21f2be626c7b27c85a00ea547154898df653.
//!
//! Serves:
//! - sparcv9-sun-solaris
//! - x86_64-pc-solaris

use core::ffi::{c_int, c_long, c_short, c_uint, c_ulong, c_ushort, c_void};
use core::mem::{align_of, offset_of, size_of};

/// errno(3), declared in `codegen/headers/solaris.h`: the fd is not open.
pub const EBADF: c_int = 9;

/// errno(3), declared in `codegen/headers/solaris.h`: the fd to associate is not open.
pub const EBADFD: c_int = 81;

/// errno(3), declared in `codegen/headers/solaris.h`: the timeout has elapsed.
pub const ETIME: c_int = 62;

/// fcntl(2), declared in `codegen/headers/solaris.h`: the close-on-exec flag of an fd.
pub const FD_CLOEXEC: c_int = 1;

/// fcntl(2), declared in `codegen/headers/solaris.h`: reads the file status flags.
pub const F_GETFL: c_int = 3;

/// fcntl(2), declared in `codegen/headers/solaris.h`: sets the fd flags.
pub const F_SETFD: c_int = 2;

/// fcntl(2), declared in `codegen/headers/solaris.h`: sets the file status flags.
pub const F_SETFL: c_int = 4;

/// open(2), declared in `codegen/headers/solaris.h`: flag of pipe2.
pub const O_CLOEXEC: c_int = 8388608;

/// open(2), declared in `codegen/headers/solaris.h`: file status flag.
pub const O_NONBLOCK: c_int = 128;

/// poll(2), declared in `codegen/headers/solaris.h`: an error, always reported.
pub const POLLERR: c_short = 8;

/// poll(2), declared in `codegen/headers/solaris.h`: a hang-up, always reported.
pub const POLLHUP: c_short = 16;

/// poll(2), declared in `codegen/headers/solaris.h`: readable.
pub const POLLIN: c_short = 1;

/// poll(2), declared in `codegen/headers/solaris.h`: the fd is not open.
pub const POLLNVAL: c_short = 32;

/// poll(2), declared in `codegen/headers/solaris.h`: writable.
pub const POLLOUT: c_short = 4;

/// poll(2), declared in `codegen/headers/solaris.h`: priority data.
pub const POLLPRI: c_short = 2;

/// port_create(3C), declared in `codegen/headers/solaris.h`: the source of events of fds.
pub const PORT_SOURCE_FD: c_int = 4;

/// port_create(3C), declared in `codegen/headers/solaris.h`: the source of events of port_send.
pub const PORT_SOURCE_USER: c_int = 3;

/// The constants `POLL*` of this file with their names: flag names for Debug.
pub const POLL_NAMES: &[(&str, c_short)] = &[
    ("POLLIN", POLLIN),
    ("POLLPRI", POLLPRI),
    ("POLLOUT", POLLOUT),
    ("POLLERR", POLLERR),
    ("POLLHUP", POLLHUP),
    ("POLLNVAL", POLLNVAL),
];

/// poll(2), declared in `codegen/headers/solaris.h`: one fd with its conditions.
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

/// port_get(3C), declared in `codegen/headers/solaris.h`: one event.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct port_event {
    /// At byte 0.
    pub portev_events: c_int,
    /// At byte 4.
    pub portev_source: c_ushort,
    /// At byte 6.
    pub portev_pad: c_ushort,
    /// At byte 8.
    pub portev_object: usize,
    /// At byte 16.
    pub portev_user: *mut c_void,
}

const _: () = {
    assert!(size_of::<port_event>() == 24);
    assert!(align_of::<port_event>() == 8);
    assert!(offset_of!(port_event, portev_events) == 0);
    assert!(offset_of!(port_event, portev_source) == 4);
    assert!(offset_of!(port_event, portev_pad) == 6);
    assert!(offset_of!(port_event, portev_object) == 8);
    assert!(offset_of!(port_event, portev_user) == 16);
};

/// port_get(3C), declared in `codegen/headers/solaris.h`: the timeout of port_getn.
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
    /// fcntl(2), declared in `codegen/headers/solaris.h`: reads and sets flags of an fd.
    pub fn fcntl(fd: c_int, cmd: c_int, ...) -> c_int;

    /// pipe(2), declared in `codegen/headers/solaris.h`: the waker.
    pub fn pipe2(pipefd: *mut c_int, flags: c_int) -> c_int;

    /// poll(2), declared in `codegen/headers/solaris.h`: waits, with a timeout in milliseconds.
    pub fn poll(fds: *mut pollfd, nfds: c_ulong, timeout: c_int) -> c_int;

    /// port_associate(3C), declared in `codegen/headers/solaris.h`: associates an fd, for one event.
    pub fn port_associate(port: c_int, source: c_int, object: usize, events: c_int, user: *mut c_void) -> c_int;

    /// port_create(3C), declared in `codegen/headers/solaris.h`: creates a selector (event port).
    pub fn port_create() -> c_int;

    /// port_associate(3C), declared in `codegen/headers/solaris.h`: dissociates an fd.
    pub fn port_dissociate(port: c_int, source: c_int, object: usize) -> c_int;

    /// port_get(3C), declared in `codegen/headers/solaris.h`: waits for events.
    pub fn port_getn(port: c_int, list: *mut port_event, max: c_uint, nget: *mut c_uint, timeout: *mut timespec) -> c_int;

    /// port_send(3C), declared in `codegen/headers/solaris.h`: wakes a blocked poll.
    pub fn port_send(port: c_int, events: c_int, user: *mut c_void) -> c_int;

    /// read(2), declared in `codegen/headers/solaris.h`: drains the waker.
    pub fn read(fd: c_int, buf: *mut c_void, count: usize) -> isize;

    /// write(2), declared in `codegen/headers/solaris.h`: wakes a blocked poll.
    pub fn write(fd: c_int, buf: *const c_void, count: usize) -> isize;
}
