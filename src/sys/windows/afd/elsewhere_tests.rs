//! The states of a source on AFD, tested on systems that have no AFD: conditions are just bits.

mod masks {
    //! What `masks.rs` is on Windows.

    pub(super) const READ: u32 = 0b0000_0111;
    pub(super) const WRITE: u32 = 0b0000_1000;
    pub(super) const FAILED: u32 = 0b0011_0000;
    pub(super) const CLOSED: u32 = 0b0100_0000;

    pub(super) fn fault(wanted: u32) -> u32 {
        wanted & (READ | WRITE) | 0b1000_0000
    }
}

#[path = "machine.rs"]
mod machine;
