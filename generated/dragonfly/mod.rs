//! The bindings of dragonfly, picked by architecture: one file for each distinct ABI.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Inputs: sha256 346b32de019f7d6378ddec957db536e877c633f1205ababb7916a0b158d9e183.

mod all;
pub use all::*;
