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

/// The whole report.
pub(super) fn write(report: &Report) -> String {
    let mut text = String::new();
    line!(
        text,
        "## ABI: {} → {}\n",
        escape(&report.old),
        escape(&report.new)
    );
    line!(text, "{}", sentence(report));
    for (severity, heading) in SEVERITIES {
        let rows: Vec<&Row> = report.of(severity).collect();
        if rows.is_empty() {
            continue;
        }
        // What nobody has to act on is folded.
        let folded = severity == Severity::Cosmetic;
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
        for row in &rows {
            line!(
                text,
                "| {} `{}` | {} | {} | {} |",
                row.change.kind.word(),
                row.change.symbol,
                cell(&row.change.facts),
                escape(&places(row)),
                if row.used_by.is_empty() {
                    "—".to_owned()
                } else {
                    cell(&row.used_by)
                }
            );
        }
        advice(&mut text, &rows);
        if folded {
            line!(text, "\n</details>");
        }
    }
    all_targets(&mut text, report);
    if !report.not_compared.is_empty() {
        line!(text, "\n### Not compared\n");
        for left in &report.not_compared {
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
fn cell(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| escape(line)).collect();
    lines.join("<br>")
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
