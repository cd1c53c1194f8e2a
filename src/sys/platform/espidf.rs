//! ESP-IDF: poll(2) of lwIP, woken by an eventfd of its virtual file system. Nothing is inherited: there is no exec(2).

#[cfg(feature = "os-poll")]
#[path = "../unix"]
mod events {
    pub(crate) mod descriptor;
    #[path = "notifier/eventfd.rs"]
    pub(crate) mod eventfd;
    #[path = "forks/none.rs"]
    pub(crate) mod forks;
    pub(crate) mod notifier;
    #[path = "descriptor/pipe_then_flags/syscall.rs"]
    pub(crate) mod pipe2;
    pub(crate) mod posix_poll;
    #[path = "posix_poll/not_exact.rs"]
    pub(crate) mod ppoll;

    pub(crate) type Selector = posix_poll::PosixPoll<eventfd::EventFd>;
    /// The counter is non-blocking by itself, and nothing is inherited: a flag that says so is refused.
    pub(crate) const EFD_NONBLOCK: std::ffi::c_int = 0;
    pub(crate) const EFD_CLOEXEC: std::ffi::c_int = 0;
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

    use socket::facts::{Facts, Later};
    pub(crate) const SOCKETS: Facts = Facts {
        later: Later::Nonblock,
        after_accept: Later::Nonblock,
        ..Facts::PLAIN
    };
}
#[cfg(feature = "net")]
pub(crate) use sockets::*;
