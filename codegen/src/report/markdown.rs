//! The report as a comment on a pull request.

use super::{SEVERITIES, sentence, targets_of};
use crate::abi_diff::{Report, Row, Severity};

/// The limit of GitHub for a comment:
/// <https://github.com/orgs/community/discussions/41331>
const MAX_CHARS: usize = 65_536;

/// How much of a report to write.
#[derive(Debug, Clone, Copy)]
struct Extent {
    /// Whether to list all targets of rows that name only some.
    targets: bool,
    /// Whether to list the cosmetic rows.
    cosmetic: bool,
    /// The maximum of rows of each severity.
    rows: usize,
    /// The maximum of lines of a cell.
    lines: usize,
}

/// As much of the report as fits into a comment.
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
        if text.chars().count() < MAX_CHARS {
            break;
        }
    }
    text
}

/// The report to this extent.
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
            "\nThis is cut to what a comment may hold. The same command with `--format html \
             --output abi.html` writes all of it."
        );
    }
    for (severity, heading) in SEVERITIES {
        let rows: Vec<&Row> = report.of(severity).collect();
        if rows.is_empty() {
            continue;
        }
        // Rows that need no action are folded.
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
                escape(&targets_of(row)),
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

/// Writes what to do, as a list.
fn advice(text: &mut String, rows: &[&Row]) {
    // Groups of one system have the same advice for a record.
    let mut written: Vec<String> = Vec::new();
    for row in rows.iter().filter(|row| !row.advice.is_empty()) {
        let symbol = format!("{} `{}`", row.change.kind.word(), row.change.symbol);
        let line = format!("- [ ] {symbol}: {}", escape(&row.advice));
        if written.is_empty() {
            line!(text, "\nTo do:\n");
        }
        if !written.contains(&line) {
            line!(text, "{line}");
            written.push(line);
        }
    }
}

/// Writes all targets of the rows that name only some, folded.
fn all_targets(text: &mut String, report: &Report) {
    let long = |row: &&Row| {
        let cut = |system: &crate::abi_diff::SystemTargets| system.targets.len() > 4;
        row.change.severity != Severity::Cosmetic && row.systems.iter().any(cut)
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
        for system in &row.systems {
            line!(
                text,
                "- {} `{}`, {}: {}",
                row.change.kind.word(),
                row.change.symbol,
                system.os,
                system.targets.join(", ")
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

/// Escapes the special characters of Markdown.
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
