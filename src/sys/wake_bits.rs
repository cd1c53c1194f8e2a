//! Merging of wakes on selectors whose events are queued by the kernel.
//!
//! `pending` has one bit for each waker. A wake sets its bit; every return of the kernel's wait
//! clears all bits. A wake that finds its bit set makes no system call: the thread that set the bit
//! makes one for both.
//!
//! Why no wake is lost. All changes of `pending` are read-modify-writes, so they have one order. A
//! wake that *sets* its bit notifies the kernel afterwards; the wait that takes this notification
//! is followed by a load that sees the bit or a later value, and clears it. A wake T that *finds*
//! its bit set relies on the wake U that set it: no clearing lies between U and T, so the first
//! clearing after T is at the latest the one that follows the wait which takes U's notification.
//! That clearing acquires what T released, and that wait returns the waker's event. Additional
//! clearings only make later wakes notify again.
//!
//! # Who else may take a notification
//!
//! The argument holds as long as every wait on the kernel object (epoll instance, port) is a wait
//! of this selector, in this process. Two things end that. After either of them the selector merges
//! no wakes any more. A wake checks for both only after it has found its bit set, so a wake that
//! notifies pays nothing for them.
//!
//! *The fd was handed out.* The caller may wait on it. `expose` stores this in `merge_generation`
//! and clears all bits; only then is the fd handed out. The clearing is a read-modify-write in the
//! same order. A wake T that comes after it and finds its bit set has read a value that goes back
//! to the clearing, so it acquires `merge_generation` and notifies. A wake T before it was merged
//! with a wake U before it, whose notification is taken by one wait or the other. If that is a wait
//! on the fd, then the event which T was merged into is the one that wait returns, and the clearing
//! has acquired what T released.
//!
//! *The process was forked.* The child shares the kernel object (epoll instance, event port) or a
//! waker's pipe with its parent, but has its own `pending`. If the child waits, it takes
//! notifications for which the parent's bits stay set, and vice versa; and a bit that is set in a
//! process which never waits is never cleared. So a selector remembers the process's generation, a
//! word that changes in both processes with every fork (see `forks`), and merges only as long as it
//! is the same. The generation is read before the kernel object is created, so no process has that
//! object without a change. It is changed before the child exists: a wake that still reads the old
//! one has found its bit before that, and is merged with a wake whose event was outstanding at the
//! fork, which goes to whichever process waits first, as if no wakes were merged. A selector that
//! is created after that change and before the child exists, by another thread or in a handler of
//! another library, has the new generation in the parent, too: then `Generation` is not certain,
//! because the value is read first and a fork is marked before the value changes.
//!
//! One case remains: a child that was made without the C library, by clone(2) or by
//! [`_Fork`](https://man7.org/linux/man-pages/man3/_Fork.3.html), which runs no fork handlers. The
//! child detects this where the kernel wipes the word
//! ([`MADV_WIPEONFORK`](https://man7.org/linux/man-pages/man2/madvise.2.html)), and merges nothing.
//! Its parent does not detect it. So such a child must not wait on a selector of its parent;
//! dropping it and waking it are harmless. Where a child could be made without any change of the
//! word, `Generation` is not certain, and no wakes are merged at all.
//!
//! # Lone wakes
//!
//! A wake may always notify without setting its bit, because no other wake is merged with it then.
//! So where a return of the wait clears all bits (epoll), the first wake after it sets none as long
//! as wakes come alone: `must_notify` and `after_wait` in place of `set_pending` and `clear_all`.
//! Then neither side executes a locked instruction. These took 5 % of a wake and its poll on a
//! machine where a `write` to an eventfd takes 120 ns, most of it the one after the wait.
//!
//! `pace` decides that. It is no more than a hint: its loads and stores are separate, so threads
//! may overwrite each other's, and any value is correct. A second wake before the next return sets
//! its bit and notifies, and all later ones are merged with it. The return then expects another
//! burst, whose first wake sets its bit again: one notification, until a return finds a wake that
//! was alone. Threads that wake at the same moment may each find `ALONE`, and notify without a bit.
//! The kernel's locks order what a lone waker wrote before its event; `pace` acquires and releases,
//! so that this also holds in the language where wakes do not race.
//!
//! # Completion packets
//!
//! A completion packet names its waker. There each waker has bits of its own, which are cleared
//! when one of its packets is taken. The argument is the same, with "the wait that takes this
//! notification" for "every return".
//!
//! # Models
//!
//! The model checker (`build-tools/loom`) rejects each of these shortcuts: a load before the
//! `fetch_or`, a store in place of the `swap`, clearing before the kernel's wait or after the
//! caller has seen the events, notifying before the bit is set, merging although the fd was handed
//! out, and handing it out without the clearing.

use std::sync::Arc;

use super::sync::{AtomicUsize, Ordering, unchanging};

/// The word that changes when the process is forked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Generation {
    /// Never has a value twice. As long as `is_certain`, it is never 0 or `usize::MAX`.
    pub(crate) word: &'static AtomicUsize,
    /// Its value, read before it was determined whether a fork is under way.
    pub(crate) value: usize,
    /// Whether every fork changes it, and none that has already changed it is under way.
    pub(crate) is_certain: bool,
}

