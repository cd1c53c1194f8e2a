//! The command line.

use clap::{Args, Parser, Subcommand};

/// Runs the project: its tests, its checks and what they need.
///
/// What is built and fetched is kept in $XDG_CACHE_HOME/mio-build (or ~/.cache/mio-build); the logs of the last run are in
/// target/xtask/logs.
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
    /// Run every stage: format, lints, docs, features, tests on all backends, models, examples, package …
    ///
    /// A stage that fails does not stop the others. The last line is `N passed, N failed`: the tests that ran, and each stage
    /// without tests of its own as one.
    Test {
        /// Run only this stage, or all whose names begin with it and a hyphen; may be given several times
        #[arg(long, value_name = "STAGE")]
        only: Vec<String>,
        /// Also what takes too long for every time: all targets, more machines, sanitizers, valgrind
        #[arg(long)]
        all: bool,
        /// Print the stages and run nothing
        #[arg(long)]
        list: bool,
        /// Run up to N stages at once; those that depend on the clock run alone all the same
        #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..))]
        jobs: u8,
    },
    /// Install what the tests need (Debian as root), or print the line that does
    Setup,
    /// Check the library with every set of features
    Powerset,
    /// Compile tests/api.rs against the registry's mio 1.2.5
    ApiUpstream,
    /// Run the tokio program on this library, on all backends
    Tokio,
    /// Check, and where it can be done link, the library for other systems
    Targets(Targets),
    /// Ask rustc and the `libc` crate about the bindings of every target, and write tests/snapshots/witnesses.txt
    Witnesses(Witnesses),
    /// Write the pages' tables of platforms from the table of targets
    Readme {
        /// Write nothing; fail if it is another
        #[arg(long)]
        check: bool,
    },
    /// Measure against upstream's mio, `polling` and bare system calls: time, instructions, system calls, memory, builds
    Bench(Bench),
    /// Measure a build for Windows, and one of the registry's mio 1.2.5: time, crates, lines
    BuildCost,
    /// Run the tests of all backends again and again on a machine that is kept busy
    Stress(Stress),
}

#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// Cases, such as `wake` or `poll/ready-1-of-10000`; none means all
    cases: Vec<String>,
    /// Fewer and shorter rounds, and no builds from scratch: a few minutes
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
    /// Only count instructions, and write what the stage `bench-gate` expects
    #[arg(long, conflicts_with_all = ["cases", "quick", "list", "rounds", "publish"])]
    pub(crate) update_gate: bool,
}

impl Bench {
    /// Whether cases of Windows may be meant.
    pub(crate) fn is_of_windows(&self) -> bool {
        let is_meant = |case: &String| case.starts_with("afd/") || !case.contains('/');
        !self.update_gate && (self.cases.is_empty() || self.cases.iter().any(is_meant))
    }

    /// The same for the bench itself.
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

#[derive(Debug, Args)]
pub(crate) struct Targets {
    /// All of them, not only one for each backend and pointer width
    #[arg(long)]
    pub(crate) all: bool,
    /// Only this target; may be given several times
    #[arg(long, value_name = "TRIPLE")]
    pub(crate) only: Vec<String>,
    /// Print the targets and how far each is taken, and check nothing
    #[arg(long)]
    pub(crate) list: bool,
    /// Remove what was built for a target once it is done
    #[arg(long)]
    pub(crate) clean: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Witnesses {
    /// Only this target; may be given several times
    #[arg(long, value_name = "TRIPLE")]
    pub(crate) only: Vec<String>,
    /// Write nothing; fail if a row is another
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Stress {
    /// How often each backend's tests are run
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) times: u32,
    /// Threads that spin alongside [default: twice the processors]
    #[arg(long, value_name = "N")]
    pub(crate) load: Option<usize>,
    /// Only this backend, such as poll-pipe, or `windows` under Wine; may be given several times
    #[arg(long, value_name = "BACKEND")]
    pub(crate) only: Vec<String>,
    /// Under Wine only this test program, such as named_pipe; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) suite: Vec<String>,
    /// Build with optimisation
    #[arg(long)]
    pub(crate) release: bool,
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory;

    #[test]
    fn command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
