//! Measures times. Ratios are taken within one round, because other processes slow all peers of a
//! round alike.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Deserialize;

use crate::results::{Results, Spread};
use crate::worker::{Case, Worker, bar, lines};

#[derive(Debug, Deserialize)]
struct Line {
    case: String,
    peer: Option<String>,
    round: Option<usize>,
    nanos: Option<f64>,
    not_run: Option<String>,
}

/// Nanoseconds by case, peer and round.
type Samples = BTreeMap<String, BTreeMap<String, BTreeMap<usize, f64>>>;

/// Measures the cases of one backend.
pub(crate) fn run(
    worker: &Worker,
    cases: &[Case],
    quick: bool,
    rounds: Option<usize>,
    results: &mut Results,
) -> Result<()> {
    if cases.is_empty() {
        return Ok(());
    }
    let rounds = rounds.unwrap_or_else(|| worker.rounds(quick));
    let steps = cases.iter().map(|case| case.peers.len() * rounds).sum();
    let bar = bar(&format!("times, {}", worker.backend), steps);
    let mut samples = Samples::new();
    let mut command = worker.command("worker");
    command
        .args(["time", "--millis", if quick { "2" } else { "4" }])
        .args(["--rounds", &rounds.to_string()])
        .args(["--seconds", if quick { "1" } else { "3" }])
        .args(cases.iter().map(|case| &case.case));
    lines(&mut command, |line| {
        let line: Line = serde_json::from_str(line)?;
        bar.set_message(line.case.clone());
        if let (Some(peer), Some(round), Some(nanos)) = (line.peer, line.round, line.nanos) {
            bar.inc(1);
            let of_case = samples.entry(line.case).or_default();
            of_case.entry(peer).or_default().insert(round, nanos);
        } else if line.not_run.is_some() {
            results.row(worker.backend, &line.case).not_run = line.not_run;
        }
        Ok(())
    })?;
    bar.finish_and_clear();
    for case in cases {
        let row = results.row(worker.backend, &case.case);
        row.about.clone_from(&case.about);
        let Some(peers) = samples.get(&case.case) else {
            continue;
        };
        for (peer, rounds) in peers {
            let nanos = rounds.values().copied().collect();
            row.nanos.insert(peer.clone(), Spread::of(nanos));
            let ratios = ratios(peers.get("ours"), rounds);
            if peer != "ours" && !ratios.is_empty() {
                row.ratio.insert(peer.clone(), Spread::of(ratios));
            }
        }
    }
    Ok(())
}

/// The ratio of each round that both have.
fn ratios(ours: Option<&BTreeMap<usize, f64>>, theirs: &BTreeMap<usize, f64>) -> Vec<f64> {
    let Some(ours) = ours else {
        return Vec::new();
    };
    theirs
        .iter()
        .filter_map(|(round, theirs)| ours.get(round).map(|ours| ours / theirs))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::ratios;

    #[test]
    fn ratios_are_of_the_same_round() {
        let ours = [(0, 1.0), (1, 10.0)].into();
        let theirs = [(0, 2.0), (1, 20.0), (2, 7.0)].into();
        assert_eq!(ratios(Some(&ours), &theirs), [0.5, 0.5]);
    }
}
