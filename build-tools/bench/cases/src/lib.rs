//! What is measured: each case is written once and runs on every peer.
//!
//! A case is a function over a [`Peer`](peer::Peer) that sets its scene and hands what counts to a
//! [`Meter`](meter::Meter). The meter decides what is done with it: it is timed, its instructions or system calls are counted
//! from outside, or its allocations from inside.

pub mod cases;
pub mod meter;
pub mod peer;
