//! The bindings of nto, picked by architecture: one file for each distinct ABI.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Inputs: sha256 974db864c159e7e0b6763114f4d3431250a6c847b35236971f10669a1fff4a80.

mod all;
pub use all::*;
