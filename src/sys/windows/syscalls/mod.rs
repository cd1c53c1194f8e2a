//! Every call into Windows, one file a topic.
//!
//! All unsafe code of Windows is here and in `iocp/in_flight.rs`.

#[cfg(feature = "os-poll")]
pub(super) mod afd;
#[cfg(feature = "os-poll")]
pub(super) mod completion_port;
#[cfg(feature = "os-poll")]
pub(super) mod faults;
#[cfg(feature = "os-ext")]
pub(super) mod named_pipe;
#[cfg(feature = "os-ext")]
pub(super) mod pool_wait;
#[cfg(feature = "net")]
pub(super) mod socket;
#[cfg(feature = "os-poll")]
pub(super) mod socket_query;
#[cfg(feature = "os-ext")]
pub(super) mod wait_packet;
#[cfg(any(feature = "os-poll", feature = "net"))]
pub(super) mod winsock;
