//! Nintendo 3DS: poll(2), without a waker: there are neither pipes nor eventfds.

#[cfg(feature = "os-poll")]
#[path = "../unix"]
mod events {
    pub(crate) mod descriptor;
    #[path = "forks/none.rs"]
    pub(crate) mod forks;
    #[path = "notifier/none.rs"]
    pub(crate) mod no_notifier;
    pub(crate) mod notifier;
    #[path = "descriptor/no_pipe.rs"]
    pub(crate) mod pipe2;
    pub(crate) mod posix_poll;
    #[path = "posix_poll/not_exact.rs"]
    pub(crate) mod ppoll;

    pub(crate) type Selector = posix_poll::PosixPoll<no_notifier::NoNotifier>;
    pub(crate) use crate::sys::ffi::POLLPRI as PRIORITY;
    pub(crate) const READ_HANG_UP: crate::sys::PollBits = 0;
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
        tcp_backlog: 20,
        ..Facts::PLAIN
    };
}
#[cfg(feature = "net")]
pub(crate) use sockets::*;
