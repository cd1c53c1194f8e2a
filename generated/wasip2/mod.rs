//! The bindings of wasip2, picked by architecture: one file for each distinct ABI.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Inputs: sha256 157a8967eb775c3e06ec2f36f7becbd9443659d7c5c72bc210d8e5266290fdb4.

#[cfg(target_arch = "wasm32")]
mod all;
#[cfg(target_arch = "wasm32")]
pub use all::*;

#[cfg(not(any(
    target_arch = "wasm32",
)))]
compile_error!("no wasip2 bindings for this architecture: add it to codegen/targets");
