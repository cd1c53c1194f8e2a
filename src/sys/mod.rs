//! The switch: which page of `os/` this system is, and what the layers above see of it.
//!
//! To add a system, write its page and name it in the list here; nothing else below `src/` changes.

#[allow(dead_code)] // Which of them a build uses depends on its features.
pub(crate) mod errors;
#[allow(dead_code)] // Without a selector some of its methods have no caller.
pub(crate) mod selector;

#[cfg(all(
    test,
    any(unix, windows),
    feature = "os-poll",
    not(mio_fake_kernel = "wasip1")
))]
mod selector_tests;
// Hosts of WASI, played by Linux.
#[cfg(all(
    any(test, mio_fake_kernel = "wasip1"),
    target_os = "linux",
    feature = "os-poll"
))]
#[allow(dead_code)] // Outside of unit tests one host is played.
#[path = "../testing/wasip1/mod.rs"]
mod fake_wasip1;

// Other systems compile the state machines of Windows for their unit tests.
#[cfg(any(windows, all(test, feature = "os-poll")))]
pub(crate) mod windows;

#[cfg_attr(target_os = "aix", path = "platform/aix.rs")]
#[cfg_attr(target_vendor = "apple", path = "platform/apple.rs")]
#[cfg_attr(target_os = "cygwin", path = "platform/cygwin.rs")]
#[cfg_attr(target_os = "dragonfly", path = "platform/dragonfly.rs")]
#[cfg_attr(target_os = "emscripten", path = "platform/emscripten.rs")]
#[cfg_attr(target_os = "espidf", path = "platform/espidf.rs")]
#[cfg_attr(target_os = "freebsd", path = "platform/freebsd.rs")]
#[cfg_attr(target_os = "fuchsia", path = "platform/fuchsia.rs")]
#[cfg_attr(target_os = "haiku", path = "platform/haiku.rs")]
#[cfg_attr(target_os = "hermit", path = "platform/hermit.rs")]
#[cfg_attr(target_os = "horizon", path = "platform/horizon.rs")]
#[cfg_attr(target_os = "hurd", path = "platform/hurd.rs")]
#[cfg_attr(target_os = "illumos", path = "platform/illumos.rs")]
#[cfg_attr(
    all(
        any(target_os = "linux", target_os = "android"),
        not(any(
            mio_fake_kernel = "solaris",
            mio_fake_kernel = "wasip1",
            mio_fake_kernel = "apple",
            mio_fake_kernel = "dragonfly",
            mio_fake_kernel = "freebsd",
            mio_fake_kernel = "netbsd",
            mio_fake_kernel = "openbsd"
        ))
    ),
    path = "platform/linux.rs"
)]
#[cfg_attr(
    mio_fake_kernel = "solaris",
    path = "platform/linux_fake_event_ports.rs"
)]
#[cfg_attr(mio_fake_kernel = "wasip1", path = "platform/linux_fake_wasip1.rs")]
#[cfg_attr(
    any(
        mio_fake_kernel = "apple",
        mio_fake_kernel = "dragonfly",
        mio_fake_kernel = "freebsd",
        mio_fake_kernel = "netbsd",
        mio_fake_kernel = "openbsd"
    ),
    path = "platform/linux_fake_kqueue.rs"
)]
#[cfg_attr(target_os = "netbsd", path = "platform/netbsd.rs")]
#[cfg_attr(target_os = "nto", path = "platform/nto.rs")]
#[cfg_attr(target_os = "nuttx", path = "platform/nuttx.rs")]
#[cfg_attr(target_os = "openbsd", path = "platform/openbsd.rs")]
#[cfg_attr(target_os = "redox", path = "platform/redox.rs")]
#[cfg_attr(target_os = "solaris", path = "platform/solaris.rs")]
#[cfg_attr(target_os = "vita", path = "platform/vita.rs")]
#[cfg_attr(
    all(target_os = "wasi", target_env = "p1"),
    path = "platform/wasip1.rs"
)]
#[cfg_attr(
    all(target_os = "wasi", not(target_env = "p1")),
    path = "platform/wasip2.rs"
)]
#[cfg_attr(windows, path = "platform/windows.rs")]
#[allow(dead_code)] // Which of its mechanisms' functions a build uses depends on its features.
mod platform;
#[allow(unused_imports)] // Without features a page is empty.
pub(crate) use platform::*;

// A system with a page has no queue without `os-poll`.
#[cfg(not(feature = "os-poll"))]
#[path = "unsupported/selector.rs"]
mod unsupported;
#[cfg(not(feature = "os-poll"))]
pub(crate) use unsupported::Selector;

#[cfg(feature = "net")]
mod socket_api;

