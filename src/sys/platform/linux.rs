//! Linux and Android: epoll(7), woken by an eventfd(2). poll(2) and pipes take their places on request, and in tests.

#[cfg(not(mio_unsupported_force_poll_poll))]
#[path = "../../unix/selector_fd.rs"]
mod selector_fd;

#[cfg(feature = "os-poll")]
#[path = "../unix"]
mod events {
    pub(crate) mod descriptor;
    #[cfg(any(test, not(mio_unsupported_force_poll_poll)))]
    pub(crate) mod epoll;
    #[path = "epoll/linux_exact/syscall.rs"]
    pub(crate) mod epoll_pwait2;
    #[cfg(any(test, not(mio_unsupported_force_waker_pipe)))]
    #[path = "notifier/eventfd.rs"]
    pub(crate) mod eventfd;
    #[cfg_attr(miri, path = "forks/none.rs")]
    #[cfg_attr(not(miri), path = "forks/linux/syscall.rs")]
    pub(crate) mod forks;
    pub(crate) mod notifier;
    #[cfg(any(test, mio_unsupported_force_waker_pipe))]
    #[path = "notifier/pipe.rs"]
    pub(crate) mod pipe;
    #[path = "descriptor/pipe2/syscall.rs"]
    pub(crate) mod pipe2;
    #[cfg(any(test, mio_unsupported_force_poll_poll))]
    pub(crate) mod posix_poll;
    #[path = "posix_poll/linux_exact/syscall.rs"]
    pub(crate) mod ppoll;

    #[cfg(not(mio_unsupported_force_waker_pipe))]
    type Notifier = eventfd::EventFd;
    #[cfg(mio_unsupported_force_waker_pipe)]
    type Notifier = pipe::Pipe;
    #[cfg(any(test, not(mio_unsupported_force_waker_pipe)))]
    pub(crate) use crate::sys::ffi::{EFD_CLOEXEC, EFD_NONBLOCK};
    #[cfg(not(mio_unsupported_force_poll_poll))]
    pub(crate) type Selector = epoll::Epoll<Notifier>;
    #[cfg(mio_unsupported_force_poll_poll)]
    pub(crate) type Selector = posix_poll::PosixPoll<Notifier>;
    #[cfg(any(test, mio_unsupported_force_poll_poll))]
    pub(crate) use crate::sys::ffi::{POLLPRI as PRIORITY, POLLRDHUP as READ_HANG_UP};
}
#[cfg(feature = "os-poll")]
pub(crate) use events::*;

#[cfg(feature = "net")]
#[path = "linux_sockets.rs"]
mod sockets;
#[cfg(feature = "net")]
pub(crate) use sockets::*;
