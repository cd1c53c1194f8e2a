//! Fork detection where the C library's fork(2) is the only way to copy a process: its handlers
//! count.
#![allow(unsafe_code)]

use std::process;
use std::sync::atomic::{AtomicBool, AtomicU32};

use super::PthreadAtfork;
use crate::sys::sync::{AtomicUsize, Ordering};
use crate::sys::wake_bits::Generation;

/// Counts forks, in the parent and in the copy.
static GENERATION: AtomicUsize = AtomicUsize::new(1);
static FORKING: UnderWay = UnderWay::new();
static COPIES: Copies = Copies::new();

/// The number of forks that are under way: a handler before the fork has run, and the one after it
/// has not.
pub(super) struct UnderWay(AtomicUsize);

impl UnderWay {
    pub(super) const fn new() -> UnderWay {
        UnderWay(AtomicUsize::new(0))
    }

    pub(super) fn is_none(&self) -> bool {
        self.0.load(Ordering::SeqCst) == 0
    }

    /// Handler before a fork. Called before the generation changes, so that a thread that reads the
    /// new one finds the fork marked.
    pub(super) fn begin(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    /// Handler in the parent. Called after the generation has changed again.
    pub(super) fn end(&self) {
        let less = |count: usize| count.checked_sub(1);
        // Fails if there is no mark: handlers that are installed during a fork may run after it.
        let _ = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
    }

    /// Handler in the copy, which has no thread that forks.
    pub(super) fn clear(&self) {
        self.0.store(0, Ordering::SeqCst);
    }
}

/// Counts forks in the copy only.
///
/// Handlers run in the copy in the order in which they were installed. One of another library may
/// run before the one here, and make a selector, which is the copy's own and must not get the
/// number of the parent. So each new selector compares the PID, too.
struct Copies {
    process: AtomicUsize,
    /// The PID of the process in which `process` last changed; 0 at first.
    pid: AtomicU32,
    /// Whether a selector has changed `process` in this copy before the handler did.
    is_counted: AtomicBool,
}

impl Copies {
    const fn new() -> Copies {
        Copies {
            process: AtomicUsize::new(1),
            pid: AtomicU32::new(0),
            is_counted: AtomicBool::new(false),
        }
    }

    /// A selector is created in the process `pid`.
    fn on_creation(&self, pid: u32) {
        let last = self.pid.swap(pid, Ordering::SeqCst);
        if last != 0 && last != pid {
            self.process.fetch_add(1, Ordering::SeqCst);
            self.is_counted.store(true, Ordering::SeqCst);
        }
    }

    /// Handler before a fork.
    fn before_fork(&self) {
        self.is_counted.store(false, Ordering::SeqCst);
    }

    /// Handler in the copy `pid`.
    fn in_copy(&self, pid: u32) {
        self.pid.store(pid, Ordering::SeqCst);
        if !self.is_counted.swap(false, Ordering::SeqCst) {
            self.process.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// See `forks::generation`.
#[allow(dead_code)] // A kqueue is not inherited, so it has no need to ask.
#[inline]
pub(crate) fn generation(pthread_atfork: PthreadAtfork) -> Generation {
    let is_installed = install_handlers(pthread_atfork);
    let value = GENERATION.load(Ordering::SeqCst);
    Generation {
        word: &GENERATION,
        value,
        // After the load: see `UnderWay::begin`.
        is_certain: is_installed && FORKING.is_none(),
    }
}

/// See `forks::process`.
#[inline]
pub(crate) fn process(pthread_atfork: PthreadAtfork) -> &'static AtomicUsize {
    install_handlers(pthread_atfork);
    COPIES.on_creation(process::id());
    &COPIES.process
}

/// Counts forks from now on. `false` if the C library has no memory for the handlers.
///
/// Nothing here waits for another thread, so a copy may call it, whatever other threads did at the
/// fork. Two threads may both install handlers; each fork then counts for two.
#[inline]
fn install_handlers(pthread_atfork: PthreadAtfork) -> bool {
    static INSTALLED: AtomicBool = AtomicBool::new(false);
    if INSTALLED.load(Ordering::Relaxed) {
        return true;
    }
    // SAFETY: pthread_atfork(3) keeps three functions. They take nothing, return nothing, and may
    // be called at any time, as long as they are in memory. When a library that has them is
    // unloaded, these systems remove them: FreeBSD and DragonFly BSD (`__pthread_cxa_finalize`),
    // OpenBSD (`_thread_atfork` gets the library), illumos (`_preexec_atfork_unload`). NetBSD,
    // Haiku and Apple's systems keep bare pointers. There the program must not unload the library
    // (see `Poll`):
    // https://github.com/NetBSD/src/blob/41eeee9ba59f302801aa4508c11200b069226be6/lib/libc/gen/pthread_atfork.c
    // https://github.com/haiku/haiku/blob/17b2a3cfcbc4fb1eb25d7eeb61e8fac997d7d835/src/system/libroot/posix/unistd/fork.c
    // https://github.com/apple/darwin-libpthread/blob/1a288fb4ae0b9f940693bb5636026c331f1bfd96/src/pthread_atfork.c
    let result = unsafe { pthread_atfork(Some(before), Some(in_parent), Some(in_copy)) };
    if result == 0 {
        INSTALLED.store(true, Ordering::Relaxed);
    }
    result == 0
}

/// Runs before a fork: see `forks`.
extern "C" fn before() {
    COPIES.before_fork();
    FORKING.begin();
    GENERATION.fetch_add(1, Ordering::SeqCst);
}

/// Runs in the parent after a fork: see `forks`.
extern "C" fn in_parent() {
    GENERATION.fetch_add(1, Ordering::SeqCst);
    FORKING.end();
}

/// Runs in the copy.
extern "C" fn in_copy() {
    FORKING.clear();
    GENERATION.fetch_add(1, Ordering::SeqCst);
    COPIES.in_copy(process::id());
}

#[cfg(test)]
mod tests {
    use super::{Copies, Ordering};

    /// The handlers of a fork, and selectors made before, in an earlier handler, and after.
    #[test]
    fn selector_of_an_earlier_handler_belongs_to_the_copy() {
        let copies = Copies::new();
        let number = |pid| {
            copies.on_creation(pid);
            copies.process.load(Ordering::SeqCst)
        };
        let parent = number(1);
        assert_eq!(number(1), parent);
        copies.before_fork();
        let early = number(2);
        assert_ne!(early, parent);
        copies.in_copy(2);
        assert_eq!(number(2), early);
        // A fork without such a handler, and one into another PID namespace.
        copies.before_fork();
        copies.in_copy(3);
        let next = number(3);
        assert!(next != early && next != parent);
        copies.before_fork();
        copies.in_copy(3);
        assert_ne!(number(3), next);
    }
}
