//! The bindings of emscripten, picked by architecture: one file for each distinct ABI.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Inputs: sha256 a113a0afdc8f91d5d72d8696ef7035c83d5a26a69bdadc9fbbe84242209e1322.

mod all;
pub use all::*;
