//! Linux playing a system with kqueue(2), for tests only: see the double's own head. Sockets are those of Linux.

#[cfg(not(mio_unsupported_force_poll_poll))]
#[path = "../../unix/selector_fd.rs"]
mod selector_fd;

#[cfg(feature = "os-poll")]
#[path = "../unix"]
mod events {
    pub(crate) mod descriptor;
    #[path = "../../testing/kqueue/mod.rs"]
    pub(crate) mod fake_kqueue;
    #[cfg_attr(miri, path = "forks/none.rs")]
    #[cfg_attr(not(miri), path = "forks/linux/syscall.rs")]
    pub(crate) mod forks;
    pub(crate) mod kqueue;
    pub(crate) mod notifier;
    #[path = "notifier/pipe.rs"]
    pub(crate) mod pipe;
    #[path = "descriptor/pipe2/syscall.rs"]
    pub(crate) mod pipe2;
    #[cfg(any(test, mio_unsupported_force_poll_poll))]
    pub(crate) mod posix_poll;
    #[path = "posix_poll/linux_exact/syscall.rs"]
    pub(crate) mod ppoll;

    #[cfg(not(mio_unsupported_force_waker_pipe))]
    type Wakers = kqueue::UserEvents;
    #[cfg(mio_unsupported_force_waker_pipe)]
    type Wakers = kqueue::Pipes;
    #[cfg(not(mio_unsupported_force_poll_poll))]
    pub(crate) type Selector = kqueue::Kqueue<Wakers>;
    #[cfg(mio_unsupported_force_poll_poll)]
    pub(crate) type Selector = posix_poll::PosixPoll<pipe::Pipe>;
    #[cfg(any(test, mio_unsupported_force_poll_poll))]
    pub(crate) use crate::sys::ffi::{POLLPRI as PRIORITY, POLLRDHUP as READ_HANG_UP};

    #[cfg(any(mio_fake_kernel = "netbsd", mio_fake_kernel = "openbsd"))]
    pub(crate) const AIO: Option<i32> = None;
    #[cfg(not(any(mio_fake_kernel = "netbsd", mio_fake_kernel = "openbsd")))]
    pub(crate) const AIO: Option<i32> = Some(crate::sys::ffi::EVFILT_AIO as _);
    #[cfg(not(mio_fake_kernel = "freebsd"))]
    pub(crate) const LIO: Option<i32> = None;
    #[cfg(mio_fake_kernel = "freebsd")]
    pub(crate) const LIO: Option<i32> = Some(crate::sys::ffi::EVFILT_LIO as _);
}
#[cfg(feature = "os-poll")]
pub(crate) use events::*;

#[cfg(feature = "net")]
#[path = "linux_sockets.rs"]
mod sockets;
#[cfg(feature = "net")]
pub(crate) use sockets::*;
