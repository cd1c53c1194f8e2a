//! Readiness of named pipes, made from overlapped operations: a pipe reads before its caller asks,
//! and writes after its caller has gone on. The tables in [`state`] define when.
//!
//! # Events
//!
//! A completion reports at most one event, when its packet is dequeued. Readiness that arises
//! elsewhere (at registration, or when a call starts the next read) is stored with the
//! registration, and a packet is posted; the event is made when that packet is dequeued. So an
//! event never outlives its registration.
//!
//! # Locks
//!
//! Each pipe has one lock, held while an operation starts and while its completion is processed. A
//! thread that upgrades the reference to the port does so before it locks, and drops the reference
//! after it has unlocked, because dropping the last reference drains the port (see `iocp`).

mod completions;
pub(crate) mod ops;
#[cfg(windows)]
mod pipe;
pub(crate) mod state;
#[cfg(test)]
pub(crate) mod state_tests;

#[cfg(windows)]
pub(crate) use ops::{OpError, OpErrorKind, OpKind};
#[cfg(windows)]
pub(crate) use pipe::{Pipe, Transfer, create};
