//! Wakers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use crate::meter::Meter;
use crate::peer::Peer;

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

/// Threads wake one selector as fast as they can while it polls. One operation is one wake.
pub fn threads<P: Peer, const THREADS: usize>(meter: &mut Meter<'_>) {
    let mut selector = P::new();
    let mut events = P::events(16);
    let waker = Arc::new(selector.waker(1));
    let running = Arc::new(AtomicUsize::new(THREADS));
    let start = Arc::new(Barrier::new(THREADS + 1));
    let each = meter.n();
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let (waker, running) = (Arc::clone(&waker), Arc::clone(&running));
            let start = Arc::clone(&start);
            thread::spawn(move || {
                start.wait();
                for _ in 0..each {
                    P::wake(&waker);
                }
                running.fetch_sub(1, Ordering::SeqCst);
                P::wake(&waker);
            })
        })
        .collect();
    meter.once(each * THREADS as u64, || {
        start.wait();
        while running.load(Ordering::SeqCst) > 0 {
            selector.poll(&mut events, Some(Duration::from_millis(100)));
        }
    });
    for thread in threads {
        assert!(thread.join().is_ok());
    }
}
