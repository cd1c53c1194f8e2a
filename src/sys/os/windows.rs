//! Windows.

#[cfg(feature = "os-poll")]
#[path = "../none/selector.rs"]
mod selector;
#[cfg(feature = "os-poll")]
pub(crate) use selector::Selector;

#[cfg(any(feature = "os-poll", feature = "net"))]
#[path = "../windows/winsock/mod.rs"]
pub(crate) mod winsock;

#[cfg(feature = "net")]
#[path = "../windows/socket/mod.rs"]
pub(crate) mod socket;
