//! Builds the bindings in `generated/` from pinned header packs, and shows what a change of them means.
//!
//! The way of a symbol: [`symbols`] reads what is asked for, [`sources`] brings the headers, [`unix`] has clang read them for
//! one target of [`targets`] and returns facts ([`abi`]), [`group`] holds the targets of a group against each other, [`rust`]
//! writes the text, [`generate`] does so for all, [`write`] puts it into the tree or compares it.
//!
//! The way of a review: [`operand`] reads a revision, a folder or a header pack as a [`snapshot`], [`abi_diff`] compares two of these,
//! and [`report`] shows the outcome. [`plan`] does both before anything is written.

#[macro_use]
mod line;

mod abi_diff;
mod add;
mod bump;
mod cache;
mod cli;
mod destination;
mod error;
mod explain;
mod front;
mod generate;
mod git;
mod group;
mod headers;
mod help;
mod inputs;
mod interrupt;
mod layout;
mod list;
mod list_lines;
mod literal;
mod locate;
mod lock;
mod matrix;
mod operand;
mod os_version;
mod pip;
mod place;
mod plan;
mod quiet;
mod read;
mod report;
mod review;
mod rust;
mod rust_modules;
mod show;
mod snapshot;
mod sources;
mod split;
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

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::error::{Error, near};
use crate::generate::Generator;
use crate::headers::Headers;
use crate::help::Help;
use crate::inputs::Inputs;
use crate::lock::Lock;
use crate::targets::{Os, SYSTEMS, Target};
use crate::write::Folder;

fn main() -> ExitCode {
    let cli = Cli::parse();
    cli.refuse_mixtures();
    // `diff` says with 1 that something breaks.
    let failure = match cli.command {
        Some(Command::Diff { .. }) => ExitCode::from(2),
        _ => ExitCode::FAILURE,
    };
    if let Err(error) = interrupt::watch() {
        let _ = writeln!(
            anstream::stderr(),
            "Ctrl-C leaves unfinished files: {error}"
        );
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
            let told = error.told(&given, wrap::width_of_errors());
            let _ = write!(anstream::stderr(), "{told}");
            match error {
                Error::Interrupted => ExitCode::from(interrupt::STATUS),
                _ => failure,
            }
        }
    }
}

/// Prints; in colours only where they are wanted. A reader that has seen enough (`| head`) is no error, a full disk is.
fn print(text: &str, code: ExitCode, failure: ExitCode) -> ExitCode {
    let mut out = anstream::stdout();
    let printed = out
        .write_all(wrap::wrap(text, wrap::width()).as_bytes())
        .and_then(|()| out.flush());
    match printed {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            let _ = write!(
                anstream::stderr(),
                "{}",
                Error::Print(error).told(&[], None)
            );
            failure
        }
        _ => code,
    }
}

/// How a run ended.
enum Outcome {
    /// Well, with this to say.
    Report(String),
    /// With this to say and this status.
    Ended(String, ExitCode),
    /// With this status; everything has been said.
    Child(ExitCode),
}

/// Everything.
fn run(cli: &Cli) -> Result<Outcome, Error> {
    if cli.list {
        return Ok(Outcome::Report(list::targets()));
    }
    let began = Instant::now();
    let root = root(cli)?;
    let one = cli.target.as_deref().map(find_target).transpose()?;
    let mut generator = Generator::open(&root, cli.libclang.as_deref())?;
    if cli.witness {
        let pack = generator.sources.witness()?;
        generator.libclang = Some(pack.folder(&generator.cache, &generate::say)?);
    }
    // Runs that only read need no turn.
    let _alone = if writes(cli) {
        if let Some(code) = generator.with_libclang()? {
            return Ok(Outcome::Child(code));
        }
        let lock = Lock::take(&root)?;
        // The run before may have changed what was read.
        generator = Generator::open(&root, cli.libclang.as_deref())?;
        Some(lock)
    } else {
        None
    };
    if let Some(command) = &cli.command {
        return review::run(command, &generator);
    }
    if let Some(code) = generator.with_libclang()? {
        return Ok(Outcome::Child(code));
    }
    if let Some((os, target)) = one {
        let inputs = generator.inputs(os)?;
        let headers = match &cli.sysroot {
            Some(folder) => Headers::Sysroot(folder),
            None => generator.headers(os)?,
        };
        return Ok(Outcome::Report(single(
            cli, &root, os, target, &inputs, &headers,
        )?));
    }
    let (some, wrong) = generate::systems(&cli.os);
    Error::all(wrong)?;
    let (mut folders, mut report) = if some.is_empty() {
        let (groups, report) = generator.read(SYSTEMS)?;
        (generate::folders(groups)?, report)
    } else {
        let (groups, report) = generator.read(some.iter().copied())?;
        (generate::some_folders(&root, groups, &some)?, report)
    };
    if generator.libclang.is_some() {
        // Another version says it in the head of each file; the facts are to be the same.
        folders.retain(|folder| folder.path != "generated");
    }
    if cli.check {
        write::compare(&folders, &root, &Help::Generate)?;
        report.push_str("everything is as the inputs give it");
        if generator.libclang.is_some() {
            let version = bindgen::clang_version().full;
            report.push_str(&format!(", read by {version}: the ABI tables, that is"));
        }
    } else {
        let written = write::all(&folders, &[], &root)?;
        for (folder, written) in folders.iter().zip(written) {
            let word = if written { "written" } else { "unchanged" };
            report.push_str(&format!("{}: {word}, ", folder.path));
        }
        report.push_str("done");
    }
    report.push_str(&format!(
        "; {:.1} s in all\n",
        began.elapsed().as_secs_f64()
    ));
    Ok(Outcome::Report(report))
}

