//! The comparison of one target: the source text that a compiler gets, and the results that its
//! messages and LLVM IR give.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use mio_abi::{FOLDER, GroupAbi, TargetAbi};
use mio_targets::{Os, Target};

use super::facts::{Fact, Kind, PRELUDE, facts, statics};
use super::llvm_ir;
use super::messages::{Outcome, difference, is_absent, read};
use crate::project::Project;

/// What is compared with `libc`: bindings, and the ABI that the generator read from headers.
pub(super) struct Comparison {
    pub(super) triple: String,
    /// The names of its files begin with it.
    stem: String,
    pub(super) bindings: PathBuf,
    pub(super) abi: TargetAbi,
}

/// The result of a compiler.
pub(super) struct Compiled {
    /// Its messages.
    pub(super) output: String,
    /// Its LLVM IR, if it compiles.
    pub(super) ir: Option<String>,
}

impl Comparison {
    /// The comparison of a target's bindings.
    pub(super) fn of(project: &Project, os: &Os, target: &Target) -> Result<Comparison> {
        let snapshot = snapshot_of(project, os, target)?;
        let bindings = project.path(format!("generated/{}/{}.rs", os.name, snapshot.group));
        Ok(Comparison::new(
            target.triple,
            target.triple,
            bindings,
            snapshot.abi,
        ))
    }

    pub(super) fn new(triple: &str, stem: &str, bindings: PathBuf, abi: TargetAbi) -> Comparison {
        Comparison {
            triple: triple.to_owned(),
            stem: stem.to_owned(),
            bindings,
            abi,
        }
    }

    /// The name of the file that is compiled.
    pub(super) fn file(&self) -> String {
        format!("{}.rs", self.stem)
    }

    /// The name of the file with the compiler's LLVM IR.
    pub(super) fn ir(&self) -> String {
        format!("{}.ll", self.stem)
    }

    /// The source text: the bindings with their assertions, and one line for each fact. Facts that
    /// are known to be absent or to differ are left out.
    pub(super) fn text(&self, facts: &[Fact], outcomes: &[Outcome]) -> String {
        let mut text = head(&self.bindings);
        if facts.is_empty() {
            return text;
        }
        text.push_str(
            "#[allow(dead_code, deprecated, unused_macros, unused_unsafe)]\nmod facts {\n",
        );
        text.push_str(PRELUDE);
        for (fact, outcome) in facts.iter().zip(outcomes) {
            match outcome {
                Outcome::Equal => text.push_str(&fact.item),
                Outcome::Absent | Outcome::Differs(_) => text.push_str("//"),
            }
            text.push('\n');
        }
        text.push_str("}\n");
        text
    }

    /// The line of the first fact, from 1.
    fn first_line(&self) -> usize {
        head(&self.bindings).lines().count() + PRELUDE.lines().count() + 3
    }
}

/// The snapshot that holds a target. The generator splits the groups of `mio_targets` where targets
/// of one differ, so only the snapshots have them.
fn snapshot_of(project: &Project, os: &Os, target: &Target) -> Result<GroupAbi> {
    for entry in fs::read_dir(project.path(FOLDER))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !name.starts_with(&format!("{}-", os.name)) || !name.ends_with(".json") {
            continue;
        }
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let snapshot = GroupAbi::from_json(&text).with_context(|| path.display().to_string())?;
        if snapshot
            .targets
            .iter()
            .any(|triple| triple == target.triple)
        {
            return Ok(snapshot);
        }
    }
    bail!(
        "{}: no snapshot in {FOLDER} holds it; help: cargo codegen",
        target.triple
    )
}

fn head(bindings: &std::path::Path) -> String {
    format!(
        "#[path = {bindings:?}]\n#[allow(dead_code, non_camel_case_types, non_snake_case, \
         non_upper_case_globals, clippy::all)]\nmod bindings;\n"
    )
}

/// Compares each fact: compiles texts with fewer and fewer facts until one compiles.
pub(super) fn compare(
    comparison: &Comparison,
    mut compile: impl FnMut(&str) -> Result<Compiled>,
) -> Result<Vec<(Fact, Outcome)>> {
    let (triple, facts) = (&comparison.triple, facts(&comparison.abi));
    let mut outcomes = vec![Outcome::Equal; facts.len()];
    // rustc reports a wrong type only once all names resolve, so a text may fail several times.
    let mut rounds = 0;
    let ir = loop {
        let compiled = compile(&comparison.text(&facts, &outcomes))?;
        if let Some(ir) = compiled.ir {
            break ir;
        }
        let first = comparison.first_line();
        let failed: Vec<(usize, String)> = read(&compiled.output, &comparison.file())
            .into_iter()
            .filter_map(|(line, message)| Some((line.checked_sub(first)?, message)))
            .filter(|(index, _)| *index < facts.len())
            .collect();
        let Some((index, message)) = failed.first() else {
            bail!("{triple}: the bindings do not compile");
        };
        if rounds == 5 {
            bail!("{triple}: {}: {message}", facts[*index].name);
        }
        rounds += 1;
        for (index, message) in failed {
            outcomes[index] = if is_absent(&message) {
                Outcome::Absent
            } else {
                Outcome::Differs(difference(&facts[index].kind, &message))
            };
        }
    };
    for (fact, outcome) in facts.iter().zip(&mut outcomes) {
        if let (Kind::Link { function, symbol }, Outcome::Equal) = (&fact.kind, &*outcome) {
            let [ours, theirs] = statics(function).map(|name| {
                llvm_ir::pointee(&ir, &name)
                    .with_context(|| format!("{triple}: the compiler's IR has no {name}"))
            });
            *outcome = linked(&ours?, symbol, &theirs?);
        }
    }
    Ok(facts.into_iter().zip(outcomes).collect())
}

/// Compares three symbols of a function: those of the bindings, the snapshot and `libc`.
fn linked(bindings: &str, snapshot: &str, libc: &str) -> Outcome {
    if bindings != snapshot {
        Outcome::Differs(format!(
            "{bindings} in the bindings, {snapshot} in the snapshot"
        ))
    } else if bindings != libc {
        Outcome::Differs(format!("{bindings}, not {libc}"))
    } else {
        Outcome::Equal
    }
}
