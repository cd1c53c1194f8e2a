//! `cargo xtask witnesses`: the bindings of each target, held against four witnesses.
//!
//! clang wrote the tables in `tests/snapshots/abi@….snap`, and `cargo codegen --check` asks it
//! anew. Here rustc lays out the generated records for the target, and the `libc` crate, compiled
//! for it, is asked for each fact that it has, too: sizes, alignments, offsets, values, the size
//! and the sign of constants and fields, signatures, and the symbols that functions are linked as.
//! These come from the compiler's LLVM IR for statics that hold the functions' addresses. Where zig
//! has a list of the symbols of the system, each of ours must be in it.
//!
//! A fact in which `libc` or a list differs stops the run, unless `codegen/disagreements.txt` says
//! why. The outcome is `tests/snapshots/witnesses.txt`.

mod answers;
mod disagreements;
mod facts;
mod planted;
mod question;
mod rows;
mod stubs;
mod symbols;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use mio_targets::{Os, Proof, Target};

use self::answers::Says;
use self::disagreements::{DISAGREEMENTS, Disagreements};
use self::facts::{Fact, links};
use self::question::{Compiled, Question, answered};
use self::rows::TABLE;
use self::stubs::Stubs;
use crate::cross::Compiler;
use crate::report::{self, Help};
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

/// A fact in which a witness differs.
#[derive(Debug, PartialEq, Eq)]
struct Difference {
    /// The fact, as `codegen/disagreements.txt` names it.
    fact: String,
    /// Where the sides are needed to know the difference: what they are.
    how: Option<String>,
    /// What is printed if there is no reason for it.
    message: String,
}

