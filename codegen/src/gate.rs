//! The verdict about a comparison: which breaking changes are not accepted, and which entries of
//! `codegen/accepted.toml` do not hold.
//!
//! An entry stays in the file when its pull request is merged. From then on the base of every
//! comparison has the change and the entry, so the entry cannot match. An entry that the base also
//! has is therefore not required to match; `cargo codegen accept --prune` moves it to the history.
//! Against an older base, such as the last release, it is new and has to match.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;
use serde::Serialize;

use crate::abi_diff::{FactKind, Kind, Report, Row, Severity};
use crate::accepted::{Accepted, Entry, FILE, Level};
use crate::suggest;

/// How long an acceptance holds that the report proposes, in days.
const PROPOSED_DAYS: i64 = 90;
/// How long before its end an entry is announced, in days.
const NOTICE_DAYS: i64 = 30;

/// The verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Gate {
    /// Whether nothing failed.
    pub(crate) passed: bool,
    /// The day of the comparison.
    pub(crate) today: String,
    /// What fails, unaccepted changes first.
    pub(crate) failures: Vec<Failure>,
    /// The level of each row, and the entries that accept it.
    pub(crate) rows: Vec<Verdict>,
    /// What will fail soon, and what passes without an entry.
    pub(crate) notes: Vec<String>,
}

/// Why the gate fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reason {
    /// A breaking change is not accepted.
    NotAccepted,
    /// An entry has expired.
    Expired,
    /// An entry matches no change.
    MatchesNothing,
    /// An entry about whole targets names no target.
    NeedsTargets,
}

/// One thing that fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Failure {
    /// Why.
    pub(crate) reason: Reason,
    /// The id of the change.
    pub(crate) change: String,
    /// The line of the entry in `codegen/accepted.toml`; 0 without an entry.
    pub(crate) line: usize,
    /// What is wrong, as a sentence without a full stop.
    pub(crate) message: String,
    /// What to do: a sentence or a command.
    pub(crate) help: String,
    /// The entry to paste into `codegen/accepted.toml`; empty for none.
    pub(crate) entry: String,
}

/// The verdict about one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Verdict {
    /// The id of the change.
    pub(crate) change: String,
    /// The highest level of its facts.
    pub(crate) level: Level,
    /// The targets on which it is not accepted: a system for all its targets, or triples.
    pub(crate) open: Vec<String>,
    /// `REASON (NAME, until DATE)` of each entry that accepts it on a target.
    pub(crate) accepted: Vec<String>,
}

impl Gate {
    /// Removes the failures of entries that match nothing. In a comparison of some targets alone,
    /// an entry may match what is left out.
    pub(crate) fn forgive_unmatched(&mut self) {
        self.failures
            .retain(|failure| failure.reason != Reason::MatchesNothing);
        self.passed = self.failures.is_empty();
    }

    /// The verdict about a row.
    pub(crate) fn verdict(&self, row: &Row) -> Option<&Verdict> {
        self.rows.iter().find(|verdict| verdict.change == row.id)
    }
}

impl Verdict {
    /// Whether it is accepted on all targets.
    pub(crate) fn is_accepted(&self) -> bool {
        self.open.is_empty()
    }
}

/// Judges a comparison. `base` are the entries that the old operand has.
pub(crate) fn judge(report: &Report, accepted: &Accepted, base: &Accepted, today: Date) -> Gate {
    let rows: Vec<Verdict> = report
        .rows
        .iter()
        .map(|row| verdict(row, accepted, today))
        .collect();
    let mut failures: Vec<Failure> = Vec::new();
    for (row, verdict) in report.rows.iter().zip(&rows) {
        if verdict.level == Level::Breaking && !verdict.is_accepted() {
            failures.push(not_accepted(row, verdict, today));
        }
    }
    let mut notes = lowered(&rows, report, accepted, base);
    for entry in &accepted.entries {
        failures.extend(entry_failure(entry, report, base, today));
        let end = today.checked_add(NOTICE_DAYS.days()).unwrap_or(Date::MAX);
        if today <= entry.until && entry.until < end {
            let Entry {
                line,
                change,
                until,
                ..
            } = entry;
            notes.push(format!("{FILE}:{line}: `{change}` expires after {until}"));
        }
    }
    Gate {
        passed: failures.is_empty(),
        today: today.to_string(),
        failures,
        rows,
        notes,
    }
}

