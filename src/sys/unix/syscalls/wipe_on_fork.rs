//! Whether this process was forked, and whether it is a copy: two words, read in one load each.
//!
//! `generation` changes with every fork(2), on both sides: a selector that was made before is
//! shared from then on. `process` changes in the copy only. Two things change them:
//!
//! - handlers of the C library, [pthread_atfork(3)], before each fork and after it on both sides.
//!   Before, so that no wake of the parent is merged while the copy runs already; after, for the
//!   selector that another thread has made in between, of which the copy has the descriptor;
//! - the kernel: the words lie in a page with [`MADV_WIPEONFORK`], which is zero in every copy of
//!   this memory. So a copy that was made without the C library (clone(2), `_Fork(3)`) knows it,
//!   too. Its parent does not; see `wake_bits`.
//!
//! vfork(2) and posix_spawn(3) make no copy: their child runs in this memory until it starts
//! another program.
//!
//! Nothing here takes a lock or waits, so it is safe in a copy whatever other threads did at the
//! fork, and the handlers are safe in a signal handler that forks.
//!
//! [pthread_atfork(3)]: https://man7.org/linux/man-pages/man3/pthread_atfork.3.html
//! [`MADV_WIPEONFORK`]: https://man7.org/linux/man-pages/man2/madvise.2.html
#![allow(unsafe_code)]

use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr};

use crate::sys::UPSTREAM_CALLS;
use crate::sys::atomic::{AtomicUsize, Ordering};
use crate::sys::wake_bits::Generation;

/// What changes when a process is forked. 0: wiped, and not yet set again.
#[derive(Debug)]
struct Words {
    generation: AtomicUsize,
    process: AtomicUsize,
}

/// Where the page cannot be had: changed by the handlers only.
static UNWIPED: Words = Words {
    generation: AtomicUsize::new(1),
    process: AtomicUsize::new(1),
};

/// The words in use, once there are handlers. Never unmapped.
static WORDS: AtomicPtr<Words> = AtomicPtr::new(ptr::null_mut());

/// The value given to a word last: no word has the same value again, neither here nor in what this
/// process is a copy of, before all others have had their turn.
static LAST: AtomicUsize = AtomicUsize::new(1);

/// The word that changes with every fork. It must not be trusted if a copy may be made that does
/// not change it.
pub(crate) fn generation() -> Generation {
    let words = words();
    Generation {
        word: set(&words.generation),
        is_certain: !ptr::eq(words, &UNWIPED),
    }
}

/// The word that changes in a copy.
pub(crate) fn process() -> &'static AtomicUsize {
    set(&words().process)
}

/// The word, with a value of its own.
fn set(word: &'static AtomicUsize) -> &'static AtomicUsize {
    if word.load(Ordering::Relaxed) == 0 {
        // If another thread was faster, its value is as good.
        let _ = word.compare_exchange(0, next(), Ordering::SeqCst, Ordering::SeqCst);
    }
    word
}

/// Neither 0, which is a wiped word, nor `usize::MAX`, which is no generation.
fn next() -> usize {
    loop {
        let value = LAST.fetch_add(1, Ordering::SeqCst).wrapping_add(1);
        if value != 0 && value != usize::MAX {
            return value;
        }
    }
}

/// The words in use, made by the first call.
fn words() -> &'static Words {
    if let Some(words) = in_use() {
        return words;
    }
    // SAFETY: pthread_atfork(3) keeps three functions. They take nothing, return nothing, and may
    // be called at any time. If they are in a library that is unloaded, the C library forgets them
    // (glibc, bionic) or unloads nothing (musl).
    let result = unsafe { libc::pthread_atfork(Some(forks), Some(forks), Some(forked)) };
    if result != 0 {
        // The C library has no memory. The next call tries again.
        return &UNWIPED;
    }
    let words = page().unwrap_or(&UNWIPED);
    let pointer = ptr::from_ref(words).cast_mut();
    match WORDS.compare_exchange(
        ptr::null_mut(),
        pointer,
        Ordering::AcqRel,
        Ordering::Acquire,
    ) {
        Ok(_) => words,
        // Another thread was faster. Its words are in use, and the handlers run twice, which does
        // no harm.
        Err(_) => in_use().unwrap_or(words),
    }
}

fn in_use() -> Option<&'static Words> {
    let words = WORDS.load(Ordering::Acquire);
    // SAFETY: it is null, a static, or a page that is never unmapped and only changed through
    // atomics, also by the kernel, which wipes it in a copy before that runs.
    unsafe { words.as_ref() }
}

/// A page that is wiped in a copy. `None` where the kernel cannot (before Linux 4.14) or must not
/// be asked.
fn page() -> Option<&'static Words> {
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
    // What takes any advice is not a kernel but an emulator that ignores it.
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

/// Before a fork, and in the parent after it.
extern "C" fn forks() {
    if let Some(words) = in_use() {
        words.generation.store(next(), Ordering::SeqCst);
    }
}

/// In the copy.
extern "C" fn forked() {
    if let Some(words) = in_use() {
        words.generation.store(next(), Ordering::SeqCst);
        words.process.store(next(), Ordering::SeqCst);
    }
}
