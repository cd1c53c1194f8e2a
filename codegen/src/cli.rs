//! The command line.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;

use crate::outdated::Form;
use crate::report::{self, Format};

/// Generates the operating-system bindings in `generated/` and the ABI tables in
/// `codegen/snapshots/`.
///
/// `codegen/symbols/` lists the symbols to bind, `codegen/headers/` holds the project's own
/// declarations, `codegen/sources.toml` pins the header packs, `codegen/targets/` lists the
/// targets. `python3 -m pip` downloads a pack once into $XDG_CACHE_HOME/mio-build (or
/// ~/.cache/mio-build), and its hash is verified. Later runs need no network.
///
/// Without a command, `generate` runs.
///
/// Exit status: 0 on success; 1 on an error, or if `check` finds a difference; 2 on wrong usage.
/// `diff` has its own.
#[derive(Debug, Parser)]
#[command(name = "cargo codegen", bin_name = "cargo codegen", version)]
pub(crate) struct Cli {
    /// What to do [default: generate]
    #[command(subcommand)]
    command: Option<CliCommand>,

    /// The options of `generate`
    #[command(flatten)]
    generate: GenerateArgs,

    /// The repository to read and write [default: the one around the current folder]
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) root: Option<PathBuf>,

    /// Work on a project of your own: its `sources.toml`, `targets.toml`, `symbols/`, `headers/`
    ///
    /// The bindings are written to DIR/generated, the ABI tables to DIR/snapshots. `init` writes an
    /// example into an empty DIR. codegen/README.md describes the files.
    #[arg(long, value_name = "DIR", global = true, conflicts_with = "root")]
    pub(crate) project: Option<PathBuf>,

    /// Print all targets and their groups; the same as `list targets`
    #[arg(long, conflicts_with_all = ["check", "target", "os"])]
    pub(crate) list: bool,
}

/// The options of `generate`.
#[derive(Debug, Args)]
pub(crate) struct GenerateArgs {
    /// Write nothing; fail if a file is missing, changed or stray. The same as `check`
    #[arg(long)]
    check: bool,

    /// What is read
    #[command(flatten)]
    inputs: InputArgs,
}

/// Which systems and headers are read, and with which libclang.
#[derive(Debug, Args)]
pub(crate) struct InputArgs {
    /// Read only this system; may be repeated. The files of other systems stay as they are
    #[arg(long, value_name = "SYSTEM", conflicts_with = "target")]
    pub(crate) os: Vec<String>,

    /// Read only this target
    ///
    /// Without --sysroot nothing is written: the table of the target is printed.
    #[arg(long, value_name = "TRIPLE")]
    pub(crate) target: Option<String>,

    /// Read the headers in this folder instead of the pinned pack; needs --target
    ///
    /// DIR is an include root such as /usr: DIR/include holds linux/, asm/ and asm-generic/, or
    /// DIR/include/ARCH-linux-gnu holds asm/. The target's group is written (or compared, with
    /// `check`) from these headers alone.
    #[arg(long, value_name = "DIR", requires = "target")]
    pub(crate) sysroot: Option<PathBuf>,

    /// Read with the libclang in this folder instead of the pinned one
    ///
    /// Another version of clang must report the same ABI: `check` compares the ABI tables, and
    /// `generate` writes nothing if a file with unchanged inputs would change. On hosts that
    /// codegen/sources.toml pins no libclang for, LIBCLANG_PATH does the same for every command.
    #[arg(long, value_name = "DIR", conflicts_with = "target")]
    pub(crate) libclang: Option<PathBuf>,

    /// Read with the second version of libclang in codegen/sources.toml; needs `check`
    #[arg(long, alias = "witness", conflicts_with_all = ["target", "libclang"])]
    pub(crate) second_libclang: bool,
}

