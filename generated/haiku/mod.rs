//! The bindings of haiku, picked by architecture: one file for each distinct ABI.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Inputs: sha256 ad5be8d0f0cf6ca67d8c2fcfea325e4b56c73ec4279f3fb801ecd1163ec92dc6.

mod all;
pub use all::*;
