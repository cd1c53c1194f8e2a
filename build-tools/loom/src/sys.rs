//! The library's `wake_bits.rs`, over loom's atomics.

pub(crate) mod sync {
    //! Replaces `src/sys/sync.rs`.

    pub(crate) use loom::sync::atomic::{AtomicUsize, Ordering};

    /// A word that never changes. Each run of a model has its own.
    pub(crate) fn unchanging() -> &'static AtomicUsize {
        Box::leak(Box::new(AtomicUsize::new(1)))
    }
}

#[allow(dead_code)] // The models do not drop wakers.
#[path = "../../../src/sys/wake_bits.rs"]
pub(crate) mod wake_bits;
