//! Registrations.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::cases::ready::Scene;
use crate::meter::Meter;
use crate::peer::{Interest, Peer, Watch, eventfd};

/// The number of registrations in one measurement.
const BATCH: usize = 64;

fn batch<P: Peer>() -> Vec<P::Source> {
    (0..BATCH).map(|_| P::source(eventfd())).collect()
}

fn add_all<P: Peer>(scene: &mut (Scene<P>, Vec<P::Source>)) {
    let registry = scene.0.selector.registry();
    for (token, source) in scene.1.iter_mut().enumerate() {
        registry.add(source, token, Interest::Read);
    }
}

fn remove_all<P: Peer>(scene: &mut (Scene<P>, Vec<P::Source>)) {
    let registry = scene.0.selector.registry();
    for source in &mut scene.1 {
        registry.remove(source);
    }
}

/// Registers next to `OTHERS` sources, while no thread polls.
pub fn register<P: Peer, const OTHERS: usize>(meter: &mut Meter<'_>) {
    let mut scene = (Scene::<P>::new(OTHERS), batch::<P>());
    add_all(&mut scene);
    meter.prepared(BATCH as u64, &mut scene, remove_all, add_all);
}

/// Deregisters next to `OTHERS` sources, while no thread polls.
pub fn deregister<P: Peer, const OTHERS: usize>(meter: &mut Meter<'_>) {
    let mut scene = (Scene::<P>::new(OTHERS), batch::<P>());
    meter.prepared(BATCH as u64, &mut scene, add_all, remove_all);
}

/// Changes the interests of a registration.
pub fn reregister<P: Peer>(meter: &mut Meter<'_>) {
    let mut scene = Scene::<P>::new(1);
    let registry = scene.selector.registry();
    let source = &mut scene.sources[0];
    let mut turn = 0;
    meter.each(|| {
        turn += 1;
        registry.change(source, turn, Interest::Read);
    });
}

/// Registers and deregisters one source.
pub fn both<P: Peer>(meter: &mut Meter<'_>) {
    let selector = P::new();
    let mut source = P::source(eventfd());
    let registry = selector.registry();
    meter.each(|| {
        registry.add(&mut source, 1, Interest::Read);
        registry.remove(&mut source);
    });
}

/// Registers and deregisters while another thread polls `OTHERS` sources.
pub fn while_polling<P: Peer, const OTHERS: usize>(meter: &mut Meter<'_>) {
    static DONE: AtomicBool = AtomicBool::new(false);
    DONE.store(false, Ordering::SeqCst);
    let scene = Scene::<P>::new(OTHERS);
    let registry = scene.selector.another_registry();
    let waker = scene.selector.waker(usize::MAX - 1);
    let Scene {
        mut selector,
        sources,
        ..
    } = scene;
    let poller = thread::spawn(move || {
        let mut events = P::events(1024);
        while !DONE.load(Ordering::SeqCst) {
            selector.poll(&mut events, None);
        }
        sources.len()
    });
    let mut source = P::source(eventfd());
    meter.each(|| {
        registry.add(&mut source, 1, Interest::Read);
        registry.remove(&mut source);
    });
    DONE.store(true, Ordering::SeqCst);
    P::wake(&waker);
    assert_eq!(poller.join().ok(), Some(OTHERS));
}
