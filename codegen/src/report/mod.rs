//! Writes the outcome of a comparison as text, Markdown, JSON, HTML, SARIF or annotations.

mod cut;
mod github;
mod html;
mod markdown;
pub(crate) mod picture;
mod sarif;
mod terminal;

use clap::ValueEnum;

use crate::abi_diff::{Report, Row, Severity, SystemTargets};
use crate::accepted::Level;
use crate::gate::Verdict;
use crate::site::symbol_page;

pub(crate) use self::markdown::{COMMENT_BYTES, write_within as markdown_within};

/// The format of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For eyes, with colours if a terminal reads it
    Terminal,
    /// For a pull request
    Markdown,
    /// For machines
    Json,
    /// One page on its own, with pictures of the layouts
    Html,
    /// Commands that make GitHub show the changes beside their lines
    Github,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

/// The report in a format. With `unfold`, text lists all targets and all cosmetic rows. Markdown
/// and HTML link each symbol to its page below the URL `site`, if there is one.
pub(crate) fn write(report: &Report, format: Format, unfold: bool, site: Option<&str>) -> String {
    match format {
        Format::Terminal => terminal::write(report, unfold),
        Format::Markdown => markdown::write_within(report, COMMENT_BYTES, site),
        Format::Json => {
            let text = serde_json::to_string_pretty(report);
            text.expect("a report has only strings for keys") + "\n"
        }
        Format::Html => html::write(report, site),
        Format::Github => github::write(report),
        Format::Sarif => sarif::write(report),
    }
}

/// The URL of the page of a row's symbol.
fn page_of(row: &Row, site: Option<&str>) -> Option<String> {
    let page = symbol_page(row.change.kind, &row.change.symbol)?;
    Some(format!("{}{page}", site?))
}

/// All severities with their headings.
const SEVERITIES: [(Severity, &str); 3] = [
    (Severity::Breaking, "Breaking"),
    (Severity::Widening, "Widening"),
    (Severity::Cosmetic, "Cosmetic"),
];

/// `netbsd (all 10 targets)`, or the triples if they are few.
fn targets_of_system(system: &SystemTargets) -> String {
    match &system.targets[..] {
        targets if targets.len() == system.of && system.of > 1 => {
            format!("{} (all {} targets)", system.os, system.of)
        }
        targets if targets.len() <= 4 => targets.join(", "),
        [first, ..] => format!(
            "{} ({} of {} targets: {first}, …)",
            system.os,
            system.targets.len(),
            system.of
        ),
        [] => system.os.clone(),
    }
}

/// The targets of a row in one line.
fn targets_of(row: &Row) -> String {
    let texts: Vec<String> = row.systems.iter().map(targets_of_system).collect();
    texts.join("; ")
}

/// The systems of a row, for its title: `netbsd`, or `netbsd (i586, i686)` for some of its targets.
/// A target is named by its machine, or by its triple if another target of that machine differs.
fn systems(row: &Row) -> String {
    let one = |system: &SystemTargets| {
        if system.targets.len() == system.of {
            return system.os.clone();
        }
        let mut machines: Vec<&str> = Vec::new();
        for target in &system.targets {
            let machine = machine_of(target);
            let is_shared = system
                .others
                .iter()
                .any(|other| machine_of(other) == machine);
            let name = if is_shared { target } else { machine };
            if !machines.contains(&name) {
                machines.push(name);
            }
        }
        let some = match &machines[..] {
            few if few.len() <= 4 => few.join(", "),
            many => format!(
                "{}, … {} of {} targets",
                many[..2].join(", "),
                system.targets.len(),
                system.of
            ),
        };
        format!("{} ({some})", system.os)
    };
    let texts: Vec<String> = row.systems.iter().map(one).collect();
    texts.join("; ")
}

/// The first part of a triple.
fn machine_of(triple: &str) -> &str {
    triple.split('-').next().unwrap_or(triple)
}

/// The number of targets of a row.
fn targets(row: &Row) -> usize {
    row.systems.iter().map(|system| system.targets.len()).sum()
}

/// The level of a row: that of the gate, or the usual one of its severity. A change that is
/// accepted is at most a notice.
fn level(report: &Report, row: &Row) -> Level {
    match verdict(report, row) {
        Some(verdict) if !verdict.accepted.is_empty() && verdict.is_accepted() => {
            verdict.level.max(Level::Notice)
        }
        Some(verdict) => verdict.level,
        None => match row.change.severity {
            Severity::Breaking => Level::Breaking,
            Severity::Widening => Level::Notice,
            Severity::Cosmetic => Level::Ignored,
        },
    }
}

/// The verdict of the gate about a row.
fn verdict<'a>(report: &'a Report, row: &Row) -> Option<&'a Verdict> {
    report.gate.as_ref()?.verdict(row)
}

/// The verdict of the gate in one sentence: `The gate is red: 1 not accepted.`
fn gate_sentence(report: &Report) -> Option<String> {
    let gate = report.gate.as_ref()?;
    if gate.passed {
        let accepted = gate.rows.iter().filter(|row| !row.accepted.is_empty());
        return Some(match accepted.count() {
            0 => "The gate is green.".to_owned(),
            1 => "The gate is green: 1 change is accepted.".to_owned(),
            many => format!("The gate is green: {many} changes are accepted."),
        });
    }
    let counts = crate::gate::counts(gate);
    let counts: Vec<String> = counts
        .into_iter()
        .map(|(word, count)| format!("{count} {word}"))
        .collect();
    Some(format!("The gate is red: {}.", counts.join(", ")))
}

/// The outcome in one sentence.
fn sentence(report: &Report) -> String {
    let count = |number: usize, one: &str, more: &str| {
        format!("{number} {}", if number == 1 { one } else { more })
    };
    if report.rows.is_empty() {
        return format!(
            "No difference on {}.",
            count(report.compared, "target", "targets")
        );
    }
    format!(
        "{} compared: {} breaking, {} widening, {} cosmetic.",
        count(report.compared, "target", "targets"),
        report.count(Severity::Breaking),
        report.count(Severity::Widening),
        report.count(Severity::Cosmetic)
    )
}
