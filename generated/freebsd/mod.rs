//! The bindings of freebsd, picked by architecture: one file for each distinct ABI.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Inputs: sha256 047e3a6c24235894ef0e33842168bf7fa529fe4175b84cbfff6d6caee2bd2182.

#[cfg(any(target_arch = "arm", target_arch = "powerpc"))]
mod arm;
#[cfg(any(target_arch = "arm", target_arch = "powerpc"))]
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
    target_arch = "powerpc",
    target_pointer_width = "64",
    target_arch = "x86",
)))]
compile_error!("no freebsd bindings for this architecture: add it to codegen/targets");
