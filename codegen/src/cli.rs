//! The command line.

use std::path::PathBuf;

use clap::Parser;

/// Builds the operating-system bindings in `generated/` and the ABI tables in `tests/snapshots/`.
///
/// What is bound stands in `codegen/symbols/`, our own declarations in `codegen/headers/`, the header packs in
/// `codegen/sources.toml`, the targets in `codegen/src/targets`. Packs are fetched once by `python3 -m pip` into
/// $XDG_CACHE_HOME/mio-build (or ~/.cache/mio-build), checked against their hash and kept.
///
/// Exit status: 0 done, or nothing differs; 1 an error, or `--check` found a difference; 2 wrong usage.
#[derive(Debug, Parser)]
#[command(name = "cargo codegen", bin_name = "cargo codegen", version)]
pub(crate) struct Cli {
    /// Write nothing; fail if a file is missing, changed or stray
    #[arg(long)]
    pub(crate) check: bool,

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

    /// The repository to read and write [default: the one around the current folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,

    /// Print all targets, their groups and what is left out
    #[arg(long, conflicts_with_all = ["check", "target"])]
    pub(crate) list: bool,
}
