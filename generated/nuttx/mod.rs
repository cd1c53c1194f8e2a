//! The bindings of nuttx, picked by architecture: one file for each distinct ABI.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Inputs: sha256 aa99fdc0a333eb5983545d4442e516f1863be92f7e0c429b02b72304e94b50fb.

#[cfg(target_pointer_width = "32")]
mod ilp32;
#[cfg(target_pointer_width = "32")]
pub use ilp32::*;

#[cfg(target_pointer_width = "64")]
mod lp64;
#[cfg(target_pointer_width = "64")]
pub use lp64::*;

#[cfg(not(any(
    target_pointer_width = "32",
    target_pointer_width = "64",
)))]
compile_error!("no nuttx bindings for this architecture: add it to codegen/targets");
