//! Readiness of waitable handles (processes, events, timers), reported through the completion port.
//!
//! There are two backends. A wait completion packet is a kernel object that waits for a handle and
//! queues a packet itself. Without these (before Windows 8, and on Wine 8) a thread of the system's
//! pool waits and posts a packet. Both packets carry a receiver id and no memory; [`state`] decides
//! which of them are events.
//!
//! The handle is duplicated, since both backends need it to stay open while they wait
//! ([RegisterWaitForSingleObject]: closing it during the wait is undefined).
//!
//! [RegisterWaitForSingleObject]: https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-registerwaitforsingleobject

mod state;
#[cfg(all(test, windows))]
mod tests;
#[cfg(windows)]
mod wait_set;

#[cfg(windows)]
pub(crate) use wait_set::{WaitBackend, WaitSet};
