//! The command line.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

use crate::report::Format;

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

    /// Read with the libclang in this folder, and compare the ABI tables only; needs `check`
    ///
    /// Another version of clang must report the same ABI.
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
            Some(CliCommand::Other(command)) => Action::Other(command),
        }
    }

    /// Whether the command writes into the repository.
    pub(crate) fn writes(&self) -> bool {
        match self.action() {
            Action::Generate(Generation { check, inputs }) => {
                !check && (inputs.target.is_none() || inputs.sysroot.is_some())
            }
            Action::Other(command) => {
                matches!(command, Command::Add { .. } | Command::Bump { .. })
            }
        }
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
        if !check && (inputs.libclang.is_some() || inputs.second_libclang) {
            return Some((
                ErrorKind::MissingRequiredArgument,
                "--libclang and --second-libclang need the command `check`",
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
    /// Nothing is written unless everything succeeds. pip downloads the wheel unless the cache
    /// holds it.
    Bump {
        /// The name of the pack in codegen/sources.toml
        pack: String,
        /// The version [default: the newest one]
        version: Option<String>,
        /// How the report is written
        #[command(flatten)]
        output: Output,
    },
    /// Compare the ABI of two revisions, folders or header packs
    ///
    /// An operand is a git revision, a folder with ABI snapshots (a checkout, or its
    /// codegen/snapshots), or a header pack and a version of it, such as ziglang@0.15.2. Revisions
    /// and folders are compared by their snapshots, packs by their headers.
    ///
    /// Exit status: 0 nothing breaking; 1 something breaking; 2 the operands cannot be compared.
    Diff {
        /// The old operand [default: the commit where this branch left main]
        old: Option<String>,
        /// The new operand [default: the working tree]
        new: Option<String>,
        /// How the report is written
        #[command(flatten)]
        output: Output,
    },
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
    /// Print targets, symbols or header packs
    List {
        /// What is printed
        #[arg(value_enum, default_value = "targets")]
        what: What,
    },
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

    /// In the terminal: name every target, and show cosmetic changes
    #[arg(long)]
    pub(crate) unfold: bool,
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
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parsed arguments.
    fn parse(arguments: &[&str]) -> Cli {
        Cli::try_parse_from([&["cargo codegen"], arguments].concat()).unwrap()
    }

    #[test]
    fn commands_and_old_flags_mean_the_same() {
        for (arguments, check) in [
            (&[][..], false),
            (&["generate"][..], false),
            (&["--check"][..], true),
            (&["check"][..], true),
            (&["generate", "--check"][..], true),
        ] {
            let mut arguments = arguments.to_vec();
            arguments.extend(["--os", "linux"]);
            let cli = parse(&arguments);
            let Action::Generate(generation) = cli.action() else {
                panic!("{arguments:?}");
            };
            assert_eq!(generation.check, check, "{arguments:?}");
            assert_eq!(generation.inputs.os, ["linux"]);
            assert_eq!(cli.writes(), !check);
            assert!(cli.contradiction().is_none(), "{arguments:?}");
        }
    }

    #[test]
    fn contradicting_options_are_rejected() {
        for arguments in [
            &["--check", "list"][..],
            &["--os", "linux", "generate"],
            &["--second-libclang"],
            &["generate", "--libclang", "x"],
        ] {
            assert!(parse(arguments).contradiction().is_some(), "{arguments:?}");
        }
        assert!(parse(&["check", "--witness"]).contradiction().is_none());
        assert!(Cli::try_parse_from(["", "--sysroot", "/usr"]).is_err());
    }
}
