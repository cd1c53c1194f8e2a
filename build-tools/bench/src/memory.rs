//! Counts allocations of each case, and the bytes of a registered source.

use anyhow::Result;
use serde::Deserialize;

use crate::results::{Registered, Results};
use crate::worker::{Case, Worker, lines, spinner};

#[derive(Debug, Deserialize)]
struct Line {
    case: Option<String>,
    peer: String,
    allocations: Option<f64>,
    operations: Option<f64>,
    inside: Option<f64>,
    heap: Option<f64>,
}

/// Takes the counts of one backend.
pub(crate) fn run(worker: &Worker, cases: &[Case], results: &mut Results) -> Result<()> {
    let bar = spinner(&format!("allocations, {}", worker.backend));
    lines(&mut worker.command("memory"), |line| {
        let line: Line = serde_json::from_str(line)?;
        if let (Some(case), Some(count), Some(operations)) =
            (line.case, line.allocations, line.operations)
        {
            if cases.iter().any(|chosen| chosen.case == case) {
                let row = results.row(worker.backend, &case);
                row.allocations.insert(line.peer, count / operations);
            }
        } else if let (Some(inside), Some(heap)) = (line.inside, line.heap) {
            results.registered.push(Registered {
                backend: worker.backend.to_owned(),
                peer: line.peer,
                inside,
                heap,
            });
        }
        Ok(())
    })?;
    bar.finish_and_clear();
    Ok(())
}
