//! poll(2): wakes and registrations under one mutex, and one level-triggered notifier.

use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

/// A mistake to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// No mistake.
    None,
    /// `blocked` is set in a critical section of its own, after the one that takes the wakers.
    BlockedSeparately,
    /// The waker's flag is cleared by a store.
    ClearByStore,
    /// The waker's flag is read by a load, and set only if it was clear.
    LoadFirst,
}

#[derive(Default)]
struct State {
    woken: Vec<usize>,
    registered: usize,
    blocked: bool,
    notified: bool,
}

struct Model {
    mistake: Mistake,
    flags: Vec<AtomicBool>,
    state: Mutex<State>,
    /// Whether the notifier is readable.
    notifier: Mutex<bool>,
    written: Condvar,
}

impl Model {
    fn update(&self, update: impl FnOnce(&mut State)) {
        let mut state = self.state.lock().unwrap();
        update(&mut state);
        let must = state.blocked && !state.notified;
        state.notified |= must;
        drop(state);
        if must {
            *self.notifier.lock().unwrap() = true;
            self.written.notify_one();
        }
    }

    fn wake(&self, waker: usize) {
        let flag = &self.flags[waker];
        if self.mistake == Mistake::LoadFirst && flag.load(Ordering::Acquire) {
            return;
        }
        if !flag.swap(true, Ordering::AcqRel) {
            self.update(|state| state.woken.push(waker));
        }
    }

    fn take_wakers(&self, state: &mut State, events: &mut Vec<usize>) {
        for waker in state.woken.drain(..) {
            if self.mistake == Mistake::ClearByStore {
                self.flags[waker].store(false, Ordering::Release);
            } else {
                self.flags[waker].swap(false, Ordering::AcqRel);
            }
            events.push(waker);
        }
    }

    /// One `select` that waits for wakers or for `expected` registrations.
    fn select(&self, expected: usize) -> (Vec<usize>, usize) {
        let mut events = Vec::new();
        loop {
            let mut state = self.state.lock().unwrap();
            self.take_wakers(&mut state, &mut events);
            let registered = state.registered;
            let may_block = events.is_empty() && registered < expected;
            if self.mistake == Mistake::BlockedSeparately {
                drop(state);
                state = self.state.lock().unwrap();
            }
            state.blocked = may_block;
            state.notified = false;
            drop(state);

            let mut readable = self.notifier.lock().unwrap();
            while may_block && !*readable {
                readable = self.written.wait(readable).unwrap();
            }
            // Drained because the kernel reports it, not because `notified` is set.
            *readable = false;
            drop(readable);

            let mut state = self.state.lock().unwrap();
            state.blocked = false;
            self.take_wakers(&mut state, &mut events);
            let registered = state.registered;
            drop(state);
            if !events.is_empty() || registered >= expected {
                return (events, registered);
            }
        }
    }
}

/// Each thread writes and wakes its waker (several threads may share one), and then registers
/// `registrations` sources. The poller waits until it has seen all of it.
pub fn run(threads: Vec<usize>, registrations: usize, mistake: Mistake) {
    crate::explore(move || {
        let wakers = threads.iter().max().map_or(0, |most| most + 1);
        let model = Arc::new(Model {
            mistake,
            flags: (0..wakers).map(|_| AtomicBool::new(false)).collect(),
            state: Mutex::default(),
            notifier: Mutex::new(false),
            written: Condvar::new(),
        });
        let data: Arc<Vec<AtomicUsize>> =
            Arc::new(threads.iter().map(|_| AtomicUsize::new(0)).collect());
        let handles: Vec<_> = threads
            .iter()
            .copied()
            .enumerate()
            .map(|(thread_index, waker)| {
                let (model, data) = (Arc::clone(&model), Arc::clone(&data));
                thread::spawn(move || {
                    data[thread_index].store(1, Ordering::Relaxed);
                    model.wake(waker);
                    for _ in 0..registrations {
                        model.update(|state| state.registered += 1);
                    }
                })
            })
            .collect();
        let expected = threads.len() * registrations;
        let mut seen = vec![false; threads.len()];
        let mut registered = 0;
        while seen.contains(&false) {
            // Only wakes end this wait.
            let (events, now) = model.select(usize::MAX);
            registered = now;
            for (thread_index, waker) in threads.iter().enumerate() {
                if events.contains(waker) {
                    seen[thread_index] |= data[thread_index].load(Ordering::Relaxed) == 1;
                }
            }
        }
        while registered < expected {
            registered = model.select(expected).1;
        }
        for handle in handles {
            handle.join().unwrap();
        }
    });
}
