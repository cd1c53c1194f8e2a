//! Merging of wakes on selectors whose queue lives in the kernel.
//!
//! `pending` has one bit per waker, set by a wake that has announced itself and cleared by every return of the kernel wait. A
//! wake that finds its bit set makes no system call: the thread that set it makes one for both.
//!
//! Why no wake is lost. All changes of `pending` are read-modify-writes, so they have one order. A wake that *sets* its bit
//! notifies the kernel afterwards; the wait that takes this notification is followed by a load that sees the bit or a later
//! value, and clears it. A wake T that *finds* its bit set relies on the wake U that set it: no clearing lies between U and T,
//! so the first clearing after T is at the latest the one that follows the wait which takes U's notification. That clearing
//! acquires what T released, and that wait returns the waker's event. More clearings only make later wakes notify again.
//!
//! # Who else may take a notification
//!
//! The argument holds as long as every wait on the kernel's queue is one of this selector, in this
//! memory. Two things end that, and after either no wake of the selector is merged any more, for
//! good. Both are read only by a wake that has found its bit set, so a wake that notifies pays
//! nothing for them.
//!
//! *The descriptor was handed out.* Its owner may wait on it. `expose` says so in `born` and clears
//! all bits; only then is the descriptor handed out. The clearing is a read-modify-write in the
//! same order. A wake T that comes after it and finds its bit set has read a value that goes back
//! to the clearing, so it acquires `born` and notifies. A wake T before it was merged with a wake U
//! before it, whose notification is taken by one wait or the other. If that is a wait by the
//! descriptor, then the event which T was merged into is the one that wait returns, and clearing
//! has acquired what T released.
//!
//! *The process was forked.* The copy has the kernel's queue (epoll, event ports) or a waker's pipe
//! in common with its parent, but a `pending` of its own. A copy that waits takes notifications for
//! which the parent's bits stay set, and the other way round; and a bit that is set in a process
//! which never waits is never cleared. So a selector remembers the process's generation, a word
//! that changes with every fork, in both processes (see `forks`), and merges only as long as it is
//! the same. The generation is taken before the kernel's queue is made, so no process has that
//! queue without a change. It is changed before the copy exists: a wake that still reads the old
//! one has found its bit before that, and is merged with a wake whose event was outstanding at the
//! fork, which goes to whichever process waits first, as if no wake were ever merged.
//!
//! What remains is a copy that was made without the C library: clone(2) by its number, or
//! `_Fork(3)`. It knows that it is one where the kernel wipes the word, and merges nothing. Its
//! parent does not know. So such a copy must not wait on a selector of its parent; dropping it and
//! waking it are harmless. Where a copy could be made without any change of the word, `Generation`
//! is not certain, and no wake is merged at all.
//!
//! # Packets
//!
//! On a completion port a packet says which waker it is from. There each waker has bits of its own, cleared when one of its
//! packets is taken; the argument is the same, with "the wait that takes this notification" for "every return".
//!
//! # Models
//!
//! The model checker rejects each of these shortcuts: a load before the `fetch_or`, a store in
//! place of the `swap`, clearing before the kernel wait or after the caller has seen the events,
//! notifying before the bit is set, merging although the descriptor was handed out, and handing it
//! out without the clearing.

use super::atomic::{AtomicUsize, Ordering, unchanging};

/// The word that changes when the process is forked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Generation {
    /// It has no value twice, and 0 and `usize::MAX` not at all as long as it is certain.
    pub(crate) word: &'static AtomicUsize,
    /// Whether every fork changes it.
    pub(crate) is_certain: bool,
}

/// `born` of a selector whose wakes must not be merged: no generation.
const NEVER: usize = usize::MAX;

/// The bits of all wakers of one selector, on cache lines of their own.
#[derive(Debug)]
#[repr(align(128))]
#[allow(dead_code)] // For selectors in the kernel.
pub(crate) struct WakeBits {
    /// Which wakers have announced a wake that no return of the kernel wait has followed yet.
    pending: AtomicUsize,
    /// The only generation in which wakes are merged.
    born: AtomicUsize,
    /// The generation now.
    generation: &'static AtomicUsize,
    /// What it was when the selector was made; `NEVER` if it is not certain.
    first: usize,
    /// Which bits are given out.
    taken: AtomicUsize,
}

