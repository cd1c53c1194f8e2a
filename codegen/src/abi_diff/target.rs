//! Compares the ABI of one target.

use std::collections::BTreeMap;

use crate::abi::{Constant, Function, Record, TargetAbi};

use super::change::{Change, Kind};
use super::fact::{Fact, FactKind, worst};
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
        let facts = match (before, after) {
            (Some(before), Some(after)) => record::compare(before, after),
            (Some(record), None) if new.opaque.contains(&record.name) => vec![Fact::new(
                FactKind::RecordOpaque,
                "",
                "",
                "opaque: its fields are no longer declared",
            )],
            (Some(_), None) => vec![Fact::new(FactKind::SymbolRemoved, "", "", "removed")],
            (None, Some(record)) => {
                let value = format!("size {}, align {}", record.size, record.align);
                vec![added(value)]
            }
            (None, None) => continue,
        };
        if let (false, Some(record)) = (facts.is_empty(), after.or(before)) {
            changes.push(Change {
                severity: worst(&facts),
                kind: kind(record),
                symbol: record.name.clone(),
                facts,
                old: before.cloned(),
                new: after.cloned(),
            });
        }
    }
    let mut plain = |kind, symbol: &str, facts: Vec<Fact>| {
        if !facts.is_empty() {
            changes.push(Change {
                severity: worst(&facts),
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
            (Some(before), Some(after)) => plain(Kind::Fn, &after.name, function(before, after)),
            (Some(before), None) => {
                let value = before.signature(false);
                let fact = Fact::new(FactKind::SymbolRemoved, value, "", "removed");
                plain(Kind::Fn, &before.name, vec![fact]);
            }
            (None, Some(after)) => {
                plain(Kind::Fn, &after.name, vec![added(after.signature(false))]);
            }
            (None, None) => {}
        }
    }
    for (before, after) in pairs(&old.constants, &new.constants, |constant| &constant.name) {
        match (before, after) {
            (Some(before), Some(after)) => {
                plain(Kind::Const, &after.name, constant(before, after));
            }
            (Some(before), None) => {
                let value = before.value;
                let text = format!("removed; it was {value}");
                let fact = Fact::new(FactKind::SymbolRemoved, value, "", text);
                plain(Kind::Const, &before.name, vec![fact]);
            }
            (None, Some(after)) => {
                let value = format!("{} of type {}", after.value, after.ty);
                plain(Kind::Const, &after.name, vec![added(value)]);
            }
            (None, None) => {}
        }
    }
}

/// The fact that a symbol is new.
fn added(value: String) -> Fact {
    let text = format!("new: {value}");
    Fact::new(FactKind::SymbolAdded, "", value, text)
}

/// What changed in a function. A different spelling of the same type is cosmetic.
fn function(old: &Function, new: &Function) -> Vec<Fact> {
    let mut facts = Vec::new();
    let (before, after) = (old.signature(false), new.signature(false));
    if before != after {
        let kind = if record::same_type(&before, &after) {
            FactKind::SignatureRespelled
        } else {
            FactKind::SignatureChanged
        };
        let text = format!("signature {before} → {after}");
        facts.push(Fact::new(kind, before, after, text));
    }
    let (before, after) = (&old.link_name, &new.link_name);
    if before != after {
        let text = format!("link name {before} → {after}");
        facts.push(Fact::new(FactKind::LinkNameChanged, before, after, text));
    }
    facts
}

/// What changed in a constant.
fn constant(old: &Constant, new: &Constant) -> Vec<Fact> {
    let mut facts = Vec::new();
    if old.value != new.value {
        let text = format!("value {} → {}", old.value, new.value);
        facts.push(Fact::new(
            FactKind::ValueChanged,
            old.value,
            new.value,
            text,
        ));
    }
    if old.ty != new.ty {
        let kind = if record::same_type(&old.ty, &new.ty) {
            FactKind::TypeRespelled
        } else {
            FactKind::TypeChanged
        };
        let text = format!("type {} → {}", old.ty, new.ty);
        facts.push(Fact::new(kind, &old.ty, &new.ty, text));
    }
    facts
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
