//! The bindings of hermit, picked by architecture: one file for each distinct ABI.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Inputs: sha256 d816117084a0399c65d3bad8d22d007a7522db76e372674cd340b566a8bdcb62.

mod all;
pub use all::*;
