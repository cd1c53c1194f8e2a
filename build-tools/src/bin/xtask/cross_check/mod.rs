//! `cargo xtask cross-check`: compares the bindings of each target with independent sources.
//!
//! The bindings and the snapshots in `codegen/snapshots/` come from clang, and `cargo codegen
//! --check` compares them with clang again. This command compiles the bindings for the target, so
//! that rustc checks the assertions on their layout, and compares them with the `libc` crate:
//! sizes, alignments, offsets, values, the size and the sign of constants and fields, signatures,
//! and the symbols that functions are linked as. It reads the symbols from the compiler's LLVM IR,
//! in which statics hold the functions' addresses. Where zig has a list of the system's symbols,
//! each symbol of the bindings must be in it.
//!
//! A difference is an error unless `codegen/known_differences.txt` gives the reason. The outcome is
//! committed as `codegen/snapshots/cross-check.txt`.

mod comparison;
mod facts;
mod known_differences;
mod llvm_ir;
mod messages;
mod outcome;
mod seeded_faults;
mod symbol_lists;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use mio_targets::{Os, Proof, Target};

use self::comparison::{Comparison, Compiled, compare};
use self::facts::Fact;
use self::known_differences::{KNOWN_DIFFERENCES, KnownDifferences};
use self::messages::Outcome;
use self::outcome::OUTCOME;
use self::symbol_lists::Stubs;
use crate::cross::Compiler;
use crate::report::{self, Help};
use crate::step::Context;
use crate::{cli, project::Project};

/// Whether Debian's rustc has no code generator for it.
fn has_no_code_generator(target: &Target) -> bool {
    target.triple.starts_with("csky-")
}

/// Why it is not compared with the `libc` crate.
fn no_libc(os: &Os, target: &Target) -> Option<&'static str> {
    if os.name == "windows" {
        Some("it has none of the bound symbols")
    } else if os.name == "nto" && matches!(os.proof(target), Proof::NotChecked(_)) {
        Some("it does not compile for it")
    } else {
        None
    }
}

/// A fact that differs from `libc` or a list of symbols.
#[derive(Debug, PartialEq, Eq)]
struct Difference {
    /// The fact, as in `codegen/known_differences.txt`.
    fact: String,
    /// Both values, if an entry of that file names them.
    how: Option<String>,
    /// The message if it is not a known difference.
    message: String,
}

