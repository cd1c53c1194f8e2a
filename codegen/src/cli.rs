//! The command line.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

use crate::report::Format;

/// Builds the operating-system bindings in `generated/` and the ABI tables in `codegen/snapshots/`.
///
/// What is bound stands in `codegen/symbols/`, our own declarations in `codegen/headers/`, the header packs in
/// `codegen/sources.toml`, the targets in `codegen/targets`. Packs are fetched once by `python3 -m pip` into
/// $XDG_CACHE_HOME/mio-build (or ~/.cache/mio-build), checked against their hash and kept; then no network is needed.
///
/// Without a command everything is generated anew.
///
/// Exit status: 0 done, or nothing differs; 1 an error, or `--check` found a difference; 2 wrong usage. `diff` has its own.
#[derive(Debug, Parser)]
#[command(name = "cargo codegen", bin_name = "cargo codegen", version)]
pub(crate) struct Cli {
    /// What to do other than to generate
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// Write nothing; fail if a file is missing, changed or stray
    #[arg(long)]
    pub(crate) check: bool,

    /// Only this system; may be given more than once. The files of others stay as they are
    #[arg(long, value_name = "SYSTEM", conflicts_with = "target")]
    pub(crate) os: Vec<String>,

    /// Read only this target (with --sysroot), or only try it
    ///
    /// Without --sysroot nothing is written: the target's table is printed.
    #[arg(long, value_name = "TRIPLE")]
    pub(crate) target: Option<String>,

    /// Read this tree of headers instead of the pinned pack; needs --target
    ///
    /// DIR is a usual include root such as /usr: DIR/include holds linux/, asm/ and asm-generic/, or DIR/include/ARCH-linux-gnu
    /// holds asm/. The group of the target is then written (or, with --check, compared) from these headers alone.
    #[arg(long, value_name = "DIR", requires = "target")]
    pub(crate) sysroot: Option<PathBuf>,

    /// Read with the libclang in this folder and compare the ABI tables only; needs --check
    ///
    /// Another version of clang must find the same facts.
    #[arg(
        long,
        value_name = "DIR",
        requires = "check",
        conflicts_with = "target"
    )]
    pub(crate) libclang: Option<PathBuf>,

    /// The same with the second version of libclang that codegen/sources.toml pins; needs --check
    #[arg(long, requires = "check", conflicts_with_all = ["target", "libclang"])]
    pub(crate) witness: bool,

    /// The repository to read and write [default: the one around the current folder]
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) root: Option<PathBuf>,

    /// Print all targets, their groups and what is left out
    #[arg(long, conflicts_with_all = ["check", "target", "os"])]
    pub(crate) list: bool,
}

impl Cli {
    /// Ends the program where a command is mixed with what belongs to none.
    pub(crate) fn refuse_mixtures(&self) {
        let plain = self.check || self.list || self.target.is_some() || !self.os.is_empty();
        if plain && self.command.is_some() {
            Cli::command()
                .error(
                    ErrorKind::ArgumentConflict,
                    "--check, --list, --os and --target stand alone, before no command",
                )
                .exit();
        }
    }
}

/// A command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Compare the ABI of two revisions, folders or header packs
    ///
    /// A side is a git revision, a folder with ABI tables (a checkout, or its codegen/snapshots), or a header pack and a version of
    /// it, such as ziglang@0.15.2. Facts of revisions and folders come from their tables, those of packs from their headers.
    ///
    /// Exit status: 0 nothing breaking; 1 something breaking; 2 the sides could not be compared.
    Diff {
        /// The old side [default: where this branch left main]
        old: Option<String>,
        /// The new side [default: the working tree]
        new: Option<String>,
        /// How the outcome is written
        #[command(flatten)]
        output: Output,
    },
    /// Move one header pack to another version: hash, bindings, tables and report
    ///
    /// Nothing is written unless all of it succeeds. The wheel is fetched unless the cache has it.
    Bump {
        /// The pack's name in codegen/sources.toml
        pack: String,
        /// The version [default: the newest there is]
        version: Option<String>,
        /// How the report is written
        #[command(flatten)]
        output: Output,
    },
    /// Bind further symbols of a system, generate anew and report
    ///
    /// Kind, type and header are taken from what clang says about the name. Nothing is written unless all of it succeeds.
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
    /// Draw the layout of a record, byte by byte
    Show {
        /// Its name
        record: String,
        /// Only on this target [default: each layout once, with the targets that have it]
        #[arg(long, value_name = "TRIPLE")]
        target: Option<String>,
    },
    /// Say of a symbol which targets have it, with which value or layout, from which header and line
    Explain {
        /// Its name
        symbol: String,
    },
    /// Print targets, symbols or header packs
    List {
        /// Which of them
        #[arg(value_enum, default_value = "targets")]
        what: What,
    },
}

/// How a report is written.
#[derive(Debug, Args)]
pub(crate) struct Output {
    /// The report's format
    #[arg(long, value_enum, default_value = "terminal")]
    pub(crate) format: Format,

    /// Write the report to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// In the terminal: name every target, and show what is cosmetic
    #[arg(long)]
    pub(crate) unfold: bool,
}

/// How symbols are added.
#[derive(Debug, Args)]
pub(crate) struct How {
    /// The system; may be given more than once
    #[arg(long, value_name = "SYSTEM", required = true)]
    pub(crate) os: Vec<String>,

    /// What the library wants it for; stands behind its line [default: the files of src/ that already use it]
    #[arg(long, value_name = "TEXT")]
    pub(crate) why: Option<String>,

    /// The header that declares it, for instance '<sys/eventfd.h>'; it is read by itself
    #[arg(long, value_name = "HEADER")]
    pub(crate) header: Option<String>,

    /// The C type of constants [default: that of its family, or the one C gives it]
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) ty: Option<String>,
}

/// What `list` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum What {
    /// All targets, their groups and what is left out
    Targets,
    /// All symbols and the systems that have them
    Symbols,
    /// The header packs and the systems that read them
    Packs,
}
