//! The bindings of nuttx, picked by architecture: one file for each distinct ABI.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Inputs: sha256 b6f289cc65900f143a64c25ea94e7a17b75a8fd0a496dbc2a6911332128e1988.

mod all;
pub use all::*;
