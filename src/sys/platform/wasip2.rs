//! WASI preview 2: wasi-libc's poll(2). Nothing wakes it from outside, and nothing is inherited: there are no processes.

#[cfg(feature = "os-poll")]
#[path = "../unix"]
mod events {
    #[path = "forks/none.rs"]
    pub(crate) mod forks;
    #[path = "notifier/none.rs"]
    mod no_notifier;
    pub(crate) mod notifier;
    pub(crate) mod posix_poll;
    #[path = "posix_poll/compact/mod.rs"]
    pub(crate) mod ppoll;

    pub(crate) type Selector = posix_poll::PosixPoll<no_notifier::NoNotifier>;
    // There is no priority data, and no sign of a half-close beside an end of file.
    pub(crate) const PRIORITY: std::ffi::c_short = 0;
    pub(crate) const READ_HANG_UP: std::ffi::c_short = 0;
}
#[cfg(feature = "os-poll")]
pub(crate) use events::*;

#[cfg(feature = "net")]
#[path = "../unix"]
mod sockets {
    pub(crate) mod socket;
    #[path = "socket/write_std.rs"]
    pub(crate) mod socket_write;

    use socket::facts::{Facts, Later};
    pub(crate) const SOCKETS: Facts = Facts {
        at_once: libc::SOCK_NONBLOCK,
        later: Later::Nothing,
        after_accept: Later::Nonblock,
        ..Facts::PLAIN
    };
}
#[cfg(feature = "net")]
pub(crate) use sockets::*;
