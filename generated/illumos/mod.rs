//! The bindings of illumos, picked by architecture: one file for each distinct ABI.
//!
//! Written by `cargo codegen`; do not edit.

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "aarch64")]
pub use aarch64::*;

#[cfg(target_arch = "x86_64")]
mod x86_64;
#[cfg(target_arch = "x86_64")]
pub use x86_64::*;

#[cfg(not(any(
    target_arch = "aarch64",
    target_arch = "x86_64",
)))]
compile_error!("no illumos bindings for this architecture: add it to codegen/src/targets");
