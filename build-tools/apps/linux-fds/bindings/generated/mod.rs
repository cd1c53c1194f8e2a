//! Operating-system bindings, machine-written: one module for each system, picked by `cfg`.
//!
//! They need Rust 1.82, no crate and no std. Assertions hold each layout at compile time.
//! `cargo fmt` changes these files, which `check` reports, unless the module is declared with
//! `#[rustfmt::skip]`.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Inputs: sha256 8cdced96c10fc1dfb2b95b6ca2b1c7113cf6aa1d4f4f05fbf83d6a2f4cfa8fab.

#![allow(
    dead_code, missing_debug_implementations, missing_docs, non_camel_case_types, non_snake_case,
    non_upper_case_globals, unreachable_pub, unsafe_code, unused_imports, clippy::all,
    clippy::pedantic
)]

#[cfg(any(target_os = "linux", target_os = "android"))]
pub mod linux;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub use linux::*;
