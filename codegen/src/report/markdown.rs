//! The report as a comment on a pull request.

use super::{SEVERITIES, cut, gate_sentence, page_of, sentence, targets_of};
use crate::abi_diff::{Report, Row, Severity};

/// The most bytes of a comment. GitHub accepts 65,536 characters
/// (<https://github.com/orgs/community/discussions/41331>); the rest is for the marker and the head
/// that the workflow adds, and for signs that it escapes. A character has one byte or more.
pub(crate) const COMMENT_BYTES: usize = 60_000;

/// How much of a report to write.
#[derive(Debug, Clone, Copy)]
struct Extent {
    /// Whether to list all targets of rows that name only some.
    targets: bool,
    /// Whether to list the cosmetic rows.
    cosmetic: bool,
    /// Whether the widening rows are folded.
    fold: bool,
    /// The maximum of rows of each severity.
    rows: usize,
    /// The maximum of lines of a cell.
    lines: usize,
    /// The maximum of characters of a line in a cell, a list or an entry.
    chars: usize,
}

/// As much of the report as fits into this number of bytes, with links to a site if there is one.
/// Rows, items and entries are left out as a whole, so that no table, list or fence breaks.
pub(crate) fn write_within(report: &Report, bytes: usize, site: Option<&str>) -> String {
    let all = Extent {
        targets: true,
        cosmetic: true,
        fold: false,
        rows: usize::MAX,
        lines: usize::MAX,
        chars: usize::MAX,
    };
    let short = Extent {
        targets: false,
        cosmetic: false,
        fold: true,
        ..all
    };
    // Steps of 5/4: a cut report fills at least about four fifths of the space.
    let steps = std::iter::successors(Some(4096_usize), |rows| (*rows > 0).then_some(rows * 4 / 5));
    let cut = steps.map(|rows| Extent {
        rows,
        lines: 8,
        chars: 300,
        ..short
    });
    let targets = false;
    let extents = [all, Extent { targets, ..all }, short];
    let mut text = String::new();
    for extent in extents.into_iter().chain(cut) {
        text = written(report, extent, site);
        if text.len() <= bytes {
            break;
        }
    }
    text
}

/// The report to this extent.
fn written(report: &Report, extent: Extent, site: Option<&str>) -> String {
    let mut text = String::new();
    line!(
        text,
        "## ABI: {} → {}\n",
        escape(&cut::to_chars(&report.old, extent.chars)),
        escape(&cut::to_chars(&report.new, extent.chars))
    );
    line!(text, "{}", sentence(report));
    if !extent.targets {
        line!(
            text,
            "\nThis is cut to what a comment may hold. The artifact `abi-report` has all of it, \
             and the same command with `--format html --output abi.html` writes all of it."
        );
    }
    gate(&mut text, report, extent);
    for (severity, heading) in SEVERITIES {
        let rows: Vec<&Row> = report.of(severity).collect();
        if rows.is_empty() {
            continue;
        }
        // Rows that need no action are folded.
        let folded = match severity {
            Severity::Breaking => false,
            Severity::Widening => extent.fold,
            Severity::Cosmetic => true,
        };
        if severity == Severity::Cosmetic && !extent.cosmetic {
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
        if extent.rows > 0 {
            line!(
                text,
                "| symbol | change | targets | used by |\n|---|---|---|---|"
            );
        }
        let shown = &rows[..rows.len().min(extent.rows)];
        for row in shown {
            line!(
                text,
                "| {} {} | {} | {} | {} |",
                row.change.kind.word(),
                symbol(row, site),
                cell(
                    row.change.facts.iter().map(|fact| fact.text.as_str()),
                    extent
                ),
                escape(&cut::to_chars(&targets_of(row), extent.chars)),
                if row.used_by.is_empty() {
                    "—".to_owned()
                } else {
                    cell(row.used_by.iter().map(String::as_str), extent)
                }
            );
        }
        if shown.len() < rows.len() {
            more(&mut text, rows.len() - shown.len(), "rows");
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
            let (what, why) = (
                cut::to_chars(&left.what, extent.chars),
                cut::to_chars(&left.why, extent.chars),
            );
            line!(text, "- {}: {}", escape(&what), escape(&why));
        }
        let shown = report.not_compared.len().min(extent.rows);
        if shown < report.not_compared.len() {
            more(&mut text, report.not_compared.len() - shown, "items");
        }
    }
    text
}

/// The symbol of a row, with a link to its page if there is a site.
fn symbol(row: &Row, site: Option<&str>) -> String {
    match page_of(row, site) {
        Some(page) => format!("[`{}`]({page})", row.change.symbol),
        None => format!("`{}`", row.change.symbol),
    }
}

/// Writes how many rows, items or entries are left out.
fn more(text: &mut String, count: usize, what: &str) {
    line!(text, "\n… and {count} more {what}, see the artifact");
}

/// Writes the verdict of the gate, what to do about each failure, and the entries to paste.
fn gate(text: &mut String, report: &Report, extent: Extent) {
    let (Some(gate), Some(sentence)) = (&report.gate, gate_sentence(report)) else {
        return;
    };
    line!(text, "\n**{sentence}**");
    let shown = &gate.failures[..gate.failures.len().min(extent.rows)];
    if !gate.failures.is_empty() {
        line!(text, "");
    }
    for failure in shown {
        line!(
            text,
            "- {}<br>to do: {}",
            escape(&cut::to_chars(&failure.message, extent.chars)),
            escape(&cut::to_chars(&failure.help, extent.chars))
        );
    }
    if shown.len() < gate.failures.len() {
        more(text, gate.failures.len() - shown.len(), "items");
    }
    for note in gate.notes.iter().take(extent.rows) {
        line!(
            text,
            "\nNote: {}",
            escape(&cut::to_chars(note, extent.chars))
        );
    }
    let entries: Vec<String> = shown
        .iter()
        .filter(|failure| !failure.entry.is_empty())
        .map(|failure| shortened(&failure.entry, extent.chars))
        .collect();
    if entries.is_empty() {
        return;
    }
    let entries = entries.join("\n");
    let fence = cut::fence(&entries);
    line!(
        text,
        "\n<details><summary>Entries for <code>codegen/accepted.toml</code></summary>\n"
    );
    line!(text, "{fence}toml\n{entries}{fence}\n\n</details>");
}

/// An entry whose comment is cut to this number of characters.
fn shortened(entry: &str, most: usize) -> String {
    let (comment, keys): (Vec<&str>, Vec<&str>) =
        entry.lines().partition(|line| line.starts_with('#'));
    let comment = cut::to_chars(&comment.join("\n"), most);
    let lines = comment.lines().chain(keys);
    lines.map(|line| format!("{line}\n")).collect()
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
fn cell<'a>(lines: impl ExactSizeIterator<Item = &'a str>, extent: Extent) -> String {
    let count = lines.len();
    let mut shown: Vec<String> = lines
        .take(extent.lines)
        .map(|line| escape(&cut::to_chars(line, extent.chars)))
        .collect();
    if shown.len() < count {
        shown.push(format!("… and {} more", count - shown.len()));
    }
    shown.join("<br>")
}

/// Escapes the special characters of Markdown.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        if matches!(letter, '|' | '*' | '_' | '<' | '[' | ']' | '`' | '~' | '\\') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}
