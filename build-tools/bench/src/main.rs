//! Measures the library against its peers and holds what was reached: `cargo xtask bench` and the stage `bench-gate`.

mod calls;
mod cost;
mod counts;
mod gate;
mod goals;
mod memory;
mod plot;
mod publish;
mod report;
mod results;
mod timing;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Args, Parser, Subcommand};

use crate::results::{PEERS, Results};
use crate::worker::Worker;

/// Measures this library, upstream's mio, `polling` and bare system calls in one run.
#[derive(Debug, Parser)]
#[command(name = "mio-bench")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure, print tables, write target/bench/results.json and draw the plots beside it
    Run(Run),
    /// Fail if instructions, system calls or allocations have grown beyond the margin of expected.toml
    Gate {
        /// Write what is counted now to expected.toml
        #[arg(long)]
        update: bool,
    },
}

#[derive(Debug, Args)]
struct Run {
    /// Cases, such as `wake` or `poll/ready-1-of-10000`; none means all
    cases: Vec<String>,
    /// Fewer and shorter rounds, and no builds from scratch
    #[arg(long)]
    quick: bool,
    /// Print the cases and measure nothing
    #[arg(long)]
    list: bool,
    /// Rounds of each case; a round runs every peer once. A case of more than 3 seconds (1 with --quick) has fewer, but 7 at least [default: 31, or 7 with --quick; under Wine 7 or 3]
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,
    /// Write the table and the bars of build-tools/bench/README.md; needs all cases
    #[arg(long, conflicts_with = "cases")]
    publish: bool,
    /// The folder of the programs for Windows
    #[arg(long, value_name = "FOLDER", requires = "wine")]
    windows: Option<PathBuf>,
    /// What runs them
    #[arg(long, value_name = "PROGRAM", requires = "windows")]
    wine: Option<PathBuf>,
    /// Why the cases of Windows are not run
    #[arg(long, value_name = "REASON", conflicts_with = "windows")]
    no_windows: Option<String>,
}

/// Where things are.
#[derive(Debug)]
pub(crate) struct Places {
    /// The checkout.
    pub(crate) root: PathBuf,
    /// This package.
    pub(crate) bench: PathBuf,
    /// What a run writes.
    pub(crate) out: PathBuf,
    /// Where Cargo builds, a folder for each set of flags.
    pub(crate) target: PathBuf,
}

impl Places {
    fn find() -> Result<Places> {
        // Cargo says where the package is; the compiled-in path serves a binary that is started by hand.
        let bench = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = bench
            .join("../..")
            .canonicalize()
            .with_context(|| format!("{}", bench.display()))?;
        let target = std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| root.join("target/bench-build"), PathBuf::from);
        let out = root.join("target/bench");
        std::fs::create_dir_all(&out)?;
        Ok(Places {
            root,
            bench,
            out,
            target,
        })
    }
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Run(options) => run(&options),
        Command::Gate { update } => Places::find().and_then(|places| gate::run(&places, update)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Run) -> Result<()> {
    let places = Places::find()?;
    let mut workers = Worker::build_all(&places)?;
    if let (Some(folder), Some(wine)) = (&options.windows, &options.wine) {
        workers.push(Worker::for_windows(folder, wine));
    }
    let mut results = Results::default();
    for worker in &workers {
        let cases = worker.chosen(&options.cases)?;
        if options.list {
            for case in &cases {
                println!("{:<8} {:<30} {}", case.backend, case.case, case.about);
            }
            continue;
        }
        timing::run(worker, &cases, options.quick, options.rounds, &mut results)?;
        counts::run(&places, worker, &cases, &PEERS, &mut results)?;
        calls::run(&places, worker, &cases, &PEERS, &mut results)?;
        memory::run(worker, &cases, &mut results)?;
    }
    if options.list {
        if let Some(reason) = &options.no_windows {
            println!("{:<8} not run: {reason}", "afd");
        }
        return Ok(());
    }
    if let Some(reason) = &options.no_windows {
        results.row("afd", "all").not_run = Some(reason.clone());
    }
    if results.is_empty() {
        anyhow::bail!(
            "no case is called {}; see --list",
            options.cases.join(" or ")
        );
    }
    if options.cases.is_empty() && !options.quick {
        cost::run(&places, &mut results)?;
    }
    report::print(&results);
    results.write(&places)?;
    plot::all(&results, &places.out)?;
    if options.publish {
        publish::run(&places, &results)?;
    }
    Ok(())
}
