//! The bindings of redox, picked by architecture: one file for each distinct ABI.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Inputs: sha256 7abffa7bc963213681552c8a52c73aaf37614fd510e144d7705c07ff677c73fe.

#[cfg(target_pointer_width = "64")]
mod lp64;
#[cfg(target_pointer_width = "64")]
pub use lp64::*;

#[cfg(target_arch = "x86")]
mod x86;
#[cfg(target_arch = "x86")]
pub use x86::*;

#[cfg(not(any(
    target_pointer_width = "64",
    target_arch = "x86",
)))]
compile_error!("no redox bindings for this architecture: add it to codegen/targets");
