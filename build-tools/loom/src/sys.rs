//! The library's file, over loom's atomics.

pub(crate) mod atomic {
    //! What `src/sys/atomic.rs` is in the library.

    pub(crate) use loom::sync::atomic::{AtomicUsize, Ordering};
}

#[allow(dead_code)] // Wakers come and go in the library only.
#[path = "../../../src/sys/wake_bits.rs"]
pub(crate) mod wake_bits;
