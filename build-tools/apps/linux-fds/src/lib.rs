//! Timers, signals and file events as file descriptors of Linux.
//!
//! The bindings in `bindings/generated/` are those of this crate alone: `bindings/` is a project of
//! `cargo codegen`, which pins the headers and lists the symbols.
#![no_std]
#![cfg(any(target_os = "linux", target_os = "android"))]

#[cfg(feature = "std")]
extern crate std;

/// The generated bindings. They need neither std nor another crate.
#[rustfmt::skip]
#[path = "../bindings/generated/mod.rs"]
pub mod sys;

#[cfg(feature = "std")]
mod fds;

#[cfg(feature = "std")]
pub use fds::{Event, Signals, Timer, Watcher};
