//! PlayStation Vita: poll(2) of newlib, woken by a pipe. Nothing is inherited: there is no exec(2).

#[cfg(feature = "os-poll")]
#[path = "../unix"]
mod events {
    pub(crate) mod descriptor;
    #[path = "forks/none.rs"]
    pub(crate) mod forks;
    pub(crate) mod notifier;
    #[path = "notifier/pipe.rs"]
    pub(crate) mod pipe;
    #[path = "descriptor/pipe2/syscall.rs"]
    pub(crate) mod pipe2;
    pub(crate) mod posix_poll;
    #[path = "posix_poll/not_exact.rs"]
    pub(crate) mod ppoll;

    pub(crate) type Selector = posix_poll::PosixPoll<pipe::Pipe>;
    /// POLLPRI is POLLIN here: it would report priority data for any data.
    pub(crate) const PRIORITY: std::ffi::c_short = 0;
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
        later: Later::Nonblock,
        after_accept: Later::Nonblock,
        unix_backlog: libc::SOMAXCONN,
        ..Facts::PLAIN
    };
}
#[cfg(feature = "net")]
pub(crate) use sockets::*;
