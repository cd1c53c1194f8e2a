//! The ABI of linux, group ilp32_mips_mips32r6.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Headers: ziglang 0.17.1 (Linux 7.2).
//! Inputs: sha256 fb52399770ea33a11ef2260f9a3326077234a7bf09586f4b977a4d735fa50bac.
//!
//! Serves:
//! - mips-unknown-linux-gnu
//! - mips-unknown-linux-musl
//! - mips-unknown-linux-uclibc
//! - mipsel-unknown-linux-gnu
//! - mipsel-unknown-linux-musl
//! - mipsel-unknown-linux-uclibc
//! - mipsisa32r6-unknown-linux-gnu
//! - mipsisa32r6el-unknown-linux-gnu

use core::ffi::{c_char, c_int, c_long, c_longlong};
use core::mem::{align_of, offset_of, size_of};

/// `<linux/time.h>`: the clock of a timer.
pub const CLOCK_MONOTONIC: c_int = 1;

/// `<linux/inotify.h>`: flag of inotify_init1.
pub const IN_CLOEXEC: c_int = 524288;

/// `<linux/inotify.h>`: a file that was open for writing is closed.
pub const IN_CLOSE_WRITE: u32 = 8;

/// `<linux/inotify.h>`: a file is made.
pub const IN_CREATE: u32 = 256;

/// `<linux/inotify.h>`: a file is removed.
pub const IN_DELETE: u32 = 512;

/// `<linux/inotify.h>`: the watch is gone.
pub const IN_IGNORED: u32 = 32768;

/// `<linux/inotify.h>`: a file is written.
pub const IN_MODIFY: u32 = 2;

/// `<linux/inotify.h>`: flag of inotify_init1.
pub const IN_NONBLOCK: c_int = 128;

/// `<asm/unistd.h>`: sets a timer, with times of 64 bits.
pub const NR_timerfd_settime_64: c_long = 4411;

/// `<linux/signalfd.h>`: flag of signalfd4.
pub const SFD_CLOEXEC: c_int = 524288;

/// `<linux/signalfd.h>`: flag of signalfd4.
pub const SFD_NONBLOCK: c_int = 128;

/// `<asm/signal.h>`: a signal for the program's own use.
pub const SIGUSR1: c_int = 16;

/// `<asm/signal.h>`: a signal for the program's own use.
pub const SIGUSR2: c_int = 17;

/// `<asm/signal.h>`: adds signals to the blocked ones.
pub const SIG_BLOCK: c_int = 1;

/// `<asm/signal.h>`: removes signals from the blocked ones.
pub const SIG_UNBLOCK: c_int = 2;

/// `<linux/timerfd.h>`: flag of timerfd_create.
pub const TFD_CLOEXEC: c_int = 524288;

/// `<linux/timerfd.h>`: flag of timerfd_create.
pub const TFD_NONBLOCK: c_int = 128;

/// `<linux/timerfd.h>`: the time is not relative.
pub const TFD_TIMER_ABSTIME: c_int = 1;

/// `<asm/unistd.h>`: blocks signals, which a signalfd then gets.
pub const __NR_rt_sigprocmask: c_long = 4195;

/// `<asm/unistd.h>`: makes a signalfd.
pub const __NR_signalfd4: c_long = 4324;

/// The constants `IN_*` of this file with their names: names for Debug.
pub const IN_NAMES: &[(&str, u32)] = &[
    ("IN_MODIFY", IN_MODIFY),
    ("IN_CLOSE_WRITE", IN_CLOSE_WRITE),
    ("IN_CREATE", IN_CREATE),
    ("IN_DELETE", IN_DELETE),
    ("IN_IGNORED", IN_IGNORED),
];

/// `<linux/time_types.h>`: when a timer fires.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct __kernel_itimerspec {
    /// At byte 0.
    pub it_interval: __kernel_timespec,
    /// At byte 16.
    pub it_value: __kernel_timespec,
}

const _: () = {
    assert!(size_of::<__kernel_itimerspec>() == 32);
    assert!(align_of::<__kernel_itimerspec>() == 8);
    assert!(offset_of!(__kernel_itimerspec, it_interval) == 0);
    assert!(offset_of!(__kernel_itimerspec, it_value) == 16);
};

/// `<linux/time_types.h>`: seconds and nanoseconds.
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

/// `<linux/inotify.h>`: the head of an event; its name follows.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct inotify_event {
    /// At byte 0.
    pub wd: i32,
    /// At byte 4.
    pub mask: u32,
    /// At byte 8.
    pub cookie: u32,
    /// At byte 12.
    pub len: u32,
    /// At byte 16.
    pub name: [c_char; 0],
}

