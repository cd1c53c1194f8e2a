//! Where the headers say it: asks clang for the file and line of declarations and macros.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clang::{Entity, EntityKind};

use crate::error::Error;
use crate::front;
use crate::unix::Request;

/// What a declaration is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Declared {
    /// A struct or union with its fields.
    Record,
    /// A function.
    Function,
    /// A macro.
    Macro,
}

/// Where something is declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The header.
    pub(crate) file: PathBuf,
    /// The line, from 1.
    pub(crate) line: u32,
    /// The header that ours includes to reach it, as `<sys/event.h>`; none if it stands in ours.
    pub(crate) through: Option<String>,
}

/// Everything that is declared on one target, by name and kind.
pub(crate) type Places = BTreeMap<(String, Declared), Place>;

/// Has clang read the headers of `request` and notes where `names` are declared.
pub(crate) fn find(request: &Request<'_>, names: &[String]) -> Result<Places, Error> {
    let (text, arguments) = request.plain()?;
    let found = front::parse(&text, &arguments, true, |unit, _| {
        places(&front::all(unit), request.header, names)
    });
    found.map_err(|why| request.clang_says(why))
}

/// Where `names` are declared among `all`.
fn places(all: &[Entity<'_>], ours: &Path, names: &[String]) -> Places {
    let includes = includes(all, ours);
    let mut places = Places::new();
    for entity in all {
        let Some(name) = entity.get_name().filter(|name| names.contains(name)) else {
            continue;
        };
        let declared = match entity.get_kind() {
            EntityKind::MacroDefinition => Declared::Macro,
            EntityKind::FunctionDecl => Declared::Function,
            EntityKind::StructDecl | EntityKind::UnionDecl if entity.is_definition() => {
                Declared::Record
            }
            EntityKind::TypedefDecl if names_record(entity) => Declared::Record,
            _ => continue,
        };
        let Some((file, line)) = place(entity) else {
            continue;
        };
        let found = Place {
            through: includes.get(&file).cloned(),
            file,
            line,
        };
        // The last definition of a macro is the one in force; the first declaration of anything else is where it is explained.
        if declared == Declared::Macro {
            places.insert((name, declared), found);
        } else {
            places.entry((name, declared)).or_insert(found);
        }
    }
    places
}

/// Is it a name of a struct or union with its fields? Windows' records have no other.
fn names_record(entity: &Entity<'_>) -> bool {
    let meant = entity
        .get_typedef_underlying_type()
        .and_then(|ty| ty.get_canonical_type().get_declaration());
    meant.is_some_and(|record| {
        matches!(
            record.get_kind(),
            EntityKind::StructDecl | EntityKind::UnionDecl
        ) && record.get_definition().is_some()
    })
}

/// File and line.
fn place(entity: &Entity<'_>) -> Option<(PathBuf, u32)> {
    let location = entity.get_location()?.get_file_location();
    Some((location.file?.get_path(), location.line))
}

/// For each file the `#include` of our header by which it was reached first.
fn includes(all: &[Entity<'_>], ours: &Path) -> BTreeMap<PathBuf, String> {
    let mut through: BTreeMap<PathBuf, String> = BTreeMap::new();
    for entity in all {
        if entity.get_kind() != EntityKind::InclusionDirective {
            continue;
        }
        let (Some((from, _)), Some(file), Some(name)) =
            (place(entity), entity.get_file(), entity.get_name())
        else {
            continue;
        };
        // Directives come in the order clang followed them, so the includer is known before what it includes.
        let way = if from == ours {
            Some(format!("<{name}>"))
        } else {
            through.get(&from).cloned()
        };
        if let Some(way) = way {
            through.entry(file.get_path()).or_insert(way);
        }
    }
    through
}
