//! The cases: each is written once and runs on every peer.
//!
//! A case is a function over a [`Peer`](peer::Peer). It prepares its sources, and passes the
//! measured part to a [`Meter`](meter::Meter), which measures the time, lets another program count
//! instructions or system calls, or counts allocations.

pub mod cases;
pub mod meter;
pub mod peer;
