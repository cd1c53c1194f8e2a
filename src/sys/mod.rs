//! The switch: which page of `os/` this system is, and what the layers above see of it.

#[allow(dead_code)] // Without a selector some of its methods have no caller.
pub(crate) mod contract;
#[allow(dead_code)] // Which of them a build uses depends on its features.
pub(crate) mod errors;

#[cfg(all(test, unix, feature = "os-poll"))]
mod contract_tests;

#[cfg_attr(any(target_os = "linux", target_os = "android"), path = "os/linux.rs")]
#[cfg(any(target_os = "linux", target_os = "android"))]
mod os;
#[cfg(any(target_os = "linux", target_os = "android"))]
#[allow(unused_imports)] // Without features a page is empty.
pub(crate) use os::*;

#[cfg(not(all(feature = "os-poll", any(target_os = "linux", target_os = "android"))))]
#[path = "os/mod.rs"]
mod none;
#[cfg(not(all(feature = "os-poll", any(target_os = "linux", target_os = "android"))))]
pub(crate) use none::Selector;

#[cfg(feature = "os-poll")]
pub(crate) mod atomic;
#[cfg(feature = "os-poll")]
pub(crate) mod kernel_vec;
#[cfg(feature = "os-poll")]
#[allow(dead_code)] // Used by the selectors that emulate edges.
pub(crate) mod lanes;
#[cfg(feature = "os-poll")]
pub(crate) mod raw;
#[cfg(feature = "os-poll")]
pub(crate) mod timeout;
#[cfg(feature = "os-poll")]
pub(crate) mod wake_bits;

/// One event of this platform.
pub(crate) type Record = <Selector as contract::Selector>::Record;
/// This platform's buffer of events.
pub(crate) type Records = <Selector as contract::Selector>::Records;

/// The number by which the system knows a source.
#[cfg(unix)]
#[allow(dead_code)] // Without a selector and without sources nobody asks.
pub(crate) type Raw = std::os::fd::RawFd;
/// A system without a page has no sources.
#[cfg(not(unix))]
pub(crate) type Raw = std::convert::Infallible;

/// Something that the system knows by a number.
#[allow(dead_code)] // Without `net` and `os-ext` there are no sources.
pub(crate) trait AsRaw {
    /// The number.
    fn as_raw(&self) -> Raw;
}

#[cfg(unix)]
impl<T: std::os::fd::AsRawFd> AsRaw for T {
    fn as_raw(&self) -> Raw {
        self.as_raw_fd()
    }
}

#[cfg(all(unix, not(all(feature = "os-poll", any(target_os = "linux", target_os = "android")))))]
impl std::os::fd::AsFd for Selector {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        match *self {}
    }
}
