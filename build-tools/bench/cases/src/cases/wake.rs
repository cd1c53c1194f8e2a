//! Wakers.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use crate::meter::Meter;
use crate::peer::Peer;
#[cfg(unix)]
use crate::peer::{Interest, Watch, eventfd};

/// One wake, and the poll that reports it.
pub fn one<P: Peer>(meter: &mut Meter<'_>) {
    let mut selector = P::new();
    let mut events = P::events(16);
    let waker = selector.waker(1);
    meter.each(|| {
        P::wake(&waker);
        selector.poll(&mut events, None);
    });
}

/// Many wakes between two polls, which are not measured.
pub fn burst<P: Peer>(meter: &mut Meter<'_>) {
    let selector = P::new();
    let waker = selector.waker(1);
    let mut scene = (selector, waker, P::events(16));
    P::wake(&scene.1);
    meter.prepared(
        1,
        &mut scene,
        |(selector, _, events)| selector.poll(events, None),
        |(_, waker, _)| (0..64).for_each(|_| P::wake(waker)),
    );
}

/// The count of turns that ends the other thread.
const OVER: usize = usize::MAX;

/// Two threads wake each other in turn. The turns of the other thread have odd counts. A thread
/// checks the count, because some selectors return spuriously.
pub fn ping_pong<P: Peer>(meter: &mut Meter<'_>) {
    let ball = Arc::new(AtomicUsize::new(0));
    let (mut here, mut there) = (P::new(), P::new());
    let (wake_here, wake_there) = (here.waker(1), there.waker(1));
    let other = thread::spawn({
        let ball = Arc::clone(&ball);
        move || {
            let mut events = P::events(16);
            loop {
                there.poll(&mut events, None);
                match ball.load(Ordering::SeqCst) {
                    OVER => return,
                    turn if turn % 2 == 1 => {
                        ball.store(turn + 1, Ordering::SeqCst);
                        P::wake(&wake_here);
                    }
                    _ => {}
                }
            }
        }
    });
    let mut events = P::events(16);
    let mut turn = 0;
    meter.each(|| {
        ball.store(turn + 1, Ordering::SeqCst);
        P::wake(&wake_there);
        turn += 2;
        while ball.load(Ordering::SeqCst) != turn {
            here.poll(&mut events, None);
        }
    });
    ball.store(OVER, Ordering::SeqCst);
    P::wake(&wake_there);
    assert!(other.join().is_ok());
}

/// How long the threads run: long enough for the scheduler to run all of them several times.
const TIME: Duration = Duration::from_millis(40);

/// Runs this number of threads for a fixed time while a selector polls. `prepare` makes the
/// operation that a thread repeats.
fn with_threads<P: Peer, F: FnMut(&P::Waker) + Send + 'static>(
    meter: &mut Meter<'_>,
    count: usize,
    prepare: impl Fn(&P, usize) -> F,
) {
    let mut selector = P::new();
    let mut events = P::events(1024);
    let waker = Arc::new(selector.waker(usize::MAX - 1));
    let is_over = Arc::new(AtomicBool::new(false));
    let start = Arc::new(Barrier::new(count + 1));
    let threads: Vec<_> = (0..count)
        .map(|index| {
            let (waker, is_over) = (Arc::clone(&waker), Arc::clone(&is_over));
            let (start, mut operation) = (Arc::clone(&start), prepare(&selector, index));
            thread::spawn(move || {
                let mut operations = 0_u64;
                start.wait();
                while !is_over.load(Ordering::Relaxed) {
                    operation(&waker);
                    operations += 1;
                }
                operations
            })
        })
        .collect();
    start.wait();
    let started = Instant::now();
    while started.elapsed() < TIME {
        selector.poll(&mut events, Some(Duration::from_millis(10)));
    }
    is_over.store(true, Ordering::Relaxed);
    let nanos = started.elapsed().as_nanos() as f64;
    let operations: u64 = threads
        .into_iter()
        .map(|thread| thread.join().expect("no thread panics"))
        .sum();
    meter.result(nanos / operations.max(1) as f64);
}

/// Threads wake one selector as fast as they can while it polls. One operation is one wake.
pub fn threads<P: Peer, const THREADS: usize>(meter: &mut Meter<'_>) {
    with_threads::<P, _>(meter, THREADS, |_, _| |waker: &P::Waker| P::wake(waker));
}

/// Threads register a source, wake the selector and deregister the source, while it polls. One
/// operation is all three.
#[cfg(unix)]
pub fn threads_that_register<P: Peer, const THREADS: usize>(meter: &mut Meter<'_>) {
    with_threads::<P, _>(meter, THREADS, |selector, token| {
        let registry = selector.another_registry();
        let mut source = P::source(eventfd());
        move |waker: &P::Waker| {
            registry.add(&mut source, token, Interest::Read);
            P::wake(waker);
            registry.remove(&mut source);
        }
    });
}