#[allow(dead_code)] // Each selector uses some of it.
impl WakeBits {
    /// No waker, nothing pending. To be called before the kernel's queue is made.
    pub(crate) fn new(generation: Generation) -> WakeBits {
        let first = generation.word.load(Ordering::Acquire);
        let first = if generation.is_certain { first } else { NEVER };
        WakeBits {
            pending: AtomicUsize::new(0),
            born: AtomicUsize::new(first),
            generation: generation.word,
            first,
            taken: AtomicUsize::new(0),
        }
    }

    /// The same for a selector whose queue no copy of this process can have.
    pub(crate) fn unshared() -> WakeBits {
        WakeBits::new(Generation {
            word: unchanging(),
            is_certain: true,
        })
    }

    /// Takes a free bit; 0 if there is none, and then every wake of that waker notifies.
    pub(crate) fn take(&self) -> usize {
        let mut taken = self.taken.load(Ordering::Relaxed);
        loop {
            // The lowest clear bit; 0 when all are set.
            let bit = !taken & taken.wrapping_add(1);
            if bit == 0 {
                return 0;
            }
            // Acquires what `give_back` released: the bit's last owner has cleared it in `pending`.
            match self.taken.compare_exchange(
                taken,
                taken | bit,
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) => return bit,
                Err(now) => taken = now,
            }
        }
    }

    /// Returns a bit whose waker can notify no more.
    ///
    /// `pending` is cleared before `taken`: a stale 1 would swallow the next owner's first wake.
    pub(crate) fn give_back(&self, bit: usize) {
        self.retract(bit);
        self.taken.fetch_and(!bit, Ordering::Release);
    }

    /// Announces a wake. `true` if the caller has to notify the kernel now.
    ///
    /// Always a read-modify-write, never a load first: only so does the next clearing acquire what
    /// the caller wrote. Without a bit none is found set.
    #[inline]
    pub(crate) fn announce(&self, bit: usize) -> bool {
        self.pending.fetch_or(bit, Ordering::AcqRel) & bit == 0 || self.is_shared()
    }

    /// Whether waits that are not of this selector, or not in this memory, may take its
    /// notifications.
    #[inline]
    pub(crate) fn is_shared(&self) -> bool {
        self.generation.load(Ordering::Relaxed) != self.born.load(Ordering::Relaxed)
    }

    /// Whether the process may have been forked since the selector was made: then another process
    /// may have its queue.
    pub(crate) fn may_be_forked(&self) -> bool {
        self.generation.load(Ordering::Relaxed) != self.first
    }

    /// The descriptor of the kernel's queue is about to be handed out: no wake is merged any more.
    pub(crate) fn expose(&self) {
        self.born.store(NEVER, Ordering::Relaxed);
        // Releases `born` to every wake that finds a bit which was set after this.
        self.pending.swap(0, Ordering::AcqRel);
    }

    /// Takes an announcement back after the notification failed, so that the next wake tries again.
    pub(crate) fn retract(&self, bit: usize) {
        self.pending.fetch_and(!bit, Ordering::AcqRel);
    }

    /// Clears the bits of wakers whose notifications were taken by a wait after which others may still be queued. To be called as
    /// `seen`, and only if it is known whose notifications there were.
    ///
    /// The argument is the same: the wake that set a bit notifies after it, and the wait that takes this notification clears it.
    pub(crate) fn seen_these(&self, bits: usize) {
        if bits != 0 {
            self.pending.fetch_and(!bits, Ordering::AcqRel);
        }
    }

    /// Clears all bits. To be called after every return of the kernel wait (events, time-out, error), before anything reaches
    /// the caller.
    #[inline]
    pub(crate) fn seen(&self) {
        if self.pending.load(Ordering::Acquire) != 0 {
            // A swap, not a store: it acquires what every merged wake released.
            self.pending.swap(0, Ordering::AcqRel);
        }
    }
}
