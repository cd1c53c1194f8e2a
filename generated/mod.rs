//! Operating-system bindings, machine-written: one module for each system with a page in the library, picked by `cfg`.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Inputs: sha256 16ca82a6dd7a60204671e04f298a587f43224ffa36a0a12e042bd088aa6eafa9.

#[cfg(target_os = "aix")]
pub(crate) mod aix;
#[cfg(target_os = "aix")]
pub(crate) use aix::*;

#[cfg(any(target_vendor = "apple", mio_fake_kernel = "apple"))]
pub(crate) mod apple;
#[cfg(target_vendor = "apple")]
pub(crate) use apple::*;

#[cfg(target_os = "cygwin")]
pub(crate) mod cygwin;
#[cfg(target_os = "cygwin")]
pub(crate) use cygwin::*;

#[cfg(any(target_os = "dragonfly", mio_fake_kernel = "dragonfly"))]
pub(crate) mod dragonfly;
#[cfg(target_os = "dragonfly")]
pub(crate) use dragonfly::*;

#[cfg(target_os = "emscripten")]
pub(crate) mod emscripten;
#[cfg(target_os = "emscripten")]
pub(crate) use emscripten::*;

#[cfg(target_os = "espidf")]
pub(crate) mod espidf;
#[cfg(target_os = "espidf")]
pub(crate) use espidf::*;

#[cfg(any(target_os = "freebsd", mio_fake_kernel = "freebsd"))]
pub(crate) mod freebsd;
#[cfg(target_os = "freebsd")]
pub(crate) use freebsd::*;

#[cfg(target_os = "fuchsia")]
pub(crate) mod fuchsia;
#[cfg(target_os = "fuchsia")]
pub(crate) use fuchsia::*;

#[cfg(target_os = "haiku")]
pub(crate) mod haiku;
#[cfg(target_os = "haiku")]
pub(crate) use haiku::*;

#[cfg(target_os = "hermit")]
pub(crate) mod hermit;
#[cfg(target_os = "hermit")]
pub(crate) use hermit::*;

#[cfg(target_os = "horizon")]
pub(crate) mod horizon;
#[cfg(target_os = "horizon")]
pub(crate) use horizon::*;

#[cfg(target_os = "hurd")]
pub(crate) mod hurd;
#[cfg(target_os = "hurd")]
pub(crate) use hurd::*;

#[cfg(target_os = "illumos")]
pub(crate) mod illumos;
#[cfg(target_os = "illumos")]
pub(crate) use illumos::*;

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) mod linux;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use linux::*;

#[cfg(any(target_os = "netbsd", mio_fake_kernel = "netbsd"))]
pub(crate) mod netbsd;
#[cfg(target_os = "netbsd")]
pub(crate) use netbsd::*;

#[cfg(target_os = "nto")]
pub(crate) mod nto;
#[cfg(target_os = "nto")]
pub(crate) use nto::*;

#[cfg(target_os = "nuttx")]
pub(crate) mod nuttx;
#[cfg(target_os = "nuttx")]
pub(crate) use nuttx::*;

#[cfg(any(target_os = "openbsd", mio_fake_kernel = "openbsd"))]
pub(crate) mod openbsd;
#[cfg(target_os = "openbsd")]
pub(crate) use openbsd::*;

#[cfg(target_os = "redox")]
pub(crate) mod redox;
#[cfg(target_os = "redox")]
pub(crate) use redox::*;

#[cfg(any(target_os = "solaris", mio_fake_kernel = "solaris"))]
pub(crate) mod solaris;
#[cfg(target_os = "solaris")]
pub(crate) use solaris::*;

#[cfg(target_os = "vita")]
pub(crate) mod vita;
#[cfg(target_os = "vita")]
pub(crate) use vita::*;

#[cfg(all(target_os = "wasi", target_env = "p1"))]
pub(crate) mod wasip1;
#[cfg(all(target_os = "wasi", target_env = "p1"))]
pub(crate) use wasip1::*;

#[cfg(all(target_os = "wasi", not(target_env = "p1")))]
pub(crate) mod wasip2;
#[cfg(all(target_os = "wasi", not(target_env = "p1")))]
pub(crate) use wasip2::*;

#[cfg(windows)]
pub(crate) mod windows;
#[cfg(windows)]
pub(crate) use windows::*;