/// Does it write into the repository?
fn writes(cli: &Cli) -> bool {
    match &cli.command {
        Some(Command::Add { .. } | Command::Bump { .. }) => true,
        Some(_) => false,
        None => !cli.check && (cli.target.is_none() || cli.sysroot.is_some()),
    }
}

/// One target: its table on standard output, or with `--sysroot` its group in the tree.
fn single(
    cli: &Cli,
    root: &Path,
    os: &Os,
    target: &'static Target,
    inputs: &Inputs,
    headers: &Headers<'_>,
) -> Result<String, Error> {
    let known = snapshot::in_folder(&root.join(abi::FOLDER))?
        .into_iter()
        .find(|known| known.targets.iter().any(|triple| triple == target.triple));
    let triple = |name: &String| os.targets.iter().find(|target| target.triple == *name);
    let known = known.map(|known| {
        let serves = known.targets.iter().filter_map(triple);
        (known.group, serves.map(|target| target.triple).collect())
    });
    let family = os
        .targets
        .iter()
        .filter(|other| other.group == target.group);
    let family = || {
        let serves = family.map(|target| target.triple).collect();
        (target.group.to_owned(), serves)
    };
    let known = Some(known.unwrap_or_else(family));
    let groups = group::groups(os, &[target], inputs, headers, known)?;
    if !matches!(headers, Headers::Sysroot(_)) {
        return Ok(groups
            .iter()
            .map(|group| table::table(&group.abi))
            .collect());
    }
    // Only what the headers say counts here, not the files' heads.
    let mut report = String::new();
    for group in groups {
        let rust = ("generated", group.path(), group.rust.clone());
        let snapshots = group
            .snapshots()
            .map(|(name, text)| (abi::FOLDER, name, text));
        for (path, name, text) in [rust].into_iter().chain(snapshots) {
            let name = name.display().to_string();
            let old = fs::read_to_string(root.join(path).join(&name)).unwrap_or_default();
            if body(&old) == body(&text) {
                report.push_str(&format!("{path}/{name}: these headers give the same\n"));
                continue;
            }
            let difference = text_diff::difference(body(&old), body(&text));
            if cli.check {
                let differences = format!("  changed: {path}/{name}\n{difference}");
                return Err(Error::Stale {
                    differences,
                    help: sysroot_help(cli, target),
                });
            }
            report.push_str(&format!("{path}/{name}: written\n{difference}"));
            let folder = Folder {
                path,
                files: [(name.clone().into(), text)].into(),
                mark: "",
                prefixes: vec![name],
            };
            write::all(&[folder], &[], root)?;
        }
    }
    Ok(report)
}

/// The command that writes what `--sysroot` gives.
fn sysroot_help(cli: &Cli, target: &Target) -> Help {
    let folder = cli.sysroot.as_deref().unwrap_or(Path::new("DIR"));
    let folder = folder.to_string_lossy();
    let mut words = vec![
        "cargo",
        "codegen",
        "--sysroot",
        &folder,
        "--target",
        target.triple,
    ];
    let root = cli.root.as_ref().map(|root| root.to_string_lossy());
    if let Some(root) = &root {
        words.extend(["--root", root]);
    }
    Help::Run(words.into_iter().map(str::to_owned).collect())
}

/// A file without its head: what follows the list of triples.
fn body(text: &str) -> &str {
    text.split_once("\n\n").map_or(text, |(_, body)| body)
}

/// The repository: as told, or the first folder from here upwards that has our sources.
fn root(cli: &Cli) -> Result<PathBuf, Error> {
    let here = std::env::current_dir().map_err(Error::io("find", "the current folder"))?;
    if let Some(root) = &cli.root {
        return Ok(here.join(root));
    }
    let holds = |folder: &&Path| folder.join("codegen/sources.toml").is_file();
    here.ancestors()
        .find(holds)
        .map(Path::to_owned)
        .ok_or(Error::NoRoot(here))
}

/// A target by name.
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

/// No system has this target.
fn unknown_target(triple: &str) -> Error {
    let targets = SYSTEMS.iter().flat_map(|os| os.targets);
    Error::UnknownTarget {
        name: triple.to_owned(),
        near: near(triple, targets.map(|target| target.triple)).map(str::to_owned),
    }
}
