//! Fake kernels and hosts, for tests only. Linux plays the other Unix systems and WASI; every host
//! plays Windows.

cfg_kqueue! {
    #[cfg(target_os = "linux")]
    pub(crate) mod kqueue;
}
cfg_event_ports! {
    #[cfg(target_os = "linux")]
    pub(crate) mod event_ports;
}
#[cfg(all(test, any(not(windows), feature = "os-ext")))]
pub(crate) mod choices;
#[cfg(all(
    target_os = "linux",
    any(
        mio_fault_injection,
        mio_fake_kernel = "apple",
        mio_fake_kernel = "dragonfly",
        mio_fake_kernel = "freebsd",
        mio_fake_kernel = "netbsd",
        mio_fake_kernel = "openbsd",
        mio_fake_kernel = "solaris"
    )
))]
// Without the flag no suite outside of the crate uses it.
#[cfg_attr(not(mio_fault_injection), allow(unreachable_pub))]
pub(crate) mod injection;
#[cfg(any(
    mio_fake_kernel = "apple",
    mio_fake_kernel = "dragonfly",
    mio_fake_kernel = "freebsd",
    mio_fake_kernel = "netbsd",
    mio_fake_kernel = "openbsd",
    mio_fake_kernel = "solaris"
))]
mod syscall;
#[cfg(all(target_os = "linux", any(test, mio_fake_kernel = "wasip1")))]
pub(crate) mod wasip1;
#[cfg(all(test, not(windows)))]
#[allow(clippy::expect_used, clippy::unwrap_used)] // Unit tests alone use it.
pub(crate) mod windows;