/// What to do.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Action<'a> {
    /// `generate` or `check`.
    Generate(Generation<'a>),
    /// `init`, with the systems to bind.
    Init(&'a [String]),
    /// Another command.
    Other(&'a Command),
}

/// A run of `generate` or `check`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Generation<'a> {
    /// Whether the files are compared and not written.
    pub(crate) check: bool,
    /// What is read.
    pub(crate) inputs: &'a InputArgs,
}

impl Cli {
    /// What to do.
    pub(crate) fn action(&self) -> Action<'_> {
        match &self.command {
            None => Action::Generate(self.generate.generation()),
            Some(CliCommand::Generate(args)) => Action::Generate(args.generation()),
            Some(CliCommand::Check(inputs)) => Action::Generate(Generation {
                check: true,
                inputs,
            }),
            Some(CliCommand::Init { os }) => Action::Init(os),
            Some(CliCommand::Other(command)) => Action::Other(command),
        }
    }

    /// Whether the command writes into the repository or project and needs its lock.
    pub(crate) fn writes(&self) -> bool {
        match self.action() {
            Action::Generate(Generation { check, inputs }) => {
                !check && (inputs.target.is_none() || inputs.sysroot.is_some())
            }
            Action::Init(_) => false,
            Action::Other(command) => {
                matches!(
                    command,
                    Command::Add { .. }
                        | Command::Bump { .. }
                        | Command::Accept(_)
                        | Command::History { update: true, .. }
                )
            }
        }
    }

    /// Whether a command that writes also has clang read headers.
    pub(crate) fn reads_headers(&self) -> bool {
        !matches!(self.action(), Action::Other(Command::Accept(_)))
    }

    /// Ends the program where options contradict each other and clap cannot see it.
    pub(crate) fn validate(&self) {
        if let Some((kind, why)) = self.contradiction() {
            Cli::command().error(kind, why).exit();
        }
    }

    /// The first contradiction.
    fn contradiction(&self) -> Option<(ErrorKind, &'static str)> {
        let GenerateArgs { check, inputs } = &self.generate;
        let has_inputs = !inputs.os.is_empty()
            || inputs.target.is_some()
            || inputs.libclang.is_some()
            || inputs.second_libclang;
        if self.command.is_some() && (*check || self.list || has_inputs) {
            return Some((
                ErrorKind::ArgumentConflict,
                "put the options of `generate` and `check` behind the command; \
                 other commands do not take --check, --list, --os or --target here",
            ));
        }
        let Action::Generate(Generation { check, inputs }) = self.action() else {
            return None;
        };
        if !check && inputs.second_libclang {
            return Some((
                ErrorKind::MissingRequiredArgument,
                "--second-libclang needs the command `check`",
            ));
        }
        None
    }
}

impl GenerateArgs {
    /// The run with these options.
    fn generation(&self) -> Generation<'_> {
        Generation {
            check: self.check,
            inputs: &self.inputs,
        }
    }
}

/// A command.
#[derive(Debug, Subcommand)]
enum CliCommand {
    /// Generate the bindings and the ABI tables
    Generate(GenerateArgs),
    /// Compare the files with what the inputs generate; write nothing
    Check(InputArgs),
    /// Begin a project: write commented examples of its files into the DIR of --project
    ///
    /// Existing files stay as they are, and are an error.
    Init {
        /// The system to bind; may be repeated
        #[arg(long, value_name = "SYSTEM", default_value = "linux")]
        os: Vec<String>,
    },
    /// Another command
    #[command(flatten)]
    Other(Command),
}

