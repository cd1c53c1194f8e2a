//! The bindings of apple, picked by architecture: one file for each distinct ABI.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Inputs: sha256 79a485033f2ba1d5e6b15991a3f3b850ba20f477e58af1db1e2584a3bdc8ca5f.

#[cfg(any(target_arch = "arm", all(target_arch = "aarch64", target_pointer_width = "32")))]
mod arm;
#[cfg(any(target_arch = "arm", all(target_arch = "aarch64", target_pointer_width = "32")))]
pub use arm::*;

#[cfg(target_pointer_width = "64")]
mod lp64;
#[cfg(target_pointer_width = "64")]
pub use lp64::*;

#[cfg(target_arch = "x86")]
mod x86;
#[cfg(target_arch = "x86")]
pub use x86::*;

#[cfg(not(any(
    target_arch = "arm",
    all(target_arch = "aarch64", target_pointer_width = "32"),
    target_pointer_width = "64",
    target_arch = "x86",
)))]
compile_error!("no apple bindings for this architecture: add it to codegen/src/targets");
