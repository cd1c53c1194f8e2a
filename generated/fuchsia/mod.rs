//! The bindings of fuchsia, picked by architecture: one file for each distinct ABI.
//!
//! Written by `cargo codegen`; do not edit.

#[cfg(all())]
mod all;
#[cfg(all())]
pub use all::*;

#[cfg(not(any(
    all(),
)))]
compile_error!("no fuchsia bindings for this architecture: add it to codegen/src/targets");