/// A command other than `generate` and `check`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Bind further symbols of a system, generate and report
    ///
    /// clang supplies kind, type and header of each name. Nothing is written unless everything
    /// succeeds.
    Add {
        /// Names as C spells them
        #[arg(required = true, value_name = "SYMBOL")]
        symbols: Vec<String>,
        /// How they are bound
        #[command(flatten)]
        how: How,
        /// How the report is written
        #[command(flatten)]
        output: Output,
    },
    /// Move a header pack to another version: hash, bindings, tables and report
    ///
    /// Nothing is written unless everything succeeds, nor if the ABI changes in a breaking way that
    /// codegen/accepted.toml does not accept. pip downloads the wheel unless the cache holds it.
    Bump {
        /// The name of the pack in codegen/sources.toml
        pack: String,
        /// The version [default: the newest one]
        version: Option<String>,
        /// Write breaking changes that codegen/accepted.toml does not accept, too
        #[arg(long)]
        accept_breaking: bool,
        /// How the report is written
        #[command(flatten)]
        output: Output,
    },
    /// Compare the ABI of two revisions, folders or header packs
    ///
    /// An operand is a git revision, a folder with ABI snapshots (a checkout, or its
    /// codegen/snapshots), a header pack and a version of it, such as ziglang@0.15.2, or an
    /// unpacked SDK or sysroot, such as sdk:MacOSX14.sdk. Revisions and folders are compared by
    /// their snapshots, packs and SDKs by their headers, and an SDK only on the targets that it
    /// has headers for.
    ///
    /// With --gate, codegen/accepted.toml of the new operand decides: the gate is red if a breaking
    /// change is not accepted, if an entry has expired, and if an entry that the old operand lacks
    /// matches no change.
    ///
    /// Exit status: 0 nothing breaking, or the gate is green; 1 something breaking, or the gate is
    /// red; 2 the operands cannot be compared.
    Diff {
        /// The old operand [default: the commit where this branch left main]
        old: Option<String>,
        /// The new operand [default: the working tree]
        new: Option<String>,
        /// What is compared
        #[command(flatten)]
        only: Only,
        /// Judge the changes by codegen/accepted.toml
        #[arg(long)]
        gate: bool,
        /// The day for which entries are judged [default: today, in UTC]
        #[arg(long, value_name = "DATE")]
        today: Option<Date>,
        /// How the report is written
        #[command(flatten)]
        output: Output,
    },
    /// Compare the pinned packs, crates and targets with the newest ones
    ///
    /// pip asks the package index for the releases of each pack with their dates and hashes, cargo
    /// the registry for `libc` and mio, rustc for its list of targets. Nothing is written.
    ///
    /// Exit status: 0 everything is current or held; 1 something is behind; 2 one of them
    /// cannot be asked.
    Outdated {
        /// The format of the report
        #[arg(long, value_enum, default_value = "terminal")]
        format: Form,
    },
    /// Print in which version of the headers a symbol appeared, changed or went
    ///
    /// codegen/history holds it for the symbols of codegen/symbols that headers of packs declare.
    /// `--update` reads what it lacks: all releases of the packs in the package index, one after
    /// the other, and the kernel headers of Debian's releases. `bump` adds the version that it
    /// moves to.
    History {
        /// The name of a symbol or record
        #[arg(required_unless_present = "update", conflicts_with = "update")]
        symbol: Option<String>,
        /// Only of this system [default: all that have it]
        #[arg(long, value_name = "SYSTEM", conflicts_with = "update")]
        os: Option<String>,
        /// Read the versions that codegen/history lacks, and write them
        #[arg(long)]
        update: bool,
    },
    /// Accept breaking changes: write their entries into codegen/accepted.toml
    ///
    /// The comparison of `diff --gate` must have the changes; it prints their ids. An entry of the
    /// same change is renewed. The formatting of the file and its comments stay.
    Accept(Accept),
    /// Draw the layout of a record, byte by byte
    Show {
        /// The name of the record
        record: String,
        /// Only on this target [default: each layout once, with the targets that have it]
        #[arg(long, value_name = "TRIPLE")]
        target: Option<String>,
    },
    /// Print the targets of a symbol, its values or layouts, and the header and line of each
    Explain {
        /// The name of the symbol
        symbol: String,
    },
    /// Write static pages of every target: layouts as pictures, a search, comparisons
    ///
    /// Open DIR/index.html in a browser; no server is needed. Without an operand, the pages show
    /// the working tree. Several operands, the oldest first, are versions: the pages show the
    /// layouts of all of them, and the comparison compares any two. See `diff` for what an operand
    /// may be. Files of another origin in DIR are an error.
    ///
    /// For instance: cargo codegen site --output target/site main .
    Site {
        /// The versions to show [default: the working tree]
        #[arg(value_name = "OPERAND")]
        operands: Vec<String>,
        /// The folder of the pages: a new or empty one, or that of an earlier run
        #[arg(long, short, value_name = "DIR")]
        output: PathBuf,
    },
    /// Print targets, symbols, header packs or kinds of changes
    List {
        /// What is printed
        #[arg(value_enum, default_value = "targets")]
        what: What,
    },
}

