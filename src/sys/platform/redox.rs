//! Redox: epoll over its event scheme, woken by a pipe.

#[cfg(not(mio_unsupported_force_poll_poll))]
#[path = "../../unix/selector_fd.rs"]
mod selector_fd;

#[cfg(feature = "os-poll")]
#[path = "../unix"]
mod events {
    pub(crate) mod descriptor;
    #[cfg(not(mio_unsupported_force_poll_poll))]
    pub(crate) mod epoll;
    #[path = "epoll/not_exact/syscall.rs"]
    pub(crate) mod epoll_pwait2;
    #[path = "forks/atfork/syscall.rs"]
    pub(crate) mod forks;
    pub(crate) mod notifier;
    #[path = "notifier/pipe.rs"]
    pub(crate) mod pipe;
    #[path = "descriptor/pipe2/syscall.rs"]
    pub(crate) mod pipe2;
    #[cfg(mio_unsupported_force_poll_poll)]
    pub(crate) mod posix_poll;
    #[path = "posix_poll/not_exact.rs"]
    pub(crate) mod ppoll;

    type Notifier = pipe::Pipe;
    #[cfg(not(mio_unsupported_force_poll_poll))]
    pub(crate) type Selector = epoll::Epoll<Notifier>;
    #[cfg(mio_unsupported_force_poll_poll)]
    pub(crate) type Selector = posix_poll::PosixPoll<Notifier>;
    #[cfg(mio_unsupported_force_poll_poll)]
    pub(crate) use crate::sys::ffi::POLLPRI as PRIORITY;
    #[cfg(mio_unsupported_force_poll_poll)]
    pub(crate) const READ_HANG_UP: std::ffi::c_short = 0;
}
#[cfg(feature = "os-poll")]
pub(crate) use events::*;

#[cfg(feature = "net")]
#[path = "../unix"]
mod sockets {
    #[path = "uds/no_abstract_name.rs"]
    pub(crate) mod abstract_name;
    pub(crate) mod socket;
    #[path = "socket/write_std.rs"]
    pub(crate) mod socket_write;
    pub(crate) mod uds;

    use socket::facts::{Facts, Later};
    pub(crate) const SOCKETS: Facts = Facts {
        at_once: libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC,
        later: Later::Nothing,
        ..Facts::PLAIN
    };
}
#[cfg(feature = "net")]
pub(crate) use sockets::*;
