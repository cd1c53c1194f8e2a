//! The report as a comment on a pull request.

use std::fmt::Write;

use super::{SEVERITIES, places, sentence};
use crate::diff::{Report, Row, Severity};

/// Appends a line.
macro_rules! line {
    ($text:expr, $($format:tt)*) => {
        writeln!($text, $($format)*).expect("a string takes any text")
    };
}

/// GitHub refuses a longer comment:
/// <https://github.com/orgs/community/discussions/41331>
const MOST: usize = 65_536;

/// How much of a report is written.
#[derive(Debug, Clone, Copy)]
struct Extent {
    /// All triples of rows that name only some.
    targets: bool,
    /// The cosmetic rows.
    cosmetic: bool,
    /// Rows of each severity.
    rows: usize,
    /// Lines of a cell.
    lines: usize,
}

/// The report, as much of it as a comment may hold.
pub(super) fn write(report: &Report) -> String {
    let all = Extent {
        targets: true,
        cosmetic: true,
        rows: usize::MAX,
        lines: usize::MAX,
    };
    let short = Extent {
        targets: false,
        cosmetic: false,
        ..all
    };
    let halves = std::iter::successors(Some(256_usize), |rows| (*rows > 1).then_some(rows / 2));
    let cut = halves.map(|rows| Extent {
        rows,
        lines: 8,
        ..short
    });
    let extents = [
        all,
        Extent {
            targets: false,
            ..all
        },
        short,
    ]
    .into_iter()
    .chain(cut);
    let mut text = String::new();
    for extent in extents {
        text = written(report, extent);
        if text.chars().count() < MOST {
            break;
        }
    }
    text
}

/// As much of the report as that.
fn written(report: &Report, extent: Extent) -> String {
    let mut text = String::new();
    line!(
        text,
        "## ABI: {} → {}\n",
        escape(&report.old),
        escape(&report.new)
    );
    line!(text, "{}", sentence(report));
    if !extent.targets {
        line!(
            text,
            "\nThis is cut to what a comment may hold. The same command with `--format html --output abi.html` writes all of it."
        );
    }
    for (severity, heading) in SEVERITIES {
        let rows: Vec<&Row> = report.of(severity).collect();
        if rows.is_empty() {
            continue;
        }
        // What nobody has to act on is folded.
        let folded = severity == Severity::Cosmetic;
        if folded && !extent.cosmetic {
            line!(text, "\n{heading}: {} rows, left out here", rows.len());
            continue;
        }
        if folded {
            line!(
                text,
                "\n<details><summary>{heading}: {}</summary>\n",
                rows.len()
            );
        } else {
            line!(text, "\n### {heading}\n");
        }
        line!(
            text,
            "| symbol | change | targets | used by |\n|---|---|---|---|"
        );
        let shown = &rows[..rows.len().min(extent.rows)];
        for row in shown {
            line!(
                text,
                "| {} `{}` | {} | {} | {} |",
                row.change.kind.word(),
                row.change.symbol,
                cell(&row.change.facts, extent.lines),
                escape(&places(row)),
                if row.used_by.is_empty() {
                    "—".to_owned()
                } else {
                    cell(&row.used_by, extent.lines)
                }
            );
        }
        if shown.len() < rows.len() {
            line!(text, "\n… and {} more rows", rows.len() - shown.len());
        }
        advice(&mut text, shown);
        if folded {
            line!(text, "\n</details>");
        }
    }
    if extent.targets {
        all_targets(&mut text, report);
    }
    if !report.not_compared.is_empty() {
        line!(text, "\n### Not compared\n");
        for left in report.not_compared.iter().take(extent.rows) {
            line!(text, "- {}: {}", escape(&left.what), escape(&left.why));
        }
    }
    text
}

/// What is to be done, as a list.
fn advice(text: &mut String, rows: &[&Row]) {
    // The same record on another group has the same advice.
    let mut told: Vec<String> = Vec::new();
    for row in rows.iter().filter(|row| !row.advice.is_empty()) {
        let symbol = format!("{} `{}`", row.change.kind.word(), row.change.symbol);
        let line = format!("- [ ] {symbol}: {}", escape(&row.advice));
        if told.is_empty() {
            line!(text, "\nTo do:\n");
        }
        if !told.contains(&line) {
            line!(text, "{line}");
            told.push(line);
        }
    }
}

/// The triples of the rows that name only some, folded.
fn all_targets(text: &mut String, report: &Report) {
    let long = |row: &&Row| {
        let cut = |place: &crate::diff::Where| place.targets.len() > 4;
        row.change.severity != Severity::Cosmetic && row.places.iter().any(cut)
    };
    let rows: Vec<&Row> = report.rows.iter().filter(long).collect();
    if rows.is_empty() {
        return;
    }
    line!(
        text,
        "\n<details><summary>All targets of these rows</summary>\n"
    );
    for row in rows {
        for place in &row.places {
            line!(
                text,
                "- {} `{}`, {}: {}",
                row.change.kind.word(),
                row.change.symbol,
                place.os,
                place.targets.join(", ")
            );
        }
    }
    line!(text, "\n</details>");
}

/// Several lines in one cell.
fn cell(lines: &[String], most: usize) -> String {
    let mut shown: Vec<String> = lines.iter().take(most).map(|line| escape(line)).collect();
    if shown.len() < lines.len() {
        shown.push(format!("… and {} more", lines.len() - shown.len()));
    }
    shown.join("<br>")
}

/// What Markdown would read as its own.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        if matches!(letter, '|' | '*' | '_' | '<' | '[' | ']' | '`' | '\\') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}