/// What is compared.
#[derive(Debug, Default, Args)]
pub(crate) struct Only {
    /// Compare only this system; may be repeated
    #[arg(long, value_name = "SYSTEM")]
    pub(crate) os: Vec<String>,

    /// Compare only this target; may be repeated
    #[arg(long, value_name = "TRIPLE")]
    pub(crate) target: Vec<String>,
}

/// How a report is written.
#[derive(Debug, Args)]
pub(crate) struct Output {
    /// The format of the report
    #[arg(long, value_enum, default_value = "terminal")]
    pub(crate) format: Format,

    /// Write the report to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// The most bytes of a report in Markdown; a longer one is cut
    #[arg(long, value_name = "N", default_value_t = report::COMMENT_BYTES)]
    pub(crate) max_bytes: usize,

    /// In the terminal: name every target, and show cosmetic changes
    #[arg(long)]
    pub(crate) unfold: bool,

    /// In Markdown and HTML: link each symbol to its page in a folder of `site` at this URL
    #[arg(long, value_name = "URL", value_parser = crate::site::site_url)]
    pub(crate) site_url: Option<String>,
}

/// Which changes are accepted, and how.
#[derive(Debug, Args)]
pub(crate) struct Accept {
    /// The ids of the changes
    #[arg(value_name = "ID", required_unless_present_any = ["all", "prune"])]
    pub(crate) changes: Vec<String>,

    /// Accept every breaking change that is not accepted
    #[arg(long, conflicts_with = "changes")]
    pub(crate) all: bool,

    /// Move entries that the old operand has to the history, and remove others that match nothing
    #[arg(long, conflicts_with_all = ["changes", "all", "reason", "by", "until", "target"])]
    pub(crate) prune: bool,

    /// Why the changes are accepted
    #[arg(long, value_name = "TEXT", required_unless_present = "prune")]
    pub(crate) reason: Option<String>,

    /// Who accepts them
    #[arg(long, value_name = "NAME", required_unless_present = "prune")]
    pub(crate) by: Option<String>,

    /// The last day on which this holds, for instance 2027-03-01
    #[arg(long, value_name = "DATE", required_unless_present = "prune")]
    pub(crate) until: Option<Date>,

    /// Only on this system or target; may be repeated [default: where the changes occur]
    #[arg(long, value_name = "SYSTEM|TRIPLE", conflicts_with = "all")]
    pub(crate) target: Vec<String>,

    /// The old operand, as of `diff`
    #[arg(long, value_name = "OPERAND")]
    pub(crate) old: Option<String>,

    /// The new operand, as of `diff`
    #[arg(long, value_name = "OPERAND")]
    pub(crate) new: Option<String>,

    /// The day for which entries are judged [default: today, in UTC]
    #[arg(long, value_name = "DATE")]
    pub(crate) today: Option<Date>,
}

/// How symbols are added.
#[derive(Debug, Args)]
pub(crate) struct How {
    /// The system; may be repeated
    #[arg(long, value_name = "SYSTEM", required = true)]
    pub(crate) os: Vec<String>,

    /// The purpose of the symbol, for its line in the list
    /// [default: the files of src/ that already use it]
    #[arg(long, value_name = "TEXT")]
    pub(crate) why: Option<String>,

    /// The header that declares it, for instance '<sys/eventfd.h>'; it is read by itself
    #[arg(long, value_name = "HEADER")]
    pub(crate) header: Option<String>,

    /// The C type of constants [default: that of similar names, or the type that C infers]
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) ty: Option<String>,
}

/// What `list` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum What {
    /// All targets, their groups, and the targets that are left out
    Targets,
    /// All symbols and the systems that have them
    Symbols,
    /// The header packs and the systems that read them
    Packs,
    /// The kinds of changes, for [severity] in codegen/accepted.toml
    Kinds,
}

#[cfg(test)]
mod tests;
