//! The output of a run: a line for each stage, the log of a failed stage, the table and the totals.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Error;
use comfy_table::{CellAlignment, Table, presets};
use console::style;
use indicatif::{ProgressBar, ProgressStyle};

use crate::counts::Counts;
use crate::project::Project;

/// The last lines of a failed stage's log that are printed. The file has all lines.
const TAIL: usize = 120;
/// The columns of a log line that are printed.
const WIDEST: usize = 400;
/// The lines of a failed stage's log that the end of the output repeats.
const REPEATED: usize = 16;

/// The reason why a stage cannot run on this machine. It is no failure, and the table shows it.
#[derive(Debug)]
pub(crate) struct NotRun(pub(crate) String);

impl fmt::Display for NotRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not run: {}", self.0)
    }
}

impl std::error::Error for NotRun {}

/// A failure that one command fixes. It wraps the error.
#[derive(Debug)]
pub(crate) struct Help {
    pub(crate) failure: &'static str,
    pub(crate) command: String,
}

impl Help {
    pub(crate) fn new(failure: &'static str, command: impl Into<String>) -> Help {
        let command = command.into();
        Help { failure, command }
    }
}

impl fmt::Display for Help {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.failure)
    }
}

impl std::error::Error for Help {}

/// The result of a stage.
#[derive(Debug)]
pub(crate) enum Outcome {
    Passed,
    Failed(Error),
    NotRun(String),
}

impl From<anyhow::Result<()>> for Outcome {
    fn from(result: anyhow::Result<()>) -> Outcome {
        match result {
            Ok(()) => Outcome::Passed,
            Err(error) => match error.downcast::<NotRun>() {
                Ok(NotRun(reason)) => Outcome::NotRun(reason),
                Err(error) => Outcome::Failed(error),
            },
        }
    }
}

/// A row of the table.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) stage: String,
    pub(crate) outcome: Outcome,
    pub(crate) counts: Counts,
    /// The reasons of the tests that could not run.
    pub(crate) reasons: Vec<String>,
    pub(crate) time: Duration,
    /// The lines of a failed stage's log that tell what failed.
    pub(crate) failures: Vec<String>,
}

impl Row {
    /// The stage's share of the totals. A stage counts as one if it has no tests, or if it failed
    /// before its tests ran.
    fn sum(&self) -> Counts {
        let mut counts = self.counts;
        match self.outcome {
            Outcome::Passed if counts.is_empty() => counts.passed = 1,
            Outcome::Failed(_) if counts.failed == 0 => counts.failed = 1,
            Outcome::NotRun(_) if counts.skipped == 0 => counts.skipped = 1,
            _ => {}
        }
        counts
    }
}

pub(crate) fn seconds(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else {
        format!(
            "{:.0} min {:02.0} s",
            (seconds / 60.0).floor(),
            seconds % 60.0
        )
    }
}

