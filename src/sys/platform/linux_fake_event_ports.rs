//! Linux playing Solaris' event ports, for tests only: see the double's own head. Sockets are those of Linux.

#[cfg(not(mio_unsupported_force_poll_poll))]
#[path = "../../unix/selector_fd.rs"]
mod selector_fd;

#[cfg(feature = "os-poll")]
#[path = "../unix"]
mod events {
    pub(crate) mod descriptor;
    pub(crate) mod event_ports;
    #[path = "../../testing/event_ports/mod.rs"]
    pub(crate) mod fake_event_ports;
    #[cfg_attr(miri, path = "forks/none.rs")]
    #[cfg_attr(not(miri), path = "forks/linux/syscall.rs")]
    pub(crate) mod forks;
    pub(crate) mod notifier;
    #[cfg(any(test, mio_unsupported_force_poll_poll))]
    #[path = "notifier/pipe.rs"]
    pub(crate) mod pipe;
    #[path = "descriptor/pipe2/syscall.rs"]
    pub(crate) mod pipe2;
    #[cfg(any(test, mio_unsupported_force_poll_poll))]
    pub(crate) mod posix_poll;
    #[path = "posix_poll/not_exact.rs"]
    pub(crate) mod ppoll;

    #[cfg(not(mio_unsupported_force_poll_poll))]
    pub(crate) type Selector = event_ports::EventPorts;
    #[cfg(mio_unsupported_force_poll_poll)]
    pub(crate) type Selector = posix_poll::PosixPoll<pipe::Pipe>;
    pub(crate) use crate::sys::ffi::POLLPRI as PRIORITY;
    pub(crate) const READ_HANG_UP: std::ffi::c_short = 0;
}
#[cfg(feature = "os-poll")]
pub(crate) use events::*;

#[cfg(feature = "net")]
#[path = "linux_sockets.rs"]
mod sockets;
#[cfg(feature = "net")]
pub(crate) use sockets::*;
