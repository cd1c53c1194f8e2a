//! The report as one page of HTML without external files.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{SEVERITIES, gate_sentence, page_of, picture, sentence, systems, targets_of};
use crate::abi_diff::{Report, Row, Severity};

/// The page's style.
const STYLE: &str = include_str!("style.css");

/// The whole page, with links to a site if there is one.
pub(super) fn write(report: &Report, site: Option<&str>) -> String {
    let title = format!("ABI: {} → {}", report.old, report.new);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (picture::hatch())
                header {
                    h1 { "ABI: " (report.old) span .arrow { " → " } (report.new) }
                    p .sentence { (sentence(report)) }
                    (gate(report))
                    (counts(report))
                    @if report.rows.iter().any(has_layout) {
                        p .legend {
                            "A line of a picture is eight bytes. "
                            span .key-changed {} " Not so on the other side. "
                            span .key-padding {} " Padding: bytes of no field."
                        }
                    }
                }
                main {
                    @for (severity, heading) in SEVERITIES {
                        (section(report, severity, heading, site))
                    }
                    (not_compared(report))
                }
            }
        }
    };
    page.into_string() + "\n"
}

/// The verdict of the gate, and what to do.
fn gate(report: &Report) -> Markup {
    html! {
        @if let (Some(gate), Some(sentence)) = (&report.gate, gate_sentence(report)) {
            p { b { (sentence) } }
            @if !gate.failures.is_empty() {
                ul {
                    @for failure in &gate.failures {
                        li {
                            (failure.message) br; (failure.help)
                            @if !failure.entry.is_empty() { pre { code { (failure.entry) } } }
                        }
                    }
                }
            }
            @for note in &gate.notes { p { (note) } }
        }
    }
}

/// Whether a row is about the layout of a record.
fn has_layout(row: &Row) -> bool {
    row.change.old.is_some() || row.change.new.is_some()
}

/// The counts at the top.
fn counts(report: &Report) -> Markup {
    html! {
        nav .counts {
            @for (severity, heading) in SEVERITIES {
                @let word = heading.to_lowercase();
                @let used = report.of(severity).filter(|row| !row.used_by.is_empty()).count();
                a .(word) href=(format!("#{word}")) {
                    span .number { (report.count(severity)) }
                    span .word { (word) }
                    @if used > 0 { span .used { (used) " used by src/" } }
                }
            }
        }
    }
}

/// All rows of a severity.
fn section(report: &Report, severity: Severity, heading: &str, site: Option<&str>) -> Markup {
    let rows: Vec<&Row> = report.of(severity).collect();
    let word = heading.to_lowercase();
    let body = html! {
        @for row in &rows { (article(row, &word, site)) }
    };
    html! {
        @if !rows.is_empty() {
            section id=(word) {
                h2 { (heading) }
                @if severity == Severity::Cosmetic {
                    details { summary { (rows.len()) " rows" } (body) }
                } @else { (body) }
            }
        }
    }
}

/// One row.
fn article(row: &Row, word: &str, site: Option<&str>) -> Markup {
    let change = &row.change;
    html! {
        article .(word) {
            h3 {
                span .kind { (change.kind.word()) } " "
                @if let Some(page) = page_of(row, site) {
                    a href=(page) { code { (change.symbol) } }
                } @else { code { (change.symbol) } }
                span .kind { " on " (systems(row)) }
            }
            ul .facts { @for fact in &change.facts { li { (marked(&fact.text)) } } }
            @if has_layout(row) {
                (picture::both(change.old.as_ref(), change.new.as_ref()))
            }
            dl {
                dt { "targets" }
                dd {
                    @let all: usize = row.systems.iter().map(|system| system.targets.len()).sum();
                    @if all > 4 {
                        details {
                            summary { (targets_of(row)) }
                            @for system in &row.systems {
                                p { b { (system.os) ": " } (system.targets.join(", ")) }
                            }
                        }
                    } @else { (targets_of(row)) }
                }
                @if !row.used_by.is_empty() {
                    dt .used { "used by" }
                    // A long path breaks after a slash.
                    dd {
                        @for file in &row.used_by {
                            p { code { @for part in file.split_inclusive('/') { (part) wbr; } } }
                        }
                    }
                }
                @if !row.advice.is_empty() { dt { "to do" } dd { (marked(&row.advice)) } }
            }
        }
    }
}

/// A text with code between backticks.
fn marked(text: &str) -> Markup {
    let parts: Vec<&str> = text.split('`').collect();
    // An unpaired backtick is text.
    if parts.len() % 2 == 0 {
        return html! { (text) };
    }
    html! {
        @for (index, part) in parts.iter().enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// The targets that were not compared.
fn not_compared(report: &Report) -> Markup {
    html! {
        @if !report.not_compared.is_empty() {
            section id="not-compared" {
                h2 { "Not compared" }
                ul {
                    @for left in &report.not_compared {
                        li { b { (marked(&left.what)) } ": " (marked(&left.why)) }
                    }
                }
            }
        }
    }
}
