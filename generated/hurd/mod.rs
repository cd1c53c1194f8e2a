//! The bindings of hurd, picked by architecture: one file for each distinct ABI.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Inputs: sha256 e7416bab5794b39b4f323ca73f20719f5bac8ff9779627df07172c01618a6801.

mod all;
pub use all::*;