/// A note for each kind of breaking changes that `[severity]` lets pass without an entry.
fn lowered(rows: &[Verdict], report: &Report, accepted: &Accepted, base: &Accepted) -> Vec<String> {
    let mut notes = Vec::new();
    for kind in FactKind::ALL {
        let level = accepted.level(*kind);
        if kind.severity() != Severity::Breaking || level == Level::Breaking {
            continue;
        }
        let passes = |(row, verdict): &(&Row, &Verdict)| {
            verdict.level != Level::Breaking
                && row.change.facts.iter().any(|fact| fact.kind == *kind)
        };
        let changes = match report.rows.iter().zip(rows).filter(passes).count() {
            0 => continue,
            1 => "1 breaking change passes".to_owned(),
            many => format!("{many} breaking changes pass"),
        };
        let since = match base.level(*kind) == level {
            true => "",
            false => "; the old operand has another level",
        };
        let (kind, level) = (kind.name(), level.name());
        notes.push(format!(
            "{FILE}: [severity] sets `{kind}` to `{level}`: {changes} without an \
             entry{since}"
        ));
    }
    notes
}

/// The day on which an acceptance ends that a report of `today` proposes.
pub(crate) fn proposed_end(today: Date) -> Date {
    today.checked_add(PROPOSED_DAYS.days()).unwrap_or(Date::MAX)
}

/// The level of a row, and which entries accept it where.
fn verdict(row: &Row, accepted: &Accepted, today: Date) -> Verdict {
    let levels = row
        .change
        .facts
        .iter()
        .map(|fact| accepted.level(fact.kind));
    let entries: Vec<&Entry> = accepted
        .entries
        .iter()
        .filter(|entry| entry.change == row.id && today <= entry.until)
        .filter(|entry| !needs_targets(entry))
        .collect();
    let is_open = |os: &str, triple: &str| !entries.iter().any(|entry| entry.covers(os, triple));
    let is_used = |entry: &&&Entry| row.targets().any(|(os, triple)| entry.covers(os, triple));
    let used = entries.iter().filter(is_used);
    Verdict {
        change: row.id.clone(),
        level: levels.min().unwrap_or(Level::Ignored),
        open: names(row, is_open),
        accepted: used
            .map(|entry| format!("{} ({}, until {})", entry.reason, entry.by, entry.until))
            .collect(),
    }
}

/// The selected targets of a row: the name of a system for all its targets, or triples.
pub(crate) fn names(row: &Row, is_selected: impl Fn(&str, &str) -> bool) -> Vec<String> {
    let mut names = Vec::new();
    for system in &row.systems {
        let selected: Vec<&String> = system
            .targets
            .iter()
            .filter(|triple| is_selected(&system.os, triple))
            .collect();
        // A change of whole targets names each: its id is the same for every target.
        if row.change.kind != Kind::Target
            && selected.len() == system.targets.len()
            && selected.len() == system.of
        {
            names.push(system.os.clone());
        } else {
            names.extend(selected.into_iter().cloned());
        }
    }
    names
}

/// Whether an entry is about whole targets and names none. It would accept the removal of any.
fn needs_targets(entry: &Entry) -> bool {
    entry.change.starts_with("target-") && entry.targets.is_empty()
}

/// The failure of a change that is not accepted.
fn not_accepted(row: &Row, verdict: &Verdict, today: Date) -> Failure {
    let until = proposed_end(today);
    let elsewhere = if verdict.accepted.is_empty() {
        String::new()
    } else {
        format!(" (only elsewhere: {})", verdict.accepted.join(", "))
    };
    Failure {
        reason: Reason::NotAccepted,
        change: row.id.clone(),
        line: 0,
        message: format!(
            "{} on {}: {} is breaking and not accepted{elsewhere}",
            row.change.subject(),
            shortened(&verdict.open),
            row.change.summary(),
        ),
        help: format!(
            "undo the change, or: cargo codegen accept {} --reason WHY --by NAME --until {until}",
            row.id
        ),
        entry: crate::accepted::entry_text(row, &verdict.open, until),
    }
}

