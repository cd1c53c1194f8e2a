//! From targets to files: every target is read, the members of a group are held against each other, and each group becomes one
//! Rust file and one table.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};

use crate::abi::{self, Facts};
use crate::cache::hex;
use crate::error::Error;
use crate::headers::Headers;
use crate::interrupt;
use crate::quiet::Quiet;
use crate::rust;
use crate::split;
use crate::symbols::{self, Symbol};
use crate::targets::{Os, Target};
use crate::unix::{self, Request};
use crate::windows::{self, Metadata};

/// The inputs of an operating system, read from the repository.
#[derive(Debug)]
pub(crate) struct Inputs {
    /// The symbols asked for.
    pub(crate) symbols: Vec<Symbol>,
    /// Our header's path.
    pub(crate) header: PathBuf,
    /// The same, relative to the repository.
    pub(crate) header_name: String,
    /// Our metadata, where a system has any.
    pub(crate) rdl: Option<PathBuf>,
    /// SHA-256 of all of it.
    digest: String,
}

impl Inputs {
    /// Reads `codegen/symbols` and `codegen/headers`. `tools` goes into the digest.
    pub(crate) fn read(root: &Path, os: &Os, tools: &str) -> Result<Inputs, Error> {
        let symbols_name = format!("codegen/symbols/{}.txt", os.name);
        let header_name = format!("codegen/headers/{}.h", os.name);
        let read = |name: &str| {
            fs::read_to_string(root.join(name)).map_err(Error::io("read", root.join(name)))
        };
        let (symbols_text, header_text) = (read(&symbols_name)?, read(&header_name)?);
        let table = format!(
            "{:?}",
            (
                os.version,
                os.groups,
                os.targets
                    .iter()
                    .map(|t| (t.triple, t.group, t.clang, t.headers, t.flags))
                    .collect::<Vec<_>>()
            )
        );
        let rdl_name = format!("codegen/headers/{}.rdl", os.name);
        let rdl = (os.name == windows::NAME).then(|| root.join(&rdl_name));
        let rdl_text = match rdl {
            Some(_) => read(&rdl_name)?,
            None => String::new(),
        };
        // What a system does not have is no part.
        let parts = [symbols_text.as_str(), &header_text, tools, &table].into_iter();
        let parts = parts.chain(rdl.as_ref().map(|_| rdl_text.as_str()));
        Ok(Inputs {
            symbols: symbols::parse(&symbols_name, &symbols_text)?,
            header: root.join(&header_name),
            header_name,
            rdl,
            digest: digest(parts),
        })
    }
}

/// What the head of a generated file says of its inputs.
pub(crate) fn digest<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hex(&hash.finalize())
}

/// A finished group.
#[derive(Debug)]
pub(crate) struct Group {
    /// Its file below `generated/`.
    pub(crate) path: PathBuf,
    /// That file's text.
    pub(crate) rust: String,
    /// Its table's name in `tests/snapshots`.
    pub(crate) table_name: String,
    /// The table, as insta keeps it.
    pub(crate) table: String,
    /// The triples it serves.
    pub(crate) serves: Vec<&'static str>,
    /// Its system.
    pub(crate) os: &'static str,
    /// What it is called.
    pub(crate) name: String,
    /// The `cfg`s for which it is taken; none if it is for everything.
    pub(crate) cfg: Vec<String>,
}

