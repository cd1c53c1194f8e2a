//! `cargo xtask targets`: checks the library on every target, and links it where a linker is
//! available.
//!
//! *Checked*: `cargo check` passes with all features and the tests in `tests/`. Warnings are
//! errors, and std is built from source. *Linked*: the test programs link against a C library of
//! the system, which proves the names of its functions. *Run*: a stage of `cargo xtask test` runs
//! the tests.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use mio_targets::{OFTEN, Os, Proof, Target};

use crate::cli;
use crate::cross::{self, Compiler};
use crate::cross_check;
use crate::features;
use crate::project::Project;
use crate::report::{self, NotRun};
use crate::step::{Context, Step};

/// A target and its system.
type Row = (&'static Os, &'static Target);

/// The result of a target.
struct Done {
    triple: &'static str,
    state: &'static str,
    time: Duration,
    reason: String,
    failed: bool,
}

/// Runs the subcommand; `true` if nothing failed.
pub(crate) fn run(project: &Project, options: &cli::Targets) -> Result<bool> {
    for name in &options.only {
        if !mio_targets::all().any(|(_, target)| target.triple == name) {
            bail!("there is no target `{name}`; to list the targets: cargo xtask targets --list");
        }
    }
    if options.list {
        for (os, target) in mio_targets::all() {
            println!("{:<40} {}", target.triple, support(os.proof(target)));
        }
        return Ok(true);
    }
    let is_selected = |(_, target): &Row| {
        let named = options.only.iter().any(|name| name == target.triple);
        named || options.only.is_empty() && (options.all || OFTEN.contains(&target.triple))
    };
    let log = project.logs.join("targets.log");
    let bar = report::bar("targets");
    let mut context = Context::new(project, &log, bar.clone())?;
    let rows: Vec<Row> = mio_targets::all().filter(is_selected).collect();
    let done = all(&mut context, &rows, options.clean)?;
    bar.finish_and_clear();
    let mut table = report::table(&["target", "state", "time", "reason"], &[2]);
    for row in &done {
        table.add_row([
            row.triple.to_owned(),
            row.state.to_owned(),
            report::seconds(row.time),
            row.reason.clone(),
        ]);
    }
    println!("{table}");
    let failed = done.iter().filter(|row| row.failed).count();
    println!("{} targets, {failed} failed", done.len());
    Ok(failed == 0)
}

/// The stage `targets`: one target for each selector and pointer width.
pub(crate) fn default_set(context: &mut Context<'_>) -> Result<()> {
    stage(context, |target| OFTEN.contains(&target.triple))
}

/// The stage `all-targets`: all targets that `default_set` leaves out.
pub(crate) fn others(context: &mut Context<'_>) -> Result<()> {
    stage(context, |target| !OFTEN.contains(&target.triple))
}

fn stage(context: &mut Context<'_>, is_selected: fn(&Target) -> bool) -> Result<()> {
    let rows: Vec<Row> = mio_targets::all()
        .filter(|(_, target)| is_selected(target))
        .collect();
    let done = all(context, &rows, false)?;
    for row in &done {
        context.log(&format!("{}: {} {}", row.triple, row.state, row.reason))?;
        if row.failed {
            context.counts.failed += 1;
        } else if row.state == "not checked" {
            context.counts.ignored += 1;
        } else {
            context.counts.passed += 1;
        }
    }
    match done.iter().find(|row| row.failed) {
        Some(row) => bail!("{}: {}", row.triple, row.reason),
        None => Ok(()),
    }
}

/// The stage `features-cross`: checks every set of features on one target of each selector, except
/// this machine's.
pub(crate) fn powersets(context: &mut Context<'_>) -> Result<()> {
    let compiler = Compiler::fetched(context)?;
    let mut selectors = Vec::new();
    for (os, target) in mio_targets::all().filter(|(_, target)| OFTEN.contains(&target.triple)) {
        let name = os.names.iter().find(|name| (name.is)(target.triple));
        let Some(name) = name.filter(|name| !selectors.contains(&name.selector)) else {
            continue;
        };
        selectors.push(name.selector);
        let check = |context: &mut Context<'_>, subset: &str| {
            let step = compiler
                .checker(
                    context,
                    "check --lib -Zbuild-std=std,panic_abort,test",
                    target.triple,
                )
                .words("--no-default-features --features")
                .argument(subset);
            context.run(step).map(drop)
        };
        features::each(context, target.triple, check)?;
    }
    Ok(())
}

/// A description of the level of support.
fn support(proof: Proof) -> String {
    match proof {
        Proof::Run(stage) => format!("run by `cargo xtask test --only {stage}`"),
        Proof::NotChecked(reason) => format!("not checked: {reason}"),
        Proof::Checked | Proof::Linked { .. } => proof.word().to_owned(),
    }
}

