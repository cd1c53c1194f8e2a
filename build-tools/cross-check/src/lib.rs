//! The bindings of one target and the facts that are compared, as `cargo xtask cross-check` writes
//! them. Nothing here runs: a fact holds if it compiles.
#![no_std]

include!(env!("MIO_CROSS_CHECK"));