/// The failure of an entry, if it fails.
fn entry_failure(entry: &Entry, report: &Report, base: &Accepted, today: Date) -> Option<Failure> {
    let Entry {
        line,
        change,
        until,
        by,
        ..
    } = entry;
    let failure = |reason: Reason, message: String, help: String| {
        Some(Failure {
            reason,
            change: change.clone(),
            line: *line,
            message: format!("{FILE}:{line}: {message}"),
            help,
            entry: String::new(),
        })
    };
    let row = report.rows.iter().find(|row| row.id == *change);
    if needs_targets(entry) {
        return failure(
            Reason::NeedsTargets,
            format!("`{change}` is about whole targets, and names none"),
            "add `targets` with their triples".to_owned(),
        );
    }
    if *until < today {
        let help = match row {
            Some(_) => format!(
                "undo the change, or ask {by} again: \
                 cargo codegen accept {change} --reason WHY --by NAME --until DATE"
            ),
            None => "cargo codegen accept --prune".to_owned(),
        };
        let message = format!("`{change}` expired after {until}; {by} accepted it");
        return failure(Reason::Expired, message, help);
    }
    // What the base has accepted already cannot match again.
    let merged: Vec<&Entry> = base
        .entries
        .iter()
        .filter(|known| known.change == *change)
        .collect();
    if merged.iter().any(|known| known.targets.is_empty()) {
        return None;
    }
    let is_merged = |name: &&String| merged.iter().any(|known| known.targets.contains(name));
    let matches = |name: &&String| {
        let mut targets = row.into_iter().flat_map(Row::targets);
        targets.any(|(os, triple)| *name == os || *name == triple)
    };
    let stale: Vec<&String> = entry
        .targets
        .iter()
        .filter(|name| !is_merged(name) && !matches(name))
        .collect();
    let Some(row) = row else {
        if !entry.targets.is_empty() && stale.is_empty() {
            return None;
        }
        let (name, _) = change.rsplit_once('-').unwrap_or((change, ""));
        let similar = report.rows.iter().filter(|row| {
            let other = row.id.rsplit_once('-').map(|(name, _)| name);
            other == Some(name)
        });
        let similar: Vec<&Row> = similar.collect();
        let help = match similar.first() {
            Some(row) => format!(
                "the change is another one now, `{}` ({}): remove the entry and accept that one",
                row.id,
                row.change.summary()
            ),
            None => "remove the entry: cargo codegen accept --prune".to_owned(),
        };
        let place = match stale.len() {
            some if some < entry.targets.len() => {
                let stale: Vec<String> = stale.into_iter().cloned().collect();
                format!(" on {}", shortened(&stale))
            }
            _ => String::new(),
        };
        let message = format!("`{change}` matches no change{place}");
        return failure(Reason::MatchesNothing, message, help);
    };
    let first = stale.first()?;
    let known = row.targets().flat_map(|(os, triple)| [os, triple]);
    let help = match suggest::near(first, known) {
        Some(near) => format!("write `{near}` for `{first}`"),
        None => "remove these names from `targets`".to_owned(),
    };
    let stale: Vec<String> = stale.into_iter().cloned().collect();
    let message = format!("`{change}` matches no change on {}", shortened(&stale));
    failure(Reason::MatchesNothing, message, help)
}

/// Names in one line; many are shortened.
fn shortened(names: &[String]) -> String {
    match names {
        few if few.len() <= 4 => few.join(", "),
        many => format!("{}, … ({} targets)", many[..2].join(", "), many.len()),
    }
}

/// The failures by reason, for a summary.
pub(crate) fn counts(gate: &Gate) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for failure in &gate.failures {
        let word = match failure.reason {
            Reason::NotAccepted => "not accepted",
            Reason::Expired => "expired",
            Reason::MatchesNothing => "matching nothing",
            Reason::NeedsTargets => "without targets",
        };
        *counts.entry(word).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests;
