//! Faults that the environment variable `MIO_FAKE_KERNEL_FAULTS` injects into all threads of the
//! process: a comma-separated list of names, which the fake kernels define.

use std::env;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Whether the environment variable has this fault. The variable is read once.
pub(crate) fn has(name: &str) -> bool {
    static NAMES: OnceLock<String> = OnceLock::new();
    NAMES
        .get_or_init(|| env::var("MIO_FAKE_KERNEL_FAULTS").unwrap_or_default())
        .split(',')
        .any(|listed| listed == name)
}

/// Whether a signal interrupts the next wait: every fifth one with `interrupt`.
pub(crate) fn interrupts() -> bool {
    static WAITS: AtomicUsize = AtomicUsize::new(0);
    has("interrupt") && WAITS.fetch_add(1, Ordering::Relaxed) % 5 == 4
}
