//! Whether this process was forked, where fork(2) is always the C library's: its handlers
//! (pthread_atfork(3)) count.
#![allow(unsafe_code)]

use std::sync::atomic::AtomicBool;

use crate::sys::atomic::{AtomicUsize, Ordering};
use crate::sys::wake_bits::Generation;

/// Counts forks, in the parent and in the copy.
static GENERATION: AtomicUsize = AtomicUsize::new(1);
/// Counts them in the copy only.
static PROCESS: AtomicUsize = AtomicUsize::new(1);

/// See `forks/linux/syscall.rs`.
pub(crate) fn generation() -> Generation {
    Generation {
        word: &GENERATION,
        is_certain: watch(),
    }
}

/// See `forks/linux/syscall.rs`.
pub(crate) fn process() -> &'static AtomicUsize {
    watch();
    &PROCESS
}

/// Has forks counted from now on. `false` if the C library has no memory for that.
///
/// Nothing here waits for another thread, so it is safe in a copy, whatever other threads did at
/// the fork. Two threads may both set handlers; then each fork counts for two.
fn watch() -> bool {
    static WATCHED: AtomicBool = AtomicBool::new(false);
    if WATCHED.load(Ordering::Relaxed) {
        return true;
    }
    // SAFETY: pthread_atfork(3) keeps three functions. They take nothing, return nothing, and may
    // be called at any time.
    let result = unsafe { libc::pthread_atfork(Some(count), Some(count), Some(count_copy)) };
    if result == 0 {
        WATCHED.store(true, Ordering::Relaxed);
    }
    result == 0
}

/// Before a fork, and in the parent after it: see `forks/linux/syscall.rs`.
extern "C" fn count() {
    GENERATION.fetch_add(1, Ordering::SeqCst);
}

/// In the copy.
extern "C" fn count_copy() {
    GENERATION.fetch_add(1, Ordering::SeqCst);
    PROCESS.fetch_add(1, Ordering::SeqCst);
}
