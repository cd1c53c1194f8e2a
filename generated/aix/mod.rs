//! The bindings of aix, picked by architecture: one file for each distinct ABI.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Inputs: sha256 a84ba3733bb73732a94ec3cda911cdbbbcb657bbdfe66367cff15bf487a905a1.

mod all;
pub use all::*;
