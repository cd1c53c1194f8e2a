//! No process is ever a copy of another.

use crate::sys::atomic::{AtomicUsize, unchanging};
use crate::sys::wake_bits::Generation;

/// See `forks/linux/syscall.rs`.
pub(crate) fn generation() -> Generation {
    Generation {
        word: unchanging(),
        is_certain: true,
    }
}

/// See `forks/linux/syscall.rs`.
pub(crate) fn process() -> &'static AtomicUsize {
    unchanging()
}