impl Generation {
    /// The generation where no process is forked.
    #[allow(dead_code)] // Some systems fork, and need no other.
    #[inline]
    pub(crate) fn unchanging() -> Generation {
        let word = unchanging();
        Generation {
            value: word.load(Ordering::Relaxed),
            word,
            is_certain: true,
        }
    }
}

/// The `merge_generation` of a selector that must not merge wakes: no generation has this value.
const NO_GENERATION: usize = usize::MAX;

/// As many bytes as a cache line has.
#[derive(Debug, Default)]
#[allow(dead_code)] // As for `WakeBits`, which has two.
struct Padding([u64; 8]);

/// The bits of all wakers of one selector. Padding keeps other data out of their cache lines. An
/// alignment would do so, too, but with it glibc takes about 600 instructions more to allocate and
/// release them.
#[derive(Debug)]
#[repr(C)]
#[allow(dead_code)] // On poll(2) and `poll_oneoff` no kernel object queues events.
pub(crate) struct WakeBits {
    _before: Padding,
    /// The wakers with a wake that no return of the kernel's wait has followed yet.
    pending: AtomicUsize,
    /// The only generation in which wakes are merged.
    merge_generation: AtomicUsize,
    /// The current generation.
    generation: &'static AtomicUsize,
    /// The generation in which the selector was created; `NO_GENERATION` if it is not certain.
    first_generation: usize,
    /// The bits that belong to a waker.
    acquired: AtomicUsize,
    /// A hint: one of the constants of `pace`.
    pace: AtomicUsize,
    _behind: Padding,
}

/// How wakes come. See the head of this file.
mod pace {
    /// Alone. No wake since the last return.
    pub(super) const ALONE: usize = 0;
    /// Alone. One wake since the last return, which has set no bit.
    pub(super) const ONE: usize = 1;
    /// In bursts. At most one wake since the last return.
    pub(super) const BURSTS: usize = 2;
    /// In bursts. More than one wake since the last return.
    pub(super) const MANY: usize = 3;
}

#[allow(dead_code)] // As for the type; Windows has neither forks nor an fd to expose.
impl WakeBits {
    /// No waker, nothing pending. Must be called before the kernel object is created.
    #[inline]
    pub(crate) fn new(generation: Generation) -> WakeBits {
        let first = if generation.is_certain {
            generation.value
        } else {
            NO_GENERATION
        };
        WakeBits {
            _before: Padding::default(),
            pending: AtomicUsize::new(0),
            merge_generation: AtomicUsize::new(first),
            generation: generation.word,
            first_generation: first,
            acquired: AtomicUsize::new(0),
            pace: AtomicUsize::new(pace::BURSTS),
            _behind: Padding::default(),
        }
    }

    /// Like `new`, for a selector whose kernel object a forked child cannot have.
    #[inline]
    pub(crate) fn unshared() -> WakeBits {
        WakeBits::new(Generation::unchanging())
    }

