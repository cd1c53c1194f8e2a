//! The states of a pipe, tested on systems that have no such pipes.

#[path = "buffer.rs"]
mod buffer;
#[path = "completed.rs"]
mod completed;
#[path = "device.rs"]
mod device;
#[path = "state.rs"]
mod state;
#[path = "state_tests.rs"]
mod state_tests;
#[path = "status.rs"]
mod status;
