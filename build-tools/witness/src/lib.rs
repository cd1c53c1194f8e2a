//! Facts of one target, as `cargo xtask witnesses` writes them. Nothing here is run: that it compiles is the proof.
#![no_std]

include!(env!("MIO_WITNESS"));
