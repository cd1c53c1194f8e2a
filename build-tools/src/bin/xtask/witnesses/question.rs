//! What a compiler is asked about one target, and how its answers become facts.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use mio_targets::{Os, Target};

use super::answers::{Says, difference, is_absent, read};
use super::facts::{Fact, Kind, PRELUDE, facts, statics};
use super::symbols;
use crate::project::Project;

/// The two sides that are compared with `libc`: bindings and the table of the same ABI.
pub(super) struct Question {
    pub(super) triple: String,
    /// Names the files that are written.
    stem: String,
    pub(super) bindings: PathBuf,
    pub(super) table: String,
}

/// What a compiler made of a text.
pub(super) struct Compiled {
    /// Its messages.
    pub(super) output: String,
    /// Its LLVM IR, if it compiles.
    pub(super) ir: Option<String>,
}

impl Question {
    /// The one about a target's bindings.
    pub(super) fn of(project: &Project, os: &Os, target: &Target) -> Result<Question> {
        let (group, table) = table_of(project, os, target)?;
        let bindings = project.path(format!("generated/{}/{group}.rs", os.name));
        Ok(Question::new(target.triple, target.triple, bindings, table))
    }

    pub(super) fn new(triple: &str, stem: &str, bindings: PathBuf, table: String) -> Question {
        Question {
            triple: triple.to_owned(),
            stem: stem.to_owned(),
            bindings,
            table,
        }
    }

    /// The file that is compiled.
    pub(super) fn file(&self) -> String {
        format!("{}.rs", self.stem)
    }

    /// The file of the compiler's LLVM IR.
    pub(super) fn ir(&self) -> String {
        format!("{}.ll", self.stem)
    }

    /// The generated file with its assertions, and the facts that are still thought equal, one a
    /// line.
    pub(super) fn text(&self, facts: &[Fact], says: &[Says]) -> String {
        let mut text = head(&self.bindings);
        if facts.is_empty() {
            return text;
        }
        text.push_str(
            "#[allow(dead_code, deprecated, unused_macros, unused_unsafe)]\nmod facts {\n",
        );
        text.push_str(PRELUDE);
        for (fact, said) in facts.iter().zip(says) {
            match said {
                Says::Equal => text.push_str(&fact.item),
                Says::Absent | Says::Differs(_) => text.push_str("//"),
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

/// The group that a target is in, and the group's table. The generator splits the groups of
/// `mio_targets` where targets of one differ, so the tables say it.
fn table_of(project: &Project, os: &Os, target: &Target) -> Result<(String, String)> {
    let prefix = format!("abi@{}-", os.name);
    let line = format!("\n    {}\n", target.triple);
    for entry in fs::read_dir(project.path("tests/snapshots"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let group = name.strip_prefix(&prefix);
        let Some(group) = group.and_then(|group| group.strip_suffix(".snap")) else {
            continue;
        };
        let table = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        if table.contains(&line) {
            return Ok((group.to_owned(), table));
        }
    }
    bail!(
        "{}: no table in tests/snapshots serves it; help: cargo codegen",
        target.triple
    )
}

fn head(bindings: &std::path::Path) -> String {
    format!(
        "#[path = {bindings:?}]\n#[allow(dead_code, non_camel_case_types, non_snake_case, \
         non_upper_case_globals, clippy::all)]\nmod bindings;\n"
    )
}

/// Has the facts of a table answered by a compiler, which is given texts until one compiles.
pub(super) fn answered(
    question: &Question,
    mut compile: impl FnMut(&str) -> Result<Compiled>,
) -> Result<Vec<(Fact, Says)>> {
    let (triple, facts) = (&question.triple, facts(&question.table));
    let mut says = vec![Says::Equal; facts.len()];
    // Names that are not there hide what else is wrong, so it is asked again without them.
    let mut rounds = 0;
    let ir = loop {
        let compiled = compile(&question.text(&facts, &says))?;
        if let Some(ir) = compiled.ir {
            break ir;
        }
        let first = question.first_line();
        let failed: Vec<(usize, String)> = read(&compiled.output, &question.file())
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
            says[index] = if is_absent(&message) {
                Says::Absent
            } else {
                Says::Differs(difference(&facts[index].kind, &message))
            };
        }
    };
    for (fact, said) in facts.iter().zip(&mut says) {
        if let (Kind::Link { function, symbol }, Says::Equal) = (&fact.kind, &*said) {
            let [ours, theirs] = statics(function).map(|name| {
                symbols::target(&ir, &name)
                    .with_context(|| format!("{triple}: the compiler's IR has no {name}"))
            });
            *said = linked(&ours?, symbol, &theirs?);
        }
    }
    Ok(facts.into_iter().zip(says).collect())
}

/// Three symbols of a function: that of the bindings, of the table and of `libc`.
fn linked(bindings: &str, table: &str, libc: &str) -> Says {
    if bindings != table {
        Says::Differs(format!("{bindings} in the bindings, {table} in the table"))
    } else if bindings != libc {
        Says::Differs(format!("{bindings}, not {libc}"))
    } else {
        Says::Equal
    }
}
