//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Runs the tests and checks of the project, and sets up the tools that they need.
///
/// Builds and downloads are kept in $XDG_CACHE_HOME/mio-build (or ~/.cache/mio-build). The logs of
/// the last run are in target/xtask/logs.
///
/// Exit status: 0 everything passed; 1 something failed; 2 wrong usage; 130 interrupted.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check formatting, lints and documentation, and run the tests of this host
    ///
    /// The command to run while working: it takes less than three minutes once the dependencies are
    /// built. It installs nothing.
    Check(Jobs),
    /// Run every stage that CI runs: checks, tests on all selectors and systems, models, package
    ///
    /// Prints first which tools are missing, and where they will be installed. A stage that fails
    /// does not stop the others. The last line is `N passed, N failed`: it counts the tests that
    /// ran, and a stage without tests of its own as one.
    Test {
        /// Run this stage, or all stages whose names start with it and a hyphen; repeatable
        #[arg(long, value_name = "STAGE")]
        only: Vec<String>,
        /// Also run the stages of `cargo xtask nightly`
        #[arg(long)]
        all: bool,
        /// Print the stages and run none
        #[arg(long)]
        list: bool,
        #[command(flatten)]
        jobs: Jobs,
    },
    /// Run the stages that `test` leaves out: sanitizers, valgrind, all targets, more machines
    ///
    /// They take hours. Prints first which tools are missing, and where they will be installed.
    Nightly(Jobs),
    /// Install the tools that the stages need (Debian as root), or print the command that does
    Setup,
    /// Check the library for other systems, and link it where a linker is available
    Targets(Targets),
    /// Compare the bindings of every target with rustc and the `libc` crate, and write
    /// codegen/snapshots/cross-check.txt
    CrossCheck(CrossCheck),
    /// Play pull requests of a fork: report, annotations, comment and gate, in a scratch repository
    ///
    /// Changes a symbol, pushes to a fork, and runs the steps of .github/workflows/abi.yml and
    /// abi-comment.yml against a server on loopback that answers as GitHub does: the gate is red,
    /// the change is accepted, the gate is green. Also plays the label, another value, an undone
    /// change and an invalid file. DIR then has one folder for each event.
    ///
    /// Example: cargo xtask abi-play --output target/abi-play
    AbiPlay {
        /// The folder for the reports; it must be empty or not exist
        #[arg(long, short, value_name = "DIR")]
        output: PathBuf,
    },
    /// Write the tables of platforms in the README pages, from the table of targets
    Readme {
        /// Write nothing, and fail if a table is out of date
        #[arg(long)]
        check: bool,
    },
    /// Print each file with unsafe code, how it is proved sound, and which tests cover it
    ///
    /// Fails if unsafe code has no proof or no test in build-tools/audit.toml, or if the table in
    /// src/sys/README.md is out of date.
    Audit {
        /// Write the table in src/sys/README.md
        #[arg(long)]
        write: bool,
    },
    /// Compare with upstream's mio, `polling` and bare system calls
    ///
    /// Measures time, instructions, system calls, memory and builds. The first run builds all of
    /// it. For cases of Windows it installs Wine, and a second Rust compiler in the cache.
    Bench(Bench),
    /// Compare builds of the library and of mio 1.2.5: processor time, instructions, program size
    BuildCost {
        /// Measure the time of N builds of each subject, in turn; the table has the median
        #[arg(long, value_name = "N", default_value_t = 5)]
        #[arg(value_parser = clap::value_parser!(u8).range(1..))]
        rounds: u8,
        /// Leave out Windows and WASI, whose std is built from source
        #[arg(long)]
        host_only: bool,
    },
    /// Repeat the tests of all backends while other threads keep the processors busy
    Stress(Stress),
    /// Keep the library under a mixed load, and check descriptors, memory, events and latency
    ///
    /// Thousands of connections that come and go, datagrams, pipes, wakes and registrations from
    /// other threads, random cancels. build-tools/soak/README.md lists the checks and their bounds.
    /// Ctrl-C ends it with the summary.
    Soak(Soak),
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Jobs {
    /// Run up to N stages at once; a stage that depends on timing always runs alone
    #[arg(long, value_name = "N", default_value_t = 2)]
    #[arg(value_parser = clap::value_parser!(u8).range(1..))]
    pub(crate) jobs: u8,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Bench {
    #[command(subcommand)]
    pub(crate) of: Option<BenchOf>,
    /// Cases, such as `wake` or `poll/ready-1-of-10000`, see --list [default: all]
    cases: Vec<String>,
    /// Run fewer and shorter rounds, and no clean builds: a few minutes
    #[arg(long)]
    quick: bool,
    /// Print the cases of this system and measure nothing
    #[arg(long)]
    pub(crate) list: bool,
    /// Rounds of each case [default: 31, or 7 with --quick; under Wine 7 or 3]
    ///
    /// A round runs every peer once. A case that takes more than 3 seconds (1 with --quick) has
    /// fewer rounds, but at least 7.
    #[arg(long, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    rounds: Option<u16>,
    /// Write the tables and the charts of build-tools/bench/README.md; measures all cases
    #[arg(long, conflicts_with = "cases")]
    publish: bool,
    /// Only take the counts that the stage `bench-gate` compares, and write them to expected.toml
    #[arg(long, conflicts_with_all = ["cases", "quick", "list", "rounds", "publish"])]
    pub(crate) update_gate: bool,
}

impl Bench {
    /// Whether a selected case may run on Windows.
    pub(crate) fn is_of_windows(&self) -> bool {
        let is_of_windows = |case: &String| case.starts_with("afd/") || !case.contains('/');
        let may_run = !self.update_gate && !self.list;
        may_run && (self.cases.is_empty() || self.cases.iter().any(is_of_windows))
    }

    /// The arguments of the bench itself.
    pub(crate) fn arguments(&self) -> Vec<String> {
        if self.update_gate {
            return ["gate", "--update"].map(str::to_owned).into();
        }
        let mut arguments = vec!["run".to_owned()];
        for (is_set, flag) in [
            (self.quick, "--quick"),
            (self.list, "--list"),
            (self.publish, "--publish"),
        ] {
            arguments.extend(is_set.then(|| flag.to_owned()));
        }
        arguments.extend(self.rounds.map(|rounds| format!("--rounds={rounds}")));
        arguments.extend(self.cases.iter().cloned());
        arguments
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum BenchOf {
    /// Load an HTTP server on tokio with wrk, over this library and over upstream's mio
    ///
    /// Both servers run in turn, in many short rounds: requests per second, latencies, processor
    /// time. Writes target/bench/servers.json and servers.svg. Installs Debian's wrk if it is
    /// missing; for afd also Wine, and builds the servers for Windows.
    ///
    /// Example: cargo xtask bench servers --quick --backend epoll
    Servers(Servers),
}

/// The backends of the servers. The bench explains them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ServerBackend {
    Epoll,
    Poll,
    Afd,
}

#[derive(Debug, Args)]
pub(crate) struct Servers {
    /// Run fewer rounds: less than two minutes once the servers are built
    #[arg(long)]
    quick: bool,
    /// epoll, poll, or afd for Windows under Wine; repeatable [default: all]
    #[arg(long, value_name = "BACKEND", hide_possible_values = true)]
    backend: Vec<ServerBackend>,
    /// Rounds of each backend [default: 14, or 3 with --quick; under Wine 8 or 2]
    #[arg(long, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    rounds: Option<u16>,
    /// Write the table and the chart of build-tools/bench/README.md; runs all backends
    #[arg(long, conflicts_with = "backend")]
    publish: bool,
}

impl Servers {
    /// Whether the servers for Windows are needed.
    pub(crate) fn is_of_windows(&self) -> bool {
        self.backend.is_empty() || self.backend.contains(&ServerBackend::Afd)
    }

    /// The arguments of the bench itself.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["servers".to_owned()];
        for (is_set, flag) in [(self.quick, "--quick"), (self.publish, "--publish")] {
            arguments.extend(is_set.then(|| flag.to_owned()));
        }
        arguments.extend(self.rounds.map(|rounds| format!("--rounds={rounds}")));
        let values = self.backend.iter().filter_map(ValueEnum::to_possible_value);
        arguments.extend(values.map(|value| format!("--backend={}", value.get_name())));
        arguments
    }
}

#[derive(Debug, Args)]
pub(crate) struct Targets {
    /// Check all targets [default: one for each selector and pointer width]
    #[arg(long)]
    pub(crate) all: bool,
    /// Check only this target; repeatable
    #[arg(long, value_name = "TRIPLE")]
    pub(crate) only: Vec<String>,
    /// Print the targets and the level of support of each, and check none
    #[arg(long)]
    pub(crate) list: bool,
    /// Remove the build of a target after its check
    #[arg(long)]
    pub(crate) clean: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CrossCheck {
    /// Only this target; may be given several times
    #[arg(long, value_name = "TRIPLE")]
    pub(crate) only: Vec<String>,
    /// Write nothing, and fail if a row is out of date
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Stress {
    /// Runs of each backend's tests
    #[arg(long, value_name = "N", default_value_t = 20)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) times: u32,
    /// Threads that keep the processors busy [default: twice the processors]
    #[arg(long, value_name = "N")]
    pub(crate) load: Option<usize>,
    /// Run only this backend, such as poll-pipe, or `windows` for Wine; repeatable
    #[arg(long, value_name = "BACKEND")]
    pub(crate) only: Vec<String>,
    /// Under Wine, run only this test program, such as named_pipe; repeatable
    #[arg(long, value_name = "NAME")]
    pub(crate) suite: Vec<String>,
    /// Build with optimization
    #[arg(long)]
    pub(crate) release: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Soak {
    /// How long the load lasts; fractions are possible
    #[arg(long, value_name = "N", value_parser = minutes)]
    minutes: f64,
    /// epoll-eventfd, epoll-pipe, poll-eventfd, poll-pipe, or `wine` for Windows
    #[arg(long, value_name = "BACKEND", default_value = "epoll-eventfd")]
    pub(crate) backend: String,
    /// Connections that are open at a time [default: 10000, or what the descriptors allow]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    connections: Option<u32>,
    /// Requests that all connections together send in a second [default: 4000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    rate: Option<u32>,
    /// Seed of the random choices [default: the time]
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Write a plot: descriptors, memory, events, latency over time
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,
}

impl Soak {
    /// The arguments of the program.
    pub(crate) fn arguments(&self) -> Vec<OsString> {
        let mut arguments = vec![format!("--minutes={}", self.minutes).into()];
        let numbers = [
            ("connections", self.connections.map(u64::from)),
            ("rate", self.rate.map(u64::from)),
            ("seed", self.seed),
        ];
        for (name, number) in numbers {
            arguments.extend(number.map(|number| format!("--{name}={number}").into()));
        }
        if let Some(plot) = &self.plot {
            arguments.push("--plot".into());
            arguments.push(plot.into());
        }
        arguments
    }
}

/// The durations that `build-tools/soak` accepts.
fn minutes(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(minutes) if (0.1..=43_200.0).contains(&minutes) => Ok(minutes),
        Ok(_) => Err("between 0.1 and 43200 are possible".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Cli, Command, minutes};
    use clap::{CommandFactory as _, Parser as _};

    #[test]
    fn wrong_durations_are_rejected() {
        assert_eq!(minutes("0.5"), Ok(0.5));
        for text in ["0", "-1", "nan", "inf", "1e9", "x"] {
            assert!(minutes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn command_line_is_consistent() {
        Cli::command().debug_assert();
    }
    #[test]
    fn zero_rounds_are_rejected() {
        for arguments in [&["bench"][..], &["bench", "servers"], &["build-cost"]] {
            let all = ["cargo xtask"].iter().chain(arguments);
            assert!(Cli::try_parse_from(all.clone().chain(&["--rounds=1"])).is_ok());
            assert!(Cli::try_parse_from(all.chain(&["--rounds=0"])).is_err());
        }
    }

    #[test]
    fn list_of_cases_builds_nothing_for_windows() {
        let parse = |argument| {
            let cli = Cli::try_parse_from(["cargo xtask", "bench", argument]).unwrap();
            match cli.command {
                Command::Bench(bench) => bench.is_of_windows(),
                _ => unreachable!(),
            }
        };
        assert_eq!(
            ["--list", "wake", "epoll/wake"].map(parse),
            [false, true, false]
        );
    }
}
