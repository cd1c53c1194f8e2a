//! Queues in the kernel: epoll with eventfd or pipe, and what is like it; completion ports and event ports, whose packets say whose
//! they are.

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use crate::sys::wake_bits::WakeBits;

/// A mistake to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// None: the library's own file.
    None,
    /// The flag is read by a load, and set only if it was clear.
    LoadFirst,
    /// The flags are cleared by a store.
    ClearByStore,
    /// The flags are cleared before the kernel's wait.
    ClearBeforeWait,
    /// The flags are cleared after the caller has seen the events.
    ClearAfterLook,
    /// The flag is set after the notification.
    SetAfterNotify,
    /// Wakes are merged although the descriptor was handed out.
    MergeWhenExposed,
    /// That the descriptor is handed out is only noted: the flags are not cleared then.
    ExposeWithoutClearing,
}

/// The kernel's side: an edge for each waker.
struct Kernel {
    edges: Mutex<Vec<bool>>,
    changed: Condvar,
}

impl Kernel {
    fn notify(&self, waker: usize) {
        self.edges.lock().unwrap()[waker] = true;
        self.changed.notify_one();
    }

    /// Waits, if `may_sleep`, and takes at most `capacity` edges.
    fn wait(&self, capacity: usize, may_sleep: bool) -> Vec<usize> {
        let mut edges = self.edges.lock().unwrap();
        while may_sleep && !edges.contains(&true) {
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
    /// One for all wakers, or one for each.
    right: Vec<WakeBits>,
    /// The bits of all wakers, if a wait that was full clears those of its own events only.
    named: Option<Vec<usize>>,
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
                if self.right(waker).set_pending(bit) {
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

    fn seen(&self, events: &[usize], is_full: bool) {
        match self.mistake {
            Mistake::None if is_full && self.named.is_some() => {
                let bits = self.named.as_deref().unwrap_or_default();
                let told = events.iter().fold(0, |told, waker| told | bits[*waker]);
                self.right(0).clear_only(told);
            }
            Mistake::None if self.right.len() > 1 => {
                for waker in events {
                    self.right(*waker).clear_all();
                }
            }
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

    /// The descriptor is handed out.
    fn expose(&self) {
        match self.mistake {
            Mistake::None => self.right(0).expose(),
            Mistake::ExposeWithoutClearing => self.wrong_is_exposed.store(1, Ordering::Relaxed),
            _ => {}
        }
    }

    /// One `select`; what the caller does with the events is `look`.
    fn select(
        &self,
        kernel: &Kernel,
        capacity: usize,
        may_sleep: bool,
        look: impl FnOnce(&[usize]),
    ) {
        if self.mistake == Mistake::ClearBeforeWait {
            self.seen(&[], false);
        }
        let events = kernel.wait(capacity, may_sleep);
        let clear_now = !matches!(
            self.mistake,
            Mistake::ClearBeforeWait | Mistake::ClearAfterLook
        );
        if clear_now {
            self.seen(&events, events.len() == capacity);
        }
        look(&events);
        if self.mistake == Mistake::ClearAfterLook {
            self.seen(&events, events.len() == capacity);
        }
    }
}

/// Who wakes what, and how the poller waits.
#[derive(Clone, Debug)]
pub struct Scene {
    /// For each thread the wakers it wakes, one after the other.
    pub threads: Vec<Vec<usize>>,
    /// How many wakers there are.
    pub wakers: usize,
    /// How many events one wait returns at most.
    pub capacity: usize,
    /// Waits before the first that sleeps which return at once: time-outs and signals.
    pub early: usize,
    /// Whether each waker has flags of its own, which its own events clear.
    pub apart: bool,
    /// Whether a wait that was full clears the flags of its own events only. Not together with `apart`.
    pub named: bool,
    /// Whether somebody who was given the descriptor waits in the selector's place: nothing clears
    /// the flags then. Not together with `apart`.
    pub exposed: bool,
}

/// Runs a scene: the poller sleeps until it has seen what every thread wrote before its last wake of every waker.
pub fn run(scene: Scene, mistake: Mistake) {
    crate::explore(move || {
        let kernel = Arc::new(Kernel {
            edges: Mutex::new(vec![false; scene.wakers]),
            changed: Condvar::new(),
        });
        // A second one where there is but one waker: it says that they are apart.
        let right: Vec<WakeBits> = (0..if scene.apart { scene.wakers.max(2) } else { 1 })
            .map(|_| WakeBits::unshared())
            .collect();
        let bits: Vec<usize> = (0..scene.wakers)
            .map(|waker| right[waker % right.len()].acquire())
            .collect();
        let flags = Arc::new(Flags {
            mistake,
            right,
            named: scene.named.then(|| bits.clone()),
            wrong: AtomicUsize::new(0),
            wrong_is_exposed: AtomicUsize::new(0),
        });
        // What a thread writes before a wake of a waker: how often it has woken it.
        let written: Arc<Vec<Vec<AtomicUsize>>> = Arc::new(
            scene
                .threads
                .iter()
                .map(|_| (0..scene.wakers).map(|_| AtomicUsize::new(0)).collect())
                .collect(),
        );
        let mut handles = Vec::new();
        for (number, wakes) in scene.threads.iter().cloned().enumerate() {
            let (kernel, flags) = (Arc::clone(&kernel), Arc::clone(&flags));
            let (written, bits) = (Arc::clone(&written), bits.clone());
            handles.push(thread::spawn(move || {
                for waker in wakes {
                    let place = &written[number][waker];
                    let next = place.load(Ordering::Relaxed) + 1;
                    place.store(next, Ordering::Relaxed);
                    flags.wake(waker, bits[waker], || kernel.notify(waker));
                }
            }));
        }
        for _ in 0..scene.early {
            // Events of these waits count for nothing but themselves: the caller looks at what it can see then.
            flags.select(&kernel, scene.capacity, false, |events| {
                for waker in events {
                    kernel.notify(*waker);
                }
            });
        }
        // What the poller has seen with an event of the waker itself.
        let mut seen = vec![vec![0; scene.wakers]; scene.threads.len()];
        let all_seen = |seen: &Vec<Vec<usize>>| {
            scene.threads.iter().enumerate().all(|(number, wakes)| {
                (0..scene.wakers).all(|waker| {
                    seen[number][waker] == wakes.iter().filter(|w| **w == waker).count()
                })
            })
        };
        if scene.exposed {
            flags.expose();
        }
        while !all_seen(&seen) {
            if scene.exposed {
                for waker in kernel.wait(scene.capacity, true) {
                    for (number, row) in seen.iter_mut().enumerate() {
                        row[waker] = written[number][waker].load(Ordering::Relaxed);
                    }
                }
                continue;
            }
            flags.select(&kernel, scene.capacity, true, |events| {
                for waker in events {
                    for (number, row) in seen.iter_mut().enumerate() {
                        row[*waker] = written[number][*waker].load(Ordering::Relaxed);
                    }
                }
            });
        }
        for handle in handles {
            handle.join().unwrap();
        }
    });
}
