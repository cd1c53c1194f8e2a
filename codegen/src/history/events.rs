//! What happened to a symbol from version to version.

use std::collections::{BTreeMap, BTreeSet};

use anstyle::Style;

use super::store::{History, Item, Version};
use crate::abi_diff;
use crate::error::{Error, near};
use crate::generate::Generator;
use crate::targets::{Os, SYSTEMS};
use crate::version_error::VersionError;

/// The histories of all systems, or of one.
fn read(generator: &Generator, os: Option<&Os>) -> Result<Vec<History>, Error> {
    let mut all = Vec::new();
    for system in SYSTEMS
        .iter()
        .filter(|system| os.is_none_or(|os| os.name == system.name))
    {
        all.extend(History::read(&generator.root, system.name)?);
    }
    Ok(all)
}

/// The text of `cargo codegen history SYMBOL`.
pub(crate) fn history(generator: &Generator, name: &str, os: Option<&Os>) -> Result<String, Error> {
    let all = read(generator, os)?;
    let mut text = String::new();
    for history in &all {
        let events = events(history, name);
        if events.is_empty() {
            continue;
        }
        let bold = Style::new().bold();
        line!(text, "{bold}{}{bold:#}", history.system);
        let width = events
            .iter()
            .map(|event| event.version.chars().count())
            .max();
        for event in &events {
            let (version, width) = (&event.version, width.unwrap_or_default());
            let mut first = true;
            for (what, targets) in &event.changes {
                let version = if first { version } else { "" };
                line!(text, "  {version:width$}  {what}{targets}");
                first = false;
            }
        }
        line!(text, "  {}", read_versions(history));
        text.push('\n');
    }
    if text.is_empty() {
        return Err(unknown(&all, name));
    }
    Ok(text.trim_end().to_owned() + "\n")
}

/// The oldest version of each system that has the symbol: the system, and a sentence.
pub(crate) fn oldest(generator: &Generator, name: &str) -> Result<Vec<(String, String)>, Error> {
    let mut found = Vec::new();
    for history in read(generator, None)? {
        let mut versions = history
            .versions
            .iter()
            .filter(|(version, _)| version.not_read.is_empty());
        let has =
            |facts: &super::store::Facts| facts.values().flatten().any(|item| item.name() == name);
        let Some(position) = versions.clone().position(|(_, facts)| has(facts)) else {
            continue;
        };
        let (version, _) = versions.nth(position).expect("that version has it");
        let mut sentence = version.title();
        if position == 0 {
            sentence.push_str(", the oldest one whose headers were read");
        }
        found.push((history.system.clone(), sentence));
    }
    Ok(found)
}

/// The changes that came with one version.
#[derive(Debug, PartialEq, Eq)]
struct Event {
    /// The version.
    version: String,
    /// What changed, and on which targets.
    changes: Vec<(String, String)>,
}

/// The events of a name.
fn events(history: &History, name: &str) -> Vec<Event> {
    let mut events = Vec::new();
    // The declarations of each target in the last version that could be read.
    let mut last: BTreeMap<&str, Vec<&Item>> = BTreeMap::new();
    for (version, facts) in &history.versions {
        let mut changes: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for (triple, items) in facts {
            let items: Vec<&Item> = items.iter().filter(|item| item.name() == name).collect();
            let before = last.insert(triple, items.clone());
            for what in changed(before.as_deref(), &items) {
                changes.entry(what).or_default().insert(triple);
            }
        }
        if changes.is_empty() {
            continue;
        }
        let read = facts.len();
        events.push(Event {
            version: version.title(),
            changes: changes
                .into_iter()
                .map(|(what, targets)| (what, shown(&targets, read)))
                .collect(),
        });
    }
    events
}

/// What changed between two versions of a target. `before` is `None` if no earlier one was read.
fn changed(before: Option<&[&Item]>, now: &[&Item]) -> Vec<String> {
    let mut changes = Vec::new();
    for item in now {
        let same_kind = |old: &&&Item| old.kind() == item.kind();
        match before.map(|before| before.iter().find(same_kind)) {
            None => changes.push(format!("oldest: {}", described(item))),
            Some(None) => changes.push(format!("appeared: {}", described(item))),
            Some(Some(old)) => changes.extend(
                abi_diff::changes(&old.alone(), &item.alone())
                    .into_iter()
                    .map(|change| {
                        let facts: Vec<&str> =
                            change.facts.iter().map(|fact| fact.text.as_str()).collect();
                        format!("changed: {} {}", item.kind(), facts.join("; "))
                    }),
            ),
        }
    }
    for old in before.unwrap_or_default() {
        if !now.iter().any(|item| item.kind() == old.kind()) {
            changes.push(format!("gone: {}", described(old)));
        }
    }
    changes
}

