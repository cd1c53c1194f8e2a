//! Runs the commands other than `generate` and `check`.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use jiff::civil::Date;

use crate::abi_diff::{self, Report, Severity};
use crate::accepted::{self, Accepted};
use crate::cli::{Command, Only, Output};
use crate::destination::Destination;
use crate::error::Error;
use crate::generate::{self, Generator, say};
use crate::operand::{self, Operand};
use crate::project;
use crate::project_error::ProjectError;
use crate::report::{self, Format};
use crate::snapshot::AbiSnapshot;
use crate::{
    Outcome, accept, add, bump, explain, find_target, gate, git, history, libclang, list, outdated,
    show, site, usage, write,
};

/// Runs the command.
pub(crate) fn run(command: &Command, generator: &Generator) -> Result<Outcome, Error> {
    let root = &generator.root;
    let tree = || {
        if project::is_open() && !AbiSnapshot::is_in(root) {
            return Err(Error::project(ProjectError::NotGenerated(root.clone())));
        }
        AbiSnapshot::of_folder("the working tree".to_owned(), root)
    };
    match command {
        Command::List { what } => Ok(Outcome::Report(list::list(*what, generator)?)),
        Command::Show { record, target } => {
            let text = show::show(&tree()?, record, target.as_deref())?;
            Ok(Outcome::Report(text))
        }
        Command::Diff {
            old,
            new,
            only,
            gate,
            today,
            output,
        } => {
            let operands = match Operands::parse(generator, old.as_deref(), new.as_deref())? {
                Ok(operands) => operands,
                Err(code) => return Ok(Outcome::Child(code)),
            };
            let today = gate.then(|| today.unwrap_or_else(accepted::today));
            compare(generator, &operands, only, today, output)
        }
        Command::Accept(options) => accept::run(generator, options),
        Command::History { update: true, .. } => {
            let mut written = BTreeSet::new();
            history::update(generator, &mut |files| {
                write::all(&[], &files, root)?;
                written.extend(files.into_iter().map(|file| file.path));
                Ok(())
            })?;
            let lines: String = written
                .iter()
                .map(|path| format!("{path}: written\n"))
                .collect();
            Ok(Outcome::Report(match lines.is_empty() {
                true => "codegen/history has all versions already\n".to_owned(),
                false => lines,
            }))
        }
        Command::History { symbol, os, .. } => {
            let os = os.as_ref().map(std::slice::from_ref).unwrap_or_default();
            let (systems, errors) = generate::systems(os);
            Error::all(errors)?;
            let name = symbol.as_deref().unwrap_or_default();
            let text = history::history(generator, name, systems.first().copied())?;
            Ok(Outcome::Report(text))
        }
        Command::Outdated { format } => {
            let found = outdated::read(generator)?;
            let code = ExitCode::from(u8::from(found.is_outdated()));
            Ok(Outcome::Ended(found.write(*format), code))
        }
        Command::Site { operands, output } => site::run(generator, operands, output),
        Command::Explain { symbol } => {
            if let Some(code) = generator.with_libclang()? {
                return Ok(Outcome::Child(code));
            }
            let text = explain::explain(generator, &tree()?, &usage::of(root)?, symbol)?;
            Ok(Outcome::Report(text))
        }
        Command::Bump {
            pack,
            version,
            accept_breaking,
            output,
        } => {
            if let Some(code) = generator.with_libclang()? {
                return Ok(Outcome::Child(code));
            }
            let mut destination = Destination::open(output)?;
            let renewed = bump::bump(
                generator,
                pack,
                version.as_deref(),
                *accept_breaking,
                &mut destination,
            )?;
            finish(renewed.report, &renewed.closing, destination)
        }
        Command::Add {
            symbols,
            how,
            output,
        } => {
            if let Some(code) = generator.with_libclang()? {
                return Ok(Outcome::Child(code));
            }
            let began = Instant::now();
            let mut destination = Destination::open(output)?;
            let (report, closing) = add::add(generator, symbols, how, &mut destination)?;
            let (read, seconds) = (libclang::read(), began.elapsed().as_secs_f64());
            let closing = format!("{closing}clang read {read} texts; {seconds:.1} s in all\n");
            finish(report, &closing, destination)
        }
    }
}

/// The operands of a comparison.
#[derive(Debug)]
pub(crate) struct Operands {
    /// The old one.
    pub(crate) old: Operand,
    /// The new one.
    pub(crate) new: Operand,
}

