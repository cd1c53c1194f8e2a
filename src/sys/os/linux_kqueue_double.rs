//! Linux playing a system with kqueue(2), for tests only: see the double's own head. Sockets are those of Linux.

#[cfg(not(mio_unsupported_force_poll_poll))]
#[path = "../../unix/selector_fd.rs"]
mod selector_fd;

#[cfg(feature = "os-poll")]
#[path = "../unix"]
mod events {
    pub(crate) mod descriptor;
    #[path = "posix_poll/linux_exact/syscall.rs"]
    pub(crate) mod exact_poll;
    #[cfg_attr(miri, path = "forks/none.rs")]
    #[cfg_attr(not(miri), path = "forks/linux/syscall.rs")]
    pub(crate) mod forks;
    pub(crate) mod kqueue;
    #[path = "kqueue/double/mod.rs"]
    pub(crate) mod kqueue_double;
    #[path = "descriptor/pipe2/syscall.rs"]
    pub(crate) mod new_pipe;
    #[path = "wake/pipe.rs"]
    pub(crate) mod pipe;
    #[cfg(any(test, mio_unsupported_force_poll_poll))]
    pub(crate) mod posix_poll;
    pub(crate) mod wake;

    #[cfg(not(mio_unsupported_force_waker_pipe))]
    type Wakers = kqueue::UserEvents;
    #[cfg(mio_unsupported_force_waker_pipe)]
    type Wakers = kqueue::Pipes;
    #[cfg(not(mio_unsupported_force_poll_poll))]
    pub(crate) type Selector = kqueue::Kqueue<Wakers>;
    #[cfg(mio_unsupported_force_poll_poll)]
    pub(crate) type Selector = posix_poll::PosixPoll<pipe::Pipe>;
    #[cfg(any(test, mio_unsupported_force_poll_poll))]
    pub(crate) use crate::sys::raw::{POLLPRI as PRIORITY, POLLRDHUP as READ_HANG_UP};

    #[cfg(any(mio_kqueue_double = "netbsd", mio_kqueue_double = "openbsd"))]
    pub(crate) const AIO: Option<i32> = None;
    #[cfg(not(any(mio_kqueue_double = "netbsd", mio_kqueue_double = "openbsd")))]
    pub(crate) const AIO: Option<i32> = Some(crate::sys::raw::EVFILT_AIO as _);
    #[cfg(not(mio_kqueue_double = "freebsd"))]
    pub(crate) const LIO: Option<i32> = None;
    #[cfg(mio_kqueue_double = "freebsd")]
    pub(crate) const LIO: Option<i32> = Some(crate::sys::raw::EVFILT_LIO as _);
}
#[cfg(feature = "os-poll")]
pub(crate) use events::*;

#[cfg(feature = "net")]
#[path = "linux_sockets.rs"]
mod sockets;
#[cfg(feature = "net")]
pub(crate) use sockets::*;
