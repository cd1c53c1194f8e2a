//! Counts the allocations of every case, and of a registration.
//!
//! It is a program of its own, because counting needs another allocator, which would slow the timed
//! cases.

use std::time::Duration;

use mio_bench_cases::cases::{self, BACKEND};
use mio_bench_cases::meter::Meter;
#[cfg(unix)]
use mio_bench_cases::peer::{Bare, eventfd};
use mio_bench_cases::peer::{Interest, Ours, Peer, Poller, Upstream, Watch};
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
    registered::<Ours>();
    registered::<Upstream>();
    registered::<Poller>();
    #[cfg(unix)]
    registered::<Bare>();
}

/// The number of registered sources.
#[cfg(unix)]
const SOURCES: usize = 8192;
/// The number of registered sources. Sockets of Wine are slow.
#[cfg(windows)]
const SOURCES: usize = 1024;

/// The source: an eventfd.
#[cfg(unix)]
type Source<P> = <P as Peer>::Source;
/// The source: a UDP socket.
#[cfg(windows)]
type Source<P> = <P as Peer>::Udp;

#[cfg(unix)]
fn source<P: Peer>() -> Source<P> {
    P::source(eventfd())
}

#[cfg(windows)]
fn source<P: Peer>() -> Source<P> {
    P::udp().0
}

/// A file descriptor or a socket.
#[cfg(unix)]
type Handle = std::os::fd::OwnedFd;
/// A file descriptor or a socket.
#[cfg(windows)]
type Handle = std::os::windows::io::OwnedSocket;

/// The bytes of an idle source, registered and polled once: in the source without its fd or socket,
/// and on the heap.
fn registered<P: Peer>() {
    #[cfg(unix)]
    let Ok(()) = limits::raise(SOURCES as u64 + 256) else {
        return;
    };
    let mut selector = P::new();
    let mut events = P::events(1024);
    // A selector may allocate its buffers in the first poll. They are no bytes of a source.
    selector.poll(&mut events, Some(Duration::ZERO));
    let mut sources: Vec<Source<P>> = (0..SOURCES).map(|_| source::<P>()).collect();
    let heap = allocation_counter::measure(|| {
        for (token, source) in sources.iter_mut().enumerate() {
            selector.registry().add(source, token, Interest::Read);
        }
        selector.poll(&mut events, Some(Duration::ZERO));
    });
    let inside = size_of::<Source<P>>() - size_of::<Handle>();
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
