//! Writes the charts and the tables of build-tools/bench/README.md.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context as _, Result};

use crate::Folders;
use crate::plot::{BARS, LATENCY, READY, THREADS};
use crate::results::Results;
use crate::{pages, report};

const BEGIN: &str = "<!-- bench: written by `cargo xtask bench --publish` -->\n";
const END: &str = "<!-- end of bench -->\n";

/// The cases in the table.
const SHOWN: [&str; 20] = [
    "epoll/poll-empty",
    "epoll/ready-1-of-1",
    "epoll/ready-64-of-64",
    "epoll/register-deregister",
    "epoll/reregister",
    "epoll/echo-64",
    "epoll/accept-churn",
    "epoll/wake",
    "epoll/wake-burst-64",
    "epoll/timeout-200us",
    "poll/register-in-1000",
    "poll/register-while-polling-1000",
    "poll/ready-1-of-10000",
    "poll/wake-burst-64",
    "afd/register-1000",
    "afd/register-1000-and-poll",
    "afd/ready-64-of-64",
    "afd/wake",
    "afd/wake-burst-64",
    "afd/pipe-ping-pong",
];

/// Writes the charts, and the tables between the two comments.
pub(crate) fn run(folders: &Folders, results: &Results) -> Result<()> {
    let folder = folders.bench.join("plots");
    fs::create_dir_all(&folder)?;
    for chart in [BARS, READY, LATENCY, THREADS] {
        fs::copy(folders.out.join(chart), folder.join(chart)).context(chart)?;
    }
    let file = folders.bench.join("README.md");
    let page = fs::read_to_string(&file)?;
    let (before, rest) = page
        .split_once(BEGIN)
        .context("build-tools/bench/README.md has no comment that starts the table")?;
    let (_, after) = rest
        .split_once(END)
        .context("build-tools/bench/README.md has no comment that ends the table")?;
    let machine = results.machine.as_ref().map(pages::machine);
    let sections = [
        ("", machine.unwrap_or_default(), ""),
        ("", table(results), ""),
        (
            "time of each case, divided by upstream's",
            String::new(),
            BARS,
        ),
        (
            "a poll of 10,000 sources over the number of ready ones",
            pages::ready(results),
            READY,
        ),
        ("", pages::idle(results), ""),
        (
            "how many wakes took how long from the wake to its event",
            pages::latency(results),
            LATENCY,
        ),
        (
            "operations in a second over the number of threads",
            pages::threads(results),
            THREADS,
        ),
        ("", builds(results), ""),
    ];
    let mut parts = Vec::new();
    for (about, table, chart) in sections {
        if !table.is_empty() {
            parts.push(table);
        }
        if !chart.is_empty() {
            parts.push(format!("![{about}](plots/{chart})\n"));
        }
    }
    let text = format!("{before}{BEGIN}{}{END}{after}", parts.join("\n"));
    let new = folders.out.join("README.md");
    fs::write(&new, text)?;
    fs::rename(&new, &file).with_context(|| file.display().to_string())
}

/// The cost of a build of each library.
fn builds(results: &Results) -> String {
    if results.builds.is_empty() {
        return String::new();
    }
    let mut text =
        String::from("| clean release build | time | crates | lines |\n|---|--:|--:|--:|\n");
    for build in &results.builds {
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "| {} | {:.1} s | {} | {} |",
            build.peer, build.seconds, build.crates, build.lines
        );
    }
    text
}

fn table(results: &Results) -> String {
    let mut text = String::from(
        "| case | time | / upstream | / polling | / bare | instructions: ours, upstream, bare \
         | system calls: ours, upstream |\n|---|--:|--:|--:|--:|--:|--:|\n",
    );
    for name in SHOWN {
        let Some(row) = results.rows.get(name) else {
            continue;
        };
        let ratio = |peer: &str| {
            let ratio = row.ratio.get(peer);
            ratio.map_or_else(String::new, |ratio| format!("{:.2}", ratio.median))
        };
        let counted = |peer: &str| {
            let count = row.instructions.get(peer);
            count.map_or_else(|| "-".to_owned(), |count| format!("{count:.0}"))
        };
        let calls = |peer: &str| {
            row.calls(peer)
                .map_or_else(|| "-".to_owned(), |calls| format!("{calls:.0}"))
        };
        let time = row.nanos.get("ours").map_or(f64::NAN, |nanos| nanos.median);
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "| `{name}` | {} | {} | {} | {} | {}, {}, {} | {}, {} |",
            report::time(time),
            ratio("upstream"),
            ratio("polling"),
            ratio("bare"),
            counted("ours"),
            counted("upstream"),
            counted("bare"),
            calls("ours"),
            calls("upstream"),
        );
    }
    if let Some(reason) = results
        .rows
        .get("afd/all")
        .and_then(|row| row.not_run.as_ref())
    {
        let _ = writeln!(text, "| `afd/` | not run: {reason} |");
    }
    text
}