/// The outcome for `libc`, or why it is not compared.
enum Libc {
    NotCompared(&'static str),
    Compared { equal: usize, absent: usize },
}

/// Compares a target and returns its row.
fn row(context: &mut Context<'_>, compiler: &Compiler, os: &Os, target: &Target) -> Result<String> {
    let triple = target.triple;
    let comparison = Comparison::of(context.project, os, target)?;
    let mut differences = Vec::new();
    let stubs = stubs(context, os, &comparison, &mut differences)?;
    let before = format!("{triple:<40} clang yes, stubs {stubs}, rustc");
    if has_no_code_generator(target) {
        reasons(
            triple,
            &differences,
            &KnownDifferences::read(context.project)?,
        )?;
        return Ok(format!(
            "{before} not compared, libc not compared: this rustc has no code generator for it"
        ));
    }
    let libc = match no_libc(os, target) {
        Some(reason) => {
            compile(context, compiler, &comparison, None)?;
            Libc::NotCompared(reason)
        }
        None => {
            let facts = compare_facts(context, compiler, &comparison)?;
            let count =
                |wanted: &Outcome| facts.iter().filter(|(_, found)| found == wanted).count();
            let libc = Libc::Compared {
                equal: count(&Outcome::Equal),
                absent: count(&Outcome::Absent),
            };
            differences.extend(
                facts
                    .iter()
                    .filter_map(|(fact, found)| differing(fact, found)),
            );
            libc
        }
    };
    let reasons = reasons(
        triple,
        &differences,
        &KnownDifferences::read(context.project)?,
    )?;
    let libc = match libc {
        Libc::NotCompared(reason) => format!("not compared: {reason}"),
        Libc::Compared { equal, absent } => {
            let of_libc = |difference: &&Difference| !difference.fact.starts_with(STUB);
            let differ = differences.iter().filter(of_libc).count();
            format!("{equal} equal, {absent} absent, {differ} differ")
        }
    };
    Ok(format!("{before} yes, libc {libc}{reasons}"))
}

/// The names of facts about a list of symbols begin with it.
const STUB: &str = "symbol ";

/// How many symbols the target's list has: `7 of 7`, or `none` if there is no list. If zig cannot
/// be downloaded, the committed outcome is returned.
fn stubs(
    context: &mut Context<'_>,
    os: &Os,
    comparison: &Comparison,
    differences: &mut Vec<Difference>,
) -> Result<String> {
    let Some(stubs) = Stubs::fetched(context)? else {
        let rows = outcome::known(context.project);
        let known = rows
            .get(&comparison.triple)
            .and_then(|row| outcome::stubs(row));
        return Ok(known.unwrap_or("not compared").to_owned());
    };
    let functions = comparison.abi.functions.iter();
    let links: Vec<&str> = functions.map(|function| &*function.link_name).collect();
    let Some(missing) = stubs.missing(os, &comparison.triple, &links)? else {
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

/// The difference, if `libc` differs.
fn differing(fact: &Fact, found: &Outcome) -> Option<Difference> {
    let Outcome::Differs(message) = found else {
        return None;
    };
    Some(Difference {
        fact: fact.name.clone(),
        how: (fact.kind != facts::Kind::Plain).then(|| message.clone()),
        message: message.clone(),
    })
}

/// The reasons of known differences, as the lines below a row. Fails if a difference is not known.
fn reasons(
    triple: &str,
    differences: &[Difference],
    known_differences: &KnownDifferences,
) -> Result<String> {
    // Facts with the same reason share a line.
    let mut reasons: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    let mut order: Vec<(&str, &str)> = Vec::new();
    let mut unknown = Vec::new();
    for difference in differences {
        match known_differences.reason(triple, difference) {
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
            "{triple}: differences that are not in {KNOWN_DIFFERENCES}: {}",
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

/// Compares each fact of a target with `libc`.
fn compare_facts(
    context: &mut Context<'_>,
    compiler: &Compiler,
    comparison: &Comparison,
) -> Result<Vec<(Fact, Outcome)>> {
    compare(comparison, |text| {
        compile(context, compiler, comparison, Some(text))
    })
}

/// Compiles a text of the comparison, or the bindings alone, for its target.
fn compile(
    context: &mut Context<'_>,
    compiler: &Compiler,
    comparison: &Comparison,
    text: Option<&str>,
) -> Result<Compiled> {
    let project = context.project;
    let folder = project.target("cross-check");
    fs::create_dir_all(&folder)?;
    let (file, ir) = (folder.join(comparison.file()), folder.join(comparison.ir()));
    let alone = comparison.text(&[], &[]);
    write_if_changed(&file, &ir, text.unwrap_or(&alone))?;
    let step = compiler
        .checker(context, "check -Zbuild-std=core", &comparison.triple)
        .words("--manifest-path")
        .argument(project.path("build-tools/cross-check/Cargo.toml"))
        .set("MIO_CROSS_CHECK", &file);
    let step = match text {
        Some(_) => step.set("MIO_CROSS_CHECK_IR", &ir),
        // The IR is not needed, and the functions of core that the bindings call have no code here.
        None => step.words("--no-default-features"),
    };
    let (output, ok) = context.run_either(step)?;
    if !ok && text.is_none() {
        bail!("{}: the bindings do not compile", comparison.triple);
    }
    let ir = match (ok, text) {
        (true, Some(_)) => Some(fs::read_to_string(&ir).with_context(|| ir.display().to_string())?),
        _ => None,
    };
    Ok(Compiled { output, ir })
}

/// Writes a text to compile, unless the file already has it and its IR exists. Cargo compiles a
/// file that is newer than its output, but does not know of the IR.
fn write_if_changed(path: &Path, ir: &Path, text: &str) -> Result<()> {
    if ir.exists() && fs::read_to_string(path).is_ok_and(|present| present == text) {
        return Ok(());
    }
    if ir.exists() {
        fs::remove_file(ir).with_context(|| ir.display().to_string())?;
    }
    fs::write(path, text).with_context(|| path.display().to_string())
}

/// Fails if a target's row differs from the committed one, or if a fault that is seeded into its
/// bindings is not detected.
pub(crate) fn check(
    context: &mut Context<'_>,
    compiler: &Compiler,
    os: &Os,
    target: &Target,
) -> Result<()> {
    let row = row(context, compiler, os, target)?;
    context.log(&row)?;
    let state = match outcome::known(context.project).get(target.triple) {
        Some(known) if *known == row => return seeded_faults::check(context, compiler, os, target),
        Some(_) => "a different row",
        None => "no row",
    };
    let command = format!("cargo xtask cross-check --only {}", target.triple);
    Err(
        anyhow::anyhow!("{OUTCOME} has {state} for {}", target.triple)
            .context(Help::new("the outcome of the cross-check changed", command)),
    )
}

/// The subcommand; `true` if nothing failed.
pub(crate) fn run(project: &Project, options: &cli::CrossCheck) -> Result<bool> {
    let log = project.logs.join("cross-check.log");
    let bar = report::bar("cross-check");
    let mut context = Context::new(project, &log, bar.clone())?;
    let compiler = Compiler::fetched(&mut context)?;
    let mut rows = outcome::known(project);
    let before = rows.clone();
    let mut failed = 0;
    for (os, target) in mio_targets::all() {
        if !options.only.is_empty() && !options.only.iter().any(|name| name == target.triple) {
            continue;
        }
        context.log(target.triple)?;
        let row = row(&mut context, &compiler, os, target).and_then(|row| {
            seeded_faults::check(&mut context, &compiler, os, target)?;
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
            println!("{OUTCOME} is out of date; help: cargo xtask cross-check");
            failed += 1;
        }
    } else {
        outcome::write(project, &rows)?;
    }
    println!("{} rows, {failed} failed", rows.len());
    Ok(failed == 0)
}
