//! `cargo xtask`: runs the tests, the checks and the measurements of this project.

mod abi_play;
mod audit;
mod bench;
mod build_cost;
mod checkout;
mod cli;
mod counts;
mod cross;
mod cross_check;
mod debian;
mod downstream;
mod examples;
mod features;
mod fetch;
mod fuzz;
mod kernels;
mod msrv;
mod mutations;
mod nightly;
mod project;
mod readme;
mod report;
mod setup;
mod site;
mod soak;
mod stages;
mod step;
mod stress;
mod targets;
mod wasi;
mod wine;
mod wine10;
mod workflows;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::project::Project;
use crate::stages::Selection;

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

/// Runs the command; `false` if something failed and its error has been printed.
fn run(cli: &Cli) -> anyhow::Result<bool> {
    let project = Project::find()?;
    // `soak` locks the builds itself, until its program is built.
    let builds = !matches!(
        cli.command,
        Command::Test { list: true, .. }
            | Command::Readme { .. }
            | Command::Audit { .. }
            | Command::Soak(_)
    );
    let _entered = builds.then(|| project.enter()).transpose()?;
    // Not before: an interrupt ends the process while it waits for another checkout.
    step::watch_for_interrupts()?;
    match &cli.command {
        Command::Check(jobs) => stages::run(&project, Selection::Check, *jobs),
        Command::Test { list: true, .. } => {
            stages::list();
            Ok(true)
        }
        Command::Test {
            only, all, jobs, ..
        } => {
            let selection = match (&only[..], all) {
                ([], false) => Selection::Test,
                ([], true) => Selection::All,
                (names, _) => Selection::Only(names),
            };
            stages::run(&project, selection, *jobs)
        }
        Command::Nightly(jobs) => stages::run(&project, Selection::Nightly, *jobs),
        Command::Setup => stages::run(
            &project,
            Selection::Only(&["setup".into()]),
            cli::Jobs { jobs: 1 },
        ),
        Command::Targets(options) => targets::run(&project, options),
        Command::CrossCheck(options) => cross_check::run(&project, options),
        Command::AbiPlay { output } => abi_play::run(&project, output),
        Command::Readme { check } => readme::run(&project, *check),
        Command::Audit { write } => audit::run(&project, *write),
        Command::Bench(options) => bench::run(&project, options),
        Command::BuildCost { rounds, host_only } => build_cost::run(&project, *rounds, *host_only),
        Command::Stress(options) => stress::run(&project, options),
        Command::Soak(options) => soak::run(&project, options),
    }
}
