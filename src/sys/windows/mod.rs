//! The mechanisms of Windows.

#[cfg(feature = "os-poll")]
pub(crate) mod afd;
#[cfg(feature = "os-poll")]
pub(crate) mod event;
#[cfg(feature = "os-poll")]
pub(crate) mod iocp;
#[cfg(feature = "os-ext")]
pub(crate) mod named_pipe;
#[cfg(feature = "net")]
pub(crate) mod socket;
#[cfg(feature = "os-ext")]
pub(crate) mod wait;
pub(crate) mod winsock;