/// A spinner if standard error is a terminal.
pub(crate) fn bar(stage: &str) -> ProgressBar {
    if std::env::var_os("CI").is_some() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner().with_prefix(stage.to_owned());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {elapsed} {wide_msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// Prints the result of a stage, and its log if it failed.
pub(crate) fn line(row: &Row, log: &Path, project: &Project) {
    let tests = if row.counts.is_empty() {
        String::new()
    } else {
        format!("  {}", totals(row.counts))
    };
    let (word, rest) = match &row.outcome {
        Outcome::Passed => (style("passed ").green(), tests),
        Outcome::Failed(_) => (style("FAILED ").red().bold(), tests),
        Outcome::NotRun(reason) => (style("not run").yellow(), format!("  {reason}")),
    };
    println!("{word} {:<26} {:>12}{rest}", row.stage, seconds(row.time));
    if let Outcome::Failed(error) = &row.outcome {
        show_log(log, project);
        println!("error: {error:#}");
        println!("{}", next_command(row));
    }
}

/// The command that fixes a failed stage, or that runs it again.
fn next_command(row: &Row) -> String {
    if let Outcome::Failed(error) = &row.outcome {
        if let Some(help) = error.downcast_ref::<Help>() {
            return format!("help: {}", help.command);
        }
    }
    format!("retry: cargo xtask test --only {}", row.stage)
}

/// Prints the end of a log.
pub(crate) fn show_log(log: &Path, project: &Project) {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let shown = log.strip_prefix(&project.root).unwrap_or(log);
    let skipped = lines.len().saturating_sub(TAIL);
    if skipped > 0 {
        println!("  | … {skipped} more lines in {}", shown.display());
    } else {
        println!("  | {}:", shown.display());
    }
    for line in &lines[skipped..] {
        // Some lines are too long to read, such as Cargo's metadata with its megabyte.
        println!("  | {}", console::truncate_str(line, WIDEST, " …"));
    }
}

/// The lines of a log that tell which test, build or input failed. The output of a run is long, and
/// some readers have its end alone, so the totals repeat these lines.
pub(crate) fn failures(log: &Path) -> Vec<String> {
    let text = fs::read(log).unwrap_or_default();
    failures_of(&String::from_utf8_lossy(&text))
}

fn failures_of(log: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut lines = log.lines().map(str::trim).peekable();
    while let Some(line) = lines.next() {
        // libtest and nextest name the test, and libFuzzer the input's file.
        let whole = (line.starts_with("test ") && line.ends_with("FAILED"))
            || line.starts_with("FAIL [")
            || line.starts_with("Test unit written to")
            || line.contains("ERROR: ");
        // The message of a panic and the place of the compiler's error are on the next line.
        let with_next = line.contains(" panicked at ")
            || line.starts_with("error: ")
            || line.starts_with("error[");
        if !whole && !with_next {
            continue;
        }
        let next = lines.peek().filter(|_| with_next).copied();
        let text = format!("{line} {}", next.unwrap_or_default());
        let text = console::truncate_str(text.trim_end(), WIDEST, " …").into_owned();
        if !found.contains(&text) {
            found.push(text);
        }
    }
    if found.len() > REPEATED {
        let more = found.len() - REPEATED;
        found.truncate(REPEATED);
        found.push(format!("… {more} more"));
    }
    found
}

/// A table whose columns `right` are aligned to the right.
pub(crate) fn table(header: &[&str], right: &[usize]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::ASCII_MARKDOWN)
        .set_header(header);
    for column in right {
        if let Some(column) = table.column_mut(*column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// `3 passed, 0 failed`, and the number of skipped tests if there are any.
fn totals(counts: Counts) -> String {
    let Counts {
        passed,
        failed,
        skipped,
        ..
    } = counts;
    let mut text = format!("{passed} passed, {failed} failed");
    if skipped > 0 {
        text.push_str(&format!(", {skipped} skipped"));
    }
    text
}

/// A line for each reason why a test did not run, with its stages.
fn reasons(rows: &[Row]) -> Vec<String> {
    let mut stages: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in rows {
        for reason in &row.reasons {
            let stages = stages.entry(reason).or_default();
            if stages.last() != Some(&row.stage.as_str()) {
                stages.push(&row.stage);
            }
        }
    }
    let line = |(reason, stages): (&str, Vec<&str>)| format!("{reason} ({})", stages.join(", "));
    stages.into_iter().map(line).collect()
}

/// Prints the table of stages and the totals; `true` if nothing failed. `left_out` names the stages
/// that were not selected.
pub(crate) fn summary(
    rows: &[Row],
    left_out: &[String],
    total: Duration,
    requirements: Option<(usize, usize)>,
) -> bool {
    let mut table = table(
        &[
            "stage", "result", "passed", "failed", "ignored", "skipped", "time",
        ],
        &[2, 3, 4, 5, 6],
    );
    let mut sum = Counts::default();
    let mut commands = Vec::new();
    for row in rows {
        sum.add(row.sum());
        let result = match &row.outcome {
            Outcome::Passed => "passed".to_owned(),
            Outcome::Failed(_) => {
                commands.push(next_command(row));
                "FAILED".to_owned()
            }
            Outcome::NotRun(reason) => format!("not run: {reason}"),
        };
        let cell = |count: u64| {
            if row.counts.is_empty() {
                String::new()
            } else {
                count.to_string()
            }
        };
        table.add_row([
            row.stage.clone(),
            result,
            cell(row.counts.passed),
            cell(row.counts.failed),
            cell(row.counts.ignored),
            cell(row.counts.skipped),
            seconds(row.time),
        ]);
    }
    println!("\n{table}\n");
    let not_run = rows
        .iter()
        .filter(|row| matches!(row.outcome, Outcome::NotRun(_)));
    println!(
        "stages: {} run, {} not run (each with its reason above)",
        rows.len() - not_run.clone().count(),
        not_run.count()
    );
    if !left_out.is_empty() {
        println!("left to `cargo xtask nightly`: {}", left_out.join(", "));
    }
    if let Some((tested, not_run)) = requirements {
        println!("tests/requirements.md: {tested} tested, {not_run} not run (each with a reason)");
    }
    if sum.ignored > 0 {
        println!("tests ignored, targets not checked: {}", sum.ignored);
    }
    let reasons = reasons(rows);
    if !reasons.is_empty() {
        println!("tests skipped, because they cannot run in full here:");
    }
    for line in &reasons {
        println!("  {line}");
    }
    println!("time: {}", seconds(total));
    for row in rows.iter().filter(|row| !row.failures.is_empty()) {
        println!("failed in {}:", row.stage);
        for line in &row.failures {
            println!("  {line}");
        }
    }
    for line in &commands {
        println!("{line}");
    }
    println!("{}", totals(sum));
    commands.is_empty()
}

#[cfg(test)]
mod tests {
    use super::{Help, NotRun, Outcome, Row, failures_of, next_command, reasons, seconds, totals};
    use crate::counts::Counts;
    use std::time::Duration;

    fn row(outcome: Outcome, passed: u64, failed: u64) -> Row {
        Row {
            stage: "stage".to_owned(),
            outcome,
            counts: Counts {
                passed,
                failed,
                ..Counts::default()
            },
            reasons: Vec::new(),
            time: Duration::ZERO,
            failures: Vec::new(),
        }
    }

    #[test]
    fn failed_tests_builds_and_inputs_are_repeated() {
        let log = "running 2 tests\ntest a::passes ... ok\ntest a::fails ... FAILED\n\
            thread 'a::fails' (7) panicked at tests/a.rs:5:9:\nleft: 1\n\
            error[E0433]: cannot find type\n  --> src/lib.rs:4:5\n\
            ==9== ERROR: libFuzzer: deadly signal\n\
            Test unit written to findings/kqueue-crash-1\n\
                    FAIL [   0.005s] mio::tcp a::fails\n";
        let expected = [
            "test a::fails ... FAILED",
            "thread 'a::fails' (7) panicked at tests/a.rs:5:9: left: 1",
            "error[E0433]: cannot find type --> src/lib.rs:4:5",
            "==9== ERROR: libFuzzer: deadly signal",
            "Test unit written to findings/kqueue-crash-1",
            "FAIL [   0.005s] mio::tcp a::fails",
        ];
        assert_eq!(failures_of(log), expected);
        let many: String = (0..20).map(|n| format!("test t{n} ... FAILED\n")).collect();
        let found = failures_of(&many);
        assert_eq!(found.len(), 17);
        assert_eq!(found[16], "… 4 more");
    }

    #[test]
    fn stage_without_tests_counts_as_one() {
        assert_eq!(row(Outcome::Passed, 0, 0).sum().passed, 1);
        assert_eq!(row(Outcome::Passed, 5, 0).sum().passed, 5);
    }

    #[test]
    fn failed_stage_counts_as_a_failure() {
        let failed = || Outcome::Failed(anyhow::anyhow!("does not compile"));
        assert_eq!(row(failed(), 0, 0).sum().failed, 1);
        assert_eq!(row(failed(), 9, 0).sum().failed, 1);
        assert_eq!(row(failed(), 9, 3).sum().failed, 3);
    }

    /// A stage or a test that could not run does not count as passed, and the totals show it.
    #[test]
    fn skipped_tests_are_in_the_totals() {
        let not_run = row(Outcome::NotRun(String::new()), 0, 0).sum();
        assert_eq!(totals(not_run), "0 passed, 0 failed, 1 skipped");
        assert_eq!(
            totals(row(Outcome::Passed, 2, 0).sum()),
            "2 passed, 0 failed"
        );
        let mut first = row(Outcome::Passed, 2, 0);
        first.reasons = vec!["tests/tcp.rs:420: no IPv6 here".to_owned(); 2];
        let mut second = row(Outcome::Passed, 2, 0);
        second.stage = "other".to_owned();
        second.reasons = vec!["tests/tcp.rs:420: no IPv6 here".to_owned()];
        assert_eq!(
            reasons(&[first, second]),
            ["tests/tcp.rs:420: no IPv6 here (stage, other)"]
        );
    }

    #[test]
    fn stage_that_cannot_run_is_no_failure() {
        let result = Err(NotRun("no such compiler".to_owned()).into());
        assert!(
            matches!(Outcome::from(result), Outcome::NotRun(reason) if reason == "no such compiler")
        );
    }

    #[test]
    fn failure_names_the_next_command() {
        let error =
            anyhow::anyhow!("exit status 1").context(Help::new("it differs", "cargo fmt --all"));
        assert_eq!(
            next_command(&row(Outcome::Failed(error), 0, 0)),
            "help: cargo fmt --all"
        );
        let error = anyhow::anyhow!("exit status 1");
        assert_eq!(
            next_command(&row(Outcome::Failed(error), 0, 0)),
            "retry: cargo xtask test --only stage"
        );
    }

    #[test]
    fn times_have_readable_units() {
        assert_eq!(seconds(Duration::from_millis(1500)), "1.5 s");
        assert_eq!(seconds(Duration::from_secs(125)), "2 min 05 s");
    }
}
