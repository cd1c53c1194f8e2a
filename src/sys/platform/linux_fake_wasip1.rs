//! Linux playing a host of WASI preview 1, for tests only: see the double's own head. Sockets are those of Linux.

#[cfg(feature = "os-poll")]
#[path = "../unix"]
mod events {
    pub(crate) mod descriptor;
    #[path = "descriptor/pipe2/syscall.rs"]
    pub(crate) mod pipe2;

    use crate::sys::fake_wasip1::{FakeHost, Wasmtime48, poll_oneoff};
    pub(crate) type Selector = poll_oneoff::PollOneoff<FakeHost<Wasmtime48>>;
}
#[cfg(feature = "os-poll")]
pub(crate) use events::*;

#[cfg(feature = "net")]
#[path = "linux_sockets.rs"]
mod sockets;
#[cfg(feature = "net")]
pub(crate) use sockets::*;