fn all(context: &mut Context<'_>, rows: &[Row], clean: bool) -> Result<Vec<Done>> {
    let compiler = Compiler::fetched(context)?;
    let mut done = Vec::new();
    for (os, target) in rows {
        let triple = target.triple;
        context.log(triple)?;
        let began = Instant::now();
        let proof = os.proof(target);
        let result = prove(context, &compiler, os, target, proof);
        if clean {
            for folder in ["checked", "cross"] {
                // A folder that cannot be removed only takes disk space.
                let _ = std::fs::remove_dir_all(context.project.target(folder).join(triple));
            }
        }
        let (state, reason, failed) = match result {
            Ok(()) => (proof.word(), support(proof), false),
            Err(error) => match error.downcast::<NotRun>() {
                Ok(NotRun(reason)) => ("not checked", reason, false),
                Err(error) => ("FAILED", format!("{error:#}"), true),
            },
        };
        let reason = if state == reason {
            String::new()
        } else {
            reason
        };
        done.push(Done {
            triple,
            state,
            time: began.elapsed(),
            reason,
            failed,
        });
    }
    Ok(done)
}

/// Checks a target at the level of support that the table of targets has for it.
fn prove(
    context: &mut Context<'_>,
    compiler: &Compiler,
    os: &Os,
    target: &Target,
    proof: Proof,
) -> Result<()> {
    cross_check::check(context, compiler, os, target)?;
    match proof {
        Proof::NotChecked(reason) => Err(NotRun(reason.to_owned()).into()),
        Proof::Checked | Proof::Run(_) => check(context, compiler, target.triple),
        Proof::Linked { zig, binds } => {
            check(context, compiler, target.triple)?;
            link(context, compiler, target.triple, zig, binds)
        }
    }
}

fn check(context: &mut Context<'_>, compiler: &Compiler, triple: &str) -> Result<()> {
    let step = compiler.checker(
        context,
        "check --all-features --lib --tests -Zbuild-std=std,panic_abort,test",
        triple,
    );
    context.run(step).map(drop)
}

/// The stage `no-system`: on a target without an operating system, the library's own error is the
/// only one.
pub(crate) fn one_error_without_a_system(context: &mut Context<'_>) -> Result<()> {
    let compiler = Compiler::fetched(context)?;
    for features in ["--all-features", "--no-default-features"] {
        let step = compiler
            .checker(
                context,
                "check --lib -Zbuild-std=std,panic_abort",
                "wasm32-unknown-unknown",
            )
            .words(features)
            .status(101);
        let output = context.run(step)?;
        let errors: Vec<&str> = output
            .lines()
            .filter(|line| line.starts_with("error"))
            .collect();
        let is_ours = matches!(errors[..], [one, end]
            if one.starts_with("error: mio needs an operating system")
                && end.starts_with("error: could not compile `mio`")
                && end.ends_with("due to 1 previous error"));
        if !is_ours {
            bail!(
                "{features}: expected one error of the library, found: {}",
                errors.join("; ")
            );
        }
        context.counts.passed += 1;
    }
    Ok(())
}

/// Prints which of these symbols a Mach-O file has in its string table.
const APPLE_SYMBOLS: &str = r"
import sys
text = open(sys.argv[1], 'rb').read()
for symbol in ['_kevent', '_kqueue']:
    if b'\0' + symbol.encode() + b'\0' in text:
        print(symbol)
";

/// Links every test program, and searches one of them for the symbol.
fn link(
    context: &mut Context<'_>,
    compiler: &Compiler,
    triple: &str,
    zig: &str,
    symbol: &str,
) -> Result<()> {
    let linker = cross::linker(context, zig)?;
    let step = compiler
        .cargo(
            context,
            "test --no-run --all-features --lib --tests -Zbuild-std=std,panic_unwind,test",
        )
        .words("--target")
        .argument(triple)
        .set(cross::variable(triple, "LINKER"), linker)
        .set("SDKROOT", cross::apple_root(context));
    let output = context.run(step)?;
    // `Executable tests/waker.rs (…/waker-0123456789abcdef)`
    let program = output
        .lines()
        .filter(|line| line.contains("Executable") && line.contains("waker"))
        .find_map(|line| line.rsplit_once('(')?.1.strip_suffix(')'));
    let Some(program) = program else {
        bail!("Cargo's output does not name the test program `waker`");
    };
    let symbols = if triple.contains("apple") {
        Step::new("python3").words("-c").argument(APPLE_SYMBOLS)
    } else {
        Step::new("nm").words("-D --with-symbol-versions")
    };
    let symbols = context.run(symbols.argument(program))?;
    let bound = symbols
        .lines()
        .any(|line| line.split_whitespace().last() == Some(symbol));
    if !bound {
        bail!("{program} does not bind `{symbol}`");
    }
    Ok(())
}