const _: () = {
    assert!(size_of::<inotify_event>() == 16);
    assert!(align_of::<inotify_event>() == 4);
    assert!(offset_of!(inotify_event, wd) == 0);
    assert!(offset_of!(inotify_event, mask) == 4);
    assert!(offset_of!(inotify_event, cookie) == 8);
    assert!(offset_of!(inotify_event, len) == 12);
    assert!(offset_of!(inotify_event, name) == 16);
};

/// `<linux/signalfd.h>`: a signal that a signalfd delivers.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct signalfd_siginfo {
    /// At byte 0.
    pub ssi_signo: u32,
    /// At byte 4.
    pub ssi_errno: i32,
    /// At byte 8.
    pub ssi_code: i32,
    /// At byte 12.
    pub ssi_pid: u32,
    /// At byte 16.
    pub ssi_uid: u32,
    /// At byte 20.
    pub ssi_fd: i32,
    /// At byte 24.
    pub ssi_tid: u32,
    /// At byte 28.
    pub ssi_band: u32,
    /// At byte 32.
    pub ssi_overrun: u32,
    /// At byte 36.
    pub ssi_trapno: u32,
    /// At byte 40.
    pub ssi_status: i32,
    /// At byte 44.
    pub ssi_int: i32,
    /// At byte 48.
    pub ssi_ptr: u64,
    /// At byte 56.
    pub ssi_utime: u64,
    /// At byte 64.
    pub ssi_stime: u64,
    /// At byte 72.
    pub ssi_addr: u64,
    /// At byte 80.
    pub ssi_addr_lsb: u16,
    /// At byte 82.
    pub __pad2: u16,
    /// At byte 84.
    pub ssi_syscall: i32,
    /// At byte 88.
    pub ssi_call_addr: u64,
    /// At byte 96.
    pub ssi_arch: u32,
    /// At byte 100.
    pub __pad: [u8; 28],
}

const _: () = {
    assert!(size_of::<signalfd_siginfo>() == 128);
    assert!(align_of::<signalfd_siginfo>() == 8);
    assert!(offset_of!(signalfd_siginfo, ssi_signo) == 0);
    assert!(offset_of!(signalfd_siginfo, ssi_errno) == 4);
    assert!(offset_of!(signalfd_siginfo, ssi_code) == 8);
    assert!(offset_of!(signalfd_siginfo, ssi_pid) == 12);
    assert!(offset_of!(signalfd_siginfo, ssi_uid) == 16);
    assert!(offset_of!(signalfd_siginfo, ssi_fd) == 20);
    assert!(offset_of!(signalfd_siginfo, ssi_tid) == 24);
    assert!(offset_of!(signalfd_siginfo, ssi_band) == 28);
    assert!(offset_of!(signalfd_siginfo, ssi_overrun) == 32);
    assert!(offset_of!(signalfd_siginfo, ssi_trapno) == 36);
    assert!(offset_of!(signalfd_siginfo, ssi_status) == 40);
    assert!(offset_of!(signalfd_siginfo, ssi_int) == 44);
    assert!(offset_of!(signalfd_siginfo, ssi_ptr) == 48);
    assert!(offset_of!(signalfd_siginfo, ssi_utime) == 56);
    assert!(offset_of!(signalfd_siginfo, ssi_stime) == 64);
    assert!(offset_of!(signalfd_siginfo, ssi_addr) == 72);
    assert!(offset_of!(signalfd_siginfo, ssi_addr_lsb) == 80);
    assert!(offset_of!(signalfd_siginfo, __pad2) == 82);
    assert!(offset_of!(signalfd_siginfo, ssi_syscall) == 84);
    assert!(offset_of!(signalfd_siginfo, ssi_call_addr) == 88);
    assert!(offset_of!(signalfd_siginfo, ssi_arch) == 96);
    assert!(offset_of!(signalfd_siginfo, __pad) == 100);
};

unsafe extern "C" {
    /// inotify_add_watch(2), declared in `headers/linux.h`: watches a path.
    pub fn inotify_add_watch(fd: c_int, pathname: *const c_char, mask: u32) -> c_int;

    /// inotify_init(2), declared in `headers/linux.h`: makes an inotify instance.
    pub fn inotify_init1(flags: c_int) -> c_int;

    /// inotify_rm_watch(2), declared in `headers/linux.h`: ends a watch.
    pub fn inotify_rm_watch(fd: c_int, wd: c_int) -> c_int;

    /// syscall(2), declared in `headers/linux.h`: calls that differ between C libraries.
    pub fn syscall(number: c_long, ...) -> c_long;

    /// timerfd_create(2), declared in `headers/linux.h`: makes a timer.
    pub fn timerfd_create(clockid: c_int, flags: c_int) -> c_int;
}
