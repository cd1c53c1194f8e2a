//! Fake kernels and hosts, for tests only: Linux plays another system.

cfg_kqueue! {
    pub(crate) mod kqueue;
}
cfg_event_ports! {
    pub(crate) mod event_ports;
}
#[cfg(any(
    mio_fake_kernel = "apple",
    mio_fake_kernel = "dragonfly",
    mio_fake_kernel = "freebsd",
    mio_fake_kernel = "netbsd",
    mio_fake_kernel = "openbsd",
    mio_fake_kernel = "solaris"
))]
mod syscall;
#[cfg(any(test, mio_fake_kernel = "wasip1"))]
pub(crate) mod wasip1;
