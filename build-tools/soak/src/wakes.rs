//! Threads that wake the loops, each with a waker of its own.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use mio::Waker;

use crate::shared::{BOUND, Id, Kind, Latency, Phase, Shared};

/// Wakes until the run ends: alone, and in bursts whose wakes may merge. Each must be seen.
pub(crate) fn wake(shared: &Shared, number: usize, waker: &Waker, seed: u64) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let state = &shared.wakers[number];
    let _ = state.thread.set(thread::current());
    let id = Id::new(Kind::Waker, number, 0);
    while shared.phase() != Phase::Stop {
        let burst = match rng.u32(0..10) {
            0 => rng.u32(2..64),
            _ => 1,
        };
        let start = Instant::now();
        for _ in 0..burst {
            state.sent.fetch_add(1, Ordering::AcqRel);
            shared.operation(Kind::Waker);
            if let Err(error) = waker.wake() {
                return shared.fault(format_args!("{id}: wake: {error}"));
            }
        }
        let sent = state.sent.load(Ordering::Acquire);
        while state.seen.load(Ordering::Acquire) < sent {
            if start.elapsed() > BOUND {
                let seen = state.seen.load(Ordering::Acquire);
                return shared.fault(format_args!(
                    "{id}: wake {sent} was not seen within {BOUND:?}; the last one seen is {seen}, \
                     after {} events",
                    state.events.load(Ordering::Acquire)
                ));
            }
            if shared.phase() == Phase::Stop {
                return;
            }
            // The loop unparks this thread.
            thread::park_timeout(Duration::from_millis(500));
        }
        shared.timed(Latency::Wake, start);
        thread::sleep(Duration::from_micros(rng.u64(0..20_000)));
    }
}

/// Reports a waker with more events than wakes.
pub(crate) fn check(shared: &Shared) {
    for (number, state) in shared.wakers.iter().enumerate() {
        // In this order: a wake between the two reads adds no event to the first.
        let events = state.events.load(Ordering::Acquire);
        let sent = state.sent.load(Ordering::Acquire);
        if events > sent {
            let id = Id::new(Kind::Waker, number, 0);
            shared.fault(format_args!("{id}: {events} events of {sent} wakes"));
        }
    }
}
