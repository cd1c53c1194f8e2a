//! Compares the ABI of each target in two snapshots, and merges equal changes of several targets.

mod advice;
mod change;
mod fact;
mod location;
mod record;
mod target;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use self::change::{
    Change, Kind, Left, Location, Report, Row, SCHEMA, Severity, SystemTargets,
};
pub(crate) use self::fact::{Fact, FactKind};
pub(crate) use self::record::{compare as compare_records, same_type};
use crate::abi::{GroupAbi, TargetAbi};
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
                        vec![whole_target(FactKind::TargetUnreadable, why)]
                    }
                    (Some((why, _)), _) => {
                        left.entry((os.to_owned(), why.clone()))
                            .or_default()
                            .push(triple);
                        continue;
                    }
                    (None, Some(_)) => vec![whole_target(FactKind::TargetRemoved, "removed")],
                    (None, None) => vec![whole_target(FactKind::TargetAdded, "new")],
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
    let mut rows: Vec<Row> = rows.collect();
    location::find(&mut rows, old, new);
    let left = left.into_iter().map(|((os, why), targets)| Left {
        what: match targets.len() {
            0 => os,
            _ => format!("{os}: {}", targets.join(", ")),
        },
        why,
    });
    Report {
        schema: SCHEMA,
        old: old.name.clone(),
        new: new.name.clone(),
        compared: compared.values().map(BTreeSet::len).sum(),
        rows,
        not_compared: left.collect(),
        gate: None,
    }
}

/// What differs between two ABIs.
pub(crate) fn changes(old: &TargetAbi, new: &TargetAbi) -> Vec<Change> {
    let mut changes = Vec::new();
    target::compare(old, new, &mut changes);
    changes
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
    // A removed or new target is not compared, but counts among those of its system.
    let of_system = |os: &str| -> BTreeSet<&str> {
        match change.kind {
            Kind::Target => {
                let all = systems.iter().filter(|(_, known)| **known == os);
                all.map(|(triple, _)| *triple).collect()
            }
            _ => compared.get(os).cloned().unwrap_or_default(),
        }
    };
    let by_system: Vec<SystemTargets> = by_system
        .into_iter()
        .map(|(os, mine)| {
            let all = of_system(os);
            let others = all.iter().filter(|triple| !targets.contains(*triple));
            SystemTargets {
                os: os.to_owned(),
                of: all.len(),
                others: others.map(|triple| (*triple).to_owned()).collect(),
                targets: mine,
            }
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
        id: change.id(),
        locations: Vec::new(),
        advice: advice::of(&change, &by_system, &used_by),
        change,
        systems: by_system,
        used_by,
    }
}

/// A change of a whole target. Targets with the same reason share a row.
fn whole_target(kind: FactKind, text: &str) -> Change {
    let reason = match kind {
        FactKind::TargetUnreadable => text,
        _ => "",
    };
    Change {
        severity: kind.severity(),
        kind: Kind::Target,
        symbol: "the whole target".to_owned(),
        facts: vec![Fact::new(kind, "", reason, text)],
        old: None,
        new: None,
    }
}

/// The changes of one target.
fn changes_of(old: &GroupAbi, new: &GroupAbi) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut headers = Vec::new();
    if old.headers != new.headers {
        let (old, new) = (&old.headers, &new.headers);
        let text = format!("{old} → {new}");
        headers.push(Fact::new(FactKind::HeadersChanged, old, new, text));
    }
    if old.group != new.group {
        let (old, new) = (&old.group, &new.group);
        let text = format!("group {old} → {new}");
        headers.push(Fact::new(FactKind::GroupChanged, old, new, text));
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
