//! illumos: epoll(7) as Linux has it, woken by an eventfd(2). An object that is readable gives no further edge, so it is emptied
//! before it is written.

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
    #[path = "notifier/eventfd.rs"]
    pub(crate) mod eventfd;
    #[cfg_attr(miri, path = "forks/none.rs")]
    #[cfg_attr(not(miri), path = "forks/atfork/syscall.rs")]
    pub(crate) mod forks;
    pub(crate) mod notifier;
    #[path = "descriptor/pipe2/syscall.rs"]
    pub(crate) mod pipe2;
    #[cfg(mio_unsupported_force_poll_poll)]
    pub(crate) mod posix_poll;
    #[path = "posix_poll/not_exact.rs"]
    pub(crate) mod ppoll;

    type Notifier = wake::Drained<eventfd::EventFd>;
    pub(crate) use crate::sys::ffi::{EFD_CLOEXEC, EFD_NONBLOCK};
    #[cfg(not(mio_unsupported_force_poll_poll))]
    pub(crate) type Selector = epoll::Epoll<Notifier>;
    #[cfg(mio_unsupported_force_poll_poll)]
    pub(crate) type Selector = posix_poll::PosixPoll<Notifier>;
    #[cfg(mio_unsupported_force_poll_poll)]
    pub(crate) use crate::sys::ffi::{POLLPRI as PRIORITY, POLLRDHUP as READ_HANG_UP};
}
#[cfg(feature = "os-poll")]
pub(crate) use events::*;

#[cfg(feature = "net")]
#[path = "../unix"]
mod sockets {
    #[path = "uds/no_abstract_name.rs"]
    pub(crate) mod abstract_name;
    pub(crate) mod socket;
    #[path = "socket/write_nosignal/mod.rs"]
    pub(crate) mod socket_write;
    pub(crate) mod uds;

    use socket::facts::{Facts, Later};
    pub(crate) const SOCKETS: Facts = Facts {
        at_once: libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC,
        later: Later::Nothing,
        accept4: Some(libc::accept4),
        unix_backlog: libc::SOMAXCONN,
        ..Facts::PLAIN
    };
}
#[cfg(feature = "net")]
pub(crate) use sockets::*;
