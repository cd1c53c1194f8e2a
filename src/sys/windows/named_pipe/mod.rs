//! Readiness of named pipes, made of operations that complete: bytes are read before the caller asks, and written after it has
//! gone on. What is done when, is said by the table in [`state`].
//!
//! # Events
//!
//! A completion reports at most one event, when its packet is taken. What becomes ready elsewhere (at registration, or when a
//! call starts the next read) is kept with the registration, and a notice is posted; it is looked up when the notice is taken,
//! so that nothing of a registration outlives it.
//!
//! # Locks
//!
//! One lock per pipe, held while an operation starts and while its completion is told. Whoever upgrades the reference to the
//! port does so before it locks and lets go after it has unlocked, for the last one to let go ends the port (see `iocp`).

mod buffer;
mod completions;
mod ops;
#[cfg(windows)]
mod pipe;
mod state;
#[cfg(test)]
mod state_tests;
#[cfg(windows)]
mod transfer;

#[cfg(windows)]
pub(crate) use ops::{OpError, OpErrorKind, OpKind};
#[cfg(windows)]
pub(crate) use pipe::{Pipe, create};
#[cfg(windows)]
pub(crate) use transfer::Transfer;
