//! The time from a wake in one thread to the return of the poll that reports it in another.

use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::peer::{Interest, Peer, Watch, eventfd, must, set_event};

/// The other sources of a loaded selector.
const OTHERS: usize = 64;

/// The token of the waker.
const WAKER: usize = OTHERS;

/// The time between the return of a poll and the next wake, so that the poll blocks again.
const PAUSE: Duration = Duration::from_micros(50);

/// What the threads share.
#[derive(Default)]
struct Shared {
    /// When the last wake began, in nanoseconds since the start; 0 when the poller has seen it.
    started: AtomicU64,
    is_over: AtomicBool,
}

/// Measures this number of wakes, in nanoseconds. With `loaded` threads on all cores but one write
/// to eventfds of the selector without pause.
#[must_use]
pub fn samples<P: Peer>(count: usize, loaded: bool) -> Vec<u64> {
    let start = Instant::now();
    let since_start = move || start.elapsed().as_nanos() as u64;
    let shared = Arc::new(Shared::default());
    let mut selector = P::new();
    let waker = selector.waker(WAKER);
    let mut sources = Vec::new();
    let mut writers = Vec::new();
    if loaded {
        let mut counters = Vec::new();
        for token in 0..OTHERS {
            let counter = eventfd();
            counters.push(must(counter.try_clone()));
            let mut source = P::source(counter);
            selector.registry().add(&mut source, token, Interest::Read);
            sources.push(source);
        }
        let counters = Arc::new(counters);
        let cores = thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..cores.saturating_sub(1).max(1) {
            let (shared, counters) = (Arc::clone(&shared), Arc::clone(&counters));
            writers.push(thread::spawn(move || {
                while !shared.is_over.load(Ordering::Relaxed) {
                    for counter in counters.iter() {
                        set_event(counter.as_raw_fd());
                    }
                }
            }));
        }
    }
    let poller = thread::spawn({
        let shared = Arc::clone(&shared);
        move || {
            let mut events = P::events(1024);
            let mut nanos = Vec::with_capacity(count);
            let mut ready = Vec::with_capacity(OTHERS);
            while nanos.len() < count {
                selector.poll(&mut events, None);
                let now = since_start();
                let mut is_woken = false;
                P::visit(&events, |token, _, _| {
                    if token == WAKER {
                        is_woken = true;
                    } else {
                        ready.push(token);
                    }
                });
                if is_woken {
                    // 0 if this was the event of an earlier wake, which is possible when two polls
                    // report one wake.
                    let started = shared.started.swap(0, Ordering::SeqCst);
                    if started != 0 {
                        nanos.push(now.saturating_sub(started));
                    }
                }
                for token in ready.drain(..) {
                    // Until `WouldBlock`, so that the next write is an event again.
                    while P::read_source(&mut sources[token], &mut [0; 8]).is_ok() {}
                }
            }
            nanos
        }
    });
    for _ in 0..count {
        thread::sleep(PAUSE);
        shared.started.store(since_start().max(1), Ordering::SeqCst);
        P::wake(&waker);
        while shared.started.load(Ordering::SeqCst) != 0 {
            thread::sleep(PAUSE);
        }
    }
    let nanos = poller.join();
    shared.is_over.store(true, Ordering::Relaxed);
    for writer in writers {
        assert!(writer.join().is_ok());
    }
    nanos.expect("the poller ended without a panic")
}
