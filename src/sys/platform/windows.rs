//! Windows: AFD, the driver of sockets, polls them; its answers come through a completion port, as do wakes.

#[cfg(feature = "os-poll")]
#[path = "../windows"]
mod events {
    pub(crate) mod afd;
    pub(crate) mod event;
    pub(crate) mod iocp;
    #[cfg(feature = "os-ext")]
    pub(crate) mod named_pipe;
    #[cfg(feature = "os-ext")]
    pub(crate) mod wait;

    pub(crate) type Selector = afd::Afd;
}
#[cfg(feature = "os-poll")]
pub(crate) use events::*;

#[cfg(any(feature = "os-poll", feature = "net"))]
#[path = "../windows/winsock/mod.rs"]
pub(crate) mod winsock;

#[cfg(feature = "net")]
#[path = "../windows/socket/mod.rs"]
pub(crate) mod socket;
