//! Polls without events.

use std::time::{Duration, Instant};

use crate::meter::Meter;
use crate::peer::Peer;

/// Polls with a zero timeout; no source is ready.
pub fn empty<P: Peer>(meter: &mut Meter<'_>) {
    let mut selector = P::new();
    let mut events = P::events(1024);
    meter.each(|| selector.poll(&mut events, Some(Duration::ZERO)));
}

/// The median lateness of a timeout of `MICROS` microseconds.
pub fn lateness<P: Peer, const MICROS: u64>(meter: &mut Meter<'_>) {
    let mut selector = P::new();
    let mut events = P::events(16);
    let timeout = Duration::from_micros(MICROS);
    // Allocates the memory of the samples before the measurement.
    let mut late = Vec::with_capacity(meter.n() as usize + 16);
    meter.each(|| {
        let start = Instant::now();
        selector.poll(&mut events, Some(timeout));
        late.push(start.elapsed().as_nanos() as f64 - timeout.as_nanos() as f64);
    });
    late.sort_by(f64::total_cmp);
    meter.result(late.get(late.len() / 2).copied().unwrap_or(f64::NAN));
}
