//! The bindings of cygwin, picked by architecture: one file for each distinct ABI.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Inputs: sha256 70fa08a24c457025e458fb29422c0eab49f85f8b0cc17c2aaf2ecbdf6dc78626.

mod all;
pub use all::*;
