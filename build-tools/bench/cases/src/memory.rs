//! Counts the allocations of every case, and of a registration.
//!
//! It is a program of its own, because counting needs another allocator, which would slow the timed
//! cases.

use mio_bench_cases::cases::{self, BACKEND};
use mio_bench_cases::meter::Meter;
#[cfg(unix)]
use mio_bench_cases::peer::{Bare, Interest, Ours, Peer, Poller, Upstream, Watch, eventfd};
use serde_json::json;

#[cfg(unix)]
#[path = "limits.rs"]
mod limits;

fn main() {
    for case in cases::all() {
        // The counter only sees this thread. Cases with many descriptors allocate as others do.
        if case.threads || case.descriptors > 15_000 {
            continue;
        }
        #[cfg(unix)]
        if limits::raise(case.descriptors).is_err() {
            continue;
        }
        for (peer, run) in &case.runs {
            let mut count = 0;
            let mut span = |body: &mut dyn FnMut()| {
                count += allocation_counter::measure(&mut *body).count_total;
            };
            let mut meter = Meter::new(20, &mut span);
            run(&mut meter);
            let operations = meter.operations();
            println!(
                "{}",
                json!({
                    "case": case.name,
                    "backend": BACKEND,
                    "peer": peer,
                    "allocations": count,
                    "operations": operations,
                })
            );
        }
    }
    #[cfg(unix)]
    {
        registered::<Ours>();
        registered::<Upstream>();
        registered::<Poller>();
        registered::<Bare>();
    }
}

/// The number of registered sources.
#[cfg(unix)]
const SOURCES: usize = 8192;

/// The bytes of a registered source: in the source without its fd, and on the heap.
#[cfg(unix)]
fn registered<P: Peer>() {
    let Ok(()) = limits::raise(SOURCES as u64 + 256) else {
        return;
    };
    let selector = P::new();
    let mut sources: Vec<P::Source> = (0..SOURCES).map(|_| P::source(eventfd())).collect();
    let heap = allocation_counter::measure(|| {
        for (token, source) in sources.iter_mut().enumerate() {
            selector.registry().add(source, token, Interest::Read);
        }
    });
    let inside = size_of::<P::Source>() - size_of::<std::os::fd::OwnedFd>();
    println!(
        "{}",
        json!({
            "backend": BACKEND,
            "peer": P::NAME,
            "inside": inside,
            "heap": heap.bytes_current as f64 / SOURCES as f64,
        })
    );
}
