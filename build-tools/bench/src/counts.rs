//! Instructions in user space, counted by callgrind: a figure without noise.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::Places;
use crate::results::Results;
use crate::worker::{Case, Worker, lines, spinner};

#[derive(Debug, Deserialize)]
struct Line {
    case: String,
    peer: Option<String>,
    operations: Option<f64>,
    spans: Option<f64>,
}

/// The C library picks its memcpy and the like by the processor. Without these features it takes the
/// variants that every x86-64 has; a name that it does not know, as on other machines, it ignores:
/// <https://sourceware.org/glibc/manual/latest/html_node/Hardware-Capability-Tunables.html>.
const BASELINE: &str = "glibc.cpu.hwcaps=-AVX,-AVX2,-AVX512F,-AVX512VL,-ERMS,-FSRM,\
    -AVX_Fast_Unaligned_Load,-Fast_Unaligned_Copy,-SSSE3,-SSE4_1,-SSE4_2,-EVEX";

/// What the measuring itself is called.
const NOTHING: &str = "nothing";

/// Counts these cases of one backend for these peers.
pub(crate) fn run(
    places: &Places,
    worker: &Worker,
    cases: &[Case],
    peers: &[&str],
    results: &mut Results,
) -> Result<()> {
    if cases.is_empty() || !worker.is_countable() {
        return Ok(());
    }
    let bar = spinner(&format!("instructions, {}", worker.backend));
    let folder = places.out.join(format!("callgrind-{}", worker.backend));
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
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
            // The dumps are numbered in the order of the lines.
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

/// What a dump says was executed.
fn total(dump: &str) -> Option<f64> {
    dump.lines()
        .find_map(|line| line.strip_prefix("summary: "))
        .and_then(|number| number.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::total;

    #[test]
    fn the_total_of_a_dump_is_found() {
        assert_eq!(
            total("events: Ir\nsummary: 32025\n\nfn=(1)\n"),
            Some(32025.0)
        );
        assert_eq!(total("events: Ir\n"), None);
    }
}
