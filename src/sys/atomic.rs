//! The atomics that the wake protocols are built of; the model checker puts its own in their place.

pub(crate) use std::sync::atomic::{AtomicUsize, Ordering};
