//! Measures that are no cases: latencies of wakes, idle connections, and the machine.

use std::os::fd::AsRawFd;
use std::os::unix::process::parent_id;
use std::time::{Duration, Instant};

use mio_bench_cases::cases::{idle, latency};
use mio_bench_cases::peer::{Bare, Ours, Peer, Poller, Upstream, eventfd, set_event};
use serde_json::json;

use crate::{limits, outside};

type Result = std::result::Result<(), lexopt::Error>;

/// The wakes of one peer in one round.
const WAKES: usize = 250;

/// Prints the times from a wake to its event. The peers take turns, and rounds start with different
/// peers. After this number of seconds no round starts.
pub fn latency(rounds: usize, seconds: u64, is_selected: impl Fn(&str) -> bool) -> Result {
    type Samples = fn(usize, bool) -> Vec<u64>;
    let peers: [(&str, Samples); 2] = [
        (Ours::NAME, latency::samples::<Ours>),
        (Upstream::NAME, latency::samples::<Upstream>),
    ];
    for loaded in [false, true] {
        let start = Instant::now();
        for round in 0..rounds {
            if start.elapsed() >= Duration::from_secs(seconds) {
                break;
            }
            for offset in 0..peers.len() {
                let (peer, samples) = peers[(round + offset) % peers.len()];
                if is_selected(peer) {
                    let nanos = samples(WAKES, loaded);
                    let line = json!({
                        "peer": peer, "loaded": loaded, "round": round, "nanos": nanos,
                    });
                    println!("{line}");
                }
            }
        }
    }
    Ok(())
}

/// Prints what a blocked poll of idle connections costs.
pub fn idle(seconds: u64, is_selected: impl Fn(&str) -> bool) -> Result {
    // The process has a few more fds.
    let most = limits::raise_as_far(idle::CONNECTIONS as u64 + 64);
    let connections = idle::CONNECTIONS.min(most.saturating_sub(64) as usize);
    let time = Duration::from_secs(seconds.min(60));
    let observe = |peer: &str| {
        let mark = outside::mark;
        match peer {
            "ours" => idle::observe::<Ours>(connections, time, mark),
            "upstream" => idle::observe::<Upstream>(connections, time, mark),
            "polling" => idle::observe::<Poller>(connections, time, mark),
            _ => idle::observe::<Bare>(connections, time, mark),
        }
    };
    for peer in [Ours::NAME, Upstream::NAME, Poller::NAME, Bare::NAME] {
        if is_selected(peer) {
            let found = observe(peer).map_err(|error| error.to_string())?;
            // strace sums up the calls between the marks of the observation.
            outside::mark(&format!("sum idle {peer} 1"));
            let line = json!({
                "peer": peer,
                "connections": connections,
                "nanos": found.nanos,
                "runs": found.runs,
                "threads": found.threads,
            });
            println!("{line}");
        }
    }
    Ok(())
}

/// The calls of one sample.
const CALLS: u32 = 1_000;

/// The median of 101 samples, in nanoseconds a call.
fn cost(mut call: impl FnMut()) -> f64 {
    let mut samples: Vec<f64> = (0..101)
        .map(|_| {
            let start = Instant::now();
            (0..CALLS).for_each(|_| call());
            start.elapsed().as_nanos() as f64 / f64::from(CALLS)
        })
        .collect();
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

/// Prints the cost of a system call that does nothing, and of a write to an eventfd.
pub fn machine() -> Result {
    // glibc does not cache the id of the parent.
    let null_call = cost(|| {
        let _ = parent_id();
    });
    let counter = eventfd();
    let eventfd_write = cost(|| set_event(counter.as_raw_fd()));
    println!(
        "{}",
        json!({ "null_call": null_call, "eventfd_write": eventfd_write })
    );
    Ok(())
}
