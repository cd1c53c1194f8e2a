//! Shows the outcome of a comparison: in the terminal, as Markdown, JSON or one page of HTML.

mod html;
mod markdown;
mod picture;
mod terminal;

use clap::ValueEnum;

use crate::diff::{Report, Row, Severity, Where};

/// How a report is written.
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

/// The report in the format. `unfold` names every target and every cosmetic row, in the terminal.
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
fn place(place: &Where) -> String {
    match &place.targets[..] {
        targets if targets.len() == place.of && place.of > 1 => {
            format!("{} (all {} targets)", place.os, place.of)
        }
        targets if targets.len() <= 4 => targets.join(", "),
        [first, ..] => format!(
            "{} ({} of {} targets: {first}, …)",
            place.os,
            place.targets.len(),
            place.of
        ),
        [] => place.os.clone(),
    }
}

/// The places of a row in one line.
fn places(row: &Row) -> String {
    let texts: Vec<String> = row.places.iter().map(place).collect();
    texts.join("; ")
}

/// The systems of a row, for its title: `netbsd`, or `netbsd (i586, i686)` if it is about some of its targets.
fn systems(row: &Row) -> String {
    let one = |place: &Where| {
        if place.targets.len() == place.of {
            return place.os.clone();
        }
        let mut machines: Vec<&str> = Vec::new();
        for target in &place.targets {
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
                place.targets.len(),
                place.of
            ),
        };
        format!("{} ({some})", place.os)
    };
    let texts: Vec<String> = row.places.iter().map(one).collect();
    texts.join("; ")
}

/// How many targets a row is about.
fn targets(row: &Row) -> usize {
    row.places.iter().map(|place| place.targets.len()).sum()
}

/// What there is, in one sentence.
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
