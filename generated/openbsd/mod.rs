//! The bindings of openbsd, picked by architecture: one file for each distinct ABI.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Inputs: sha256 56e25db4f69d343bca3a5deb5b6b022fd9d9843fa60294bbf735a3fcb1a8a577.

#[cfg(target_arch = "powerpc")]
mod ilp32;
#[cfg(target_arch = "powerpc")]
pub use ilp32::*;

#[cfg(target_pointer_width = "64")]
mod lp64;
#[cfg(target_pointer_width = "64")]
pub use lp64::*;

#[cfg(target_arch = "x86")]
mod x86;
#[cfg(target_arch = "x86")]
pub use x86::*;

#[cfg(not(any(
    target_arch = "powerpc",
    target_pointer_width = "64",
    target_arch = "x86",
)))]
compile_error!("no openbsd bindings for this architecture: add it to codegen/targets");
