//! Writes the chart and the table of build-tools/bench/README.md.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context as _, Result};

use crate::Folders;
use crate::plot::BARS;
use crate::report;
use crate::results::Results;

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

/// Writes the chart, and the table between the two comments.
pub(crate) fn run(folders: &Folders, results: &Results) -> Result<()> {
    let folder = folders.bench.join("plots");
    fs::create_dir_all(&folder)?;
    fs::copy(folders.out.join(BARS), folder.join(BARS)).context(BARS)?;
    let file = folders.bench.join("README.md");
    let page = fs::read_to_string(&file)?;
    let (before, rest) = page
        .split_once(BEGIN)
        .context("build-tools/bench/README.md has no comment that starts the table")?;
    let (_, after) = rest
        .split_once(END)
        .context("build-tools/bench/README.md has no comment that ends the table")?;
    let text = format!(
        "{before}{BEGIN}{}{}{END}{after}",
        table(results),
        builds(results)
    );
    let new = folders.out.join("README.md");
    fs::write(&new, text)?;
    fs::rename(&new, &file).with_context(|| file.display().to_string())
}

/// The cost of a build of each library, as a paragraph.
fn builds(results: &Results) -> String {
    let each: Vec<String> = results
        .builds
        .iter()
        .map(|build| {
            format!(
                "{} {:.1} s ({} crates, {} lines)",
                build.peer, build.seconds, build.crates, build.lines
            )
        })
        .collect();
    if each.is_empty() {
        return String::new();
    }
    format!("\nA clean release build: {}.\n", each.join(", "))
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
    text
}
