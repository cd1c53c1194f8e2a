//! Operating-system bindings, machine-written: one module for each system, picked by `cfg`.
//!
//! Written by `cargo codegen`; do not edit. A system without a page in the library has no module here.

#[cfg(any(target_vendor = "apple", mio_kqueue_double = "apple"))]
pub(crate) mod apple;
#[cfg(target_vendor = "apple")]
pub(crate) use apple::*;

#[cfg(any(target_os = "freebsd", mio_kqueue_double = "freebsd"))]
pub(crate) mod freebsd;
#[cfg(target_os = "freebsd")]
pub(crate) use freebsd::*;

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) mod linux;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use linux::*;

#[cfg(any(target_os = "netbsd", mio_kqueue_double = "netbsd"))]
pub(crate) mod netbsd;
#[cfg(target_os = "netbsd")]
pub(crate) use netbsd::*;

#[cfg(any(target_os = "openbsd", mio_kqueue_double = "openbsd"))]
pub(crate) mod openbsd;
#[cfg(target_os = "openbsd")]
pub(crate) use openbsd::*;
