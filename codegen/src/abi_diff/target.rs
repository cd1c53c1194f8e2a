//! Compares the ABI of one target.

use std::collections::BTreeMap;

use crate::abi::{Function, Record, TargetAbi};

use super::change::{Change, Kind, Severity};
use super::record;

/// Adds what changed between two ABIs.
pub(crate) fn compare(old: &TargetAbi, new: &TargetAbi, changes: &mut Vec<Change>) {
    let kind = |record: &Record| {
        if record.union {
            Kind::Union
        } else {
            Kind::Struct
        }
    };
    for (before, after) in pairs(&old.records, &new.records, |record| &record.name) {
        let (severity, lines) = match (before, after) {
            (Some(before), Some(after)) => record::compare(before, after),
            (Some(record), None) if new.opaque.contains(&record.name) => (
                Severity::Breaking,
                vec!["opaque: its fields are no longer declared".to_owned()],
            ),
            (Some(_), None) => (Severity::Breaking, vec!["removed".to_owned()]),
            (None, Some(record)) => (
                Severity::Widening,
                vec![format!("new: size {}, align {}", record.size, record.align)],
            ),
            (None, None) => continue,
        };
        if let (false, Some(record)) = (lines.is_empty(), after.or(before)) {
            changes.push(Change {
                severity,
                kind: kind(record),
                symbol: record.name.clone(),
                facts: lines,
                old: before.cloned(),
                new: after.cloned(),
            });
        }
    }
    let mut plain = |severity, kind, symbol: &str, facts: Vec<String>| {
        if !facts.is_empty() {
            changes.push(Change {
                severity,
                kind,
                symbol: symbol.to_owned(),
                facts,
                old: None,
                new: None,
            });
        }
    };
    for (before, after) in pairs(&old.functions, &new.functions, |function| &function.name) {
        match (before, after) {
            (Some(before), Some(after)) => {
                let (severity, lines) = function(before, after);
                plain(severity, Kind::Fn, &after.name, lines);
            }
            (Some(before), None) => plain(
                Severity::Breaking,
                Kind::Fn,
                &before.name,
                vec!["removed".to_owned()],
            ),
            (None, Some(after)) => plain(
                Severity::Widening,
                Kind::Fn,
                &after.name,
                vec![format!("new: {}", after.signature(false))],
            ),
            (None, None) => {}
        }
    }
    for (before, after) in pairs(&old.constants, &new.constants, |constant| &constant.name) {
        match (before, after) {
            (Some(before), Some(after)) => {
                let mut lines = Vec::new();
                let mut severity = Severity::Cosmetic;
                if before.value != after.value {
                    severity = Severity::Breaking;
                    lines.push(format!("value {} → {}", before.value, after.value));
                }
                if before.ty != after.ty {
                    if !record::same_type(&before.ty, &after.ty) {
                        severity = Severity::Breaking;
                    }
                    lines.push(format!("type {} → {}", before.ty, after.ty));
                }
                plain(severity, Kind::Const, &after.name, lines);
            }
            (Some(before), None) => plain(
                Severity::Breaking,
                Kind::Const,
                &before.name,
                vec![format!("removed; it was {}", before.value)],
            ),
            (None, Some(after)) => plain(
                Severity::Widening,
                Kind::Const,
                &after.name,
                vec![format!("new: {} of type {}", after.value, after.ty)],
            ),
            (None, None) => {}
        }
    }
}

/// What changed in a function. A different spelling of the same type is cosmetic.
fn function(old: &Function, new: &Function) -> (Severity, Vec<String>) {
    let (mut severity, mut lines) = (Severity::Cosmetic, Vec::new());
    let (before, after) = (old.signature(false), new.signature(false));
    if before != after {
        if !record::same_type(&before, &after) {
            severity = Severity::Breaking;
        }
        lines.push(format!("signature {before} → {after}"));
    }
    if old.link_name != new.link_name {
        severity = Severity::Breaking;
        lines.push(format!("link name {} → {}", old.link_name, new.link_name));
    }
    (severity, lines)
}

/// Pairs the items of two lists by name. An item that one list lacks has no partner.
fn pairs<'a, T>(
    old: &'a [T],
    new: &'a [T],
    name: impl Fn(&T) -> &String,
) -> Vec<(Option<&'a T>, Option<&'a T>)> {
    let mut all: BTreeMap<&String, (Option<&T>, Option<&T>)> = BTreeMap::new();
    for item in old {
        all.entry(name(item)).or_default().0 = Some(item);
    }
    for item in new {
        all.entry(name(item)).or_default().1 = Some(item);
    }
    all.into_values().collect()
}
