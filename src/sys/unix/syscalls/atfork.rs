//! Fork detection where the C library's fork(2) is the only way to copy a process: its handlers
//! count.
#![allow(unsafe_code)]

use std::sync::atomic::AtomicBool;

use super::PthreadAtfork;
use crate::sys::sync::{AtomicUsize, Ordering};
use crate::sys::wake_bits::Generation;

/// Counts forks, in the parent and in the copy.
static GENERATION: AtomicUsize = AtomicUsize::new(1);
/// Counts forks in the copy only.
static PROCESS: AtomicUsize = AtomicUsize::new(1);

/// See `forks::generation`.
#[allow(dead_code)] // A kqueue is not inherited, so it has no need to ask.
pub(crate) fn generation(pthread_atfork: PthreadAtfork) -> Generation {
    Generation {
        word: &GENERATION,
        is_certain: install_handlers(pthread_atfork),
    }
}

/// See `forks::process`.
pub(crate) fn process(pthread_atfork: PthreadAtfork) -> &'static AtomicUsize {
    install_handlers(pthread_atfork);
    &PROCESS
}

/// Counts forks from now on. `false` if the C library has no memory for the handlers.
///
/// Nothing here waits for another thread, so a copy may call it, whatever other threads did at the
/// fork. Two threads may both install handlers; each fork then counts for two.
fn install_handlers(pthread_atfork: PthreadAtfork) -> bool {
    static INSTALLED: AtomicBool = AtomicBool::new(false);
    if INSTALLED.load(Ordering::Relaxed) {
        return true;
    }
    // SAFETY: pthread_atfork(3) keeps three functions. They take nothing, return nothing, and may
    // be called at any time.
    let result = unsafe { pthread_atfork(Some(count), Some(count), Some(count_copy)) };
    if result == 0 {
        INSTALLED.store(true, Ordering::Relaxed);
    }
    result == 0
}

/// Runs before a fork, and in the parent after it: see `forks`.
extern "C" fn count() {
    GENERATION.fetch_add(1, Ordering::SeqCst);
}

/// Runs in the copy.
extern "C" fn count_copy() {
    GENERATION.fetch_add(1, Ordering::SeqCst);
    PROCESS.fetch_add(1, Ordering::SeqCst);
}
