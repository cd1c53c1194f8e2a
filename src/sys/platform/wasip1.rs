//! WASI preview 1: `poll_oneoff`. Nothing wakes it from outside. Sockets are handed in: the guest can accept, but neither connect
//! nor bind.

#[cfg(feature = "os-poll")]
#[path = "../wasip1"]
mod events {
    pub(crate) mod poll_oneoff;
    #[path = "syscall.rs"]
    mod preview1;

    pub(crate) type Selector = poll_oneoff::PollOneoff<preview1::Preview1>;
}
#[cfg(feature = "os-poll")]
pub(crate) use events::*;

#[cfg(feature = "net")]
#[path = "../unsupported/socket.rs"]
pub(crate) mod socket;
