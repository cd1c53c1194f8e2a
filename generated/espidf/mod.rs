//! The bindings of espidf, picked by architecture: one file for each distinct ABI.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Inputs: sha256 5de9382dfd9e0a29061a9cee731021addab1945962d43b2f6f849ac7efea8c65.

mod all;
pub use all::*;
