//! The times from a wake in one thread to its event in another.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Deserialize;

use crate::results::{Latency, Results, Spread};
use crate::worker::{Worker, lines, spinner};

#[derive(Debug, Deserialize)]
struct Line {
    peer: String,
    loaded: bool,
    round: usize,
    nanos: Vec<u64>,
}

/// The bins of the histogram for each factor of ten.
const BINS: f64 = 10.0;

/// The start of a bin, in nanoseconds.
pub(crate) fn bin_start(bin: i32) -> f64 {
    10_f64.powf(f64::from(bin) / BINS)
}

fn bin(nanos: u64) -> i32 {
    ((nanos.max(1) as f64).log10() * BINS).floor() as i32
}

/// The value that this part of the sorted samples does not exceed.
fn percentile(sorted: &[u64], part: f64) -> f64 {
    let index = (sorted.len() as f64 * part).ceil() as usize;
    sorted
        .get(index.saturating_sub(1))
        .map_or(f64::NAN, |nanos| *nanos as f64)
}

/// The samples of each round, by load and peer.
type Samples = BTreeMap<(bool, String), BTreeMap<usize, Vec<u64>>>;

/// Measures one backend.
pub(crate) fn run(worker: &Worker, quick: bool, results: &mut Results) -> Result<()> {
    if !worker.is_countable() {
        return Ok(());
    }
    let bar = spinner(&format!(
        "times from a wake to its event, {}",
        worker.backend
    ));
    let mut samples = Samples::new();
    let mut command = worker.command("worker");
    command
        .args(["latency", "--rounds", if quick { "4" } else { "60" }])
        .args(["--seconds", if quick { "2" } else { "15" }]);
    lines(&mut command, |line| {
        let mut line: Line = serde_json::from_str(line)?;
        line.nanos.sort_unstable();
        let of_peer = samples.entry((line.loaded, line.peer)).or_default();
        of_peer.insert(line.round, line.nanos);
        Ok(())
    })?;
    bar.finish_and_clear();
    for ((loaded, peer), rounds) in &samples {
        let mut all: Vec<u64> = rounds.values().flatten().copied().collect();
        all.sort_unstable();
        let mut histogram = BTreeMap::new();
        for nanos in &all {
            *histogram.entry(bin(*nanos)).or_insert(0.0) += 1.0 / all.len() as f64;
        }
        let upstream = samples.get(&(*loaded, "upstream".to_owned()));
        let ratios: Vec<f64> = rounds
            .iter()
            .filter_map(|(round, nanos)| {
                let theirs = upstream?.get(round)?;
                Some(percentile(nanos, 0.5) / percentile(theirs, 0.5))
            })
            .collect();
        results.latency.push(Latency {
            backend: worker.backend.to_owned(),
            peer: peer.clone(),
            loaded: *loaded,
            wakes: all.len(),
            percentiles: [0.5, 0.99, 0.999].map(|part| percentile(&all, part)),
            ratio: (peer == "ours" && !ratios.is_empty()).then(|| Spread::of(ratios)),
            histogram,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{bin, bin_start, percentile};

    #[test]
    fn percentile_is_a_sample() {
        let samples: Vec<u64> = (1..=1000).collect();
        assert_eq!(percentile(&samples, 0.5), 500.0);
        assert_eq!(percentile(&samples, 0.999), 999.0);
        assert_eq!(percentile(&[7], 0.999), 7.0);
        assert!(percentile(&[], 0.5).is_nan());
    }

    #[test]
    fn time_is_in_its_bin() {
        for nanos in [1, 9, 11, 999, 1_001, 123_456] {
            let bin = bin(nanos);
            assert!(bin_start(bin) <= nanos as f64 && (nanos as f64) < bin_start(bin + 1));
        }
    }
}
