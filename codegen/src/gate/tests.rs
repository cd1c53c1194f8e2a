//! The verdict on examples, and on random pairs of snapshots.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::{Gate, Reason, judge};
use crate::abi::{Constant, Field, Function, GroupAbi, Record, TargetAbi};
use crate::abi_diff::{self, Report, same_type};
use crate::accepted::Accepted;
use crate::snapshot::AbiSnapshot;
use crate::usage::Usage;

const TODAY: Date = date(2026, 11, 29);

/// A snapshot of groups, each of one target of the system `one` or `two`.
fn snapshot(targets: &[(usize, TargetAbi)]) -> AbiSnapshot {
    let groups = targets.iter().map(|(number, abi)| GroupAbi {
        note: String::new(),
        os: ["one", "two"][number % 2].to_owned(),
        group: format!("g{number}"),
        headers: String::new(),
        targets: vec![triple(*number)],
        abi: abi.clone(),
    });
    AbiSnapshot::of_groups("side".to_owned(), groups.collect())
}

/// The triple of a target.
fn triple(number: usize) -> String {
    format!("m{number}-unknown-{}", ["one", "two"][number % 2])
}

/// The same ABI on these targets.
fn on(targets: &[usize], abi: &TargetAbi) -> AbiSnapshot {
    let targets: Vec<(usize, TargetAbi)> = targets.iter().map(|it| (*it, abi.clone())).collect();
    snapshot(&targets)
}

fn compared(old: &AbiSnapshot, new: &AbiSnapshot) -> Report {
    abi_diff::compare(old, new, &Usage::new())
}

/// One constant.
fn constant(value: i128) -> TargetAbi {
    TargetAbi {
        constants: vec![Constant {
            name: "C".to_owned(),
            ty: "c_int".to_owned(),
            value,
        }],
        ..TargetAbi::default()
    }
}

/// The entries that a verdict prints, completed as a person would.
fn entries(gate: &Gate) -> String {
    let entries = gate.failures.iter().map(|failure| failure.entry.as_str());
    let text: String = entries.collect::<Vec<_>>().join("\n");
    text.replace("reason = \"\"", "reason = \"checked\"")
        .replace("by = \"\"", "by = \"someone\"")
}

