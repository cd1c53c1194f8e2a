//! The results of a run, which are written to results.json.

use std::collections::BTreeMap;
use std::fs;

use anyhow::Result;
use serde::Serialize;

use crate::Folders;

/// The peers, in the order of the tables.
pub(crate) const PEERS: [&str; 4] = ["ours", "upstream", "polling", "bare"];

/// A median, and the 10th and the 90th percentile.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Spread {
    /// The spread of at least one value.
    pub(crate) fn of(mut values: Vec<f64>) -> Spread {
        values.sort_by(f64::total_cmp);
        let last = values.len().saturating_sub(1);
        let value = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        let at = |part: f64| value((last as f64 * part).round() as usize);
        Spread {
            // The mean of the two middle values, if their number is even.
            median: f64::midpoint(value(last / 2), value(last.div_ceil(2))),
            low: at(0.1),
            high: at(0.9),
        }
    }
}

/// One case on one backend.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Row {
    pub(crate) about: String,
    /// The reason why it was not run.
    pub(crate) not_run: Option<String>,
    /// Nanoseconds an operation, by peer.
    pub(crate) nanos: BTreeMap<String, Spread>,
    /// The library's time divided by the peer's in the same round.
    pub(crate) ratio: BTreeMap<String, Spread>,
    /// User-space instructions an operation, by peer.
    pub(crate) instructions: BTreeMap<String, f64>,
    /// System calls an operation, by peer and name.
    pub(crate) calls: BTreeMap<String, BTreeMap<String, f64>>,
    /// Allocations an operation, by peer.
    pub(crate) allocations: BTreeMap<String, f64>,
}

impl Row {
    /// The sum of a peer's system calls an operation.
    pub(crate) fn calls(&self, peer: &str) -> Option<f64> {
        self.calls
            .get(peer)
            .map(|calls| calls.values().fold(0.0, |sum, count| sum + count))
    }
}

/// The bytes of a registered source.
#[derive(Debug, Serialize)]
pub(crate) struct Registered {
    pub(crate) backend: String,
    pub(crate) peer: String,
    /// In the source, without its fd.
    pub(crate) inside: f64,
    /// On the heap.
    pub(crate) heap: f64,
}

/// A clean build.
#[derive(Debug, Serialize)]
pub(crate) struct Build {
    pub(crate) peer: String,
    pub(crate) seconds: f64,
    pub(crate) crates: usize,
    pub(crate) lines: usize,
}

/// The machine of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) kernel: String,
    pub(crate) date: String,
    pub(crate) compiler: String,
    /// Nanoseconds of a system call that does nothing.
    pub(crate) null_call: f64,
    /// Nanoseconds of a write to an eventfd.
    pub(crate) eventfd_write: f64,
}

/// A blocked poll of idle connections.
#[derive(Debug, Serialize)]
pub(crate) struct Idle {
    pub(crate) backend: String,
    pub(crate) peer: String,
    pub(crate) connections: usize,
    pub(crate) seconds: u64,
    /// Nanoseconds in which the polling thread ran, if the kernel counts them.
    pub(crate) nanos: Option<f64>,
    /// How often it began to run.
    pub(crate) runs: Option<f64>,
    /// System calls of the process, if strace counted them.
    pub(crate) calls: Option<f64>,
    /// Threads of the process beside the polling one and the main thread, except under Wine, which
    /// has threads of its own.
    pub(crate) more_threads: Option<f64>,
}

/// Times from a wake in one thread to its event in another.
#[derive(Debug, Serialize)]
pub(crate) struct Latency {
    pub(crate) backend: String,
    pub(crate) peer: String,
    pub(crate) loaded: bool,
    pub(crate) wakes: usize,
    /// The percentiles of all wakes, in nanoseconds: 50, 99 and 99.9.
    pub(crate) percentiles: [f64; 3],
    /// The library's median divided by upstream's in the same round, for the library.
    pub(crate) ratio: Option<Spread>,
    /// The share of wakes by the bin of their time, see [`crate::latency::bin_start`].
    pub(crate) histogram: BTreeMap<i32, f64>,
}

/// All results.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Results {
    /// By `backend/case`.
    pub(crate) rows: BTreeMap<String, Row>,
    pub(crate) registered: Vec<Registered>,
    pub(crate) builds: Vec<Build>,
    pub(crate) machine: Option<Machine>,
    pub(crate) idle: Vec<Idle>,
    pub(crate) latency: Vec<Latency>,
}

impl Results {
    /// The row of a case, which is created if it does not exist.
    pub(crate) fn row(&mut self, backend: &str, case: &str) -> &mut Row {
        self.rows.entry(format!("{backend}/{case}")).or_default()
    }

    pub(crate) fn write(&self, folders: &Folders) -> Result<()> {
        let file = folders.out.join("results.json");
        fs::write(&file, serde_json::to_string_pretty(self)?)?;
        println!("written: {}, and the charts in its folder", file.display());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn spread_has_median_and_percentiles() {
        let spread = Spread::of((1..=11).rev().map(f64::from).collect());
        assert_eq!((spread.low, spread.median, spread.high), (2.0, 6.0, 10.0));
        assert_eq!(Spread::of(vec![3.0]).median, 3.0);
        assert_eq!(Spread::of(vec![9.0, 1.0, 2.0, 4.0]).median, 3.0);
    }
}
