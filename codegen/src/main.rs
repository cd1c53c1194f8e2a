//! Generates the bindings in `generated/` from pinned header packs, and reports how the ABI
//! changes.
//!
//! A symbol passes through these modules: [`symbols`] reads its line, [`sources`] provides the
//! headers, [`unix`] or [`windows`] has clang read them for one target and returns facts ([`abi`]),
//! [`group`] compares the targets of a group, [`rust`] writes the text, [`generate`] does so for
//! all systems, [`write`] writes or compares the files.
//!
//! A review passes through these: [`operand`] reads a revision, a folder or a header pack as a
//! [`snapshot`], [`abi_diff`] compares two of these, [`report`] formats the outcome. [`plan`] does
//! both before anything is written.

#[macro_use]
mod line;

mod abi_diff;
mod add;
mod bump;
mod cache;
mod cli;
mod commands;
mod destination;
mod error;
mod error_report;
mod explain;
mod generate;
mod generate_command;
mod git;
mod group;
mod headers;
mod help;
mod inputs;
mod interrupt;
mod layout;
mod libclang;
mod list;
mod literal;
mod locate;
mod lock;
mod matrix;
mod operand;
mod os_version;
mod pip;
mod plan;
mod read;
mod report;
mod rust;
mod rust_modules;
mod show;
mod silent_stderr;
mod snapshot;
mod sources;
mod split;
mod suggest;
mod symbol_lines;
mod symbols;
mod table;
mod text_diff;
mod unix;
mod usage;
mod windows;
mod wrap;
mod write;

use mio_abi as abi;
use mio_targets as targets;

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Action, Cli, Command};
use crate::error::{Error, near};
use crate::generate::{Generator, say};
use crate::lock::Lock;
use crate::targets::{Os, SYSTEMS, Target};

fn main() -> ExitCode {
    let cli = Cli::parse();
    cli.validate();
    // Status 1 of `diff` means a breaking change.
    let failure = match cli.action() {
        Action::Other(Command::Diff { .. }) => ExitCode::from(2),
        _ => ExitCode::FAILURE,
    };
    if let Err(error) = interrupt::watch() {
        say(format!("Ctrl-C will leave temporary files: {error}"));
    }
    match run(&cli) {
        Ok(Outcome::Report(text)) => print(&text, ExitCode::SUCCESS, failure),
        Ok(Outcome::Ended(text, code)) => print(&text, code, failure),
        Ok(Outcome::Child(code)) => code,
        Err(error) => {
            let given: Vec<String> = std::env::args_os()
                .skip(1)
                .map(|word| word.to_string_lossy().into_owned())
                .collect();
            let message = error.message(&given, wrap::width_of_errors());
            let _ = write!(anstream::stderr(), "{message}");
            match error {
                Error::Interrupted => ExitCode::from(interrupt::STATUS),
                _ => failure,
            }
        }
    }
}

/// Prints to standard output, in color if it takes color. A closed pipe (`| head`) is no error.
fn print(text: &str, code: ExitCode, failure: ExitCode) -> ExitCode {
    let mut out = anstream::stdout();
    let printed = out
        .write_all(wrap::wrap(text, wrap::width()).as_bytes())
        .and_then(|()| out.flush());
    match printed {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            let message = Error::Print(error).message(&[], None);
            let _ = write!(anstream::stderr(), "{message}");
            failure
        }
        _ => code,
    }
}

/// How a run ended.
enum Outcome {
    /// Successfully, with this text for standard output.
    Report(String),
    /// With this text for standard output and this exit status.
    Ended(String, ExitCode),
    /// With the exit status of a child process, which has printed everything.
    Child(ExitCode),
}

/// Runs the command.
fn run(cli: &Cli) -> Result<Outcome, Error> {
    if cli.list {
        return Ok(Outcome::Report(list::targets()));
    }
    let root = find_root(cli)?;
    let inputs = match cli.action() {
        Action::Generate(generation) => Some(generation.inputs),
        Action::Other(_) => None,
    };
    let target = inputs.and_then(|inputs| inputs.target.as_deref());
    let target = target.map(find_target).transpose()?;
    let libclang = inputs.and_then(|inputs| inputs.libclang.as_deref());
    let mut generator = Generator::open(&root, libclang)?;
    if inputs.is_some_and(|inputs| inputs.second_libclang) {
        let pack = generator.sources.second_libclang()?;
        generator.libclang = Some(pack.folder(&generator.cache, &say)?);
    }
    // A run that only reads takes no lock.
    let _lock = if cli.writes() {
        if let Some(code) = generator.with_libclang()? {
            return Ok(Outcome::Child(code));
        }
        let lock = Lock::take(&root)?;
        // Another run may have changed the inputs until now.
        generator = Generator::open(&root, libclang)?;
        Some(lock)
    } else {
        None
    };
    match cli.action() {
        Action::Generate(generation) => generate_command::run(generation, &generator, target),
        Action::Other(command) => commands::run(command, &generator),
    }
}

/// The repository: `--root`, or the first folder from the current one upwards that holds
/// `codegen/sources.toml`.
fn find_root(cli: &Cli) -> Result<PathBuf, Error> {
    let here = std::env::current_dir().map_err(Error::io("find", "the current folder"))?;
    if let Some(root) = &cli.root {
        return Ok(here.join(root));
    }
    let has_sources = |folder: &&Path| folder.join("codegen/sources.toml").is_file();
    here.ancestors()
        .find(has_sources)
        .map(Path::to_owned)
        .ok_or(Error::NoRoot(here))
}

/// The target of this name.
fn find_target(triple: &str) -> Result<(&'static Os, &'static Target), Error> {
    for os in SYSTEMS {
        if let Some(target) = os.targets.iter().find(|target| target.triple == triple) {
            return Ok((os, target));
        }
        if let Some(left) = os.left_out.iter().find(|left| left.name == triple) {
            return Err(Error::LeftOut {
                target: triple.to_owned(),
                reason: left.reason.to_owned(),
            });
        }
    }
    Err(unknown_target(triple))
}

/// The error for a name that no system has as a target.
fn unknown_target(triple: &str) -> Error {
    let targets = SYSTEMS.iter().flat_map(|os| os.targets);
    Error::UnknownTarget {
        name: triple.to_owned(),
        near: near(triple, targets.map(|target| target.triple)).map(str::to_owned),
    }
}
