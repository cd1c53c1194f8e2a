//! Counts instructions in user space with callgrind, which does not depend on other processes.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::Folders;
use crate::results::Results;
use crate::worker::{Case, Worker, lines, spinner};

#[derive(Debug, Deserialize)]
struct Line {
    case: String,
    peer: Option<String>,
    operations: Option<f64>,
    spans: Option<f64>,
}

/// glibc selects variants of memcpy and other functions by the processor. Without these features it
/// selects the variants for all x86-64 processors. It ignores unknown names, as on other machines:
/// <https://sourceware.org/glibc/manual/latest/html_node/Hardware-Capability-Tunables.html>.
const BASELINE: &str = "glibc.cpu.hwcaps=-AVX,-AVX2,-AVX512F,-AVX512VL,-ERMS,-FSRM,\
    -AVX_Fast_Unaligned_Load,-Fast_Unaligned_Copy,-SSSE3,-SSE4_1,-SSE4_2,-EVEX";

/// The name of the case that does nothing. Its count is the cost of the measurement.
const NOTHING: &str = "nothing";

/// Counts the instructions of cases of one backend.
pub(crate) fn run(
    folders: &Folders,
    worker: &Worker,
    cases: &[Case],
    peers: &[&str],
    results: &mut Results,
) -> Result<()> {
    if cases.is_empty() || !worker.is_countable() {
        return Ok(());
    }
    let bar = spinner(&format!("instructions, {}", worker.backend));
    let folder = folders.out.join(format!("callgrind-{}", worker.backend));
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let dump = folder.join("out");
    let mut command = Command::new("valgrind");
    command
        .env("GLIBC_TUNABLES", BASELINE)
        .args(["--tool=callgrind", "--toggle-collect=bench_measured"])
        .arg("--dump-after=bench_dump")
        .arg(format!("--callgrind-out-file={}", dump.display()))
        .arg(worker.program("worker"))
        .arg("count")
        .args(peers.iter().map(|peer| format!("--peer={peer}")))
        .args(cases.iter().map(|case| &case.case));
    let mut counted = Vec::new();
    lines(&mut command, |line| {
        let line: Line = serde_json::from_str(line)?;
        if let (Some(peer), Some(operations), Some(spans)) =
            (line.peer, line.operations, line.spans)
        {
            // The dumps are numbered in the order of the output lines.
            let file = folder.join(format!("out.{}", counted.len() + 1));
            counted.push((line.case, peer, operations, spans, file));
        }
        Ok(())
    })
    .context("callgrind (Debian's package valgrind)")?;
    bar.finish_and_clear();

    let mut sums = Vec::new();
    for (case, peer, operations, spans, file) in counted {
        let text = fs::read_to_string(&file).with_context(|| format!("{}", file.display()))?;
        let sum = total(&text).with_context(|| format!("{} has no total", file.display()))?;
        sums.push((case, peer, operations, spans, sum));
    }
    let own = sums
        .iter()
        .find(|(case, ..)| case == NOTHING)
        .map_or(0.0, |(_, _, _, spans, sum)| sum / spans);
    for (case, peer, operations, spans, sum) in sums {
        if case != NOTHING {
            let row = results.row(worker.backend, &case);
            let each = (sum - spans * own) / operations;
            row.instructions.insert(peer, each);
        }
    }
    Ok(())
}

/// The number of executed instructions in a dump.
fn total(dump: &str) -> Option<f64> {
    dump.lines()
        .find_map(|line| line.strip_prefix("summary: "))
        .and_then(|total| total.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::total;

    #[test]
    fn total_of_a_dump_is_read() {
        assert_eq!(
            total("events: Ir\nsummary: 32025\n\nfn=(1)\n"),
            Some(32025.0)
        );
        assert_eq!(total("events: Ir\n"), None);
    }
}
