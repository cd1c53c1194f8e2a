//! The report as commands of GitHub's runner, which shows each change beside its line:
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#setting-an-error-message>

use super::{level, targets_of, verdict};
use crate::abi_diff::{Location, Report, Row};
use crate::accepted::{FILE, Level};

/// GitHub shows this number of annotations of each kind for a step:
/// <https://github.com/actions/toolkit/blob/457303960f03375db6f033e214b9f90d79c3fe5c/docs/problem-matchers.md#limitations>
const MOST: usize = 10;

/// One annotation.
#[derive(Debug)]
struct Annotation {
    /// The place; none for the whole run.
    location: Option<Location>,
    /// The title.
    title: String,
    /// The message.
    message: String,
}

/// The commands, the worst first.
pub(super) fn write(report: &Report) -> String {
    let mut text = String::new();
    for (wanted, command) in [
        (Level::Breaking, "error"),
        (Level::Warning, "warning"),
        (Level::Notice, "notice"),
    ] {
        let mut rows: Vec<&Row> = report
            .rows
            .iter()
            .filter(|row| level(report, row) == wanted)
            .collect();
        // A change that src/ notices is worse than another.
        rows.sort_by_key(|row| (row.change.severity, row.used_by.is_empty()));
        let mut all: Vec<Annotation> = rows.iter().map(|row| of_row(report, row)).collect();
        match wanted {
            Level::Breaking => all.extend(entries(report)),
            Level::Warning => {
                all.splice(0..0, notes(report));
            }
            _ => {}
        }
        let (shown, more) = match all.len() {
            few if few <= MOST => (few, 0),
            many => (MOST - 1, many - (MOST - 1)),
        };
        for annotation in &all[..shown] {
            line!(text, "{}", annotation.command(command));
        }
        if more > 0 {
            let rest = Annotation {
                location: None,
                title: format!("ABI: {more} more"),
                message: format!("{more} more of these are in the report"),
            };
            line!(text, "{}", rest.command(command));
        }
    }
    text
}

/// The annotation of a row.
fn of_row(report: &Report, row: &Row) -> Annotation {
    let mut message = format!("{}\non {}", row.change.summary(), targets_of(row));
    if !row.used_by.is_empty() {
        message.push_str(&format!("\nused by {}", row.used_by.join(", ")));
    }
    if !row.advice.is_empty() {
        message.push_str(&format!("\nto do: {}", row.advice));
    }
    message.push_str(&format!("\nchange: {}", row.id));
    let accepted = verdict(report, row).into_iter().flat_map(|it| &it.accepted);
    for accepted in accepted {
        message.push_str(&format!("\naccepted: {accepted}"));
    }
    Annotation {
        location: row.locations.first().cloned(),
        title: format!("ABI: {}", row.change.subject()),
        message,
    }
}

/// The annotations of entries that fail.
fn entries(report: &Report) -> Vec<Annotation> {
    let failures = report.gate.iter().flat_map(|gate| &gate.failures);
    failures
        .filter(|failure| failure.line > 0)
        .map(|failure| Annotation {
            location: Some(Location {
                file: FILE.to_owned(),
                line: failure.line,
            }),
            title: "ABI gate".to_owned(),
            message: format!("{}\nto do: {}", failure.message, failure.help),
        })
        .collect()
}

/// The annotations of the notes.
fn notes(report: &Report) -> Vec<Annotation> {
    let notes = report.gate.iter().flat_map(|gate| &gate.notes);
    notes
        .map(|note| Annotation {
            location: None,
            title: "ABI gate".to_owned(),
            message: note.clone(),
        })
        .collect()
}

impl Annotation {
    /// The line for the runner.
    fn command(&self, command: &str) -> String {
        let place = self.location.as_ref().map(|location| {
            let Location { file, line } = location;
            format!("file={},line={line},", property(file))
        });
        format!(
            "::{command} {}title={}::{}",
            place.unwrap_or_default(),
            property(&self.title),
            data(&self.message)
        )
    }
}

/// Escapes a message, as
/// <https://github.com/actions/toolkit/blob/457303960f03375db6f033e214b9f90d79c3fe5c/packages/core/src/command.ts>
/// does.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Escapes a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
