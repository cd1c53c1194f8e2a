//! Handles one can wait for, whose signals come to a port as packets.
//!
//! Two means lead there. A wait completion packet is an object of the kernel that waits and sends its packet itself. Where
//! there is none, a thread of the system's pool waits, and posts. Both send a number and no memory; `state` says which packets
//! are events.
//!
//! The handle is duplicated, for both means want one that stays open while they wait.

mod state;
#[cfg(all(test, windows))]
mod tests;
#[cfg(windows)]
mod wait_set;

#[cfg(windows)]
pub(crate) use wait_set::{WaitBackend, WaitSet};
