//! The bindings of apple, picked by architecture: one file for each distinct ABI.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Inputs: sha256 1fa26dcadb47be941e1eae589f51a20fc26f2632d45d24f9875de9af9fd251cd.

#[cfg(any(target_arch = "arm", all(target_arch = "aarch64", target_pointer_width = "32")))]
mod arm;
#[cfg(any(target_arch = "arm", all(target_arch = "aarch64", target_pointer_width = "32")))]
pub use arm::*;

#[cfg(target_pointer_width = "64")]
mod lp64;
#[cfg(target_pointer_width = "64")]
pub use lp64::*;

#[cfg(all(target_arch = "x86", target_os = "ios"))]
mod x86_ios;
#[cfg(all(target_arch = "x86", target_os = "ios"))]
pub use x86_ios::*;

#[cfg(all(target_arch = "x86", target_os = "macos"))]
mod x86_macos;
#[cfg(all(target_arch = "x86", target_os = "macos"))]
pub use x86_macos::*;

#[cfg(not(any(
    target_arch = "arm",
    all(target_arch = "aarch64", target_pointer_width = "32"),
    target_pointer_width = "64",
    all(target_arch = "x86", target_os = "ios"),
    all(target_arch = "x86", target_os = "macos"),
)))]
compile_error!("no apple bindings for this architecture: add it to codegen/targets");
