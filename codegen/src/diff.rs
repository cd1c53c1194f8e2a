//! Compares what two sides say about each target, and puts equal changes together.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde::Serialize;

use crate::abi::Record;
use crate::surface::{Seen, Surface};
use crate::usage::Usage;
use crate::{advice, diff_facts};

/// How bad a change is. The order is the report's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// Programs or sources of the old side do not fit the new one.
    Breaking,
    /// There is something that was not there.
    Widening,
    /// Nothing a program could notice.
    Cosmetic,
}

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// A target as a whole.
    Target,
    /// A struct.
    Struct,
    /// A union.
    Union,
    /// A function.
    Fn,
    /// A constant.
    Const,
    /// What the table says of the headers.
    Headers,
}

impl Kind {
    /// As it stands before the symbol.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Kind::Target => "target",
            Kind::Struct => "struct",
            Kind::Union => "union",
            Kind::Fn => "fn",
            Kind::Const => "const",
            Kind::Headers => "headers",
        }
    }
}

/// A change on one or more targets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Change {
    /// How bad it is.
    pub(crate) severity: Severity,
    /// What it is about.
    pub(crate) kind: Kind,
    /// Its name.
    pub(crate) symbol: String,
    /// What changed, a line for each fact.
    pub(crate) facts: Vec<String>,
    /// The old layout, of a record that changed.
    pub(crate) old: Option<Record>,
    /// The new layout.
    pub(crate) new: Option<Record>,
}

/// Targets of one system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Where {
    /// The system.
    pub(crate) os: String,
    /// The triples.
    pub(crate) targets: Vec<String>,
    /// Of how many that were compared.
    pub(crate) of: usize,
}

/// One row of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Row {
    /// What changed.
    #[serde(flatten)]
    pub(crate) change: Change,
    /// On which targets.
    pub(crate) places: Vec<Where>,
    /// Files of `src/` that use the symbol.
    pub(crate) used_by: Vec<String>,
    /// What is to be done; empty if nothing.
    pub(crate) advice: String,
}

/// What could not be compared, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Left {
    /// A system or some of its targets.
    pub(crate) what: String,
    /// Why.
    pub(crate) why: String,
}

/// The outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Report {
    /// The old side.
    pub(crate) old: String,
    /// The new side.
    pub(crate) new: String,
    /// How many targets both describe.
    pub(crate) compared: usize,
    /// Worst first.
    pub(crate) rows: Vec<Row>,
    /// What is not among them.
    pub(crate) not_compared: Vec<Left>,
}

impl Report {
    /// How many rows are this bad.
    pub(crate) fn count(&self, severity: Severity) -> usize {
        self.of(severity).count()
    }

    /// The rows that are this bad.
    pub(crate) fn of(&self, severity: Severity) -> impl Iterator<Item = &Row> {
        self.rows
            .iter()
            .filter(move |row| row.change.severity == severity)
    }
}

/// Compares two sides.
pub(crate) fn compare(old: &Surface, new: &Surface, usage: &Usage) -> Report {
    let mut changes: BTreeMap<Change, BTreeSet<&str>> = BTreeMap::new();
    let mut left: BTreeMap<(String, String), Vec<&str>> = BTreeMap::new();
    let mut compared: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut systems: BTreeMap<&str, &str> = BTreeMap::new();
    let both = |os: &str| old.describes(os) && new.describes(os);
    for (triple, os) in old.triples().chain(new.triples()) {
        systems.insert(triple, os);
    }
    for (&triple, &os) in &systems {
        if !both(os) {
            let side = if old.describes(os) { new } else { old };
            let why = format!("{} does not describe it", side.name);
            left.entry((os.to_owned(), why)).or_default();
            continue;
        }
        let found = match (old.targets.get(triple), new.targets.get(triple)) {
            (Some(before), Some(after)) => {
                compared.entry(os).or_default().insert(triple);
                seen(before, after)
            }
            (before, _) => {
                let unread = new.unread.get(triple).map(|why| (why, before.is_some()));
                let unread = unread.or_else(|| old.unread.get(triple).map(|why| (why, false)));
                match (unread, before) {
                    (Some((why, true)), Some(_)) => {
                        compared.entry(os).or_default().insert(triple);
                        vec![target(Severity::Breaking, why.clone())]
                    }
                    (Some((why, _)), _) => {
                        left.entry((os.to_owned(), why.clone()))
                            .or_default()
                            .push(triple);
                        continue;
                    }
                    (None, Some(_)) => vec![target(Severity::Breaking, "removed".into())],
                    (None, None) => vec![target(Severity::Widening, "new".into())],
                }
            }
        };
        for change in found {
            changes.entry(change).or_default().insert(triple);
        }
    }
    let rows = changes
        .into_iter()
        .map(|(change, targets)| row(change, &targets, &systems, &compared, usage));
    let left = left.into_iter().map(|((os, why), targets)| Left {
        what: match targets.len() {
            0 => os,
            _ => format!("{os}: {}", targets.join(", ")),
        },
        why,
    });
    Report {
        old: old.name.clone(),
        new: new.name.clone(),
        compared: compared.values().map(BTreeSet::len).sum(),
        rows: rows.collect(),
        not_compared: left.collect(),
    }
}

/// A row with all that a reader wants to know.
fn row(
    change: Change,
    targets: &BTreeSet<&str>,
    systems: &BTreeMap<&str, &str>,
    compared: &BTreeMap<&str, BTreeSet<&str>>,
    usage: &Usage,
) -> Row {
    let mut places: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for target in targets {
        let os = systems.get(target).copied().unwrap_or_default();
        places.entry(os).or_default().push((*target).to_owned());
    }
    let places: Vec<Where> = places
        .into_iter()
        .map(|(os, targets)| Where {
            os: os.to_owned(),
            of: compared.get(os).map_or(0, BTreeSet::len).max(targets.len()),
            targets,
        })
        .collect();
    let used_by: Vec<String> = match change.kind {
        Kind::Target | Kind::Headers => Vec::new(),
        _ => usage
            .get(&change.symbol)
            .into_iter()
            .flatten()
            .cloned()
            .collect(),
    };
    Row {
        advice: advice::of(&change, &places, &used_by),
        change,
        places,
        used_by,
    }
}

/// A change of a whole target. Its row is shared by all that share the reason.
fn target(severity: Severity, fact: String) -> Change {
    Change {
        severity,
        kind: Kind::Target,
        symbol: "the whole target".to_owned(),
        facts: vec![fact],
        old: None,
        new: None,
    }
}

/// What changed on one target.
fn seen(old: &Seen, new: &Seen) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut headers = Vec::new();
    if old.headers != new.headers {
        headers.push(format!("{} → {}", old.headers, new.headers));
    }
    if old.group != new.group {
        headers.push(format!("group {} → {}", old.group, new.group));
    }
    if !headers.is_empty() {
        changes.push(Change {
            severity: Severity::Cosmetic,
            kind: Kind::Headers,
            symbol: format!("of {}", new.os),
            facts: headers,
            old: None,
            new: None,
        });
    }
    if !Rc::ptr_eq(&old.facts, &new.facts) {
        diff_facts::compare(&old.facts, &new.facts, &mut changes);
    }
    changes
}
