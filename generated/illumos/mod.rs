//! The bindings of illumos, picked by architecture: one file for each distinct ABI.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Inputs: sha256 57a664a434cc330775009c6c1c5be5c5632d0ea658d827abab69a2ea234707c2.

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
compile_error!("no illumos bindings for this architecture: add it to codegen/targets");