/// What `libc` says of a target, or why it is not asked.
enum Libc {
    NotAsked(&'static str),
    Asked { equal: usize, absent: usize },
}

/// The row of a target in the outcome.
fn row(context: &mut Context<'_>, compiler: &Compiler, os: &Os, target: &Target) -> Result<String> {
    let triple = target.triple;
    let question = Question::of(context.project, os, target)?;
    let mut differences = Vec::new();
    let stubs = stubs(context, os, &question, &mut differences)?;
    let before = format!("{triple:<40} clang yes, stubs {stubs}, rustc");
    if cannot_be_asked(target) {
        explained(triple, &differences, &Disagreements::read(context.project)?)?;
        return Ok(format!(
            "{before} not asked, libc not asked: this rustc has no code generator for it"
        ));
    }
    let libc = match libc_says_nothing(os, target) {
        Some(reason) => {
            compile(context, compiler, &question, None)?;
            Libc::NotAsked(reason)
        }
        None => {
            let asked = ask(context, compiler, &question)?;
            let count = |wanted: &Says| asked.iter().filter(|(_, said)| said == wanted).count();
            let libc = Libc::Asked {
                equal: count(&Says::Equal),
                absent: count(&Says::Absent),
            };
            differences.extend(
                asked
                    .iter()
                    .filter_map(|(fact, said)| differing(fact, said)),
            );
            libc
        }
    };
    let reasons = explained(triple, &differences, &Disagreements::read(context.project)?)?;
    let libc = match libc {
        Libc::NotAsked(reason) => format!("not asked: {reason}"),
        Libc::Asked { equal, absent } => {
            let of_libc = |difference: &&Difference| !difference.fact.starts_with(STUB);
            let differ = differences.iter().filter(of_libc).count();
            format!("{equal} equal, {absent} absent, {differ} differ")
        }
    };
    Ok(format!("{before} yes, libc {libc}{reasons}"))
}

/// How the name of a fact begins that is about a list of symbols.
const STUB: &str = "symbol ";

/// What the list of symbols of a target says: `7 of 7`, `none` if there is no list. If zig cannot
/// be fetched, it is what the repository has.
fn stubs(
    context: &mut Context<'_>,
    os: &Os,
    question: &Question,
    differences: &mut Vec<Difference>,
) -> Result<String> {
    let Some(stubs) = Stubs::fetched(context)? else {
        let rows = rows::known(context.project);
        let known = rows.get(&question.triple).and_then(|row| rows::stubs(row));
        return Ok(known.unwrap_or("not asked").to_owned());
    };
    let links = links(&question.table);
    let Some(missing) = stubs.missing(os, &question.triple, &links)? else {
        return Ok("none".to_owned());
    };
    differences.extend(missing.iter().map(|symbol| Difference {
        fact: format!("{STUB}{symbol}"),
        how: None,
        message: "the system's list of symbols does not have it".to_owned(),
    }));
    let (all, found) = (links.len(), links.len() - missing.len());
    Ok(format!("{found} of {all}"))
}

/// A difference, if `libc` says something else.
fn differing(fact: &Fact, said: &Says) -> Option<Difference> {
    let Says::Differs(message) = said else {
        return None;
    };
    Some(Difference {
        fact: fact.name.clone(),
        how: (fact.kind != facts::Kind::Plain).then(|| message.clone()),
        message: message.clone(),
    })
}

/// The reasons of differences, as the lines below a row; an error if one has none.
fn explained(
    triple: &str,
    differences: &[Difference],
    disagreements: &Disagreements,
) -> Result<String> {
    // What is said of many facts at once is said once.
    let mut reasons: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    let mut order: Vec<(&str, &str)> = Vec::new();
    let mut unknown = Vec::new();
    for difference in differences {
        match disagreements.reason(triple, difference) {
            Some((known, reason)) => {
                *reasons.entry(reason).or_default().entry(known).or_default() += 1;
                if !order.contains(&(reason, known)) {
                    order.push((reason, known));
                }
            }
            None => unknown.push(format!("{} ({})", difference.fact, difference.message)),
        }
    }
    if !unknown.is_empty() {
        bail!(
            "{triple}: a witness differs, and {DISAGREEMENTS} does not say why: {}",
            unknown.join("; ")
        );
    }
    let mut text = String::new();
    for (reason, counts) in &reasons {
        let names = order.iter().filter(|(of, _)| of == reason);
        let names: Vec<String> = names
            .map(|(_, known)| match counts[known] {
                1 if !known.contains('*') => (*known).to_owned(),
                count => format!("{known} ({count})"),
            })
            .collect();
        text.push_str(&format!("\n    {}: {reason}", names.join(", ")));
    }
    Ok(text)
}

/// Asks rustc and `libc` for each fact of a target.
fn ask(
    context: &mut Context<'_>,
    compiler: &Compiler,
    question: &Question,
) -> Result<Vec<(Fact, Says)>> {
    answered(question, |text| {
        compile(context, compiler, question, Some(text))
    })
}

/// Compiles a text that the question asks, or the bindings alone, for its target.
fn compile(
    context: &mut Context<'_>,
    compiler: &Compiler,
    question: &Question,
    text: Option<&str>,
) -> Result<Compiled> {
    let project = context.project;
    let folder = project.target("witness");
    fs::create_dir_all(&folder)?;
    let (file, ir) = (folder.join(question.file()), folder.join(question.ir()));
    let alone = question.text(&[], &[]);
    write_if_other(&file, &ir, text.unwrap_or(&alone))?;
    let step = compiler
        .checker(context, "check -Zbuild-std=core", &question.triple)
        .words("--manifest-path")
        .argument(project.path("build-tools/witness/Cargo.toml"))
        .set("MIO_WITNESS", &file);
    let step = match text {
        Some(_) => step.set("MIO_WITNESS_IR", &ir),
        // Nothing is asked of the IR then, and what the bindings call of core has no code here.
        None => step.words("--no-default-features"),
    };
    let (output, ok) = context.run_either(step)?;
    if !ok && text.is_none() {
        bail!("{}: the bindings do not compile", question.triple);
    }
    let ir = match (ok, text) {
        (true, Some(_)) => Some(fs::read_to_string(&ir).with_context(|| ir.display().to_string())?),
        _ => None,
    };
    Ok(Compiled { output, ir })
}

/// Writes a text that is to be compiled, unless it is there with what its compiler made of it:
/// Cargo compiles what is newer than its outcome, and what else is written then, it does not know.
fn write_if_other(path: &Path, ir: &Path, text: &str) -> Result<()> {
    if ir.exists() && fs::read_to_string(path).is_ok_and(|present| present == text) {
        return Ok(());
    }
    if ir.exists() {
        fs::remove_file(ir).with_context(|| ir.display().to_string())?;
    }
    fs::write(path, text).with_context(|| path.display().to_string())
}

/// Fails if a target's row is not the one in the repository, or if faults that are planted in its
/// bindings are not seen.
pub(crate) fn check(
    context: &mut Context<'_>,
    compiler: &Compiler,
    os: &Os,
    target: &Target,
) -> Result<()> {
    let row = row(context, compiler, os, target)?;
    context.log(&row)?;
    let what = match rows::known(context.project).get(target.triple) {
        Some(known) if *known == row => return planted::check(context, compiler, os, target),
        Some(_) => "another row",
        None => "no row",
    };
    let command = format!("cargo xtask witnesses --only {}", target.triple);
    Err(anyhow::anyhow!("{TABLE} has {what} for {}", target.triple)
        .context(Help::new("the witnesses say something else", command)))
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
        context.log(target.triple)?;
        let row = row(&mut context, &compiler, os, target).and_then(|row| {
            planted::check(&mut context, &compiler, os, target)?;
            Ok(row)
        });
        match row {
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
