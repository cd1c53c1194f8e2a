//! `cargo xtask witnesses`: the bindings of each target, held against three witnesses.
//!
//! clang wrote the tables in `tests/snapshots/abi@….snap`, and `cargo codegen --check` asks it anew. Here rustc lays out the
//! generated records for the target, and the `libc` crate, compiled for it, is asked for each fact that it has, too: sizes,
//! alignments, offsets, values, signatures. Link names are proven by linking (`cargo xtask targets`).
//!
//! A fact in which `libc` differs stops the run, unless `codegen/disagreements.txt` says why. The outcome is
//! `tests/snapshots/witnesses.txt`.

mod answers;
mod disagreements;
mod facts;
mod rows;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use mio_targets::{Os, Proof, Target};

use self::answers::{Says, is_absent, read};
use self::disagreements::{DISAGREEMENTS, Disagreements};
use self::facts::{Fact, facts};
use self::rows::TABLE;
use crate::foreign::Compiler;
use crate::report::{self, Mend};
use crate::step::Context;
use crate::{cli, project::Project};

/// Whether Debian's rustc cannot even lay out records for it.
fn cannot_be_asked(target: &Target) -> bool {
    target.triple.starts_with("csky-")
}

/// Why the `libc` crate is not asked for it.
fn libc_says_nothing(os: &Os, target: &Target) -> Option<&'static str> {
    if os.name == "windows" {
        Some("it has nothing of what is bound")
    } else if os.name == "nto" && matches!(os.proof(target), Proof::NotChecked(_)) {
        Some("it does not compile for it")
    } else {
        None
    }
}

/// The row of a target in the outcome.
fn row(context: &mut Context<'_>, compiler: &Compiler, os: &Os, target: &Target) -> Result<String> {
    let triple = target.triple;
    if cannot_be_asked(target) {
        return Ok(format!(
            "{triple:<40} clang yes, rustc not asked, libc not asked: this rustc has no code generator for it"
        ));
    }
    if let Some(reason) = libc_says_nothing(os, target) {
        compile(context, compiler, os, target, &[], &[])?;
        return Ok(format!(
            "{triple:<40} clang yes, rustc yes, libc not asked: {reason}"
        ));
    }
    let disagreements = Disagreements::read(context.project)?;
    let table = context.project.path(format!(
        "tests/snapshots/abi@{}-{}.snap",
        os.name, target.group
    ));
    let table = fs::read_to_string(&table).with_context(|| table.display().to_string())?;
    let facts = facts(&table);
    let mut says = vec![Says::Equal; facts.len()];
    let mut done = compile(context, compiler, os, target, &facts, &says)?;
    // Names that are not there hide what else is wrong, so it is asked again without them.
    for _ in 0..4 {
        if done.is_empty() {
            break;
        }
        for (index, message) in done {
            says[index] = if is_absent(&message) {
                Says::Absent
            } else {
                Says::Differs(message)
            };
        }
        done = compile(context, compiler, os, target, &facts, &says)?;
    }
    if let Some((index, message)) = done.first() {
        bail!("{triple}: {}: {message}", facts[*index].name);
    }
    outcome(triple, &facts, &says, &disagreements)
}

fn outcome(
    triple: &str,
    facts: &[Fact],
    says: &[Says],
    disagreements: &Disagreements,
) -> Result<String> {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut unknown = Vec::new();
    for (fact, said) in facts.iter().zip(says) {
        let Says::Differs(message) = said else {
            continue;
        };
        match disagreements.reason(triple, &fact.name) {
            Some(reason) => reasons.entry(reason).or_default().push(&fact.name),
            None => unknown.push(format!("{} ({message})", fact.name)),
        }
    }
    if !unknown.is_empty() {
        bail!(
            "{triple}: libc differs, and {DISAGREEMENTS} does not say why: {}",
            unknown.join("; ")
        );
    }
    let count = |wanted: &Says| says.iter().filter(|said| *said == wanted).count();
    let (equal, absent) = (count(&Says::Equal), count(&Says::Absent));
    let differ = says.len() - equal - absent;
    let mut text = format!(
        "{triple:<40} clang yes, rustc yes, libc {equal} equal, {absent} absent, {differ} differ"
    );
    for (reason, names) in reasons {
        text.push_str(&format!("\n    {}: {reason}", names.join(", ")));
    }
    Ok(text)
}

