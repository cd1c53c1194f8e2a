//! All unsafe code of Unix: one small safe function for each system call, one file for each topic.
//!
//! Our own fds come in as `BorrowedFd`, watched ones as `RawFd`: a number that the kernel checks.
//! Calls on sockets go through the `libc` crate, all others through the generated bindings.

pub(crate) mod ret;

#[cfg(feature = "net")]
pub(crate) mod socket;
cfg_nosignal! {
    #[cfg(feature = "net")]
    pub(crate) mod send;
}

#[cfg(feature = "os-poll")]
pub(crate) mod atfork;

cfg_levels! {
    #[cfg(feature = "os-poll")]
    pub(crate) mod poll;
}
cfg_epoll! {
    #[cfg(feature = "os-poll")]
    pub(crate) mod epoll;
}
cfg_event_ports! {
    #[cfg(feature = "os-poll")]
    pub(crate) mod event_ports;
}
cfg_kqueue! {
    #[cfg(feature = "os-poll")]
    pub(crate) mod kqueue;
}
cfg_linux! {
    #[cfg(feature = "os-poll")]
    pub(crate) mod linux;
    #[cfg(feature = "os-poll")]
    pub(crate) mod wipe_on_fork;
}
cfg_pipes! {
    #[cfg(feature = "os-poll")]
    pub(crate) mod pipe;
}

cfg_not_epoll! {
    /// Whether `fd` is open.
    #[cfg(feature = "os-poll")]
    #[allow(dead_code)] // Some selectors have no need to ask.
    #[allow(unsafe_code)]
    pub(crate) fn is_open(fd: std::os::fd::RawFd) -> bool {
        use crate::sys::ffi;

        // SAFETY: fcntl(2) with F_GETFL ignores its argument, touches no memory and fails for an fd
        // that is not open. Hermit's function has a fixed number of arguments.
        let flags = unsafe { ffi::fcntl(fd, ffi::F_GETFL, 0 as std::ffi::c_int) };
        flags != -1
    }
}

// The functions that `EventCaps` has.

#[cfg(feature = "os-poll")]
/// pthread_atfork(3).
pub(crate) type PthreadAtfork = unsafe extern "C" fn(
    Option<unsafe extern "C" fn()>,
    Option<unsafe extern "C" fn()>,
    Option<unsafe extern "C" fn()>,
) -> std::ffi::c_int;
/// pipe2(2).
#[cfg(feature = "os-poll")]
pub(crate) type Pipe2 =
    unsafe extern "C" fn(*mut std::ffi::c_int, std::ffi::c_int) -> std::ffi::c_int;
/// pipe(2).
#[cfg(feature = "os-poll")]
pub(crate) type Pipe = unsafe extern "C" fn(*mut std::ffi::c_int) -> std::ffi::c_int;
