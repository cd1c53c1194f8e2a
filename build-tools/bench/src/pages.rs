//! The tables of curves, idle connections and latencies, as Markdown: a run prints them, and
//! `--publish` writes them to build-tools/bench/README.md.

use std::fmt::Write as _;

use crate::report;
use crate::results::{Idle, Latency, Machine, Results, Row};

/// The numbers of ready sources, of 10,000.
pub(crate) const READY: [u32; 5] = [1, 10, 100, 1_000, 10_000];

/// The numbers of threads.
pub(crate) const THREADS: [u32; 4] = [1, 2, 4, 8];

/// The names of the percentiles of a latency.
pub(crate) const PERCENTILES: [&str; 3] = ["p50", "p99", "p99.9"];

/// A row of cells. Writing to a string does not fail.
fn row(text: &mut String, cells: &[String]) {
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

/// The header of a table: the first column is text, the others are numbers.
fn header(text: &mut String, cells: &[&str]) {
    let _ = writeln!(text, "| {} |", cells.join(" | "));
    let _ = writeln!(text, "|---|{}", "--:|".repeat(cells.len() - 1));
}

/// The machine.
pub(crate) fn machine(machine: &Machine) -> String {
    let mut text = String::from("| measured on | |\n|---|---|\n");
    let compiler = machine.compiler.split(" (").next().unwrap_or_default();
    let rows = [
        ("processor", machine.cpu.clone()),
        ("cores", machine.cores.to_string()),
        ("kernel", machine.kernel.clone()),
        ("compiler", compiler.to_owned()),
        ("date", machine.date.clone()),
        (
            "a system call that does nothing",
            report::time(machine.null_call),
        ),
        (
            "a `write` to an eventfd",
            report::time(machine.eventfd_write),
        ),
    ];
    for (name, value) in rows {
        row(&mut text, &[name.to_owned(), value]);
    }
    text
}

fn ratio(row: &Row, peer: &str) -> String {
    row.ratio
        .get(peer)
        .map_or_else(|| "-".to_owned(), |ratio| format!("{:.2}", ratio.median))
}

fn nanos(row: &Row, peer: &str) -> String {
    row.nanos
        .get(peer)
        .map_or_else(|| "-".to_owned(), |nanos| report::time(nanos.median))
}

/// A poll of 10,000 sources, over the number of ready ones.
pub(crate) fn ready(results: &Results) -> String {
    let mut text = String::new();
    let cells = [
        "ready of 10,000",
        "time",
        "/ upstream",
        "/ bare",
        "instructions",
        "upstream",
        "bare",
        "ours / upstream",
        "with reading and re-arming",
    ];
    header(&mut text, &cells);
    let mut some = false;
    for backend in ["epoll", "poll"] {
        for ready in READY {
            let Some(of) = results
                .rows
                .get(&format!("{backend}/ready-{ready}-of-10000"))
            else {
                continue;
            };
            some = true;
            let count = |peer: &str| of.instructions.get(peer).copied();
            let counted = |peer| count(peer).map_or_else(|| "-".to_owned(), |n| format!("{n:.0}"));
            let served = results
                .rows
                .get(&format!("{backend}/serve-{ready}-of-10000"));
            let cells = [
                format!("{}, {ready}", system(backend)),
                nanos(of, "ours"),
                ratio(of, "upstream"),
                ratio(of, "bare"),
                counted("ours"),
                counted("upstream"),
                counted("bare"),
                instructions_ratio(Some(of)),
                instructions_ratio(served),
            ];
            row(&mut text, &cells);
        }
    }
    if some { text } else { String::new() }
}

/// Our instructions, divided by upstream's.
fn instructions_ratio(row: Option<&Row>) -> String {
    let of = |peer| row.and_then(|row| row.instructions.get(peer));
    match (of("ours"), of("upstream")) {
        (Some(ours), Some(upstream)) => format!("{:.2}", ours / upstream),
        _ => "-".to_owned(),
    }
}

/// The name of a backend's system call.
fn system(backend: &str) -> &str {
    if backend == "poll" {
        "poll(2)"
    } else {
        backend
    }
}

/// Idle connections.
pub(crate) fn idle(results: &Results) -> String {
    if results.idle.is_empty() {
        return String::new();
    }
    let mut text = String::new();
    let cells = [
        "idle connections",
        "number",
        "observed",
        "processor time",
        "runs",
        "system calls",
        "bytes of a source",
    ];
    header(&mut text, &cells);
    let count = |count: Option<f64>, unit: &str| {
        count.map_or_else(
            || "not counted".to_owned(),
            |count| format!("{count:.0}{unit}"),
        )
    };
    for idle in &results.idle {
        let cells = [
            format!("{}, {}", system(&idle.backend), idle.peer),
            idle.connections.to_string(),
            format!("{} s", idle.seconds),
            count(idle.nanos, " ns"),
            count(idle.runs, ""),
            count(idle.calls, ""),
            bytes(results, idle),
        ];
        row(&mut text, &cells);
    }
    text
}

fn bytes(results: &Results, idle: &Idle) -> String {
    let mut registered = results.registered.iter();
    registered
        .find(|one| one.backend == idle.backend && one.peer == idle.peer)
        .map_or_else(
            || "-".to_owned(),
            |one| format!("{:.0}", one.inside + one.heap),
        )
}

/// "idle" or "loaded".
pub(crate) fn load(latency: &Latency) -> &'static str {
    if latency.loaded { "loaded" } else { "idle" }
}

/// Times from a wake to its event.
pub(crate) fn latency(results: &Results) -> String {
    if results.latency.is_empty() {
        return String::new();
    }
    let mut text = String::new();
    let mut cells = vec!["from a wake to its event", "wakes"];
    cells.extend(PERCENTILES);
    cells.push("p50 / upstream, by round");
    header(&mut text, &cells);
    for latency in &results.latency {
        let mut cells = vec![
            format!(
                "{}, {}, {}",
                system(&latency.backend),
                load(latency),
                latency.peer
            ),
            latency.wakes.to_string(),
        ];
        cells.extend(latency.percentiles.map(report::time));
        cells.push(latency.ratio.map_or_else(String::new, |ratio| {
            format!("{:.2} ({:.2}-{:.2})", ratio.median, ratio.low, ratio.high)
        }));
        row(&mut text, &cells);
    }
    text
}

/// Threads that wake, and that register and wake, one selector.
pub(crate) fn threads(results: &Results) -> String {
    let mut text = String::new();
    let cells = [
        "threads",
        "time of an operation",
        "/ upstream",
        "10th to 90th percentile",
        "/ polling",
    ];
    header(&mut text, &cells);
    let mut some = false;
    for backend in ["epoll", "poll"] {
        for (case, what) in [
            ("register-wake-threads", "register, wake, deregister"),
            ("wake-threads", "wake"),
        ] {
            for threads in THREADS {
                let Some(of) = results.rows.get(&format!("{backend}/{case}-{threads}")) else {
                    continue;
                };
                some = true;
                let spread = of.ratio.get("upstream").map_or_else(
                    || "-".to_owned(),
                    |ratio| format!("{:.2} to {:.2}", ratio.low, ratio.high),
                );
                let cells = [
                    format!("{}, {what}, {threads}", system(backend)),
                    nanos(of, "ours"),
                    ratio(of, "upstream"),
                    spread,
                    ratio(of, "polling"),
                ];
                row(&mut text, &cells);
            }
        }
    }
    if some { text } else { String::new() }
}
