//! OpenBSD: kqueue(2), woken by a user event, or by a pipe where the kernel has none. poll(2) takes its place on request.

#[cfg(not(mio_unsupported_force_poll_poll))]
#[path = "../../unix/selector_fd.rs"]
mod selector_fd;

#[cfg(feature = "os-poll")]
#[path = "../unix"]
mod events {
    pub(crate) mod descriptor;
    #[path = "forks/atfork/syscall.rs"]
    pub(crate) mod forks;
    #[cfg(not(mio_unsupported_force_poll_poll))]
    pub(crate) mod kqueue;
    pub(crate) mod notifier;
    #[path = "notifier/pipe.rs"]
    pub(crate) mod pipe;
    #[path = "descriptor/pipe2/syscall.rs"]
    pub(crate) mod pipe2;
    #[cfg(mio_unsupported_force_poll_poll)]
    pub(crate) mod posix_poll;
    #[path = "posix_poll/not_exact.rs"]
    pub(crate) mod ppoll;

    #[cfg(not(any(mio_unsupported_force_poll_poll, mio_unsupported_force_waker_pipe)))]
    pub(crate) type Selector = kqueue::Kqueue<kqueue::UserEvents>;
    #[cfg(all(not(mio_unsupported_force_poll_poll), mio_unsupported_force_waker_pipe))]
    pub(crate) type Selector = kqueue::Kqueue<kqueue::Pipes>;
    #[cfg(mio_unsupported_force_poll_poll)]
    pub(crate) type Selector = posix_poll::PosixPoll<pipe::Pipe>;
    #[cfg(mio_unsupported_force_poll_poll)]
    pub(crate) use crate::sys::ffi::POLLPRI as PRIORITY;
    #[cfg(mio_unsupported_force_poll_poll)]
    pub(crate) const READ_HANG_UP: std::ffi::c_short = 0;

    pub(crate) const AIO: Option<i32> = None;
    pub(crate) const LIO: Option<i32> = None;
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
        unix_backlog: -1,
        ..Facts::PLAIN
    };
}
#[cfg(feature = "net")]
pub(crate) use sockets::*;
