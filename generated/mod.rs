//! Operating-system bindings, machine-written: one module for each system, picked by `cfg`.
//!
//! Written by `cargo codegen`; do not edit. A system without a page in the library has no module here.

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) mod linux;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use linux::*;
