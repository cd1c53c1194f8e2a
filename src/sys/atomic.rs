//! The atomics that the wake protocols are built of; the model checker puts its own in their place.

pub(crate) use std::sync::atomic::{AtomicUsize, Ordering};

/// A word that never changes.
pub(crate) fn unchanging() -> &'static AtomicUsize {
    static UNCHANGING: AtomicUsize = AtomicUsize::new(1);
    &UNCHANGING
}
