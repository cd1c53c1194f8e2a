//! Selectors whose events are queued by the kernel: epoll with an eventfd or a pipe; completion
//! ports and event ports, whose packets name their waker.

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use crate::sys::wake_bits::WakeBits;

/// A mistake to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// No mistake: the library's own file.
    None,
    /// The flag is read by a load, and set only if it was clear.
    LoadFirst,
    /// The flags are cleared by a store.
    ClearByStore,
    /// The flags are cleared before the wait of the kernel.
    ClearBeforeWait,
    /// The flags are cleared after the caller has seen the events.
    ClearAfterHandling,
    /// The flag is set after the notification.
    SetAfterNotify,
    /// Wakes are merged although the fd was handed out.
    MergeWhenExposed,
    /// Handing out the fd is recorded, but does not clear the flags.
    ExposeWithoutClearing,
}

/// The kernel: one edge for each waker.
struct Kernel {
    edges: Mutex<Vec<bool>>,
    changed: Condvar,
}

impl Kernel {
    fn notify(&self, waker: usize) {
        self.edges.lock().unwrap()[waker] = true;
        self.changed.notify_one();
    }

    /// Waits if `may_block`, and takes at most `capacity` edges.
    fn wait(&self, capacity: usize, may_block: bool) -> Vec<usize> {
        let mut edges = self.edges.lock().unwrap();
        while may_block && !edges.contains(&true) {
            edges = self.changed.wait(edges).unwrap();
        }
        let taken: Vec<usize> = (0..edges.len())
            .filter(|waker| edges[*waker])
            .take(capacity)
            .collect();
        for waker in &taken {
            edges[*waker] = false;
        }
        taken
    }
}

/// The flags, right or mistaken.
struct Flags {
    mistake: Mistake,
    /// One for all wakers, or one for each waker.
    right: Vec<WakeBits>,
    /// The bits of all wakers, if a wait that was full only clears those of its own events.
    bits_of_events: Option<Vec<usize>>,
    /// Whether a wake that comes alone sets no flag.
    is_paced: bool,
    wrong: AtomicUsize,
    wrong_is_exposed: AtomicUsize,
}

impl Flags {
    /// The library's flags of a waker.
    fn right(&self, waker: usize) -> &WakeBits {
        &self.right[waker % self.right.len()]
    }

    fn wake(&self, waker: usize, bit: usize, notify: impl Fn()) {
        match self.mistake {
            Mistake::LoadFirst => {
                if self.wrong.load(Ordering::Acquire) & bit == 0
                    && self.wrong.fetch_or(bit, Ordering::AcqRel) & bit == 0
                {
                    notify();
                }
            }
            Mistake::SetAfterNotify => {
                if self.wrong.fetch_or(0, Ordering::AcqRel) & bit == 0 {
                    notify();
                    self.wrong.fetch_or(bit, Ordering::AcqRel);
                }
            }
            Mistake::None => {
                let flags = self.right(waker);
                let must_notify = if self.is_paced {
                    flags.must_notify(bit.trailing_zeros())
                } else {
                    flags.set_pending(bit)
                };
                if must_notify {
                    notify();
                }
            }
            Mistake::ExposeWithoutClearing => {
                if self.wrong.fetch_or(bit, Ordering::AcqRel) & bit == 0
                    || self.wrong_is_exposed.load(Ordering::Relaxed) != 0
                {
                    notify();
                }
            }
            _ => {
                if self.wrong.fetch_or(bit, Ordering::AcqRel) & bit == 0 {
                    notify();
                }
            }
        }
    }

    fn clear_flags(&self, events: &[usize], is_full: bool) {
        match self.mistake {
            Mistake::None if is_full && self.bits_of_events.is_some() => {
                let bits = self.bits_of_events.as_deref().unwrap_or_default();
                let taken = events.iter().fold(0, |taken, waker| taken | bits[*waker]);
                self.right(0).clear_only(taken);
            }
            Mistake::None if self.right.len() > 1 => {
                for waker in events {
                    self.right(*waker).clear_all();
                }
            }
            Mistake::None if self.is_paced => self.right(0).after_wait(),
            Mistake::None => self.right(0).clear_all(),
            Mistake::ClearByStore => {
                if self.wrong.load(Ordering::Acquire) != 0 {
                    self.wrong.store(0, Ordering::Release);
                }
            }
            _ => {
                self.wrong.swap(0, Ordering::AcqRel);
            }
        }
    }

    /// Hands out the fd.
    fn expose(&self) {
        match self.mistake {
            Mistake::None => self.right(0).expose(),
            Mistake::ExposeWithoutClearing => self.wrong_is_exposed.store(1, Ordering::Relaxed),
            _ => {}
        }
    }

