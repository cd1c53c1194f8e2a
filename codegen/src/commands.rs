//! Runs the commands other than `generate` and `check`.

use std::process::ExitCode;
use std::time::Instant;

use crate::abi_diff::{self, Severity};
use crate::cli::{Command, Output};
use crate::destination::Destination;
use crate::error::Error;
use crate::generate::{Generator, say};
use crate::operand::Operand;
use crate::report::{self, Format};
use crate::snapshot::AbiSnapshot;
use crate::{Outcome, add, bump, explain, git, libclang, list, show, usage};

/// Runs the command.
pub(crate) fn run(command: &Command, generator: &Generator) -> Result<Outcome, Error> {
    let root = &generator.root;
    let tree = || AbiSnapshot::of_folder("the working tree".to_owned(), root);
    match command {
        Command::List { what } => Ok(Outcome::Report(list::list(*what, generator)?)),
        Command::Show { record, target } => {
            let text = show::show(&tree()?, record, target.as_deref())?;
            Ok(Outcome::Report(text))
        }
        Command::Diff { old, new, output } => {
            compare(generator, old.as_deref(), new.as_deref(), output)
        }
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
            output,
        } => {
            if let Some(code) = generator.with_libclang()? {
                return Ok(Outcome::Child(code));
            }
            let mut destination = Destination::open(output)?;
            let renewed = bump::bump(generator, pack, version.as_deref(), &mut destination)?;
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

/// Runs `diff`.
fn compare(
    generator: &Generator,
    old: Option<&str>,
    new: Option<&str>,
    output: &Output,
) -> Result<Outcome, Error> {
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
    if old.is_pack() || new.is_pack() {
        if let Some(code) = generator.with_libclang()? {
            return Ok(Outcome::Child(code));
        }
    }
    let mut destination = Destination::open(output)?;
    let report = abi_diff::compare(
        &old.read(generator)?,
        &new.read(generator)?,
        &usage::of(root)?,
    );
    if report.compared == 0 && report.rows.is_empty() {
        return Err(Error::Operand {
            operand: format!("{} → {}", report.old, report.new),
            why: "a comparison without a target that both describe".to_owned(),
        });
    }
    let code = if report.count(Severity::Breaking) > 0 {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    };
    let text = destination.prepare(&report)?;
    let text = match destination.keep()? {
        None => text,
        // The terminal shows the report besides the file.
        Some(written) => report::write(&report, Format::Terminal, output.unfold) + &written,
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
