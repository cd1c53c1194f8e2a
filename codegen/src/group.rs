//! Groups: targets with equal ABIs share one file of bindings and one snapshot.

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::abi::{GroupAbi, TargetAbi, WRITTEN_BY};
use crate::error::Error;
use crate::headers::Headers;
use crate::inputs::Inputs;
use crate::project;
use crate::read;
use crate::rust;
use crate::split;
use crate::table::{front_matter, table};
use crate::targets::{Os, Target};
use crate::text_diff::difference;
use crate::windows;

/// A group of targets with equal ABIs.
#[derive(Debug)]
pub(crate) struct Group {
    /// Its ABI, with its system, name and targets.
    pub(crate) abi: GroupAbi,
    /// The text of its file in `generated/`.
    pub(crate) rust: String,
    /// The `cfg`s that select it; empty if it serves all targets.
    pub(crate) cfg: Vec<String>,
}

impl Group {
    /// The path of its file in `generated/`.
    pub(crate) fn path(&self) -> PathBuf {
        Path::new(&self.abi.os).join(format!("{}.rs", self.abi.group))
    }

    /// Adds a text to the name of its headers.
    pub(crate) fn add_to_headers(&mut self, text: &str) {
        let line = |headers: &str| format!("//! Headers: {headers}.\n");
        let old = self.abi.headers.clone();
        self.abi.headers.push_str(text);
        self.rust = self.rust.replacen(&line(&old), &line(&self.abi.headers), 1);
    }

    /// Its files in `codegen/snapshots`: for programs and for reviewers.
    pub(crate) fn snapshots(&self) -> [(PathBuf, String); 2] {
        let name = format!("{}-{}", self.abi.os, self.abi.group);
        let text = format!("{}{}", front_matter(), table(&self.abi));
        [("json", self.abi.to_json()), ("snap", text)]
            .map(|(ending, text)| (format!("{name}.{ending}").into(), text))
    }
}

/// The name of a committed group, and its targets.
pub(crate) type Known = (String, Vec<&'static str>);

/// Reads `targets` of `os` and makes a group of each set of equal ones. If `targets` are only a
/// part of a group, `known` is that group.
pub(crate) fn groups(
    os: &Os,
    targets: &[&'static Target],
    inputs: &Inputs,
    headers: &Headers<'_>,
    known: Option<Known>,
) -> Result<Vec<Group>, Error> {
    let metadata = read::metadata(inputs)?;
    let declarations = |facts: &TargetAbi| match &metadata {
        Some(metadata) => windows::declarations(metadata, facts),
        None => rust::declarations(&inputs.symbols, facts, &inputs.header_name),
    };
    let all = read::all_facts(os, targets, inputs, headers, metadata.as_ref())?;
    let (mut groups, mut wrong) = (Vec::new(), Vec::new());
    for family in os.groups {
        let classes = split::classes(family, targets, &all).unwrap_or_else(|(first, second)| {
            let of = |triple: &str| {
                let index = targets.iter().position(|target| target.triple == triple);
                declarations(&all[index.unwrap_or_default()])
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
            let body = declarations(facts);
            groups.push(Group {
                rust: format!("{}\n{body}", head(&title, &source, &serves, &inputs.digest)),
                abi: GroupAbi {
                    note: WRITTEN_BY.to_owned(),
                    os: os.name.to_owned(),
                    group: name,
                    headers: source,
                    targets: serves.into_iter().map(str::to_owned).collect(),
                    abi: facts.clone(),
                },
                cfg: class.cfg,
            });
        }
    }
    Error::all(wrong)?;
    Ok(groups)
}

/// The head of a generated file.
fn head(title: &str, headers: &str, serves: &[&str], digest: &str) -> String {
    let mut text = format!(
        "//! {title}\n//!\n//! {WRITTEN_BY}\n//!\n//! Headers: {headers}.\n\
         //! Inputs: sha256 {digest}.\n//!\n//! Serves:\n"
    );
    for triple in serves {
        text.push_str(&format!("//! - {triple}\n"));
    }
    text
}

/// The summary of a run: one row for each group, then the targets that were left out.
pub(crate) fn summary(os: &Os, groups: &[Group], began: Instant) -> String {
    if project::is_open() {
        return summary_of_project(os, groups, began);
    }
    let mut text = format!(
        "{:<12} {:>7} {:>9} {:>8} {:>7} {:>6} {:>3}  file\n",
        "group", "targets", "generated", "bindings", "checked", "linked", "run"
    );
    for group in groups {
        let (name, targets) = (&group.abi.group, &group.abi.targets);
        let serves = |target: &&Target| targets.iter().any(|triple| triple == target.triple);
        let members = || os.targets.iter().filter(serves);
        let [generated, bindings, checked, linked, run] =
            ["generated", "bindings", "checked", "linked", "run"].map(|word| {
                members()
                    .filter(|target| os.proof(target).word() == word)
                    .count()
            });
        text.push_str(&format!(
            "{name:<12} {:>7} {generated:>9} {bindings:>8} {checked:>7} {linked:>6} {run:>3}  \
             generated/{}\n",
            targets.len(),
            group.path().display()
        ));
    }
    for left in os.left_out {
        text.push_str(&format!("left out: {}: {}\n", left.name, left.reason));
    }
    text.push_str(&format!(
        "{}: {} in {}, {} left out, {:.1} s\n",
        os.name,
        count(
            groups.iter().map(|group| group.abi.targets.len()).sum(),
            "target"
        ),
        count(groups.len(), "group"),
        os.left_out.len(),
        began.elapsed().as_secs_f64()
    ));
    text
}

/// The summary of a system of a project, whose targets have no tiers.
fn summary_of_project(os: &Os, groups: &[Group], began: Instant) -> String {
    let mut text = String::new();
    for group in groups {
        let targets = count(group.abi.targets.len(), "target");
        let path = group.path();
        text.push_str(&format!("{targets:>12}  generated/{}\n", path.display()));
    }
    let targets = groups.iter().map(|group| group.abi.targets.len()).sum();
    let (targets, groups) = (count(targets, "target"), count(groups.len(), "group"));
    let seconds = began.elapsed().as_secs_f64();
    text + &format!("{}: {targets} in {groups}, {seconds:.1} s\n", os.name)
}

/// A number and its noun, as `1 target` and `2 targets`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{ending}")
}