/// Compiles the facts that are still thought equal, and the generated file with its assertions; returns those that are not.
fn compile(
    context: &mut Context<'_>,
    compiler: &Compiler,
    os: &Os,
    target: &Target,
    facts: &[Fact],
    says: &[Says],
) -> Result<Vec<(usize, String)>> {
    let project = context.project;
    let folder = project.target("witness");
    fs::create_dir_all(&folder)?;
    let file = format!("{}.rs", target.triple);
    let bindings = project
        .path("generated")
        .join(os.name)
        .join(format!("{}.rs", target.group));
    let mut text = format!(
        "#[path = {bindings:?}]\n#[allow(dead_code, non_camel_case_types, non_snake_case, non_upper_case_globals, clippy::all)]\npub mod bindings;\n#[allow(deprecated)]\nmod facts {{\n"
    );
    let first = text.lines().count() + 1;
    for (fact, said) in facts.iter().zip(says) {
        match said {
            Says::Equal => text.push_str(&fact.item),
            Says::Absent | Says::Differs(_) => text.push_str("//"),
        }
        text.push('\n');
    }
    text.push_str("}\n");
    let path = folder.join(&file);
    write_if_other(&path, &text)?;
    let step = compiler
        .checker(context, "check -Zbuild-std=core", target.triple)
        .words("--manifest-path")
        .argument(project.path("build-tools/witness/Cargo.toml"))
        .set("MIO_WITNESS", &path);
    let step = if facts.is_empty() {
        step.words("--no-default-features")
    } else {
        step
    };
    let (output, ok) = context.run_either(step)?;
    let failed = read(&output, &file);
    let failed: Vec<(usize, String)> = failed
        .into_iter()
        .filter_map(|(line, message)| Some((line.checked_sub(first)?, message)))
        .filter(|(index, _)| *index < facts.len())
        .collect();
    if !ok && failed.is_empty() {
        bail!("{}: the bindings do not compile", target.triple);
    }
    Ok(failed)
}

fn write_if_other(path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|present| present == text) {
        return Ok(());
    }
    fs::write(path, text).with_context(|| path.display().to_string())
}

/// Fails if a target's row is not the one in the repository.
pub(crate) fn check(
    context: &mut Context<'_>,
    compiler: &Compiler,
    os: &Os,
    target: &Target,
) -> Result<()> {
    let row = row(context, compiler, os, target)?;
    context.say(&row)?;
    let what = match rows::known(context.project).get(target.triple) {
        Some(known) if *known == row => return Ok(()),
        Some(_) => "another row",
        None => "no row",
    };
    let command = format!("cargo xtask witnesses --only {}", target.triple);
    Err(anyhow::anyhow!("{TABLE} has {what} for {}", target.triple)
        .context(Mend::new("the witnesses say something else", command)))
}

/// The subcommand; `true` if nothing failed.
pub(crate) fn run(project: &Project, options: &cli::Witnesses) -> Result<bool> {
    let log = project.logs.join("witnesses.log");
    let bar = report::bar("witnesses");
    let mut context = Context::new(project, &log, bar.clone())?;
    let compiler = Compiler::fetched(&mut context)?;
    let mut rows = rows::known(project);
    let before = rows.clone();
    let mut failed = 0;
    for (os, target) in mio_targets::all() {
        if !options.only.is_empty() && !options.only.iter().any(|name| name == target.triple) {
            continue;
        }
        context.say(target.triple)?;
        match row(&mut context, &compiler, os, target) {
            Ok(row) => {
                println!("{row}");
                rows.insert(target.triple.to_owned(), row);
            }
            Err(error) => {
                println!("FAILED {error:#}");
                failed += 1;
            }
        }
    }
    bar.finish_and_clear();
    rows.retain(|triple, _| mio_targets::all().any(|(_, target)| target.triple == triple));
    if options.check {
        if rows != before {
            println!("{TABLE} is out of date; mend: cargo xtask witnesses");
            failed += 1;
        }
    } else {
        rows::write(project, &rows)?;
    }
    println!("{} rows, {failed} failed", rows.len());
    Ok(failed == 0)
}
