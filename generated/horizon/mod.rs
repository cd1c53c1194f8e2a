//! The bindings of horizon, picked by architecture: one file for each distinct ABI.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Inputs: sha256 b81070916c12d2a64dfc9c839f065d6fb7b867d90a7a75d489d6ea086c149214.

mod all;
pub use all::*;
