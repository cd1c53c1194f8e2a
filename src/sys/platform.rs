//! The platform that cannot be constructed: a system without a page. `Poll::new` is `Unsupported`, and so are new sockets.

#[cfg(feature = "os-poll")]
#[path = "../unsupported/selector.rs"]
mod selector;
#[cfg(feature = "os-poll")]
pub(crate) use selector::Selector;

#[cfg(feature = "net")]
#[path = "../unsupported/socket.rs"]
pub(crate) mod socket;
