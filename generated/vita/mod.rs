//! The bindings of vita, picked by architecture: one file for each distinct ABI.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Inputs: sha256 ddecfc160d4e298f6e6020185bc515c5937a321ee7afd43aecc940f4b6c4ed31.

mod all;
pub use all::*;
