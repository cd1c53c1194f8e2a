//! The command line.

use clap::{Args, Parser, Subcommand};

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
    /// Measures time, instructions, system calls, memory and builds.
    Bench(Bench),
    /// Compare builds of the library and of mio 1.2.5, here and for Windows: time, crates, lines
    BuildCost,
    /// Repeat the tests of all backends while other threads keep the processors busy
    Stress(Stress),
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Jobs {
    /// Run up to N stages at once; a stage that depends on timing always runs alone
    #[arg(long, value_name = "N", default_value_t = 2)]
    #[arg(value_parser = clap::value_parser!(u8).range(1..))]
    pub(crate) jobs: u8,
}

#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// Cases, such as `wake` or `poll/ready-1-of-10000` [default: all]
    cases: Vec<String>,
    /// Run fewer and shorter rounds, and no clean builds: a few minutes
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
    /// Write the table and the chart of build-tools/bench/README.md; measures all cases
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
        !self.update_gate && (self.cases.is_empty() || self.cases.iter().any(is_of_windows))
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

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory;

    #[test]
    fn command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
