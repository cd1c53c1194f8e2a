//! `cargo xtask`: everything that is run on this project, above all `cargo xtask test`.

mod cli;
mod clients;
mod examples;
mod features;
mod foreign;
mod mutations;
mod oldest;
mod project;
mod report;
mod setup;
mod stages;
mod step;
mod stress;
mod targets;
mod wasi;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::project::Project;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
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
    match &cli.command {
        Command::Test { list: true, .. } => {
            stages::list();
            Ok(true)
        }
        Command::Test { only, .. } => stages::run(&project, only),
        Command::Setup => stages::run(&project, &["setup".into()]),
        Command::Powerset => stages::run(&project, &["features".into()]),
        Command::ApiUpstream => stages::run(&project, &["api-upstream".into()]),
        Command::Tokio => stages::run(&project, &["tokio".into()]),
        Command::Targets(options) => targets::run(&project, options),
        Command::Stress(options) => stress::run(&project, options),
    }
}
