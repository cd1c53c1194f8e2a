//! The report for a terminal.

use anstyle::{AnsiColor, Style};
use comfy_table::{CellAlignment, Table, presets};

use super::{SEVERITIES, gate_sentence, sentence, targets, targets_of};
use crate::abi_diff::{Report, Row, Severity};

/// The color of a severity.
fn style(severity: Severity) -> Style {
    let color = match severity {
        Severity::Breaking => AnsiColor::Red,
        Severity::Widening => AnsiColor::Green,
        Severity::Cosmetic => AnsiColor::BrightBlack,
    };
    color.on_default().bold()
}

/// The whole report.
pub(super) fn write(report: &Report, unfold: bool) -> String {
    let mut text = String::new();
    let bold = Style::new().bold();
    line!(text, "{bold}ABI: {} → {}{bold:#}", report.old, report.new);
    line!(text, "{}", sentence(report));
    for (severity, heading) in SEVERITIES {
        let rows: Vec<&Row> = report.of(severity).collect();
        if rows.is_empty() {
            continue;
        }
        let color = style(severity);
        line!(text, "\n{color}{}{color:#}", heading.to_uppercase());
        if severity == Severity::Cosmetic && !unfold {
            line!(text, "  {} folded; --unfold shows them", rows.len());
            continue;
        }
        for row in rows {
            write_row(&mut text, row, color, unfold);
        }
    }
    if !report.not_compared.is_empty() {
        line!(text, "\n{bold}NOT COMPARED{bold:#}");
        for left in &report.not_compared {
            let what = if unfold {
                left.what.clone()
            } else {
                shorten(&left.what)
            };
            line!(text, "  {what}: {}", left.why);
        }
    }
    // A table with one row would repeat the sentence at the top.
    let filled = SEVERITIES
        .iter()
        .filter(|(severity, _)| report.count(*severity) > 0);
    if filled.count() > 1 {
        line!(text, "\n{}", summary(report));
    }
    write_gate(&mut text, report);
    text
}

/// The verdict of the gate, what to do about each failure, and the entries to paste.
fn write_gate(text: &mut String, report: &Report) {
    let (Some(gate), Some(sentence)) = (&report.gate, gate_sentence(report)) else {
        return;
    };
    let color = style(if gate.passed {
        Severity::Widening
    } else {
        Severity::Breaking
    });
    line!(text, "\n{color}{sentence}{color:#}");
    for failure in &gate.failures {
        line!(text, "  {}", failure.message);
        line!(text, "      to do: {}", failure.help);
    }
    for note in &gate.notes {
        line!(text, "  note: {note}");
    }
    let entries: Vec<&str> = gate
        .failures
        .iter()
        .map(|failure| failure.entry.as_str())
        .filter(|entry| !entry.is_empty())
        .collect();
    if !entries.is_empty() {
        line!(
            text,
            "\nThe entries for codegen/accepted.toml, to be completed:\n"
        );
        text.push_str(&entries.join("\n"));
    }
}

/// One row.
fn write_row(text: &mut String, row: &Row, color: Style, unfold: bool) {
    let bold = Style::new().bold();
    line!(
        text,
        "  {color}{}{color:#} {bold}{}{bold:#}  on {}",
        row.change.kind.word(),
        row.change.symbol,
        targets_of(row)
    );
    for fact in &row.change.facts {
        line!(text, "      {}", fact.text);
    }
    if !row.used_by.is_empty() {
        line!(text, "      used by {}", row.used_by.join(", "));
    }
    if !row.advice.is_empty() {
        line!(text, "      to do: {}", row.advice);
    }
    if row.change.severity == Severity::Breaking {
        line!(text, "      change: {}", row.id);
    }
    if unfold {
        for system in &row.systems {
            line!(text, "      {}: {}", system.os, system.targets.join(", "));
        }
    }
}

/// A shortened list of targets.
fn shorten(what: &str) -> String {
    let parts: Vec<&str> = what.split(", ").collect();
    if parts.len() <= 3 {
        return what.to_owned();
    }
    format!("{}, … and {} more", parts[0], parts.len() - 1)
}

/// The table at the end.
fn summary(report: &Report) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["severity", "changes", "of symbols src/ uses", "targets"]);
    for (severity, heading) in SEVERITIES {
        let rows: Vec<&Row> = report.of(severity).collect();
        if rows.is_empty() {
            continue;
        }
        let used = rows.iter().filter(|row| !row.used_by.is_empty()).count();
        let most = rows.iter().map(|row| targets(row)).max().unwrap_or(0);
        table.add_row([
            heading.to_lowercase(),
            rows.len().to_string(),
            used.to_string(),
            most.to_string(),
        ]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
