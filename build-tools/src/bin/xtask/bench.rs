//! Runs the bench, which is a workspace of its own, and builds its programs for Windows.

use std::io::ErrorKind;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::cli::{Bench, BenchOf};
use crate::debian;
use crate::project::{PLAIN, Project};
use crate::report::{self, NotRun};
use crate::step::{Context, Step};
use crate::wine::{TARGET, Wine};

/// What is built for Windows: a folder below build-tools/bench, and an argument of Cargo.
type Builds = &'static [(&'static str, &'static str)];

const CASES: Builds = &[("", "--package mio-bench-cases")];

const SERVERS: Builds = &[("server/ours", ""), ("server/upstream", "")];

/// `cargo xtask bench`.
pub(crate) fn run(project: &Project, options: &Bench) -> Result<bool> {
    let (arguments, builds) = match &options.of {
        Some(BenchOf::Servers(servers)) => {
            install_wrk(project)?;
            let builds = servers.is_of_windows().then_some(SERVERS);
            (servers.arguments(), builds)
        }
        None => {
            let builds = options.is_of_windows().then_some(CASES);
            (options.arguments(), builds)
        }
    };
    let mut command = Command::new("cargo");
    command
        .args(["run", "--quiet", "--release", "--locked", "--"])
        .args(arguments)
        .current_dir(project.path("build-tools/bench"))
        .env("CARGO_TARGET_DIR", project.target("bench"));
    if options.list {
        command.arg("--no-windows").arg(AFD_CASES);
    }
    // Wine's server runs until the bench exits.
    let wine = match builds {
        Some(builds) => with_windows(project, &mut command, builds)?,
        None => None,
    };
    let status = command.status().context("cargo")?;
    drop(wine);
    Ok(status.success())
}

/// Why the cases of Windows are not listed.
const AFD_CASES: &str = "they run under Wine; build-tools/bench/cases/src/cases/afd.rs has their \
    names, such as afd/wake";

/// Debian's package of wrk, the load of the servers, and its program.
const WRK: &str = "wrk";

/// Installs wrk if it is missing. Where that is not possible, the bench itself reports it.
fn install_wrk(project: &Project) -> Result<()> {
    let is_installed =
        || !matches!(Command::new(WRK).output(), Err(error) if error.kind() == ErrorKind::NotFound);
    if is_installed() || !debian::can_install() {
        return Ok(());
    }
    let log = project.logs.join("bench-wrk.log");
    let bar = report::bar("installing wrk");
    let installed = debian::install(&mut Context::new(project, &log, bar.clone())?, WRK);
    bar.finish_and_clear();
    if installed.is_err() {
        report::show_log(&log, project);
    }
    installed
}

/// Builds programs for Windows, or passes the reason why they cannot run to the bench.
fn with_windows(project: &Project, command: &mut Command, builds: Builds) -> Result<Option<Wine>> {
    let log = project.logs.join("bench-windows.log");
    let bar = report::bar("building for Windows");
    let mut context = Context::new(project, &log, bar.clone())?;
    let built = Wine::started(&mut context).and_then(|wine| {
        for (folder, argument) in builds {
            // std is built with the same options as for the tests.
            let build = wine
                .cargo(&context, "build --release --locked")
                .words(argument)
                .folder(project.path("build-tools/bench").join(folder))
                .set("CARGO_PROFILE_RELEASE_DEBUG", "0");
            context.run(build)?;
        }
        Ok(wine)
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
