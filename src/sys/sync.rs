//! Atomics and locks. `build-tools/loom` replaces the atomics by those of its model checker.

use std::sync::{Mutex, MutexGuard, PoisonError};

pub(crate) use std::sync::atomic::{AtomicUsize, Ordering};

/// A word that never changes.
pub(crate) fn unchanging() -> &'static AtomicUsize {
    static UNCHANGING: AtomicUsize = AtomicUsize::new(1);
    &UNCHANGING
}

/// Locks a mutex and ignores poisoning.
///
/// Every critical section of this crate leaves its data consistent, so a panic of the thread that
/// held the lock (for example in an allocator) is no reason to fail.
#[inline]
#[allow(dead_code)] // A system without a platform block locks nothing.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