#[cfg(feature = "os-poll")]
#[allow(dead_code)] // A system without a page has no flags.
pub(crate) mod flags;
#[cfg(feature = "os-poll")]
#[allow(dead_code)] // For queues in the kernel.
pub(crate) mod kernel_vec;
#[cfg(feature = "os-poll")]
#[allow(dead_code)] // Used by the selectors that emulate edges.
pub(crate) mod level_backoff;
#[cfg(all(
    feature = "os-poll",
    any(unix, target_os = "hermit", target_os = "wasi")
))]
#[allow(dead_code)] // Used by the selectors that emulate edges.
pub(crate) mod slab;
#[cfg(feature = "os-poll")]
#[allow(dead_code, unused_imports)] // Which of it a selector uses depends on the platform.
pub(crate) mod sync;
// Sockets need bindings on Windows.
#[cfg(feature = "os-poll")]
#[allow(dead_code)] // Used by the selectors that make their records themselves.
pub(crate) mod event_buffer;
#[cfg(any(feature = "os-poll", all(windows, feature = "net")))]
#[allow(unused_imports)] // A system without a page has no bindings.
pub(crate) mod ffi;
#[cfg(feature = "os-poll")]
#[allow(dead_code)] // Used by the selectors that count in milliseconds.
pub(crate) mod timeout;
#[cfg(feature = "os-poll")]
#[allow(dead_code)] // For queues in the kernel.
pub(crate) mod wake_bits;

/// The type of poll(2)'s conditions.
#[cfg(all(feature = "os-poll", not(target_os = "horizon")))]
#[allow(dead_code)] // For poll(2).
pub(crate) type PollBits = std::ffi::c_short;
/// The type of poll(2)'s conditions.
#[cfg(all(feature = "os-poll", target_os = "horizon"))]
pub(crate) type PollBits = std::ffi::c_int;

/// Whether a blocked poll(2) returns for a hang-up or error of an entry that asks for no events.
/// POSIX does not say so; Linux does it
/// ([`do_pollfd`](https://github.com/torvalds/linux/blob/v6.12/fs/select.c) always waits for both),
/// FreeBSD 13.1 does not for sockets.
#[cfg(feature = "os-poll")]
#[allow(dead_code)] // For poll(2).
pub(crate) const POLL_RETURNS_FOR_HANG_UP: bool =
    cfg!(any(target_os = "linux", target_os = "android"));
/// Whether only those system calls may be made that mio 1.2 makes, too: in a sandbox that kills a
/// process for any other.
#[cfg(any(feature = "net", feature = "os-poll"))]
#[allow(dead_code)] // For Linux.
pub(crate) const UPSTREAM_CALLS: bool = cfg!(mio_unsupported_force_upstream_calls);

/// Whether a newer system call must not even be tried. Android's sandbox of apps kills the process
/// (SIGSYS), and Miri ends the program at a call that it does not know.
#[cfg(any(feature = "net", feature = "os-poll"))]
#[allow(dead_code)] // For Linux.
pub(crate) const NO_NEW_CALLS: bool = android::IS || UPSTREAM_CALLS || cfg!(miri);

/// How Android differs from other Linux systems.
#[cfg(any(feature = "net", feature = "os-poll"))]
#[allow(dead_code)] // For its page.
pub(crate) mod android {
    /// Whether this is Android.
    pub(crate) const IS: bool = cfg!(target_os = "android");

    /// Whether accept4(2) kills the process: the sandbox on x86 forbids it.
    pub(crate) const FORBIDS_ACCEPT4: bool = cfg!(all(target_os = "android", target_arch = "x86"));
}

#[cfg(all(target_os = "android", feature = "net"))]
pub(crate) use std::os::android::net::SocketAddrExt as AbstractName;
#[cfg(all(target_os = "linux", feature = "net"))]
pub(crate) use std::os::linux::net::SocketAddrExt as AbstractName;

/// One event of this platform.
pub(crate) type Event = <Selector as selector::Selector>::Event;
/// This platform's buffer of events.
pub(crate) type Events = <Selector as selector::Selector>::Events;

/// The number by which the system knows a source.
#[cfg(any(unix, target_os = "hermit", target_os = "wasi"))]
#[allow(dead_code)] // Without a selector and without sources nobody asks.
pub(crate) type Raw = std::os::fd::RawFd;
/// The number by which the system knows a socket.
#[cfg(windows)]
#[allow(dead_code)] // Without a selector and without sources nobody asks.
pub(crate) type Raw = std::os::windows::io::RawSocket;
/// A system without a page has no sources, so nobody asks.
#[cfg(not(any(unix, windows, target_os = "hermit", target_os = "wasi")))]
pub(crate) type Raw = ();

/// Something that the system knows by a number.
#[allow(dead_code)] // Without `net` and `os-ext` there are no sources.
pub(crate) trait AsRaw {
    /// The number.
    fn as_raw(&self) -> Raw;
}

#[cfg(any(unix, target_os = "hermit", target_os = "wasi"))]
impl<T: std::os::fd::AsRawFd> AsRaw for T {
    fn as_raw(&self) -> Raw {
        self.as_raw_fd()
    }
}

#[cfg(windows)]
impl<T: std::os::windows::io::AsRawSocket> AsRaw for T {
    fn as_raw(&self) -> Raw {
        self.as_raw_socket()
    }
}

#[cfg(not(any(unix, windows, target_os = "hermit", target_os = "wasi")))]
impl<T> AsRaw for T {
    fn as_raw(&self) -> Raw {}
}
