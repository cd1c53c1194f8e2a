//! Writes the charts and the tables of build-tools/bench/README.md.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::Folders;
use crate::plot::{BARS, LATENCY, READY, THREADS};
use crate::results::Results;
use crate::{pages, report};

const BEGIN: &str = "<!-- bench: written by `cargo xtask bench --publish` -->\n";
const END: &str = "<!-- end of bench -->\n";

/// The page, in the folder of this package.
const PAGE: &str = "README.md";

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
    let page = fs::read_to_string(folders.bench.join(PAGE))?;
    let text = replaced(&page, [BEGIN, END], &section(results))?;
    write(folders, &[BARS, READY, LATENCY, THREADS], &text)
}

/// The page with another text between two comments.
pub(crate) fn replaced(page: &str, [begin, end]: [&str; 2], text: &str) -> Result<String> {
    let missing = || {
        format!(
            "build-tools/bench/README.md lacks {} or {}",
            begin.trim(),
            end.trim()
        )
    };
    let (before, rest) = page.split_once(begin).with_context(missing)?;
    let (_, after) = rest.split_once(end).with_context(missing)?;
    Ok(format!("{before}{begin}{text}{end}{after}"))
}

/// Writes the page and its charts. Writes nothing if a chart is missing, which is not drawn if its
/// cases were not run: the page would show an older one.
pub(crate) fn write(folders: &Folders, charts: &[&str], text: &str) -> Result<()> {
    let read = |chart: &&str| {
        let drawn = fs::read(folders.out.join(chart));
        drawn.with_context(|| format!("{chart} was not drawn: its cases were not run"))
    };
    let drawn = charts.iter().map(read).collect::<Result<Vec<_>>>()?;
    let plots = folders.bench.join("plots");
    fs::create_dir_all(&plots)?;
    for (chart, drawn) in charts.iter().zip(drawn) {
        replace(&plots.join(chart), drawn)?;
    }
    replace(&folders.bench.join(PAGE), text)
}

/// Writes a file beside the old one and renames it, so that no file is half-written.
pub(crate) fn replace(file: &Path, contents: impl AsRef<[u8]>) -> Result<()> {
    let new = file.with_extension("new");
    let written = fs::write(&new, contents).and_then(|()| fs::rename(&new, file));
    written.with_context(|| file.display().to_string())
}

/// The tables and the charts.
fn section(results: &Results) -> String {
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
    parts.join("\n")
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
        if let Some(reason) = &row.not_run {
            // Writing to a string does not fail.
            let _ = writeln!(text, "| `{name}` | not run: {reason} |");
            continue;
        }
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process;

    use super::{BARS, replaced, table, write};
    use crate::Folders;
    use crate::results::Results;

    #[test]
    fn case_that_was_not_run_has_its_reason() {
        let mut results = Results::default();
        results.row("epoll", "wake").not_run = Some("no descriptors".to_owned());
        let text = table(&results);
        assert!(
            text.ends_with("\n| `epoll/wake` | not run: no descriptors |\n"),
            "{text}"
        );
    }

    #[test]
    fn missing_chart_leaves_the_page_alone() {
        let root = std::env::temp_dir().join(format!("mio-bench-publish-{}", process::id()));
        let folders = Folders {
            bench: root.join("bench"),
            out: root.join("out"),
            target: root.join("target"),
            root,
        };
        fs::create_dir_all(&folders.bench).unwrap();
        fs::create_dir_all(&folders.out).unwrap();
        let page = folders.bench.join("README.md");
        fs::write(&page, "old").unwrap();
        fs::write(folders.out.join(BARS), "chart").unwrap();
        let error = write(&folders, &[BARS, "other.svg"], "new").unwrap_err();
        assert!(
            error.to_string().starts_with("other.svg was not drawn"),
            "{error}"
        );
        assert!(!folders.bench.join("plots").exists());
        assert_eq!(fs::read_to_string(&page).unwrap(), "old");
        write(&folders, &[BARS], "new").unwrap();
        assert_eq!(fs::read_to_string(&page).unwrap(), "new");
        let files = fs::read_dir(folders.bench.join("plots")).unwrap().count();
        assert_eq!(files, 1);
        fs::remove_dir_all(&folders.root).unwrap();
    }

    #[test]
    fn text_between_the_comments_is_replaced() {
        let page = replaced("a<old>b", ["<", ">"], "new").unwrap();
        assert_eq!(page, "a<new>b");
        assert!(replaced("a<b", ["<", ">"], "new").is_err());
    }
}
