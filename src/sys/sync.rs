//! Atomics and locks. `build-tools/loom` replaces them by those of its model checker.

use std::sync::PoisonError;

#[allow(unused_imports)] // Each platform uses some of them.
pub(crate) use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
#[allow(unused_imports)] // As above.
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};

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
