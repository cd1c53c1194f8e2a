//! Writes the outcome of a comparison as text, Markdown, JSON or HTML.

mod html;
mod markdown;
mod picture;
mod terminal;

use clap::ValueEnum;

use crate::abi_diff::{Report, Row, Severity, SystemTargets};

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
}

/// The report in a format. With `unfold`, text lists all targets and all cosmetic rows.
pub(crate) fn write(report: &Report, format: Format, unfold: bool) -> String {
    match format {
        Format::Terminal => terminal::write(report, unfold),
        Format::Markdown => markdown::write(report),
        Format::Json => {
            let text = serde_json::to_string_pretty(report);
            text.expect("a report has only strings for keys") + "\n"
        }
        Format::Html => html::write(report),
    }
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
fn systems(row: &Row) -> String {
    let one = |system: &SystemTargets| {
        if system.targets.len() == system.of {
            return system.os.clone();
        }
        let mut machines: Vec<&str> = Vec::new();
        for target in &system.targets {
            let machine = target.split('-').next().unwrap_or(target);
            if !machines.contains(&machine) {
                machines.push(machine);
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

/// The number of targets of a row.
fn targets(row: &Row) -> usize {
    row.systems.iter().map(|system| system.targets.len()).sum()
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
