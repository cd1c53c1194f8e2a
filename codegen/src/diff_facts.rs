//! What changed between the facts of one target.

use std::collections::BTreeMap;

use crate::abi::{Facts, Function, Record, signature};
use crate::diff::{Change, Kind, Severity};
use crate::diff_record;

/// What changed between two sets of facts.
pub(crate) fn compare(old: &Facts, new: &Facts, changes: &mut Vec<Change>) {
    let kind = |record: &Record| {
        if record.union {
            Kind::Union
        } else {
            Kind::Struct
        }
    };
    for (before, after) in pairs(&old.records, &new.records, |record| &record.name) {
        let (severity, lines) = match (before, after) {
            (Some(before), Some(after)) => diff_record::compare(before, after),
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
                vec![format!("new: {}", signature(after, false))],
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
                    if !diff_record::same_type(&before.ty, &after.ty) {
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

/// What changed of a function. Other spellings of the same types are cosmetic.
fn function(old: &Function, new: &Function) -> (Severity, Vec<String>) {
    let (mut severity, mut lines) = (Severity::Cosmetic, Vec::new());
    let (before, after) = (signature(old, false), signature(new, false));
    if before != after {
        if !diff_record::same_type(&before, &after) {
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

/// The items of two lists by name: on both sides, or on one.
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
