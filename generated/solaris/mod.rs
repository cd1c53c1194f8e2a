//! The bindings of solaris, picked by architecture: one file for each distinct ABI.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Inputs: sha256 077f02bdbbc1e39ba66ef5307c1a121e0a4a07218e291d244b916461bcd9a0f8.

mod all;
pub use all::*;