    /// Acquires a free bit. Returns 0 if there is none; every wake of that waker notifies.
    #[inline]
    pub(crate) fn acquire(&self) -> usize {
        let mut acquired = self.acquired.load(Ordering::Relaxed);
        loop {
            // The lowest clear bit; 0 when all are set.
            let bit = !acquired & acquired.wrapping_add(1);
            if bit == 0 {
                return 0;
            }
            // Acquires what `release` released: the last owner has cleared the bit in `pending`.
            match self.acquired.compare_exchange(
                acquired,
                acquired | bit,
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) => return bit,
                Err(current) => acquired = current,
            }
        }
    }

    /// Releases a bit whose waker can no longer notify.
    ///
    /// `pending` is cleared before `acquired`: a stale 1 would swallow the next owner's first wake.
    #[inline]
    pub(crate) fn release(&self, bit: usize) {
        self.clear_pending(bit);
        self.acquired.fetch_and(!bit, Ordering::Release);
    }

    /// Sets the bit of a wake. Returns `true` if the caller must notify the kernel now.
    ///
    /// Always a read-modify-write, never a load first: only then does the next clearing acquire
    /// what the caller wrote. Without a bit (0) the caller must always notify.
    #[inline]
    pub(crate) fn set_pending(&self, bit: usize) -> bool {
        self.pending.fetch_or(bit, Ordering::AcqRel) & bit == 0 || self.is_shared()
    }

    /// Like `set_pending`, but a wake that comes alone sets no bit. Goes with `after_wait`. `index`
    /// is the number of the bit, with which x86-64 needs one instruction to set and test the bit.
    #[inline]
    pub(crate) fn must_notify(&self, index: u32) -> bool {
        let pace = self.pace.load(Ordering::Acquire);
        let bit = 1_usize.checked_shl(index);
        if let (pace::MANY, Some(bit)) = (pace, bit) {
            return self.set_pending(bit);
        }
        if pace == pace::ALONE {
            self.pace.store(pace::ONE, Ordering::Release);
            return true;
        }
        self.must_notify_early(pace, bit.unwrap_or_default())
    }

    /// `must_notify` for the first wakes of a burst, and for wakers without a bit.
    #[cold]
    #[inline(never)]
    fn must_notify_early(&self, pace: usize, bit: usize) -> bool {
        let must_notify = self.set_pending(bit);
        // In bursts, the wake that sets the bit may be the only one.
        if pace != pace::MANY && (pace == pace::ONE || !must_notify) {
            self.pace.store(pace::MANY, Ordering::Release);
        }
        must_notify
    }

    /// Clears the bit after the notification failed, so that the next wake notifies again.
    #[inline]
    pub(crate) fn clear_pending(&self, bit: usize) {
        self.pending.fetch_and(!bit, Ordering::AcqRel);
    }

    /// Clears all bits. Must be called after every return of the kernel's wait (events, timeout,
    /// error), before the caller sees an event.
    #[inline]
    pub(crate) fn clear_all(&self) {
        if self.pending.load(Ordering::Acquire) != 0 {
            // A swap, not a store: it acquires what every merged wake released.
            self.pending.swap(0, Ordering::AcqRel);
        }
    }

    /// Like `clear_all`, and observes how wakes come. Goes with `must_notify`.
    #[inline]
    pub(crate) fn after_wait(&self) {
        let pace = self.pace.load(Ordering::Acquire);
        // Whatever `pace` is.
        let has_bits = self.pending.load(Ordering::Acquire) != 0;
        if has_bits {
            self.clear_all();
            let is_burst = pace == pace::MANY;
            let next = if is_burst { pace::BURSTS } else { pace::ALONE };
            self.pace.store(next, Ordering::Relaxed);
        } else if pace == pace::ONE {
            self.pace.store(pace::ALONE, Ordering::Relaxed);
        }
    }

    /// Clears the bits of wakers whose notifications a wait has taken, when others may still be
    /// queued. Replaces `clear_all` only where it is known whose notifications were taken.
    ///
    /// The argument is the same: the wake that sets a bit notifies afterwards, and the wait that
    /// takes this notification clears the bit.
    #[inline]
    pub(crate) fn clear_only(&self, bits: usize) {
        if bits != 0 {
            self.pending.fetch_and(!bits, Ordering::AcqRel);
        }
    }

    /// Whether a wait of another selector or process may take a notification of this one.
    #[inline]
    pub(crate) fn is_shared(&self) -> bool {
        self.generation.load(Ordering::Relaxed) != self.merge_generation.load(Ordering::Relaxed)
    }

    /// Whether the process may have been forked since the selector was created, so that another
    /// process may have the kernel object.
    #[inline]
    pub(crate) fn may_be_forked(&self) -> bool {
        self.generation.load(Ordering::Relaxed) != self.first_generation
    }

    /// Ends merging for good. Must be called before the fd of the kernel object is handed out.
    #[inline]
    pub(crate) fn expose(&self) {
        self.merge_generation
            .store(NO_GENERATION, Ordering::Relaxed);
        // Releases `merge_generation` to every wake that finds a bit which was set after this.
        self.pending.swap(0, Ordering::AcqRel);
    }
}

/// The bit of one waker, of the bits that `B` refers to or has. Dropping it releases the bit, so a
/// waker must first end its notifications: a waker declares this field after the object that it
/// notifies.
#[derive(Debug)]
#[allow(dead_code)] // On poll(2) and `poll_oneoff` no kernel object queues events.
pub(crate) struct WakeBit<B: AsRef<WakeBits> = Arc<WakeBits>> {
    bits: B,
    /// The number of the bit; `usize::BITS` if there was no free bit.
    index: u32,
}

impl AsRef<WakeBits> for WakeBits {
    #[inline]
    fn as_ref(&self) -> &WakeBits {
        self
    }
}

#[allow(dead_code)] // As for `WakeBits`; only event ports need the mask.
impl<B: AsRef<WakeBits>> WakeBit<B> {
    /// Acquires a bit for a waker.
    pub(crate) fn acquire(bits: B) -> WakeBit<B> {
        WakeBit {
            index: bits.as_ref().acquire().trailing_zeros(),
            bits,
        }
    }

    /// The bits of all wakers of the selector.
    pub(crate) fn all(&self) -> &WakeBits {
        self.bits.as_ref()
    }

    /// The bit as a mask; 0 if there was no free bit.
    #[inline]
    pub(crate) fn mask(&self) -> usize {
        1_usize.checked_shl(self.index).unwrap_or_default()
    }

    /// See [`WakeBits::set_pending`].
    #[inline]
    pub(crate) fn set_pending(&self) -> bool {
        self.bits.as_ref().set_pending(self.mask())
    }

    /// See [`WakeBits::must_notify`].
    #[inline]
    pub(crate) fn must_notify(&self) -> bool {
        self.bits.as_ref().must_notify(self.index)
    }

    /// See [`WakeBits::clear_pending`].
    pub(crate) fn clear_pending(&self) {
        self.bits.as_ref().clear_pending(self.mask());
    }
}

impl<B: AsRef<WakeBits>> Drop for WakeBit<B> {
    fn drop(&mut self) {
        self.bits.as_ref().release(self.mask());
    }
}