    /// One `select`. The caller handles the events by `handle`.
    fn select(
        &self,
        kernel: &Kernel,
        capacity: usize,
        may_block: bool,
        handle: impl FnOnce(&[usize]),
    ) {
        if self.mistake == Mistake::ClearBeforeWait {
            self.clear_flags(&[], false);
        }
        let events = kernel.wait(capacity, may_block);
        let clear_now = !matches!(
            self.mistake,
            Mistake::ClearBeforeWait | Mistake::ClearAfterHandling
        );
        if clear_now {
            self.clear_flags(&events, events.len() == capacity);
        }
        handle(&events);
        if self.mistake == Mistake::ClearAfterHandling {
            self.clear_flags(&events, events.len() == capacity);
        }
    }
}

/// The wakes of all threads, and how the poller waits.
#[derive(Clone, Debug)]
pub struct Scene {
    /// For each thread the wakers that it wakes, one after the other.
    pub threads: Vec<Vec<usize>>,
    /// The thread_index of wakers.
    pub wakers: usize,
    /// The most events that one wait returns.
    pub capacity: usize,
    /// How many waits return immediately before the first that blocks: timeouts and signals.
    pub early_returns: usize,
    /// Whether each waker has flags of its own, which its own events clear.
    pub separate_flags: bool,
    /// Whether a wait that was full only clears the flags of its own events. Not together with
    /// `separate_flags`.
    pub clears_only_its_events: bool,
    /// Whether a wake that comes alone sets no flag. Not together with the two before.
    pub is_paced: bool,
    /// Whether the caller waits on the fd that was handed out, instead of the selector, so that
    /// nothing clears the flags. Not together with `separate_flags`.
    pub exposed: bool,
}

/// Runs a scene: the poller waits until it has seen what every thread wrote before its last wake of
/// every waker.
pub fn run(scene: Scene, mistake: Mistake) {
    crate::explore(move || {
        let kernel = Arc::new(Kernel {
            edges: Mutex::new(vec![false; scene.wakers]),
            changed: Condvar::new(),
        });
        // At least two, because their thread_index selects separate flags.
        let right: Vec<WakeBits> = (0..if scene.separate_flags {
            scene.wakers.max(2)
        } else {
            1
        })
            .map(|_| WakeBits::unshared())
            .collect();
        let bits: Vec<usize> = (0..scene.wakers)
            .map(|waker| right[waker % right.len()].acquire())
            .collect();
        let flags = Arc::new(Flags {
            mistake,
            right,
            bits_of_events: scene.clears_only_its_events.then(|| bits.clone()),
            is_paced: scene.is_paced,
            wrong: AtomicUsize::new(0),
            wrong_is_exposed: AtomicUsize::new(0),
        });
        // Before a wake a thread writes how often it has woken the waker.
        let written: Arc<Vec<Vec<AtomicUsize>>> = Arc::new(
            scene
                .threads
                .iter()
                .map(|_| (0..scene.wakers).map(|_| AtomicUsize::new(0)).collect())
                .collect(),
        );
        if scene.is_paced {
            // After a wake that was alone, the next one sets no flag.
            flags.wake(0, bits[0], || kernel.notify(0));
            flags.select(&kernel, scene.capacity, true, |_| {});
        }
        let mut handles = Vec::new();
        for (thread_index, wakes) in scene.threads.iter().cloned().enumerate() {
            let (kernel, flags) = (Arc::clone(&kernel), Arc::clone(&flags));
            let (written, bits) = (Arc::clone(&written), bits.clone());
            handles.push(thread::spawn(move || {
                for waker in wakes {
                    let count = &written[thread_index][waker];
                    let next = count.load(Ordering::Relaxed) + 1;
                    count.store(next, Ordering::Relaxed);
                    flags.wake(waker, bits[waker], || kernel.notify(waker));
                }
            }));
        }
        for _ in 0..scene.early_returns {
            // The poller does not evaluate the events of these waits, so it puts them back.
            flags.select(&kernel, scene.capacity, false, |events| {
                for waker in events {
                    kernel.notify(*waker);
                }
            });
        }
        // What the poller has read after an event of the waker.
        let mut seen = vec![vec![0; scene.wakers]; scene.threads.len()];
        let all_seen = |seen: &Vec<Vec<usize>>| {
            scene
                .threads
                .iter()
                .enumerate()
                .all(|(thread_index, wakes)| {
                    (0..scene.wakers).all(|waker| {
                        seen[thread_index][waker] == wakes.iter().filter(|w| **w == waker).count()
                    })
                })
        };
        if scene.exposed {
            flags.expose();
        }
        while !all_seen(&seen) {
            if scene.exposed {
                for waker in kernel.wait(scene.capacity, true) {
                    for (thread_index, row) in seen.iter_mut().enumerate() {
                        row[waker] = written[thread_index][waker].load(Ordering::Relaxed);
                    }
                }
                continue;
            }
            flags.select(&kernel, scene.capacity, true, |events| {
                for waker in events {
                    for (thread_index, row) in seen.iter_mut().enumerate() {
                        row[*waker] = written[thread_index][*waker].load(Ordering::Relaxed);
                    }
                }
            });
        }
        for handle in handles {
            handle.join().unwrap();
        }
    });
}
