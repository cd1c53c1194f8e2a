//! The bindings of wasip1, picked by architecture: one file for each distinct ABI.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Inputs: sha256 2f7691148f032b795523d9924e264bbd53bb6349ce289d8379f181580b492081.

#[cfg(target_arch = "wasm32")]
mod all;
#[cfg(target_arch = "wasm32")]
pub use all::*;

#[cfg(not(any(
    target_arch = "wasm32",
)))]
compile_error!("no wasip1 bindings for this architecture: add it to codegen/targets");
