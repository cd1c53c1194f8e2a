//! Waiting for nothing.

use std::time::{Duration, Instant};

use crate::meter::Meter;
use crate::peer::Peer;

/// Nothing is ready, and nothing is waited for.
pub fn empty<P: Peer>(meter: &mut Meter<'_>) {
    let mut queue = P::new();
    let mut events = P::events(1024);
    meter.each(|| queue.poll(&mut events, Some(Duration::ZERO)));
}

/// How late a time-out of so many microseconds ends: the median of all turns.
pub fn lateness<P: Peer, const MICROS: u64>(meter: &mut Meter<'_>) {
    let mut queue = P::new();
    let mut events = P::events(16);
    let timeout = Duration::from_micros(MICROS);
    // Its own memory is not what is measured.
    let mut late = Vec::with_capacity(meter.n() as usize + 16);
    meter.each(|| {
        let start = Instant::now();
        queue.poll(&mut events, Some(timeout));
        late.push(start.elapsed().as_nanos() as f64 - timeout.as_nanos() as f64);
    });
    late.sort_by(f64::total_cmp);
    meter.result(late.get(late.len() / 2).copied().unwrap_or(f64::NAN));
}