impl Operands {
    /// Parses them; by default the commit where this branch left main, and the working tree. `Err`
    /// if the process has started itself again with libclang, with the exit status of that.
    pub(crate) fn parse(
        generator: &Generator,
        old: Option<&str>,
        new: Option<&str>,
    ) -> Result<std::result::Result<Operands, ExitCode>, Error> {
        let root = &generator.root;
        let side = |text: &str| Operand::parse(text, root, &generator.sources.headers);
        let old = match old {
            Some(text) => side(text)?,
            None => {
                let (commit, name) = git::merge_base(root)?;
                Operand::Revision(commit, name)
            }
        };
        let new = match new {
            Some(text) => side(text)?,
            None => Operand::Folder(root.clone(), "the working tree".to_owned()),
        };
        if old.reads_headers() || new.reads_headers() {
            if let Some(code) = generator.with_libclang()? {
                return Ok(Err(code));
            }
        }
        Ok(Ok(Operands { old, new }))
    }

    /// Compares them.
    pub(crate) fn compare(&self, generator: &Generator, only: &Only) -> Result<Report, Error> {
        let [old, new] = operand::read_both([&self.old, &self.new], generator, only)?;
        let report = abi_diff::compare(&old, &new, &usage::of(&generator.root)?);
        if report.compared == 0 && report.rows.is_empty() {
            return Err(Error::Operand {
                operand: format!("{} → {}", report.old, report.new),
                why: "a comparison without a target that both describe".to_owned(),
            });
        }
        Ok(report)
    }

    /// Whether both have all systems. Packs and SDKs have some.
    pub(crate) fn are_whole(&self) -> bool {
        !self.old.reads_headers() && !self.new.reads_headers()
    }

    /// The entries of the old operand. None if its file is invalid or missing.
    pub(crate) fn base(&self, root: &Path) -> Accepted {
        match Accepted::of_operand(&self.old, root) {
            Ok(accepted) => accepted.unwrap_or_default(),
            Err(error) => {
                // The new operand cannot correct it, so it must not fail for that.
                say(format!("the old operand has an invalid file: {error}"));
                Accepted::default()
            }
        }
    }

    /// The entries of the new operand; for a pack, or a folder without the file, those of the
    /// working tree.
    pub(crate) fn accepted(&self, root: &Path) -> Result<Accepted, Error> {
        match Accepted::of_operand(&self.new, root)? {
            Some(accepted) => Ok(accepted),
            // A commit that has no such file accepts nothing.
            None if matches!(self.new, Operand::Revision(..)) => Ok(Accepted::default()),
            None => Accepted::of_folder(root),
        }
    }
}

/// Runs `diff`, with the gate if there is a day for which it is to judge.
fn compare(
    generator: &Generator,
    operands: &Operands,
    only: &Only,
    today: Option<Date>,
    output: &Output,
) -> Result<Outcome, Error> {
    let root = &generator.root;
    let (_, unknown) = generate::systems(&only.os);
    Error::all(unknown)?;
    for triple in &only.target {
        find_target(triple)?;
    }
    let mut destination = Destination::open(output)?;
    let mut report = operands.compare(generator, only)?;
    if let Some(today) = today {
        let (accepted, base) = (operands.accepted(root)?, operands.base(root));
        let mut verdict = gate::judge(&report, &accepted, &base, today);
        if !operands.are_whole() || !only.os.is_empty() || !only.target.is_empty() {
            verdict.forgive_unmatched();
        }
        report.gate = Some(verdict);
    }
    let is_green = match &report.gate {
        Some(gate) => gate.passed,
        None => report.count(Severity::Breaking) == 0,
    };
    let code = if is_green {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    };
    let text = destination.prepare(&report)?;
    let text = match destination.keep()? {
        None => text,
        // The terminal shows the report besides the file.
        Some(written) => report::write(&report, Format::Terminal, output.unfold, None) + &written,
    };
    Ok(Outcome::Ended(text, code))
}

/// Delivers the report, and prints the written files.
fn finish(report: String, closing: &str, destination: Destination<'_>) -> Result<Outcome, Error> {
    let is_terminal = destination.is_terminal();
    if let Some(written) = destination.keep()? {
        return Ok(Outcome::Report(format!("{closing}{written}")));
    }
    // In another format, standard output has only the report.
    if is_terminal {
        return Ok(Outcome::Report(
            format!("{report}\n{closing}").trim_start().to_owned(),
        ));
    }
    say(closing.trim_end().to_owned());
    Ok(Outcome::Report(report))
}
