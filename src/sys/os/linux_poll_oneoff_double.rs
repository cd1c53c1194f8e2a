//! Linux playing a host of WASI preview 1, for tests only: see the double's own head. Sockets are those of Linux.

#[cfg(feature = "os-poll")]
#[path = "../unix"]
mod events {
    pub(crate) mod descriptor;
    #[path = "descriptor/pipe2/syscall.rs"]
    pub(crate) mod new_pipe;

    use crate::sys::wasip1_hosts::{Double, Wasmtime, poll_oneoff};
    pub(crate) type Selector = poll_oneoff::PollOneoff<Double<Wasmtime>>;
}
#[cfg(feature = "os-poll")]
pub(crate) use events::*;

#[cfg(feature = "net")]
#[path = "../unix"]
mod sockets {
    use crate::sys::android;

    #[path = "uds/abstract_name.rs"]
    pub(crate) mod abstract_name;
    pub(crate) mod socket;
    #[path = "socket/write_nosignal/mod.rs"]
    pub(crate) mod socket_write;
    pub(crate) mod uds;

    pub(crate) const SOCKETS: socket::facts::Facts = socket::facts::Facts {
        at_once: libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC,
        later: socket::facts::Later::Nothing,
        accept4: if android::FORBIDS_ACCEPT4 {
            None
        } else {
            Some(libc::accept4)
        },
        unix_backlog: if android::IS { libc::SOMAXCONN } else { -1 },
        ..socket::facts::Facts::PLAIN
    };
}
#[cfg(feature = "net")]
pub(crate) use sockets::*;
