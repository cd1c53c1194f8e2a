//! AIX: poll(2), woken by a pipe.

#[cfg(feature = "os-poll")]
#[path = "../unix"]
mod events {
    pub(crate) mod descriptor;
    #[path = "forks/atfork/syscall.rs"]
    pub(crate) mod forks;
    pub(crate) mod notifier;
    #[path = "notifier/pipe.rs"]
    pub(crate) mod pipe;
    #[path = "descriptor/pipe_then_flags/syscall.rs"]
    pub(crate) mod pipe2;
    pub(crate) mod posix_poll;
    #[path = "posix_poll/not_exact.rs"]
    pub(crate) mod ppoll;

    pub(crate) type Selector = posix_poll::PosixPoll<pipe::Pipe>;
    pub(crate) use crate::sys::ffi::POLLPRI as PRIORITY;
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
    #[path = "socket/write_nosignal/mod.rs"]
    pub(crate) mod socket_write;
    pub(crate) mod uds;

    use socket::facts::Facts;
    pub(crate) const SOCKETS: Facts = Facts {
        unix_backlog: libc::SOMAXCONN,
        ..Facts::PLAIN
    };
}
#[cfg(feature = "net")]
pub(crate) use sockets::*;
