//! `servers`: an HTTP server on tokio over this library, and the same server over mio 1.2.5, under
//! the load of wrk(1).
//!
//! Each round starts both servers, and loads them in turn for a second for each case. The next
//! round has the other order. Ratios are taken within one round. A server that starts again has
//! another layout of its memory, so the rounds show that spread, too.

mod build;
mod chart;
mod load;
mod locks;
mod machine;
mod process;
mod report;
mod statistics;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::Folders;
use crate::servers::build::Programs;
use crate::servers::load::{Case, Lengths, Sample};
use crate::servers::machine::Machine;
use crate::servers::process::{Processors, Server};
use crate::servers::report::{Line, Report};
use crate::worker::bar;

/// The two libraries. The order alternates from round to round.
pub(crate) const PEERS: [&str; 2] = ["ours", "upstream"];

/// A selector that the servers use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Backend {
    /// epoll on Linux
    Epoll,
    /// poll(2) on Linux, which both libraries select by the same flag
    Poll,
    /// AFD of Windows, under Wine
    Afd,
}

impl Backend {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Backend::Epoll => "epoll",
            Backend::Poll => "poll",
            Backend::Afd => "afd",
        }
    }

    /// The default number of rounds. An even number has each order equally often.
    fn rounds(self, quick: bool) -> usize {
        match (self, quick) {
            (Backend::Epoll | Backend::Poll, false) => 14,
            (Backend::Epoll | Backend::Poll, true) => 3,
            (Backend::Afd, false) => 8,
            (Backend::Afd, true) => 2,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Run fewer rounds: less than two minutes once the servers are built
    #[arg(long)]
    quick: bool,
    /// Run only this backend; repeatable [default: all]
    #[arg(long, value_name = "BACKEND")]
    backend: Vec<Backend>,
    /// Rounds of each backend [default: 14, or 3 with --quick; under Wine 8 or 2]
    ///
    /// From 6 rounds on there is a confidence interval of 95 %.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    rounds: Option<u16>,
    /// Write the table and the chart of build-tools/bench/README.md; runs all backends
    #[arg(long, conflicts_with = "backend")]
    publish: bool,
    /// The folder of the servers for Windows
    #[arg(long, value_name = "FOLDER", requires = "wine")]
    windows: Option<PathBuf>,
    /// The program that runs these servers
    #[arg(long, value_name = "PROGRAM", requires = "windows")]
    wine: Option<PathBuf>,
    /// The reason why the servers of Windows are not run
    #[arg(long, value_name = "REASON", conflicts_with = "windows")]
    no_windows: Option<String>,
}

impl Options {
    fn backends(&self) -> Vec<Backend> {
        let all = Backend::value_variants().iter().copied();
        all.filter(|backend| self.backend.is_empty() || self.backend.contains(backend))
            .collect()
    }

    /// The built servers, or the reason why they cannot run.
    fn programs(&self, folders: &Folders, backend: Backend) -> Result<Result<Programs, String>> {
        if backend != Backend::Afd {
            return Programs::build(folders, backend).map(Ok);
        }
        Ok(match (&self.windows, &self.wine) {
            (Some(folder), Some(wine)) => Ok(Programs::for_windows(folder, wine)),
            _ => Err(self.no_windows.clone().unwrap_or_else(|| {
                "`cargo xtask bench servers` builds the servers for Windows".to_owned()
            })),
        })
    }
}

/// Measures, prints a table, and writes servers.json and a chart.
pub(crate) fn run(options: &Options) -> Result<()> {
    let folders = Folders::find()?;
    locks::compare(&folders)?;
    let wrk = load::version()?;
    let descriptors = raise_descriptors()?;
    let processors = Processors::find()?;
    let mut report = Report::new(Machine::find()?, wrk, processors.pinning());
    for backend in options.backends() {
        let programs = match options.programs(&folders, backend)? {
            Ok(programs) => programs,
            Err(reason) => {
                report.lines.push(Line::not_run(backend, None, reason));
                continue;
            }
        };
        let rounds = options
            .rounds
            .map_or_else(|| backend.rounds(options.quick), usize::from);
        let run = Run {
            backend,
            programs: &programs,
            script: folders.bench.join("server/wrk.lua"),
            processors,
        };
        report.lines.extend(run.measure(rounds, descriptors)?);
    }
    report::print(&report);
    report::write(&folders, &report)?;
    chart::draw(&report, &folders.out)?;
    if options.publish {
        report::publish(&folders, &report)?;
    }
    Ok(())
}

/// Raises the limit of file descriptors, which wrk and the servers inherit, and returns it.
fn raise_descriptors() -> Result<u64> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).context("getrlimit")?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most).context("setrlimit")?;
    Ok(most)
}

/// The descriptors of wrk and of a server that are no connections.
const OTHER_DESCRIPTORS: u64 = 64;

/// The run of one backend.
struct Run<'a> {
    backend: Backend,
    programs: &'a Programs,
    script: PathBuf,
    processors: Processors,
}

impl Run<'_> {
    /// Measures all cases.
    fn measure(&self, rounds: usize, descriptors: u64) -> Result<Vec<Line>> {
        let is_possible = |case: &Case| case.connections + OTHER_DESCRIPTORS <= descriptors;
        let (cases, left): (Vec<_>, Vec<_>) =
            Case::all(self.backend).into_iter().partition(is_possible);
        let title = format!("servers, {}", self.backend.name());
        let bar = bar(&title, rounds * cases.len() * PEERS.len());
        // By case and peer, one sample a round.
        let mut samples: Vec<[Vec<Sample>; 2]> = cases.iter().map(|_| Default::default()).collect();
        for round in 0..rounds {
            let servers = [self.start(PEERS[0])?, self.start(PEERS[1])?];
            for (case, samples) in cases.iter().zip(&mut samples) {
                for turn in 0..PEERS.len() {
                    let peer = (turn + round) % PEERS.len();
                    bar.set_message(format!("{}, {}", case.name(), PEERS[peer]));
                    let (server, lengths) = &servers[peer];
                    let sample = load::run(&self.script, case, server, lengths, self.processors)
                        .with_context(|| self.place(PEERS[peer], &case.name()))?;
                    samples[peer].push(sample);
                    bar.inc(1);
                }
            }
            for (server, _) in servers {
                server.stop();
            }
        }
        bar.finish_and_clear();
        let measured = cases.iter().zip(&samples);
        let measured = measured.map(|(case, samples)| Line::measured(self.backend, case, samples));
        let left = left.iter().map(|case| {
            let needed = case.connections + OTHER_DESCRIPTORS;
            let reason = format!("it needs {needed} file descriptors, the limit is {descriptors}");
            Line::not_run(self.backend, Some(case), reason)
        });
        Ok(measured.chain(left).collect())
    }

    /// Starts a server, and checks what it returns.
    fn start(&self, peer: &'static str) -> Result<(Server, Lengths)> {
        let server = Server::start(self.programs, peer, self.processors)?;
        let lengths = load::check(server.address()).with_context(|| self.place(peer, "start"))?;
        Ok((server, lengths))
    }

    /// What failed, for an error.
    fn place(&self, peer: &str, what: &str) -> String {
        format!("{}, {peer}, {what}", self.backend.name())
    }
}
