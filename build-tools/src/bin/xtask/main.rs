//! `cargo xtask`: everything that is run on this project, above all `cargo xtask test`.

mod bench;
mod build_cost;
mod checkout;
mod cli;
mod counts;
mod cross;
mod downstream;
mod examples;
mod features;
mod fetch;
mod msrv;
mod mutations;
mod nightly;
mod project;
mod readme;
mod report;
mod setup;
mod stages;
mod step;
mod stress;
mod targets;
mod wasi;
mod wine;
mod wine10;
mod witnesses;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::project::Project;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = run(&cli);
    if step::interrupted() {
        eprintln!("interrupted");
        return ExitCode::from(130);
    }
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Does what was asked; `false` if something failed and has been told already.
fn run(cli: &Cli) -> anyhow::Result<bool> {
    let project = Project::find()?;
    step::watch_for_interrupts()?;
    let builds = !matches!(
        cli.command,
        Command::Test { list: true, .. } | Command::Readme { .. }
    );
    let _entered = builds.then(|| project.enter()).transpose()?;
    match &cli.command {
        Command::Test { list: true, .. } => {
            stages::list();
            Ok(true)
        }
        Command::Test {
            only, all, jobs, ..
        } => stages::run(&project, only, *all, *jobs),
        Command::Setup => stages::run(&project, &["setup".into()], false, 1),
        Command::Powerset => stages::run(&project, &["features".into()], false, 1),
        Command::ApiUpstream => stages::run(&project, &["api-upstream".into()], false, 1),
        Command::Tokio => stages::run(&project, &["tokio".into()], false, 1),
        Command::Targets(options) => targets::run(&project, options),
        Command::Witnesses(options) => witnesses::run(&project, options),
        Command::Readme { check } => readme::run(&project, *check),
        Command::Bench(options) => bench::run(&project, options),
        Command::BuildCost => build_cost::run(&project),
        Command::Stress(options) => stress::run(&project, options),
    }
}
