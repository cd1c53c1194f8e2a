//! Windows: sockets are polled by the driver AFD, and all completions arrive at one completion
//! port.
//!
//! | module | what it does | feature |
//! |---|---|---|
//! | [`afd`] | the selector: edge-triggered readiness of sockets | `os-poll` |
//! | [`iocp`] | the completion port, and the memory of operations in flight | `os-poll` |
//! | [`named_pipe`] | readiness of named pipes from overlapped reads and writes | `os-ext` |
//! | [`wait`] | readiness of waitable handles (processes, events, timers) | `os-ext` |
//! | [`socket`] | creating, binding, connecting and accepting sockets | `net` |
//! | [`syscalls`] | every call into Windows, one file a topic | |
//!
//! # Portable tests
//!
//! What makes no system call compiles on every host under `cfg(test)`, so that the unit tests of
//! the state machines run everywhere. Such a module names the system only through [`platform`]:
//! on Windows that is the real one, elsewhere the fake kernel in `src/testing/windows`.

#[cfg(feature = "os-poll")]
pub(crate) mod afd;
#[cfg(feature = "os-poll")]
pub(crate) mod event;
#[cfg(all(windows, feature = "os-poll"))]
pub(crate) mod iocp;
#[cfg(feature = "os-ext")]
pub(crate) mod named_pipe;
#[cfg(feature = "os-poll")]
pub(crate) mod ntstatus;
#[cfg(all(windows, feature = "net"))]
pub(crate) mod socket;
#[cfg(windows)]
mod syscalls;
#[cfg(feature = "os-ext")]
pub(crate) mod wait;
#[cfg(any(feature = "os-poll", all(windows, feature = "net")))]
mod winsock;

/// What the portable modules name of the system.
#[cfg(all(windows, any(feature = "os-poll", feature = "net")))]
mod platform {
    pub(super) use super::syscalls;

    #[cfg(feature = "os-poll")]
    pub(super) use super::iocp;
    #[cfg(feature = "os-poll")]
    pub(super) use crate::sys::ffi;
    #[cfg(feature = "os-poll")]
    pub(super) use std::os::windows::io::{AsHandle, BorrowedHandle, OwnedHandle, RawSocket};

    /// The clock.
    #[cfg(feature = "os-poll")]
    #[inline]
    pub(super) fn now() -> std::time::Instant {
        std::time::Instant::now()
    }
}

#[cfg(not(windows))]
use crate::testing::windows as platform;
