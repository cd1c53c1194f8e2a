//! `cargo xtask targets`: the library on every target, as far as this machine goes.
//!
//! *Checked* is `cargo check` with all features and the black-box tests, warnings being errors, std built from source. *Linked*
//! is every test program linked against a C library of that system, so that link names are proven. *Run* is a stage of
//! `cargo xtask test`.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use mio_targets::{OFTEN, Os, Proof, Target};

use crate::cli;
use crate::cross::{self, Compiler};
use crate::features;
use crate::project::Project;
use crate::report::{self, NotRun};
use crate::step::{Context, Step};
use crate::witnesses;

/// A target and its system.
type Row = (&'static Os, &'static Target);

/// What became of a target.
struct Done {
    triple: &'static str,
    state: &'static str,
    time: Duration,
    reason: String,
    failed: bool,
}

/// The subcommand; `true` if nothing failed.
pub(crate) fn run(project: &Project, options: &cli::Targets) -> Result<bool> {
    for name in &options.only {
        if !mio_targets::all().any(|(_, target)| target.triple == name) {
            bail!("`{name}` is not one of the targets; see: cargo xtask targets --list");
        }
    }
    if options.list {
        for (os, target) in mio_targets::all() {
            println!("{:<40} {}", target.triple, word(os.proof(target)));
        }
        return Ok(true);
    }
    let chosen = |(_, target): &Row| {
        let named = options.only.iter().any(|name| name == target.triple);
        named || options.only.is_empty() && (options.all || OFTEN.contains(&target.triple))
    };
    let log = project.logs.join("targets.log");
    let bar = report::bar("targets");
    let mut context = Context::new(project, &log, bar.clone())?;
    let rows: Vec<Row> = mio_targets::all().filter(chosen).collect();
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

/// The stage of `cargo xtask test`: one target for each selector and pointer width.
pub(crate) fn often(context: &mut Context<'_>) -> Result<()> {
    stage(context, |target| OFTEN.contains(&target.triple))
}

/// The stage of `cargo xtask test --all`: the rest.
pub(crate) fn rest(context: &mut Context<'_>) -> Result<()> {
    stage(context, |target| !OFTEN.contains(&target.triple))
}

fn stage(context: &mut Context<'_>, chosen: fn(&Target) -> bool) -> Result<()> {
    let rows: Vec<Row> = mio_targets::all()
        .filter(|(_, target)| chosen(target))
        .collect();
    let done = all(context, &rows, false)?;
    for row in &done {
        context.say(&format!("{}: {} {}", row.triple, row.state, row.reason))?;
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

/// The stage that checks every set of features on one target of each selector, besides this machine's.
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

fn word(proof: Proof) -> String {
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
        context.say(triple)?;
        let began = Instant::now();
        let proof = os.proof(target);
        let result = prove(context, &compiler, os, target, proof);
        if clean {
            for folder in ["checked", "foreign"] {
                // What cannot be removed costs room only.
                let _ = std::fs::remove_dir_all(context.project.target(folder).join(triple));
            }
        }
        let (state, reason, failed) = match result {
            Ok(()) => (proof.word(), word(proof), false),
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

/// Takes a target as far as the table says.
fn prove(
    context: &mut Context<'_>,
    compiler: &Compiler,
    os: &Os,
    target: &Target,
    proof: Proof,
) -> Result<()> {
    witnesses::check(context, compiler, os, target)?;
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

/// Where there is no operating system, the compiler says so once, and nothing else.
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
                "{features}: not one error of ours but: {}",
                errors.join("; ")
            );
        }
        context.counts.passed += 1;
    }
    Ok(())
}

/// Links every test program and looks for the symbol in one of them.
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
        bail!("the linked programs are not named in Cargo's output");
    };
    let symbols = if triple.contains("apple") {
        Step::new("python3").words("-c").argument(
            "import sys; sys.stdout.write('\\n'.join(s for s in ['_kevent','_kqueue'] if (b'\\0'+s.encode()+b'\\0') in open(sys.argv[1],'rb').read()))",
        )
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
