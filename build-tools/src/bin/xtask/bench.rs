//! Runs the bench, which is a workspace of its own, and builds its cases for Windows.

use std::process::Command;

use anyhow::{Context as _, Result};

use crate::cli::Bench;
use crate::project::{PLAIN, Project};
use crate::report::{self, NotRun};
use crate::step::{Context, Step};
use crate::wine::{TARGET, Wine};

/// `cargo xtask bench`.
pub(crate) fn run(project: &Project, options: &Bench) -> Result<bool> {
    let mut command = Command::new("cargo");
    command
        .args(["run", "--quiet", "--release", "--locked", "--"])
        .args(options.arguments())
        .current_dir(project.path("build-tools/bench"))
        .env("CARGO_TARGET_DIR", project.target("bench"));
    // Wine's server runs until the bench exits.
    let wine = if options.is_of_windows() {
        with_windows(project, &mut command)?
    } else {
        None
    };
    let status = command.status().context("cargo")?;
    drop(wine);
    Ok(status.success())
}

/// Builds the cases for Windows, or passes the reason why they cannot run to the bench.
fn with_windows(project: &Project, command: &mut Command) -> Result<Option<Wine>> {
    let log = project.logs.join("bench-windows.log");
    let bar = report::bar("building the cases for Windows");
    let mut context = Context::new(project, &log, bar.clone())?;
    let built = Wine::started(&mut context).and_then(|wine| {
        // std is built with the same options as for the tests.
        let build = wine
            .cargo(
                &context,
                "build --release --locked --package mio-bench-cases",
            )
            .folder(project.path("build-tools/bench"))
            .set("CARGO_PROFILE_RELEASE_DEBUG", "0");
        context.run(build).map(|_| wine)
    });
    bar.finish_and_clear();
    match built {
        Ok(wine) => {
            let folder = project.target("windows").join(TARGET).join("release");
            for (flag, path) in [("--windows", &*folder), ("--wine", wine.program())] {
                command.arg(flag).arg(path);
            }
            command.envs(wine.environment());
            Ok(Some(wine))
        }
        Err(error) => match error.downcast::<NotRun>() {
            Ok(NotRun(reason)) => {
                command.arg("--no-windows").arg(reason);
                Ok(None)
            }
            Err(error) => {
                report::show_log(&log, project);
                Err(error)
            }
        },
    }
}

/// The stage `bench-gate`: the bench's own tests, and the counts that do not depend on the clock.
pub(crate) fn gate(context: &mut Context<'_>) -> Result<()> {
    let step = |arguments| {
        Step::cargo(context.project, PLAIN, arguments)
            .folder(context.project.path("build-tools/bench"))
            .set("CARGO_TARGET_DIR", context.project.target("bench"))
    };
    let steps = [
        step("test --release --locked"),
        step("run --release --locked -- gate"),
    ];
    for step in steps {
        context.run(step)?;
    }
    Ok(())
}