fn parsed(text: &str) -> Accepted {
    Accepted::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The verdict with these entries, none of which the base has.
fn judged(report: &Report, text: &str) -> Gate {
    judge(report, &parsed(text), &Accepted::default(), TODAY)
}

fn reasons(gate: &Gate) -> Vec<Reason> {
    gate.failures.iter().map(|failure| failure.reason).collect()
}

#[test]
fn accepted_change_is_another_one_with_other_values() {
    let old = on(&[0, 2], &constant(16));
    let first = compared(&old, &on(&[0, 2], &constant(24)));
    let gate = judged(&first, "");
    assert_eq!(reasons(&gate), [Reason::NotAccepted]);
    let text = entries(&gate);
    assert!(text.contains("# const C: value 16 → 24\n"), "{text}");
    assert!(text.contains("targets = [\"one\"]\n"), "{text}");
    assert!(judged(&first, &text).passed);

    let second = compared(&old, &on(&[0, 2], &constant(32)));
    let gate = judged(&second, &text);
    assert_eq!(
        reasons(&gate),
        [Reason::NotAccepted, Reason::MatchesNothing]
    );
    let help = &gate.failures[1].help;
    assert!(help.contains("value 16 → 32"), "{help}");
}

#[test]
fn acceptance_of_one_target_does_not_hold_on_another() {
    let old = on(&[0, 1, 2], &constant(1));
    let report = compared(&old, &on(&[0, 1, 2], &constant(2)));
    let id = &report.rows[0].id;
    let entry = |targets: &str, until: &str| {
        format!(
            "[[accepted]]\nchange = \"{id}\"\n{targets}\nreason = \"r\"\nby = \"b\"\n\
             until = {until}\n"
        )
    };
    let gate = judged(&report, &entry("targets = [\"one\"]", "2026-11-29"));
    assert_eq!(reasons(&gate), [Reason::NotAccepted]);
    assert_eq!(gate.rows[0].open, ["two"]);
    assert_eq!(gate.notes.len(), 1, "it expires today");
    let gate = judged(
        &report,
        &entry("targets = [\"one\", \"m1-unknown-two\"]", "2027-11-29"),
    );
    assert!(gate.passed && gate.notes.is_empty(), "{gate:?}");
    assert!(judged(&report, &entry("", "2027-11-29")).passed);
    // The day before.
    let gate = judged(&report, &entry("", "2026-11-28"));
    assert_eq!(reasons(&gate), [Reason::NotAccepted, Reason::Expired]);
    // A name that is none of its targets.
    let gate = judged(
        &report,
        &entry("targets = [\"one\", \"twoo\", \"two\"]", "2027-11-29"),
    );
    assert_eq!(reasons(&gate), [Reason::MatchesNothing]);
    assert_eq!(gate.failures[0].help, "write `two` for `twoo`");
}

#[test]
fn entry_that_the_base_has_need_not_match() {
    let old = on(&[0], &constant(1));
    let new = on(&[0], &constant(2));
    let text = entries(&judged(&compared(&old, &new), ""));
    let accepted = parsed(&text);
    // After the merge: base and head have the change and the entry.
    let after = compared(&new, &new);
    assert!(judge(&after, &accepted, &accepted, TODAY).passed);
    let gate = judge(&after, &accepted, &Accepted::default(), TODAY);
    assert_eq!(reasons(&gate), [Reason::MatchesNothing]);
    // It expires all the same.
    let gate = judge(&after, &accepted, &accepted, date(2030, 1, 1));
    assert_eq!(reasons(&gate), [Reason::Expired]);
    assert_eq!(gate.failures[0].help, "cargo codegen accept --prune");
    // Only the names that the base lacks have to match.
    let more = parsed(&text.replace("[\"one\"]", "[\"one\", \"two\"]"));
    let gate = judge(&after, &more, &accepted, TODAY);
    assert_eq!(reasons(&gate), [Reason::MatchesNothing]);
    assert!(gate.failures[0].message.ends_with("on two"), "{gate:?}");
    // Against the last release, the entry is new and matches.
    assert!(
        judge(
            &compared(&old, &new),
            &accepted,
            &Accepted::default(),
            TODAY
        )
        .passed
    );
}

#[test]
fn removed_target_is_accepted_by_its_triple_only() {
    let old = on(&[0, 2, 4], &constant(1));
    let report = compared(&old, &on(&[0], &constant(1)));
    let gate = judged(&report, "");
    let text = entries(&gate);
    assert!(
        text.contains("[\"m2-unknown-one\", \"m4-unknown-one\"]"),
        "{text}"
    );
    assert!(judged(&report, &text).passed);
    let without: String = text
        .lines()
        .filter(|line| !line.starts_with("targets"))
        .map(|line| format!("{line}\n"))
        .collect();
    let gate = judged(&report, &without);
    assert_eq!(reasons(&gate), [Reason::NotAccepted, Reason::NeedsTargets]);
}

#[test]
fn levels_of_kinds_decide() {
    let old = on(&[0], &constant(1));
    let report = compared(&old, &on(&[0], &constant(2)));
    for level in ["warning", "notice", "ignored"] {
        assert!(
            judged(
                &report,
                &format!("[severity]\nvalue-changed = \"{level}\"\n")
            )
            .passed
        );
    }
    assert!(!judged(&report, "[severity]\nsize-changed = \"ignored\"\n").passed);
    let report = compared(&on(&[0], &TargetAbi::default()), &old);
    assert!(judged(&report, "").passed, "a new symbol");
    assert!(!judged(&report, "[severity]\nsymbol-added = \"breaking\"\n").passed);
}

#[test]
fn ids_do_not_depend_on_the_wording_of_a_report() {
    let old = on(&[0], &constant(1));
    let report = compared(&old, &on(&[0], &constant(2)));
    // A change of this id makes every entry of every branch worthless.
    assert_eq!(report.rows[0].id, "const-C-5915c115a76ec93c");
    let mut change = report.rows[0].change.clone();
    change.facts[0].text.push_str(", that is");
    assert_eq!(change.id(), report.rows[0].id);
    change.facts[0].new.push('0');
    assert_ne!(change.id(), report.rows[0].id);
}

fn field() -> impl Strategy<Value = Field> {
    let types = prop::sample::select(vec!["c_int", "i32", "u64"]);
    let names = prop::sample::select(vec!["a", "b", "c"]);
    (
        names,
        types,
        0..2_u64,
        prop::sample::select(vec!["", "x: 0..4"]),
    )
        .prop_map(|(name, ty, slot, bits)| Field {
            name: name.to_owned(),
            ty: ty.to_owned(),
            offset: 8 * slot,
            size: if ty == "u64" { 8 } else { 4 },
            bits: bits.to_owned(),
        })
}

fn record() -> impl Strategy<Value = Record> {
    let names = prop::sample::select(vec!["r", "s"]);
    let fields = prop::collection::vec(field(), 0..3);
    (names, any::<bool>(), 1..3_u64, 1..3_u64, fields).prop_map(
        |(name, union, size, align, mut fields)| {
            fields.sort_by(|a, b| a.name.cmp(&b.name));
            fields.dedup_by(|a, b| a.name == b.name);
            Record {
                name: name.to_owned(),
                union,
                repr: "C".to_owned(),
                size: 8 * size,
                align: 4 * align,
                fields,
            }
        },
    )
}

fn function() -> impl Strategy<Value = Function> {
    let names = prop::sample::select(vec!["f", "g"]);
    let types = prop::sample::select(vec!["", "c_int", "i32", "u64"]);
    (names, types, any::<bool>()).prop_map(|(name, returns, is_renamed)| Function {
        name: name.to_owned(),
        link_name: format!("{name}{}", if is_renamed { "64" } else { "" }),
        returns: returns.to_owned(),
        variadic: false,
        parameters: Vec::new(),
    })
}

fn value() -> impl Strategy<Value = Constant> {
    let names = prop::sample::select(vec!["A", "B", "C"]);
    let types = prop::sample::select(vec!["c_int", "i32", "u32"]);
    (names, types, 0..3_i128).prop_map(|(name, ty, value)| Constant {
        name: name.to_owned(),
        ty: ty.to_owned(),
        value,
    })
}

fn abi() -> impl Strategy<Value = TargetAbi> {
    (
        prop::collection::vec(record(), 0..3),
        prop::collection::vec(function(), 0..3),
        prop::collection::vec(value(), 0..4),
    )
        .prop_map(|(records, functions, constants)| TargetAbi {
            records: by_name(records, |item| &item.name),
            functions: by_name(functions, |item| &item.name),
            constants: by_name(constants, |item| &item.name),
            ..TargetAbi::default()
        })
}

/// One item of each name, in order.
fn by_name<T: Clone>(items: Vec<T>, name: impl Fn(&T) -> &String) -> Vec<T> {
    let items: BTreeMap<String, T> = items
        .iter()
        .map(|item| (name(item).clone(), item.clone()))
        .collect();
    items.into_values().collect()
}

fn side() -> impl Strategy<Value = Vec<(usize, TargetAbi)>> {
    prop::collection::btree_map(0..4_usize, abi(), 1..4)
        .prop_map(|targets| targets.into_iter().collect())
}

/// Two sides of which many symbols are equal.
fn sides() -> impl Strategy<Value = (AbiSnapshot, AbiSnapshot)> {
    let same = side().prop_map(|side| (side.clone(), side));
    let similar = (side(), abi()).prop_map(|(old, abi)| {
        let mut new = old.clone();
        new[0].1.constants = abi.constants;
        (old, new)
    });
    prop_oneof![2 => (side(), side()), 2 => similar, 1 => same]
        .prop_map(|(old, new)| (snapshot(&old), snapshot(&new)))
}

/// Whether a program or source for `old` works with `new`, found in another way than the report
/// does it.
fn is_compatible(old: &TargetAbi, new: &TargetAbi) -> bool {
    let constants = old.constants.iter().all(|item| {
        let other = new.constants.iter().find(|other| other.name == item.name);
        other.is_some_and(|other| other.value == item.value && same_type(&other.ty, &item.ty))
    });
    let functions = old.functions.iter().all(|item| {
        let other = new.functions.iter().find(|other| other.name == item.name);
        other.is_some_and(|other| {
            same_type(&other.signature(false), &item.signature(false))
                && other.link_name == item.link_name
        })
    });
    let records = old.records.iter().all(|item| {
        let other = new.records.iter().find(|other| other.name == item.name);
        other.is_some_and(|other| {
            let same = |a: &Field, b: &Field| {
                (&a.name, a.offset, a.size, &a.bits) == (&b.name, b.offset, b.size, &b.bits)
                    && same_type(&a.ty, &b.ty)
            };
            let has = |list: &[Field], field: &Field| list.iter().any(|it| same(it, field));
            (other.union, other.size, other.align) == (item.union, item.size, item.align)
                && item.fields.iter().all(|field| has(&other.fields, field))
                && (item.union || other.fields.iter().all(|field| has(&item.fields, field)))
        })
    });
    constants && functions && records
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn gate_never_passes_with_an_unaccepted_breaking_change(
        (old, new) in sides(),
        chosen in prop::collection::vec(any::<bool>(), 40),
    ) {
        let report = compared(&old, &new);
        let without = judged(&report, "");
        let broken = |triple: &String| match (&old.targets[triple], new.targets.get(triple)) {
            (before, Some(after)) => !is_compatible(&before.abi, &after.abi),
            (before, None) => new.targets.values().any(|other| other.os == before.os)
                || new.describes(&before.os),
        };
        let is_broken = old.targets.keys().any(broken);
        prop_assert_eq!(without.passed, !is_broken);

        // Some of the entries: it passes only with all of them.
        let all: Vec<&super::Failure> = without.failures.iter().collect();
        let some: Vec<super::Failure> = all
            .iter()
            .zip(chosen.iter().cycle())
            .filter(|(_, is_chosen)| **is_chosen)
            .map(|(failure, _)| (*failure).clone())
            .collect();
        let is_all = some.len() == all.len();
        let some = Gate { failures: some, ..without.clone() };
        prop_assert_eq!(judged(&report, &entries(&some)).passed, is_all);

        // All of the entries, but not after their last day.
        let text = entries(&without);
        prop_assert!(judged(&report, &text).passed);
        let late = judge(&report, &parsed(&text), &Accepted::default(), date(2027, 2, 28));
        prop_assert_eq!(late.passed, all.is_empty());
        prop_assert_eq!(late.failures.len(), 2 * all.len());
    }

    #[test]
    fn ids_are_unique_and_name_the_whole_change((old, new) in sides(), (_, third) in sides()) {
        let report = compared(&old, &new);
        for (index, row) in report.rows.iter().enumerate() {
            prop_assert!(report.rows[index + 1..].iter().all(|other| other.id != row.id));
        }
        // Equal ids of two comparisons are of equal changes.
        for other in &compared(&old, &third).rows {
            for row in &report.rows {
                prop_assert_eq!(row.id == other.id, row.change == other.change);
            }
        }
    }
}
