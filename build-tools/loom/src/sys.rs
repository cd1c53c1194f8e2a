//! The library's file, over loom's atomics.

pub(crate) mod sync {
    //! What `src/sys/sync.rs` is in the library.

    pub(crate) use loom::sync::atomic::{AtomicUsize, Ordering};

    /// A word that never changes. Each run of a model has its own.
    pub(crate) fn unchanging() -> &'static AtomicUsize {
        Box::leak(Box::new(AtomicUsize::new(1)))
    }
}

#[allow(dead_code)] // Wakers come and go in the library only.
#[path = "../../../src/sys/wake_bits.rs"]
pub(crate) mod wake_bits;
