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
//! On a completion port a packet says which waker it is from. There each waker has bits of its own, cleared when one of its
//! packets is taken; the argument is the same, with "the wait that takes this notification" for "every return".
//!
//! The model checker rejects each of these shortcuts: a load before the `fetch_or`, a store in place of the `swap`, clearing
//! before the kernel wait or after the caller has seen the events, notifying before the bit is set.

use super::atomic::{AtomicUsize, Ordering};

/// The bits of all wakers of one selector, on cache lines of their own.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct WakeBits {
    /// Which wakers have announced a wake that no return of the kernel wait has followed yet.
    pending: AtomicUsize,
    /// Which bits are given out.
    taken: AtomicUsize,
}

impl WakeBits {
    /// No waker, nothing pending.
    pub(crate) fn new() -> WakeBits {
        WakeBits {
            pending: AtomicUsize::new(0),
            taken: AtomicUsize::new(0),
        }
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

    /// Returns a bit whose waker is out of the queue.
    ///
    /// `pending` is cleared before `taken`: a stale 1 would swallow the next owner's first wake.
    pub(crate) fn give_back(&self, bit: usize) {
        self.retract(bit);
        self.taken.fetch_and(!bit, Ordering::Release);
    }

    /// Announces a wake. `true` if the caller has to notify the kernel now.
    ///
    /// Always a read-modify-write, never a load first: only so does the next clearing acquire what the caller wrote.
    #[inline]
    pub(crate) fn announce(&self, bit: usize) -> bool {
        bit == 0 || self.pending.fetch_or(bit, Ordering::AcqRel) & bit == 0
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