/// A declaration in short.
fn described(item: &Item) -> String {
    match item {
        Item::Record(record) => format!(
            "{} of size {}, align {}, {} fields",
            record.keyword(),
            record.size,
            record.align,
            record.fields.len()
        ),
        Item::Function(function) => format!(
            "fn {}, linked as {}",
            function.signature(false),
            function.link_name
        ),
        Item::Constant(constant) => format!("const {} of type {}", constant.value, constant.ty),
    }
}

/// The targets of a change.
fn shown(targets: &BTreeSet<&str>, read: usize) -> String {
    let names: Vec<&str> = targets.iter().copied().collect();
    match names[..] {
        _ if names.len() == read => format!(" (all {read} targets)"),
        [first, second, third, _, ..] => {
            format!(" ({first}, {second}, {third} and {} more)", names.len() - 3)
        }
        _ => format!(" ({})", names.join(", ")),
    }
}

/// How many versions were read, and which were not.
fn read_versions(history: &History) -> String {
    let is_read = |(version, _): &&(Version, _)| version.not_read.is_empty();
    let read: Vec<_> = history.versions.iter().filter(is_read).collect();
    let mut text = match (read.first(), read.last()) {
        (Some((first, _)), Some((last, _))) => {
            format!(
                "{} versions read, {} to {}",
                read.len(),
                first.title(),
                last.title()
            )
        }
        _ => "no version read".to_owned(),
    };
    let others = history.versions.len() - read.len();
    if others > 0 {
        text.push_str(&format!(
            "; {others} not, see codegen/history/{}.json",
            history.system
        ));
    }
    text
}

/// The error if no history has the name.
fn unknown(all: &[History], name: &str) -> Error {
    let items = all.iter().flat_map(|history| &history.versions);
    let names: BTreeSet<&str> = items
        .flat_map(|(_, facts)| facts.values().flatten())
        .map(Item::name)
        .collect();
    Error::Version(VersionError::NoHistory {
        name: name.to_owned(),
        near: near(name, names).map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::super::store::tests::{history, version};
    use super::*;

    /// The events of `X` as text.
    fn text(history: &History) -> Vec<String> {
        let events = events(history, "X").into_iter();
        let lines = events.flat_map(|event| {
            let version = event.version;
            let changes = event.changes.into_iter();
            changes.map(move |(what, targets)| format!("{version}: {what}{targets}"))
        });
        lines.collect()
    }

    #[test]
    fn events_are_the_differences_to_the_last_version_that_was_read() {
        let both = |number, values: &[(&str, i128)]| version(number, [Some(values), Some(values)]);
        let found = text(&history(vec![
            both(1, &[("Y", 1)]),
            both(2, &[("X", 1)]),
            // `b` is not read here, so that nothing happens to it.
            version(3, [Some(&[("X", 1)]), None]),
            version(4, [Some(&[("X", 2)]), Some(&[("X", 1)])]),
            both(5, &[("Y", 1)]),
        ]));
        let wanted = [
            "pack 2: appeared: const 1 of type c_int (all 2 targets)",
            "pack 4: changed: const value 1 → 2 (a)",
            "pack 5: gone: const 1 of type c_int (b)",
            "pack 5: gone: const 2 of type c_int (a)",
        ];
        assert_eq!(found, wanted);
        let found = text(&history(vec![both(1, &[("X", 1)])]));
        assert_eq!(
            found,
            ["pack 1: oldest: const 1 of type c_int (all 2 targets)"]
        );
    }

    #[test]
    fn versions_are_in_the_order_of_the_system() {
        let mut all = history(Vec::new());
        for (number, describes) in [
            (1, "A 7.10"),
            (2, "A 7.9"),
            (3, ""),
            (4, "A 7.11"),
            (5, "A 6.1"),
        ] {
            let mut read = version(number, [Some(&[]), Some(&[])]);
            read.0.describes = describes.to_owned();
            all.insert(read);
        }
        all.absent("pack 0".to_owned(), "not available");
        all.absent("pack 0".to_owned(), "not available");
        let order: Vec<&str> = all
            .versions
            .iter()
            .map(|(version, _)| &*version.pack)
            .collect();
        assert_eq!(
            order,
            ["pack 0", "pack 5", "pack 2", "pack 1", "pack 3", "pack 4"]
        );
        assert!(read_versions(&all).ends_with("; 1 not, see codegen/history/netbsd.json"));
    }
}
