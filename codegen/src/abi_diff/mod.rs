//! Compares the ABI of each target in two snapshots, and merges equal changes of several targets.

mod advice;
mod change;
mod record;
mod target;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use self::change::{Change, Kind, Left, Report, Row, Severity, SystemTargets};
pub(crate) use self::record::same_type;
use crate::abi::GroupAbi;
use crate::snapshot::AbiSnapshot;
use crate::usage::Usage;

/// Compares two snapshots.
pub(crate) fn compare(old: &AbiSnapshot, new: &AbiSnapshot, usage: &Usage) -> Report {
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
                changes_of(before, after)
            }
            (before, _) => {
                let unread = new.unread.get(triple).map(|why| (why, before.is_some()));
                let unread = unread.or_else(|| old.unread.get(triple).map(|why| (why, false)));
                match (unread, before) {
                    (Some((why, true)), Some(_)) => {
                        compared.entry(os).or_default().insert(triple);
                        vec![whole_target(Severity::Breaking, why.clone())]
                    }
                    (Some((why, _)), _) => {
                        left.entry((os.to_owned(), why.clone()))
                            .or_default()
                            .push(triple);
                        continue;
                    }
                    (None, Some(_)) => vec![whole_target(Severity::Breaking, "removed".into())],
                    (None, None) => vec![whole_target(Severity::Widening, "new".into())],
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

/// The row of a change, with its targets, its uses and advice.
fn row(
    change: Change,
    targets: &BTreeSet<&str>,
    systems: &BTreeMap<&str, &str>,
    compared: &BTreeMap<&str, BTreeSet<&str>>,
    usage: &Usage,
) -> Row {
    let mut by_system: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for target in targets {
        let os = systems.get(target).copied().unwrap_or_default();
        by_system.entry(os).or_default().push((*target).to_owned());
    }
    let by_system: Vec<SystemTargets> = by_system
        .into_iter()
        .map(|(os, targets)| SystemTargets {
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
        advice: advice::of(&change, &by_system, &used_by),
        change,
        systems: by_system,
        used_by,
    }
}

/// A change of a whole target. Targets with the same reason share a row.
fn whole_target(severity: Severity, fact: String) -> Change {
    Change {
        severity,
        kind: Kind::Target,
        symbol: "the whole target".to_owned(),
        facts: vec![fact],
        old: None,
        new: None,
    }
}

/// The changes of one target.
fn changes_of(old: &GroupAbi, new: &GroupAbi) -> Vec<Change> {
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
    target::compare(&old.abi, &new.abi, &mut changes);
    changes
}
