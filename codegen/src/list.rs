//! `cargo codegen list`: prints targets, symbols, header packs or kinds of changes.

use std::collections::{BTreeMap, BTreeSet};

use crate::abi_diff::FactKind;
use crate::accepted::Accepted;
use crate::bump::readers;
use crate::cli::What;
use crate::error::Error;
use crate::generate::Generator;
use crate::project;
use crate::snapshot::AbiSnapshot;
use crate::targets::{Os, SYSTEMS, Target};

/// The list of `what`.
pub(crate) fn list(what: What, generator: &Generator) -> Result<String, Error> {
    match what {
        What::Targets => Ok(targets()),
        What::Symbols => symbols(generator),
        What::Packs => Ok(packs(generator)),
        What::Kinds => kinds(generator),
    }
}

/// The kinds of changes with their levels.
fn kinds(generator: &Generator) -> Result<String, Error> {
    let accepted = Accepted::of_folder(&generator.root)?;
    let mut text = String::new();
    for kind in FactKind::ALL {
        let level = accepted.level(*kind).name();
        text.push_str(&format!(
            "{:<22} {level:<9} {}\n",
            kind.name(),
            kind.about()
        ));
    }
    Ok(text)
}

/// All targets with their groups, and the targets that are left out.
pub(crate) fn targets() -> String {
    let mut text = String::new();
    for os in SYSTEMS {
        for target in os.targets {
            let group = format!("{}/{}", os.name, target.group);
            let line = format!("{:<40} {group:<16} {}", target.triple, tier(os, target));
            text.push_str(&format!("{}\n", line.trim_end()));
        }
        for left in os.left_out {
            text.push_str(&format!("left out: {}: {}\n", left.name, left.reason));
        }
    }
    text
}

/// How far the library is tested on a target. Empty for the targets of a project.
fn tier(os: &Os, target: &Target) -> &'static str {
    if project::is_open() {
        return "";
    }
    os.proof(target).word()
}

/// All symbols of the tables with their systems.
fn symbols(generator: &Generator) -> Result<String, Error> {
    let snapshot = AbiSnapshot::of_folder("the working tree".to_owned(), &generator.root)?;
    let mut all: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for seen in snapshot.targets.values() {
        let facts = &seen.abi;
        let constants = facts.constants.iter().map(|item| ("const", &item.name));
        let functions = facts.functions.iter().map(|item| ("fn", &item.name));
        let records = facts.records.iter().map(|item| ("record", &item.name));
        for (kind, name) in constants.chain(functions).chain(records) {
            all.entry((name, kind)).or_default().insert(&seen.os);
        }
    }
    let line = |((name, kind), systems): (&(&str, &str), &BTreeSet<&str>)| {
        let systems: Vec<&str> = systems.iter().copied().collect();
        format!("{name:<48} {kind:<7} {}\n", systems.join(" "))
    };
    Ok(all.iter().map(line).collect())
}

/// The header packs with the systems that read them.
fn packs(generator: &Generator) -> String {
    let line = |pack: &crate::sources::Pack| {
        format!(
            "{:<16} {} {:<8} read by {}\n",
            pack.name,
            pack.package,
            pack.version,
            readers(&generator.sources, &pack.name).join(", ")
        )
    };
    generator.sources.headers.iter().map(line).collect()
}
