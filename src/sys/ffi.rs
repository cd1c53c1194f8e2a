//! The generated bindings, and in tests with a fake kernel on Linux those of the kernel that the
//! fake one stands for. No other file names `generated`.

// A target without a system has no bindings; its one error is that of `lib.rs`.
#[allow(unused_imports)]
pub(crate) use crate::generated::*;

// A fake kqueue(2) has the structures and constants of its kernel, and functions of its own.
#[cfg(mio_fake_kernel = "apple")]
use crate::generated::apple as fake;
#[cfg(mio_fake_kernel = "dragonfly")]
use crate::generated::dragonfly as fake;
#[cfg(mio_fake_kernel = "freebsd")]
use crate::generated::freebsd as fake;
#[cfg(mio_fake_kernel = "netbsd")]
use crate::generated::netbsd as fake;
#[cfg(mio_fake_kernel = "openbsd")]
use crate::generated::openbsd as fake;

#[cfg(any(
    mio_fake_kernel = "apple",
    mio_fake_kernel = "dragonfly",
    mio_fake_kernel = "freebsd",
    mio_fake_kernel = "netbsd",
    mio_fake_kernel = "openbsd"
))]
mod fake_kqueue {
    use super::fake;

    pub(crate) use crate::testing::kqueue::{fstat, kevent, kqueue};
    pub(crate) use fake::{
        EV_ADD, EV_CLEAR, EV_DELETE, EV_EOF, EV_ERROR, EV_NAMES, EV_ONESHOT, EV_RECEIPT,
        EVFILT_NAMES, EVFILT_READ, EVFILT_USER, EVFILT_WRITE, NOTE_TRIGGER, timespec,
    };
    #[allow(non_camel_case_types)] // The system's name.
    pub(crate) type kevent = fake::kevent;

    #[cfg(not(any(mio_fake_kernel = "netbsd", mio_fake_kernel = "openbsd")))]
    pub(crate) const FAKE_AIO: Option<i32> = Some(fake::EVFILT_AIO as _);
    #[cfg(any(mio_fake_kernel = "netbsd", mio_fake_kernel = "openbsd"))]
    pub(crate) const FAKE_AIO: Option<i32> = None;
    #[cfg(mio_fake_kernel = "freebsd")]
    pub(crate) const FAKE_LIO: Option<i32> = Some(fake::EVFILT_LIO as _);
    #[cfg(not(mio_fake_kernel = "freebsd"))]
    pub(crate) const FAKE_LIO: Option<i32> = None;

    use crate::sys::unix::caps::ControllingTerminal;
    #[cfg(mio_fake_kernel = "apple")]
    pub(crate) const FAKE_TERMINAL: Option<ControllingTerminal> = Some(ControllingTerminal {
        device: crate::testing::kqueue::controlling_terminal,
        folder: "/dev/pts",
    });
    #[cfg(not(mio_fake_kernel = "apple"))]
    pub(crate) const FAKE_TERMINAL: Option<ControllingTerminal> = None;
}
#[cfg(any(
    mio_fake_kernel = "apple",
    mio_fake_kernel = "dragonfly",
    mio_fake_kernel = "freebsd",
    mio_fake_kernel = "netbsd",
    mio_fake_kernel = "openbsd"
))]
pub(crate) use fake_kqueue::*;

// fstat(2) is not bound: only the selector over kqueue(2) calls it, and the `libc` crate has it.
cfg_kqueue! {
    #[cfg(not(any(
        mio_fake_kernel = "apple",
        mio_fake_kernel = "dragonfly",
        mio_fake_kernel = "freebsd",
        mio_fake_kernel = "netbsd",
        mio_fake_kernel = "openbsd"
    )))]
    pub(crate) use libc::fstat;
}

#[cfg(mio_fake_kernel = "solaris")]
pub(crate) use crate::generated::solaris::{
    EBADFD, ETIME, PORT_SOURCE_FD, PORT_SOURCE_USER, port_event, timespec,
};
#[cfg(mio_fake_kernel = "solaris")]
pub(crate) use crate::testing::event_ports::{
    port_associate, port_create, port_dissociate, port_getn, port_send,
};

// Functions that may fail on request, in place of the C library's: see `testing::injection`.
#[cfg(mio_fault_injection)]
pub(crate) use crate::generated as real;
#[cfg(mio_fault_injection)]
pub(crate) use crate::testing::injection::calls::syscall::{
    epoll_create1, epoll_ctl, epoll_wait, eventfd, fcntl, pipe2, poll, read, write,
};
