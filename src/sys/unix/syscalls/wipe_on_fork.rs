//! Fork detection on Linux: handlers of the C library, and a page that the kernel wipes.
//!
//! The two words lie in a page with [`MADV_WIPEONFORK`], which is zero in every copy of this
//! memory. So a copy that was made without the C library (clone(2), `_Fork(3)`) detects it, too.
//! Its parent does not; see `wake_bits`.
//!
//! Nothing here takes a lock or waits, so it is safe in a copy whatever other threads did at the
//! fork, and the handlers are safe in a signal handler that forks.
//!
//! [`MADV_WIPEONFORK`]: https://man7.org/linux/man-pages/man2/madvise.2.html
#![allow(unsafe_code)]

use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr};

use super::atfork::UnderWay;
use crate::sys::platform::UPSTREAM_CALLS;
use crate::sys::sync::{AtomicUsize, Ordering};
use crate::sys::unix::caps::ForkDetection;
use crate::sys::wake_bits::Generation;
#[cfg(mio_fault_injection)]
use crate::testing::injection::calls::syscall::libc;

/// Both functions.
pub(crate) const WIPE_ON_FORK: ForkDetection = ForkDetection::WipeOnFork {
    generation,
    process,
};

/// The words that change when a process is forked. 0: wiped, and not yet set again.
struct Words {
    generation: AtomicUsize,
    process: AtomicUsize,
}

/// The words without a page: only the handlers change them. A selector that the handler of another
/// library makes in a copy, before the handlers here run, counts as one of the parent.
static UNWIPED: Words = Words {
    generation: AtomicUsize::new(1),
    process: AtomicUsize::new(1),
};

/// The words in use, once there are handlers. Never unmapped.
static WORDS: AtomicPtr<Words> = AtomicPtr::new(ptr::null_mut());

/// The last value that was stored in a word. No word gets the same value again, neither here nor in
/// the process that this one is a copy of, before all others were used.
static LAST: AtomicUsize = AtomicUsize::new(1);

static FORKING: UnderWay = UnderWay::new();

/// See `forks::generation`. The word is not certain without the page.
#[inline]
fn generation() -> Generation {
    let words = words();
    let word = set(&words.generation);
    let value = word.load(Ordering::SeqCst);
    Generation {
        word,
        value,
        // After the load: see `UnderWay::begin`.
        is_certain: !ptr::eq(words, &UNWIPED) && FORKING.is_none(),
    }
}

/// See `forks::process`.
#[inline]
fn process() -> &'static AtomicUsize {
    set(&words().process)
}

/// The word, with a value stored in it.
#[inline]
fn set(word: &'static AtomicUsize) -> &'static AtomicUsize {
    if word.load(Ordering::Relaxed) == 0 {
        // If another thread was faster, its value serves as well.
        let _ = word.compare_exchange(0, next(), Ordering::SeqCst, Ordering::SeqCst);
    }
    word
}

/// Neither 0, which is a wiped word, nor `usize::MAX`, which is no generation.
#[inline]
fn next() -> usize {
    loop {
        let value = LAST.fetch_add(1, Ordering::SeqCst).wrapping_add(1);
        if value != 0 && value != usize::MAX {
            return value;
        }
    }
}

/// The words in use, made by the first call.
#[inline]
fn words() -> &'static Words {
    if let Some(words) = in_use() {
        return words;
    }
    // SAFETY: pthread_atfork(3) keeps three functions. They take nothing, return nothing, and may
    // be called at any time. If they are in a library that is unloaded, the C library removes them
    // (glibc:
    // https://github.com/bminor/glibc/blob/88677348b4de73874ca7d5a47451f42880f65f07/posix/register-atfork.c,
    // bionic: __unregister_atfork) or unloads nothing (musl:
    // https://wiki.musl-libc.org/functional-differences-from-glibc.html#Unloading-libraries).
    let result = unsafe { libc::pthread_atfork(Some(before_fork), Some(in_parent), Some(in_copy)) };
    if result != 0 {
        // The C library has no memory. The next call tries again.
        return &UNWIPED;
    }
    let words = map_wiped_page().unwrap_or(&UNWIPED);
    let pointer = ptr::from_ref(words).cast_mut();
    match WORDS.compare_exchange(
        ptr::null_mut(),
        pointer,
        Ordering::AcqRel,
        Ordering::Acquire,
    ) {
        Ok(_) => words,
        // Another thread was faster. Its words are in use, and the handlers run twice, which is
        // harmless.
        Err(_) => in_use().unwrap_or(words),
    }
}

#[inline]
fn in_use() -> Option<&'static Words> {
    let words = WORDS.load(Ordering::Acquire);
    // SAFETY: it is null, a static, or a page that is never unmapped and only changed through
    // atomics, also by the kernel, which wipes it in a copy before that runs.
    unsafe { words.as_ref() }
}

/// A page that the kernel wipes in a copy. `None` where the kernel cannot (before Linux 4.14) or
/// where madvise(2) must not be called.
#[inline]
fn map_wiped_page() -> Option<&'static Words> {
    /// At least one page of every system; the kernel rounds up. Only the first bytes are used.
    const LENGTH: usize = size_of::<Words>();
    static REFUSED: AtomicBool = AtomicBool::new(UPSTREAM_CALLS);

    if REFUSED.load(Ordering::Relaxed) {
        return None;
    }
    // SAFETY: mmap(2) of new memory, wherever the kernel likes: nothing that is in use is touched.
    let page = unsafe {
        libc::mmap(
            ptr::null_mut(),
            LENGTH,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    if page == libc::MAP_FAILED {
        REFUSED.store(true, Ordering::Relaxed);
        return None;
    }
    // An emulator such as qemu-user accepts any advice and ignores it.
    // SAFETY: madvise(2) with an advice that does not exist changes nothing.
    let ignores = unsafe { libc::madvise(page, LENGTH, -1) } == 0;
    // SAFETY: madvise(2) on the whole of our own page, which nothing has read yet.
    let refuses = unsafe { libc::madvise(page, LENGTH, libc::MADV_WIPEONFORK) } != 0;
    if ignores || refuses {
        REFUSED.store(true, Ordering::Relaxed);
        // SAFETY: our own page, of which there is no reference.
        unsafe { libc::munmap(page, LENGTH) };
        return None;
    }
    // SAFETY: a page is aligned for `Words` and has room for it; zeros are valid for its atomics;
    // it is never unmapped.
    Some(unsafe { &*page.cast::<Words>() })
}

/// Runs before a fork.
extern "C" fn before_fork() {
    FORKING.begin();
    if let Some(words) = in_use() {
        words.generation.store(next(), Ordering::SeqCst);
    }
}

/// Runs in the parent after a fork.
extern "C" fn in_parent() {
    if let Some(words) = in_use() {
        words.generation.store(next(), Ordering::SeqCst);
    }
    FORKING.end();
}

/// Runs in the copy. The handler of another library may have run before, and have made a selector,
/// which has set the wiped words: such a selector is the copy's own.
extern "C" fn in_copy() {
    FORKING.clear();
    match in_use() {
        Some(words) if ptr::eq(words, &UNWIPED) => {
            words.generation.store(next(), Ordering::SeqCst);
            words.process.store(next(), Ordering::SeqCst);
        }
        Some(words) => {
            set(&words.generation);
            set(&words.process);
        }
        None => {}
    }
}
