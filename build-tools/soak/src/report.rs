//! The summary at the end.

use std::sync::atomic::Ordering;

use crate::resources;
use crate::shared::{COUNTS, KINDS, LATENCIES, Shared};
use crate::watch::Watch;

/// The selector and the waker of this build.
pub(crate) fn backend() -> &'static str {
    let is_poll = cfg!(mio_unsupported_force_poll_poll);
    let is_pipe = cfg!(mio_unsupported_force_waker_pipe);
    match (cfg!(windows), cfg!(target_os = "linux"), is_poll, is_pipe) {
        (true, ..) => "afd",
        (_, _, true, true) => "poll-pipe",
        (_, _, true, false) => "poll-eventfd",
        (_, true, false, true) => "epoll-pipe",
        (_, true, false, false) => "epoll-eventfd",
        _ => std::env::consts::OS,
    }
}

pub(crate) fn print(shared: &Shared, watch: &Watch<'_>) {
    let ran = shared.start.elapsed().as_secs_f64();
    println!("\n{} after {ran:.1} s\n", backend());
    println!(
        "{:<14} {:>14} {:>14} {:>9}",
        "source", "operations", "events", "ratio"
    );
    let (mut all_operations, mut all_events) = (0, 0);
    for (number, (_, name)) in KINDS.iter().enumerate() {
        let tally = &shared.tallies[number];
        let operations = tally.operations.load(Ordering::Relaxed);
        let events = tally.events.load(Ordering::Relaxed);
        all_operations += operations;
        all_events += events;
        let ratio = match operations {
            0 => "-".to_owned(),
            _ => format!("{:.3}", events as f64 / operations as f64),
        };
        println!("{name:<14} {operations:>14} {events:>14} {ratio:>9}");
    }
    println!("{:<14} {all_operations:>14} {all_events:>14}\n", "all");

    println!(
        "{:<10} {:>10} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "latency", "count", "p50 ms", "p90", "p99", "p99.9", "slowest"
    );
    for (number, name) in LATENCIES.iter().enumerate() {
        let recorder = shared.recorder(number);
        let total = &recorder.total;
        let millis = |quantile| total.value_at_quantile(quantile) as f64 / 1000.0;
        println!(
            "{name:<10} {:>10} {:>9.3} {:>9.3} {:>9.3} {:>9.3} {:>9.3}",
            total.len(),
            millis(0.5),
            millis(0.9),
            millis(0.99),
            millis(0.999),
            total.max() as f64 / 1000.0
        );
    }

    println!();
    for (name, count) in COUNTS.iter().zip(shared.counts()) {
        println!("{name:<30} {count:>14}");
    }
    println!();
    let opened = watch.samples.iter().filter_map(|sample| sample.descriptors);
    println!(
        "most {} open: {}",
        resources::DESCRIPTORS,
        opened.max().unwrap_or(0)
    );
    for (number, closed) in watch.closed.iter().enumerate() {
        let last = number + 1 == watch.closed.len();
        let when = match number {
            0 => "before the load",
            1 => "after the warm-up",
            _ if last => "after the last round",
            _ => continue,
        };
        println!(
            "everything closed, {when}: {} {}, {} allocations",
            closed.descriptors.unwrap_or(0),
            resources::DESCRIPTORS,
            closed.blocks
        );
    }
    let memory: Vec<u64> = watch
        .samples
        .iter()
        .filter_map(|one| one.resident)
        .collect();
    if let (Some(first), Some(last)) = (memory.get(memory.len() / 10), memory.last()) {
        let most = memory.iter().max().unwrap_or(last);
        println!(
            "resident memory: {} KiB after the warm-up, {} KiB at the end, {} KiB at most",
            first / 1024,
            last / 1024,
            most / 1024
        );
    }
}
