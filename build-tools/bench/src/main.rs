//! Compares the library with its peers (`cargo xtask bench`), and fails when its counts grow (the
//! stage `bench-gate`).

mod calls;
mod cost;
mod counts;
mod gate;
mod goals;
mod idle;
mod latency;
mod machine;
mod memory;
mod pages;
mod plot;
mod publish;
mod report;
mod results;
mod servers;
mod timing;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::{Args, Parser, Subcommand};

use crate::results::{PEERS, Results};
use crate::worker::{Case, Worker};

/// Compares this library, upstream's mio, `polling` and bare system calls.
#[derive(Debug, Parser)]
#[command(name = "mio-bench")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure, print tables, and write results.json and charts to target/bench
    Run(Run),
    /// Fail if instructions or system calls exceed expected.toml by more than its margins, or if a
    /// goal is missed: allocations, bytes of a source, and what idle connections cost
    Gate {
        /// Write the current counts to expected.toml
        #[arg(long)]
        update: bool,
    },
    /// Load an HTTP server on tokio with wrk, over this library and over upstream's mio
    Servers(servers::Options),
}

#[derive(Debug, Args)]
struct Run {
    /// Cases, such as `wake` or `poll/ready-1-of-10000` [default: all]
    cases: Vec<String>,
    /// Run fewer and shorter rounds, and no clean builds
    #[arg(long)]
    quick: bool,
    /// Print the cases and measure nothing
    #[arg(long)]
    list: bool,
    /// Rounds of each case [default: 31, or 7 with --quick; under Wine 7 or 3]
    ///
    /// A round runs every peer once. A case that takes more than 3 seconds (1 with --quick) has
    /// fewer rounds, but at least 7.
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,
    /// Write the tables and the charts of build-tools/bench/README.md; measures all cases
    #[arg(long, conflicts_with = "cases")]
    publish: bool,
    /// The folder of the workers for Windows
    #[arg(long, value_name = "FOLDER", requires = "wine")]
    windows: Option<PathBuf>,
    /// The program that runs these workers
    #[arg(long, value_name = "PROGRAM", requires = "windows")]
    wine: Option<PathBuf>,
    /// The reason why the cases of Windows are not run
    #[arg(long, value_name = "REASON", conflicts_with = "windows")]
    no_windows: Option<String>,
}

/// The folders of a run.
#[derive(Debug)]
pub(crate) struct Folders {
    /// The checkout.
    pub(crate) root: PathBuf,
    /// This package.
    pub(crate) bench: PathBuf,
    /// The output.
    pub(crate) out: PathBuf,
    /// The parent of the build folders, one for each set of flags.
    pub(crate) target: PathBuf,
}

impl Folders {
    fn find() -> Result<Folders> {
        // Cargo sets the variable. A program that is run without Cargo uses the path of its build.
        let bench = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = bench
            .join("../..")
            .canonicalize()
            .with_context(|| format!("{}", bench.display()))?;
        let target = std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| root.join("target/bench-build"), PathBuf::from);
        let out = root.join("target/bench");
        std::fs::create_dir_all(&out).with_context(|| out.display().to_string())?;
        Ok(Folders {
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
        Command::Servers(options) => servers::run(&options),
        Command::Gate { update } => Folders::find().and_then(|folders| gate::run(&folders, update)),
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
    let folders = Folders::find()?;
    let mut workers = Worker::build_all(&folders)?;
    if let (Some(folder), Some(wine)) = (&options.windows, &options.wine) {
        workers.push(Worker::for_windows(folder, wine));
    }
    let selected = workers
        .iter()
        .map(|worker| worker.select(&options.cases))
        .collect::<Result<Vec<_>>>()?;
    let unknown = unknown(&options.cases, &selected, options.no_windows.is_some());
    if !unknown.is_empty() {
        let windows = options
            .no_windows
            .as_ref()
            .map_or_else(String::new, |reason| {
                format!("; the cases of Windows are not run: {reason}")
            });
        bail!(
            "there is no case {}; to list the cases: --list{windows}",
            unknown.join(" or ")
        );
    }
    let mut results = Results::default();
    if let Some(worker) = workers.first().filter(|_| !options.list) {
        machine::run(worker, &mut results)?;
    }
    for (worker, cases) in workers.iter().zip(&selected) {
        if options.list {
            for case in cases {
                println!("{:<8} {:<30} {}", case.backend, case.case, case.about);
            }
            continue;
        }
        if cases.is_empty() {
            continue;
        }
        timing::run(worker, cases, options.quick, options.rounds, &mut results)?;
        counts::run(&folders, worker, cases, &PEERS, &mut results)?;
        calls::run(&folders, worker, cases, &PEERS, &mut results)?;
        memory::run(worker, cases, &mut results)?;
        if options.cases.is_empty() {
            idle::run(&folders, worker, &PEERS, 3, &mut results)?;
            latency::run(worker, options.quick, &mut results)?;
        }
    }
    if options.list {
        if let Some(reason) = &options.no_windows {
            println!("{:<8} not listed: {reason}", "afd");
        }
        return Ok(());
    }
    if let Some(reason) = &options.no_windows {
        results.row("afd", "all").not_run = Some(reason.clone());
    }
    if options.cases.is_empty() && !options.quick {
        cost::run(&folders, &mut results)?;
    }
    report::print(&results);
    results.write(&folders)?;
    plot::all(&results, &folders.out)?;
    if options.publish {
        publish::run(&folders, &results)?;
    }
    Ok(())
}

/// The names that no selected case has. Without the cases of Windows, a name of one may be right.
fn unknown<'a>(names: &'a [String], selected: &[Vec<Case>], no_windows: bool) -> Vec<&'a str> {
    let is_known = |name: &str| {
        let mut cases = selected.iter().flatten();
        cases.any(|case| case.is_named(name)) || no_windows && name.starts_with("afd/")
    };
    let names = names.iter().map(String::as_str);
    names.filter(|name| !is_known(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Case, unknown};

    #[test]
    fn name_of_no_case_is_unknown() {
        let case = Case {
            case: "wake".to_owned(),
            backend: "poll".to_owned(),
            about: String::new(),
            threads: false,
            peers: Vec::new(),
        };
        let selected = [Vec::new(), vec![case]];
        let names = ["wake", "poll/wake", "epoll/wake", "afd/wake"].map(str::to_owned);
        assert_eq!(
            unknown(&names, &selected, false),
            ["epoll/wake", "afd/wake"]
        );
        assert_eq!(unknown(&names, &selected, true), ["epoll/wake"]);
        assert!(unknown(&[], &selected, true).is_empty());
    }
}
