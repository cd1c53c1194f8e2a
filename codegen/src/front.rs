//! clang, asked for data: a text is parsed, and the caller looks at what stands in it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use clang::diagnostic::Severity;
use clang::{Clang, Entity, Index, TranslationUnit, Unsaved};

/// libclang's wrapper allows one user at a time in a process.
static ALONE: Mutex<()> = Mutex::new(());

/// How many texts clang has read in this run.
static READ: AtomicUsize = AtomicUsize::new(0);

/// Notes that clang, or bindgen through it, reads a text.
pub(crate) fn count() {
    READ.fetch_add(1, Ordering::Relaxed);
}

/// How many texts clang has read in this run.
pub(crate) fn read() -> usize {
    READ.load(Ordering::Relaxed)
}

/// An error in a text, with the place where a macro that leads to it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Complaint {
    /// The file, as `#line` calls it.
    pub(crate) file: String,
    /// The line there.
    pub(crate) line: u32,
    /// What is wrong.
    pub(crate) text: String,
}

/// Has clang parse `text` and hands the result to `look`.
pub(crate) fn parse<T>(
    text: &str,
    arguments: &[String],
    macros: bool,
    look: impl FnOnce(&TranslationUnit<'_>, &[Complaint]) -> T,
) -> Result<T, String> {
    count();
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let clang = Clang::new()?;
    let index = Index::new(&clang, false, false);
    let mut arguments = arguments.to_vec();
    arguments.push("-ferror-limit=0".to_owned());
    let unit = index
        .parser(MAIN)
        .unsaved(&[Unsaved::new(MAIN, text)])
        .arguments(&arguments)
        .detailed_preprocessing_record(macros)
        .skip_function_bodies(true)
        .parse()
        .map_err(|error| error.to_string())?;
    let complaints: Vec<Complaint> = unit
        .get_diagnostics()
        .iter()
        .filter(|found| matches!(found.get_severity(), Severity::Error | Severity::Fatal))
        .map(|found| {
            let (file, line, _) = found.get_location().get_presumed_location();
            Complaint {
                file,
                line,
                text: found.get_text(),
            }
        })
        .collect();
    Ok(look(&unit, &complaints))
}

/// The name of the text for clang. It exists nowhere, and no folder is looked into because of it.
pub(crate) const MAIN: &str = "/mio-codegen/wrapper.h";

/// All declarations and macros of a file and what it includes.
pub(crate) fn all<'tu>(unit: &'tu TranslationUnit<'tu>) -> Vec<Entity<'tu>> {
    unit.get_entity().get_children()
}

/// Errors as clang prints them.
pub(crate) fn quoted(complaints: &[&Complaint]) -> String {
    let line = |complaint: &Complaint| {
        let Complaint { file, line, text } = complaint;
        format!("{file}:{line}: error: {text}")
    };
    let lines: Vec<String> = complaints.iter().copied().map(line).collect();
    lines.join("\n")
}