/// A group as it is called in the tree, and the triples that it serves there.
pub(crate) type Known = (String, Vec<&'static str>);

/// Reads all `targets` of `os` and writes each set of equal ones as a group. If only some of a family are read, `known` says of
/// which group they are.
pub(crate) fn groups(
    os: &Os,
    targets: &[&'static Target],
    inputs: &Inputs,
    headers: &Headers<'_>,
    known: Option<Known>,
) -> Result<Vec<Group>, Error> {
    let metadata = metadata(inputs)?;
    let declarations = |facts: &Facts| match &metadata {
        Some(metadata) => windows::declarations(metadata, facts),
        None => rust::declarations(&inputs.symbols, facts, &inputs.header_name),
    };
    let all = all_facts(os, targets, inputs, headers, metadata.as_ref())?;
    let (mut groups, mut wrong) = (Vec::new(), Vec::new());
    for family in os.groups {
        let classes = split::classes(family, targets, &all).unwrap_or_else(|(first, second)| {
            let of = |triple: &str| {
                let place = targets.iter().position(|target| target.triple == triple);
                declarations(&all[place.unwrap_or_default()])
            };
            wrong.push(Error::GroupSplit {
                group: family.name.to_owned(),
                first: first.to_owned(),
                second: second.to_owned(),
                difference: difference(&of(first), &of(second)),
            });
            Vec::new()
        });
        for class in classes {
            let Some(first) = class.members.first() else {
                continue;
            };
            let facts = &all[*first];
            let members = class.members.iter().map(|index| targets[*index].triple);
            let (name, serves) = match &known {
                Some(known) => known.clone(),
                None => (class.name, members.collect()),
            };
            let source = headers.name(&facts.headers);
            let title = format!("The ABI of {}, group {name}.", os.name);
            let table = abi::table(&title, &source, &serves, facts);
            let body = declarations(facts);
            groups.push(Group {
                path: PathBuf::from(os.name).join(format!("{name}.rs")),
                rust: format!("{}\n{body}", head(&title, &source, &serves, &inputs.digest)),
                table_name: format!("abi@{}-{name}.snap", os.name),
                table: format!("---\nsource: codegen/tests/abi.rs\n---\n{table}"),
                serves,
                os: os.name,
                name,
                cfg: class.cfg,
            });
        }
    }
    Error::all(wrong)?;
    Ok(groups)
}

/// The facts of all targets, or everything that is wrong with them.
pub(crate) fn all_facts(
    os: &Os,
    targets: &[&Target],
    inputs: &Inputs,
    headers: &Headers<'_>,
    metadata: Option<&Metadata>,
) -> Result<Vec<Facts>, Error> {
    let (mut all, mut wrong) = (Vec::new(), Vec::new());
    for (index, result) in read_all(os, targets, inputs, headers, metadata, false) {
        match result {
            Ok(facts) => all.push(facts),
            Err(error) if error.is_local() => wrong.push((targets[index].triple, error)),
            Err(error) => return Err(error),
        }
    }
    Error::merged(wrong)?;
    Ok(all)
}

/// The lines by which two texts differ, shortened.
pub(crate) fn difference(old: &str, new: &str) -> String {
    const LINES: usize = 12;
    let diff = similar::TextDiff::from_lines(old, new);
    let changed = diff
        .iter_all_changes()
        .filter(|change| change.tag() != similar::ChangeTag::Equal);
    let lines: Vec<String> = changed
        .map(|change| format!("    {}{}\n", change.tag(), change.value().trim_end()))
        .collect();
    let mut text: String = lines.iter().take(LINES).cloned().collect();
    if lines.len() > LINES {
        text.push_str(&format!("    … and {} more lines\n", lines.len() - LINES));
    }
    text
}

/// The head of a generated file.
fn head(title: &str, headers: &str, serves: &[&str], digest: &str) -> String {
    let mut text = format!(
        "//! {title}\n//!\n//! Written by `cargo codegen`; do not edit.\n//!\n//! Headers: {headers}.\n//! Inputs: sha256 {digest}.\n//!\n//! Serves:\n"
    );
    for triple in serves {
        text.push_str(&format!("//! - {triple}\n"));
    }
    text
}

/// Windows has metadata, and headers to check it by; all others have headers.
pub(crate) fn metadata(inputs: &Inputs) -> Result<Option<Metadata>, Error> {
    match &inputs.rdl {
        Some(rdl) => Metadata::read(&inputs.symbols, rdl).map(Some),
        None => Ok(None),
    }
}

/// Reads all targets, on as many threads as the machine has, by their place in `targets`. An error that is not about one of them
/// ends it, and what comes after is not there.
pub(crate) fn read_all(
    os: &Os,
    targets: &[&Target],
    inputs: &Inputs,
    headers: &Headers<'_>,
    metadata: Option<&Metadata>,
    lenient: bool,
) -> BTreeMap<usize, Result<Facts, Error>> {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}")
        .expect("the template is a constant");
    let quiet = Quiet::new();
    // Hidden by itself where there is no terminal.
    let bar = ProgressBar::with_draw_target(Some(targets.len() as u64), quiet.target());
    bar.set_style(style);
    let next = AtomicUsize::new(0);
    let results: Mutex<BTreeMap<usize, Result<Facts, Error>>> = Mutex::new(BTreeMap::new());
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(target) = targets.get(index) else {
                break;
            };
            bar.set_message(target.triple);
            let include = headers.include(target);
            let request = Request {
                triple: target.triple,
                os: os.name,
                clang: target.clang,
                flags: target.flags,
                include: &include,
                header: &inputs.header,
                version: os.version,
                symbols: &inputs.symbols,
                lenient,
            };
            let result = interrupt::check().and_then(|()| match metadata {
                Some(metadata) => windows::facts(&request, metadata),
                None => unix::facts(&request),
            });
            bar.inc(1);
            if result.as_ref().is_err_and(|error| !error.is_local()) {
                // The rest need not be tried.
                next.store(targets.len(), Ordering::Relaxed);
            }
            results
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner())
                .insert(index, result);
        }
    };
    let threads = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(targets.len());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    bar.finish_and_clear();
    results
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// What was done: one row for each group, then what was left out.
pub(crate) fn summary(os: &Os, groups: &[Group], began: Instant) -> String {
    let mut text = format!(
        "{:<12} {:>7} {:>9} {:>8} {:>7} {:>6} {:>3}  file\n",
        "group", "targets", "generated", "bindings", "checked", "linked", "run"
    );
    for group in groups {
        let name = &group.name;
        let serves = |target: &&Target| group.serves.contains(&target.triple);
        let members = || os.targets.iter().filter(serves);
        let [generated, bindings, checked, linked, run] =
            ["generated", "bindings", "checked", "linked", "run"].map(|word| {
                members()
                    .filter(|target| os.proof(target).word() == word)
                    .count()
            });
        text.push_str(&format!(
            "{name:<12} {:>7} {generated:>9} {bindings:>8} {checked:>7} {linked:>6} {run:>3}  generated/{}\n",
            group.serves.len(),
            group.path.display()
        ));
    }
    for left in os.left_out {
        text.push_str(&format!("left out: {}: {}\n", left.name, left.reason));
    }
    text.push_str(&format!(
        "{}: {} targets in {} groups, {} left out, {:.1} s\n",
        os.name,
        groups.iter().map(|group| group.serves.len()).sum::<usize>(),
        groups.len(),
        os.left_out.len(),
        began.elapsed().as_secs_f64()
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn long_differences_are_cut() {
        let old: String = (0..30).map(|number| format!("{number}\n")).collect();
        assert_eq!(difference(&old, &old), "");
        assert_eq!(difference("a\nb\n", "a\nc\n"), "    -b\n    +c\n");
        assert!(difference(&old, "").ends_with("    … and 18 more lines\n"));
    }
}
