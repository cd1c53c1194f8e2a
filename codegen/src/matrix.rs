//! Writes the page of all symbols and all systems.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::abi::{GroupAbi, TargetAbi, WRITTEN_BY};
use crate::error::Error;
use crate::group::count;
use crate::snapshot;
use crate::write::Tree;

/// Its file in `codegen/snapshots/`.
pub(crate) const NAME: &str = "matrix.md";

/// A symbol: its kind and its name.
type Symbol = (&'static str, String);

/// The page of the snapshots among generated files.
pub(crate) fn page(files: &Tree) -> Result<String, Error> {
    let read = snapshot::in_files(files)?;
    let mut systems: BTreeMap<&str, Vec<&GroupAbi>> = BTreeMap::new();
    for table in &read {
        systems.entry(&table.os).or_default().push(table);
    }
    let targets: usize = read.iter().map(|table| table.targets.len()).sum();
    let mut text = format!(
        "# Symbols and targets\n\n{WRITTEN_BY} {}, {} of equal bindings, {}.\n",
        count(systems.len(), "system"),
        count(read.len(), "group"),
        count(targets, "target")
    );
    overview(&mut text, &systems);
    for (os, tables) in &systems {
        system(&mut text, os, tables);
    }
    Ok(text)
}

/// The table of all symbols and all systems.
fn overview(text: &mut String, systems: &BTreeMap<&str, Vec<&GroupAbi>>) {
    text.push_str(
        "\n`=` present, with the value most systems have; `≠` present with another value; `≈` \
         its own targets differ; empty: absent.\n\n",
    );
    let names: Vec<&str> = systems.keys().copied().collect();
    line!(text, "| symbol | {} |", names.join(" | "));
    line!(text, "|---|{}", ":-:|".repeat(names.len()));
    let values: Vec<Vec<BTreeMap<Symbol, String>>> = systems
        .values()
        .map(|tables| tables.iter().map(|table| values(&table.abi)).collect())
        .collect();
    let all: BTreeSet<&Symbol> = values.iter().flatten().flat_map(BTreeMap::keys).collect();
    for symbol in all {
        let usual = usual(&values, symbol);
        let cells: Vec<&str> = values
            .iter()
            .map(|groups| {
                let found: BTreeSet<Option<&String>> =
                    groups.iter().map(|values| values.get(symbol)).collect();
                match found.into_iter().collect::<Vec<_>>()[..] {
                    [None] => "",
                    [Some(value)] if Some(value) == usual => "=",
                    [Some(_)] => "≠",
                    _ => "≈",
                }
            })
            .collect();
        line!(
            text,
            "| {} `{}` | {} |",
            symbol.0,
            symbol.1,
            cells.join(" | ")
        );
    }
}

/// The most frequent value; of several, the smallest.
fn usual<'a>(values: &'a [Vec<BTreeMap<Symbol, String>>], symbol: &Symbol) -> Option<&'a String> {
    let mut votes: BTreeMap<&String, usize> = BTreeMap::new();
    for groups in values {
        let mine: BTreeSet<&String> = groups
            .iter()
            .filter_map(|values| values.get(symbol))
            .collect();
        for value in mine {
            *votes.entry(value).or_default() += 1;
        }
    }
    let most = votes.values().max()?;
    votes
        .iter()
        .find(|(_, count)| *count == most)
        .map(|(value, _)| *value)
}

/// The section of a system: its groups with their targets, and all values.
fn system(text: &mut String, os: &str, tables: &[&GroupAbi]) {
    line!(text, "\n## {os}\n");
    for table in tables {
        line!(
            text,
            "- **{}**, {}: {}",
            table.group,
            table.headers,
            table.targets.join(", ")
        );
    }
    let names: Vec<&str> = tables.iter().map(|table| table.group.as_str()).collect();
    line!(text, "\n| symbol | {} |", names.join(" | "));
    line!(text, "|---|{}", "---|".repeat(names.len()));
    let values: Vec<BTreeMap<Symbol, String>> =
        tables.iter().map(|table| values(&table.abi)).collect();
    let all: BTreeSet<&Symbol> = values.iter().flat_map(BTreeMap::keys).collect();
    for symbol in all {
        let cells: Vec<&str> = values
            .iter()
            .map(|values| values.get(symbol).map_or("", String::as_str))
            .collect();
        line!(
            text,
            "| {} `{}` | {} |",
            symbol.0,
            symbol.1,
            cells.join(" | ")
        );
    }
}

/// The value of each symbol in short form.
fn values(facts: &TargetAbi) -> BTreeMap<Symbol, String> {
    let mut values = BTreeMap::new();
    for constant in &facts.constants {
        values.insert(("const", constant.name.clone()), constant.value.to_string());
    }
    for function in &facts.functions {
        let mut value = format!("`{}`", function.signature(false));
        if function.link_name != function.name {
            write!(value, " as `{}`", function.link_name).expect("a string takes any text");
        }
        values.insert(("fn", function.name.clone()), value);
    }
    for record in &facts.records {
        let offsets: Vec<String> = record
            .fields
            .iter()
            .map(|field| format!("{} {}", field.name, field.offset))
            .collect();
        let value = format!("{}/{}: {}", record.size, record.align, offsets.join(", "));
        values.insert((record.keyword(), record.name.clone()), value);
    }
    values
}
