//! `cargo xtask soak`: keeps the library under a mixed load, see `build-tools/soak`, and the stages
//! that do so for a short time.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::cli;
use crate::project::{BACKENDS, Backend, PLAIN, Project};
use crate::report;
use crate::step::{Context, Step};
use crate::wine::{self, Wine};

/// The name for Windows on the command line.
const WINE: &str = "wine";

/// The connections of a stage. Those of the command are 10,000.
const CONNECTIONS: u32 = 500;

/// The connections of the stages under Wine, whose server handles one request at a time.
const WINE_CONNECTIONS: u32 = 200;

/// The requests per second under Wine.
const WINE_RATE: u32 = 500;

/// `cargo xtask soak`: `true` if no fault was found.
pub(crate) fn run(project: &Project, options: &cli::Soak) -> Result<bool> {
    let log = project.logs.join("soak-build.log");
    let bar = report::bar("building the soak test");
    let built = build_for(project, options, &log, &bar);
    bar.finish_and_clear();
    if built.is_err() {
        report::show_log(&log, project);
    }
    let (mut command, wine) = built?;
    command.args(options.arguments());
    let status = command.status().context("the soak test")?;
    drop(wine);
    Ok(status.success())
}

/// Builds the program, and returns the command that runs it. Wine's server runs until it is
/// dropped. Other checkouts may build while the program runs.
fn build_for(
    project: &Project,
    options: &cli::Soak,
    log: &Path,
    bar: &indicatif::ProgressBar,
) -> Result<(Command, Option<Wine>)> {
    let _entered = project.enter()?;
    let mut context = Context::new(project, log, bar.clone())?;
    if options.backend == WINE {
        let wine = Wine::started(&mut context)?;
        let program = windows(&mut context, &wine)?;
        let mut command = Command::new(wine.program());
        command.arg(program).envs(wine.environment());
        command.env_remove("DISPLAY");
        return Ok((command, Some(wine)));
    }
    let backend = BACKENDS
        .into_iter()
        .find(|backend| backend.name == options.backend);
    let Some(backend) = backend else {
        let names = BACKENDS.map(|backend| backend.name).join(", ");
        bail!(
            "there is no backend `{}`; there are {names}, {WINE}",
            options.backend
        );
    };
    let program = linux(&mut context, backend)?;
    Ok((Command::new(program), None))
}

/// Builds the program for a backend of Linux, and returns its path.
fn linux(context: &mut Context<'_>, backend: Backend) -> Result<PathBuf> {
    let target = context.project.target("soak").join(backend.name);
    let build = Step::cargo(context.project, backend, "build --release --locked")
        .folder(context.project.path("build-tools/soak"))
        .set("CARGO_TARGET_DIR", &target);
    context.run(build)?;
    Ok(target.join("release/mio-soak"))
}

/// Builds the program for Windows, and returns its path.
fn windows(context: &mut Context<'_>, wine: &Wine) -> Result<PathBuf> {
    let build = wine
        .cargo(context, "build --release --locked")
        .folder(context.project.path("build-tools/soak"))
        // std is built with the same options as for the tests.
        .set("CARGO_PROFILE_RELEASE_DEBUG", "0");
    context.run(build)?;
    let folder = context.project.target("windows").join(wine::TARGET);
    Ok(folder.join("release/mio-soak.exe"))
}

/// The program under this load.
fn load(step: Step, minutes: f64, connections: u32) -> Step {
    let limit = (minutes * 60.0) as u64 + 300;
    step.words(&format!(
        "--minutes {minutes} --connections {connections} --seed 1"
    ))
    .limit(limit)
}

/// The stage `soak`: the program's own tests, and 20 seconds on two backends.
pub(crate) fn short(context: &mut Context<'_>) -> Result<()> {
    let tests = Step::cargo(context.project, PLAIN, "test --release --locked")
        .folder(context.project.path("build-tools/soak"))
        .set(
            "CARGO_TARGET_DIR",
            context.project.target("soak").join(PLAIN.name),
        );
    context.run(tests)?;
    for backend in [BACKENDS[0], BACKENDS[3]] {
        let program = linux(context, backend)?;
        context.run(load(Step::new(program), 0.33, CONNECTIONS))?;
    }
    Ok(())
}

/// The nightly stages `endurance-*` of Linux: ten minutes with all connections.
pub(crate) fn long(context: &mut Context<'_>, backend: Backend) -> Result<()> {
    let program = linux(context, backend)?;
    context
        .run(load(Step::new(program), 10.0, 10_000))
        .map(drop)
}

/// The nightly stage `endurance-wine`: ten minutes.
pub(crate) fn long_under_wine(context: &mut Context<'_>) -> Result<()> {
    let wine = Wine::started(context)?;
    let program = windows(context, &wine)?;
    let rate = format!("--rate {WINE_RATE}");
    let step = load(wine.command(&program), 10.0, WINE_CONNECTIONS).words(&rate);
    context.run(step).map(drop)
}
