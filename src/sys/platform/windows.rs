//! Windows: AFD, the driver of sockets, polls them; its completions come through a completion port, as do wakes.

#[cfg(feature = "os-poll")]
pub(crate) use crate::sys::windows::afd::Afd as Selector;
#[cfg(feature = "net")]
pub(crate) use crate::sys::windows::socket;
