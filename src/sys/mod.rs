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

#[cfg(all(unix, feature = "net"))]
#[path = "unix/socket/abstract_name.rs"]
pub(crate) mod abstract_name;
#[cfg(feature = "net")]
mod socket_contract;
#[cfg(all(target_os = "android", feature = "net"))]
pub(crate) use std::os::android::net::SocketAddrExt as AbstractName;
#[cfg(all(target_os = "linux", feature = "net"))]
pub(crate) use std::os::linux::net::SocketAddrExt as AbstractName;

#[cfg(feature = "os-poll")]
#[allow(unused_imports)] // For queues in the kernel.
pub(crate) mod atomic;
#[cfg(feature = "os-poll")]
pub(crate) mod flags;
#[cfg(feature = "os-poll")]
#[allow(dead_code)] // For queues in the kernel.
pub(crate) mod kernel_vec;
#[cfg(feature = "os-poll")]
#[allow(dead_code)] // Used by the selectors that emulate edges.
pub(crate) mod lanes;
#[cfg(feature = "os-poll")]
pub(crate) mod raw;
#[cfg(feature = "os-poll")]
pub(crate) mod timeout;
#[cfg(feature = "os-poll")]
#[allow(dead_code)] // For queues in the kernel.
pub(crate) mod wake_bits;

/// Facts about sockets that differ between systems of one kind.
#[cfg(all(unix, feature = "net"))]
#[allow(dead_code)] // A system without a page asks for none.
pub(crate) mod socket_facts {
    use std::ffi::c_int;

    /// Whether accept4(2) may be called: Android on x86 kills the process for it.
    pub(crate) const ACCEPT4: bool = !cfg!(all(target_os = "android", target_arch = "x86"));

    /// How many TCP connections may wait to be accepted: std's number. Linux takes at most net.core.somaxconn.
    pub(crate) const TCP_BACKLOG: c_int = 128;

    /// The same for Unix sockets, std's number again. -1 is as many as the system allows.
    pub(crate) const UNIX_BACKLOG: c_int = if cfg!(target_os = "linux") {
        -1
    } else {
        libc::SOMAXCONN
    };
}

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

#[cfg(all(
    unix,
    not(all(feature = "os-poll", any(target_os = "linux", target_os = "android")))
))]
impl std::os::fd::AsFd for Selector {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        match *self {}
    }
}
