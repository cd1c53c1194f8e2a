//! The bindings of vita, picked by architecture: one file for each distinct ABI.
//!
//! Written by `cargo codegen`; do not edit.

mod all;
pub use all::*;
