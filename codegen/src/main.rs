//! Generates the bindings in `generated/` from pinned header packs, and reports how the ABI
//! changes.
//!
//! A symbol passes through these modules: [`symbols`] reads its line, [`sources`] provides the
//! headers, [`unix`] or [`windows`] has clang read them for one target and returns facts ([`abi`]),
//! [`group`] compares the targets of a group, [`rust`] writes the text, [`generate`] does so for
//! all systems, [`write`] writes or compares the files.
//!
//! A review passes through these: [`operand`] reads a revision, a folder or a header pack as a
//! [`snapshot`], [`abi_diff`] compares two of these, [`gate`] judges the changes by what is
//! [`accepted`], [`report`] formats the outcome. [`plan`] compares before anything is written.

#[macro_use]
mod line;

mod abi_diff;
mod accept;
mod accepted;
mod add;
mod bump;
mod cache;
mod cli;
mod commands;
mod destination;
mod error;
mod error_report;
mod explain;
mod gate;
mod generate;
mod generate_command;
mod git;
mod group;
mod headers;
mod help;
mod history;
mod init;
mod input_error;
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
mod outdated;
mod own_libclang;
mod pip;
mod plan;
mod project;
mod project_error;
mod ranges;
mod read;
mod report;
mod rust;
mod rust_modules;
mod show;
mod silent_stderr;
mod site;
mod snapshot;
mod sources;
mod split;
mod suggest;
mod symbol_lines;
mod symbols;
mod table;
mod target_table;
mod targets;
mod text_diff;
mod tree;
mod tree_version;
mod unix;
mod unused;
mod usage;
mod version_error;
mod windows;
mod wrap;
mod write;

use mio_abi as abi;

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
    // Status 1 of `diff` means a breaking change, that of `outdated` an outdated pin.
    let failure = match cli.action() {
        Action::Other(Command::Diff { .. } | Command::Outdated { .. }) => ExitCode::from(2),
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
            let message = project::message(&message);
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
    let text = project::message(text);
    let printed = out
        .write_all(wrap::wrap(&text, wrap::width()).as_bytes())
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
    let action = cli.action();
    if let Action::Init(systems) = action {
        // There are no inputs yet.
        return init::init(cli.project.as_deref(), systems).map(Outcome::Report);
    }
    let root = find_root(cli)?;
    if cli.list {
        return Ok(Outcome::Report(list::targets()));
    }
    let inputs = match action {
        Action::Generate(generation) => Some(generation.inputs),
        Action::Init(_) | Action::Other(_) => None,
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
        if cli.reads_headers() {
            if let Some(code) = generator.with_libclang()? {
                return Ok(Outcome::Child(code));
            }
        }
        let lock = Lock::take(&root)?;
        // Another run may have changed the inputs until now.
        generator = Generator::open(&root, libclang)?;
        Some(lock)
    } else {
        None
    };
    match action {
        Action::Generate(generation) => generate_command::run(generation, &generator, target),
        Action::Init(systems) => init::init(cli.project.as_deref(), systems).map(Outcome::Report),
        Action::Other(command) => commands::run(command, &generator),
    }
}

/// The folder to read and write. It is that of the project if there is one, and then this opens the
/// project. Otherwise it is the repository: `--root`, or the first folder from the current one
/// upwards that holds `codegen/sources.toml`.
fn find_root(cli: &Cli) -> Result<PathBuf, Error> {
    let here = std::env::current_dir().map_err(Error::io("find", "the current folder"))?;
    if let Some(given) = &cli.project {
        let folder = here.join(given);
        project::open(folder.clone(), given)?;
        return Ok(folder);
    }
    if cli.list && cli.root.is_none() {
        // The table of the repository is a part of the program.
        return Ok(here);
    }
    if let Some(root) = &cli.root {
        return Ok(here.join(root));
    }
    here.ancestors()
        .find(|folder| project::is_repository(folder))
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
