//! The bindings of windows, picked by architecture: one file for each distinct ABI.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Inputs: sha256 885c9a7b9339e6dfb459b4bf6e1f0f40824a474eee68245e04d69b587b65bdf2.

#[cfg(target_arch = "x86")]
mod bits32;
#[cfg(target_arch = "x86")]
pub use bits32::*;

#[cfg(any(target_arch = "aarch64", target_arch = "arm64ec", target_arch = "x86_64"))]
mod bits64;
#[cfg(any(target_arch = "aarch64", target_arch = "arm64ec", target_arch = "x86_64"))]
pub use bits64::*;

#[cfg(target_arch = "arm")]
compile_error!("no bindings for thumbv7a-pc-windows-msvc: Windows' metadata has no WSADATA for 32-bit ARM");

#[cfg(not(any(
    target_arch = "x86",
    target_arch = "aarch64",
    target_arch = "arm64ec",
    target_arch = "x86_64",
    target_arch = "arm",
)))]
compile_error!("no windows bindings for this architecture: add it to codegen/targets");
