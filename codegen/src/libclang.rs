//! Parses C text with libclang.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use clang::diagnostic::Severity;
use clang::{Clang, Entity, EntityKind, Index, TranslationUnit, Unsaved};

/// The `clang` crate allows one `Clang` at a time in a process.
static LOCK: Mutex<()> = Mutex::new(());

/// The number of texts that clang has parsed in this run.
static PARSED: AtomicUsize = AtomicUsize::new(0);

/// Counts a text that clang, or bindgen through it, parses.
pub(crate) fn count() {
    PARSED.fetch_add(1, Ordering::Relaxed);
}

/// The number of texts that clang has parsed in this run.
pub(crate) fn read() -> usize {
    PARSED.load(Ordering::Relaxed)
}

/// An error of clang. In a macro, it is at the line that uses the macro.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Diagnostic {
    /// The file, by the name that `#line` sets.
    pub(crate) file: String,
    /// Its line.
    pub(crate) line: u32,
    /// The message.
    pub(crate) text: String,
}

/// Parses `text` and passes the translation unit and its errors to `inspect`.
pub(crate) fn parse<T>(
    text: &str,
    arguments: &[String],
    macros: bool,
    inspect: impl FnOnce(&TranslationUnit<'_>, &[Diagnostic]) -> T,
) -> Result<T, String> {
    count();
    let _lock = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    let clang = Clang::new()?;
    let index = Index::new(&clang, false, false);
    let mut arguments = arguments.to_vec();
    // A proposed name would change the message about a missing one.
    arguments.extend(["-ferror-limit=0", "-fno-spell-checking"].map(str::to_owned));
    let unit = index
        .parser(MAIN)
        .unsaved(&[Unsaved::new(MAIN, text)])
        .arguments(&arguments)
        .detailed_preprocessing_record(macros)
        .skip_function_bodies(true)
        .parse()
        .map_err(|error| {
            let target = arguments.iter().find(|word| word.starts_with("--target="));
            let target = target.map_or("no --target", String::as_str);
            format!("libclang reads nothing with {target}, which it may not know: {error}")
        })?;
    let diagnostics: Vec<Diagnostic> = unit
        .get_diagnostics()
        .iter()
        .filter(|found| matches!(found.get_severity(), Severity::Error | Severity::Fatal))
        .map(|found| {
            let (file, line, _) = found.get_location().get_presumed_location();
            Diagnostic {
                file,
                line,
                text: found.get_text(),
            }
        })
        .collect();
    Ok(inspect(&unit, &diagnostics))
}

/// The file name of the text. Neither the file nor its folder exists, so it adds no include folder.
pub(crate) const MAIN: &str = "/mio-codegen/wrapper.h";

/// All declarations and macros of a translation unit. A tag that is declared in a record has the
/// scope of the file in C (C11 6.2.1), so it is among them.
pub(crate) fn all<'tu>(unit: &'tu TranslationUnit<'tu>) -> Vec<Entity<'tu>> {
    fn add<'tu>(entity: Entity<'tu>, found: &mut Vec<Entity<'tu>>) {
        found.push(entity);
        let kind = entity.get_kind();
        if matches!(kind, EntityKind::StructDecl | EntityKind::UnionDecl) {
            let is_tag = |child: &Entity<'_>| {
                use EntityKind::{EnumDecl, StructDecl, UnionDecl};
                matches!(child.get_kind(), StructDecl | UnionDecl | EnumDecl)
            };
            let inside = entity.get_children().into_iter().filter(is_tag);
            inside.for_each(|child| add(child, found));
        }
    }
    let mut found = Vec::new();
    for entity in unit.get_entity().get_children() {
        add(entity, &mut found);
    }
    found
}

/// Errors in the format of clang.
pub(crate) fn formatted(diagnostics: &[&Diagnostic]) -> String {
    let line = |diagnostic: &Diagnostic| {
        let Diagnostic { file, line, text } = diagnostic;
        format!("{file}:{line}: error: {text}")
    };
    let lines: Vec<String> = diagnostics.iter().copied().map(line).collect();
    lines.join("\n")
}
