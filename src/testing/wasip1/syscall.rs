//! The system calls of the fake hosts.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_long, c_void};
use std::fs;
use std::io;
use std::os::fd::RawFd;
use std::ptr;
use std::time::Duration;

use crate::sys::ffi;

/// Whether the fd is open.
pub(super) fn is_open(fd: RawFd) -> bool {
    // SAFETY: fcntl(2) with F_GETFL ignores its argument and touches no memory. It returns EBADF
    // for a closed fd.
    let flags = unsafe { ffi::fcntl(fd, ffi::F_GETFL, 0 as c_int) };
    flags != -1
}

/// Whether the fd is a regular file.
pub(super) fn is_file(fd: RawFd) -> bool {
    fs::metadata(format!("/proc/self/fd/{fd}")).is_ok_and(|file| file.is_file())
}

/// ppoll(2).
pub(super) fn poll(array: &mut [ffi::pollfd], timeout: Option<Duration>) -> io::Result<usize> {
    let mut time = ffi::__kernel_timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let pointer = match timeout {
        Some(timeout) => {
            time.tv_sec = timeout.as_secs() as _;
            time.tv_nsec = timeout.subsec_nanos() as _;
            &raw mut time
        }
        None => ptr::null_mut(),
    };
    // SAFETY: ppoll(2) takes (struct pollfd *, unsigned, struct __kernel_timespec *,
    // const sigset_t *, size_t), each passed as a long or a pointer as syscall(2) requires. It
    // reads and writes as many `pollfd`s as `array` has, and the time, which is a local variable
    // or absent. Without a signal set it reads nothing else.
    let result = unsafe {
        ffi::syscall(
            ffi::NR_ppoll_64,
            array.as_mut_ptr().cast::<c_void>(),
            array.len() as c_long,
            pointer,
            ptr::null::<c_void>(),
            0 as c_long,
        )
    };
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}
