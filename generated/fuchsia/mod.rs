//! The bindings of fuchsia, picked by architecture: one file for each distinct ABI.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Inputs: sha256 58fbc99b88dc6ab62f272b875c3509c2df6ea79134fd2f595308dd035513c65e.

mod all;
pub use all::*;
