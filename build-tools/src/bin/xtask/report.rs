//! What a person sees: a line for each stage, the log of a failed one, the table and the last line.

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

/// Lines of a failed stage's log that are shown; the file has all of them.
const TAIL: usize = 120;
/// Columns of a line that is shown.
const WIDEST: usize = 400;

/// Why a stage could not run here. It is not a failure, and it is not hidden.
#[derive(Debug)]
pub(crate) struct NotRun(pub(crate) String);

impl fmt::Display for NotRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not run: {}", self.0)
    }
}

impl std::error::Error for NotRun {}

/// A failure that one command mends. It goes around the error it explains.
#[derive(Debug)]
pub(crate) struct Mend {
    pub(crate) what: &'static str,
    pub(crate) command: String,
}

impl Mend {
    pub(crate) fn new(what: &'static str, command: impl Into<String>) -> Mend {
        let command = command.into();
        Mend { what, command }
    }
}

impl fmt::Display for Mend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }
}

impl std::error::Error for Mend {}

/// How a stage ended.
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

/// One row of the last table.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) stage: String,
    pub(crate) outcome: Outcome,
    pub(crate) counts: Counts,
    /// Of the tests that could not run.
    pub(crate) reasons: Vec<String>,
    pub(crate) time: Duration,
}

impl Row {
    /// What this stage adds to the last line: its tests, or itself where it has none or failed before they ran.
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

/// A spinner on a terminal, nothing elsewhere.
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

/// The line of a stage that has just ended, and its log if it failed.
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
        println!("{}", again(row));
    }
}

/// The command that mends a failed stage, or else the one that runs it alone.
fn again(row: &Row) -> String {
    if let Outcome::Failed(error) = &row.outcome {
        if let Some(mend) = error.downcast_ref::<Mend>() {
            return format!("mend: {}", mend.command);
        }
    }
    format!("again: cargo xtask test --only {}", row.stage)
}

/// Shows the end of a log.
pub(crate) fn show_log(log: &Path, project: &Project) {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let shown = log.strip_prefix(&project.root).unwrap_or(log);
    let skipped = lines.len().saturating_sub(TAIL);
    if skipped > 0 {
        println!("  | … {skipped} lines before these in {}", shown.display());
    } else {
        println!("  | {}:", shown.display());
    }
    for line in &lines[skipped..] {
        // A line of a megabyte, such as Cargo's metadata, tells nobody anything.
        println!("  | {}", console::truncate_str(line, WIDEST, " …"));
    }
}

/// A table without a frame around it.
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

/// `3 passed, 0 failed`, and what could not run if something could not.
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

/// The tests that could not run, one line for each reason, with the stages where it was so.
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

/// The table of stages and the last line; `true` if nothing failed. `left` are stages that nobody asked for.
pub(crate) fn summary(
    rows: &[Row],
    left: &[String],
    total: Duration,
    behaviour: Option<(usize, usize)>,
) -> bool {
    let mut table = table(
        &[
            "stage", "result", "passed", "failed", "ignored", "skipped", "time",
        ],
        &[2, 3, 4, 5, 6],
    );
    let mut sum = Counts::default();
    let mut mend = Vec::new();
    for row in rows {
        sum.add(row.sum());
        let result = match &row.outcome {
            Outcome::Passed => "passed".to_owned(),
            Outcome::Failed(_) => {
                mend.push(again(row));
                "FAILED".to_owned()
            }
            Outcome::NotRun(reason) => format!("not run: {reason}"),
        };
        let number = |count: u64| {
            if row.counts.is_empty() {
                String::new()
            } else {
                count.to_string()
            }
        };
        table.add_row([
            row.stage.clone(),
            result,
            number(row.counts.passed),
            number(row.counts.failed),
            number(row.counts.ignored),
            number(row.counts.skipped),
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
    if !left.is_empty() {
        println!("left to `cargo xtask test --all`: {}", left.join(", "));
    }
    if let Some((tested, not_run)) = behaviour {
        println!(
            "rows of tests/requirements.md: {tested} tested, {not_run} not run (each with its reason there)"
        );
    }
    if sum.ignored > 0 {
        println!("tests ignored, targets not checked: {}", sum.ignored);
    }
    let reasons = reasons(rows);
    if !reasons.is_empty() {
        println!("tests skipped, that is not run, or in part only:");
    }
    for line in &reasons {
        println!("  {line}");
    }
    println!("time: {}", seconds(total));
    for line in &mend {
        println!("{line}");
    }
    println!("{}", totals(sum));
    mend.is_empty()
}

#[cfg(test)]
mod tests {
    use super::{Mend, NotRun, Outcome, Row, again, reasons, seconds, totals};
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
        }
    }

    #[test]
    fn a_stage_without_tests_counts_as_one() {
        assert_eq!(row(Outcome::Passed, 0, 0).sum().passed, 1);
        assert_eq!(row(Outcome::Passed, 5, 0).sum().passed, 5);
    }

    #[test]
    fn a_failure_is_never_lost_in_the_sum() {
        let failed = || Outcome::Failed(anyhow::anyhow!("does not compile"));
        assert_eq!(row(failed(), 0, 0).sum().failed, 1);
        assert_eq!(row(failed(), 9, 0).sum().failed, 1);
        assert_eq!(row(failed(), 9, 3).sum().failed, 3);
    }

    /// Neither a stage nor a test that could not run counts as passed, and the last line names both.
    #[test]
    fn what_could_not_run_is_in_the_last_line() {
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
    fn what_could_not_run_is_told_apart() {
        let result = Err(NotRun("no such compiler".to_owned()).into());
        assert!(
            matches!(Outcome::from(result), Outcome::NotRun(reason) if reason == "no such compiler")
        );
    }

    #[test]
    fn a_failure_names_the_command_that_mends_it() {
        let error =
            anyhow::anyhow!("exit status 1").context(Mend::new("it differs", "cargo fmt --all"));
        assert_eq!(
            again(&row(Outcome::Failed(error), 0, 0)),
            "mend: cargo fmt --all"
        );
        let error = anyhow::anyhow!("exit status 1");
        assert_eq!(
            again(&row(Outcome::Failed(error), 0, 0)),
            "again: cargo xtask test --only stage"
        );
    }

    #[test]
    fn times_read_well() {
        assert_eq!(seconds(Duration::from_millis(1500)), "1.5 s");
        assert_eq!(seconds(Duration::from_secs(125)), "2 min 05 s");
    }
}
