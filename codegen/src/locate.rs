//! Where the headers say it: asks clang for the file and line of declarations and macros.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clang::{Entity, EntityKind};

use crate::error::Error;
use crate::front;
use crate::unix::{Request, facts};

/// What a declaration is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Declared {
    /// A struct or union with its fields.
    Record,
    /// A function.
    Function,
    /// A macro's value, or the constant of an enum.
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

/// What clang knows of names on one target.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    /// Where they are declared.
    pub(crate) places: Places,
    /// Names that are something that cannot be bound, and why.
    pub(crate) refused: BTreeMap<String, String>,
    /// All names there are, if one of those asked for is not among them.
    pub(crate) all: BTreeSet<String>,
    /// Why clang cannot read the header.
    pub(crate) wrong: Option<String>,
}

/// Has clang read the headers of `request`, or only `header`, and notes where `names` are declared.
pub(crate) fn find(
    request: &Request<'_>,
    header: Option<&str>,
    names: &[String],
) -> Result<Found, Error> {
    let (text, arguments) = request.plain(header)?;
    let found = front::parse(&text, &arguments, true, |unit, complaints| {
        let from = match header {
            Some(_) => Path::new(front::MAIN),
            None => request.header,
        };
        let mut found = places(&front::all(unit), from, names);
        if let Some(first) = complaints.first() {
            found.wrong = Some(format!("{}:{}: {}", first.file, first.line, first.text));
        }
        found
    });
    found.map_err(|why| request.clang_says(why))
}

/// Where `names` are declared among `all`. `ours` is the text whose `#include`s are told.
fn places(all: &[Entity<'_>], ours: &Path, names: &[String]) -> Found {
    let includes = includes(all, ours);
    let mut found = Found::default();
    // The constants of an enum are inside of it.
    let mut everything: Vec<Entity<'_>> = Vec::with_capacity(all.len());
    for entity in all {
        everything.push(*entity);
        if entity.get_kind() == EntityKind::EnumDecl {
            everything.extend(entity.get_children());
        }
    }
    for entity in everything {
        let Some(name) = entity.get_name() else {
            continue;
        };
        if !names.contains(&name) {
            found.all.insert(name);
            continue;
        }
        let declared = match entity.get_kind() {
            EntityKind::MacroDefinition if entity.is_function_like_macro() => {
                let why = "it is a macro with arguments, of which no library has anything; write it in Rust";
                found.refused.insert(name, why.to_owned());
                continue;
            }
            EntityKind::MacroDefinition | EntityKind::EnumConstantDecl => Declared::Macro,
            EntityKind::FunctionDecl => Declared::Function,
            EntityKind::StructDecl | EntityKind::UnionDecl if entity.is_definition() => {
                Declared::Record
            }
            EntityKind::TypedefDecl if names_record(&entity) => Declared::Record,
            EntityKind::TypedefDecl => {
                let ty = entity.get_typedef_underlying_type();
                let ty = ty.map_or(String::new(), |ty| {
                    ty.get_canonical_type().get_display_name()
                });
                let why = format!("it is a name for `{ty}`, no record; write that type in Rust");
                found.refused.insert(name, why);
                continue;
            }
            EntityKind::VarDecl => {
                let why = facts::variable(&entity);
                found.refused.insert(name, why);
                continue;
            }
            EntityKind::EnumDecl => {
                let why = "it is an enum; bind its constants by their own names";
                found.refused.insert(name, why.to_owned());
                continue;
            }
            EntityKind::StructDecl | EntityKind::UnionDecl => {
                let why = "it is declared without fields, so its layout is unknown";
                found.refused.insert(name, why.to_owned());
                continue;
            }
            _ => continue,
        };
        let Some((file, line)) = place(&entity) else {
            continue;
        };
        let here = Place {
            through: includes.get(&file).cloned(),
            file,
            line,
        };
        // The last definition of a macro is the one in force; the first declaration of anything
        // else is where it is explained.
        if declared == Declared::Macro {
            found.places.insert((name, declared), here);
        } else {
            found.places.entry((name, declared)).or_insert(here);
        }
    }
    // A macro may stand before the function or the constant of the same name; what can be bound is
    // meant.
    let is_bound = |name: &String| found.places.keys().any(|(known, _)| known == name);
    let bound: Vec<String> = found
        .refused
        .keys()
        .filter(|name| is_bound(name))
        .cloned()
        .collect();
    for name in bound {
        found.refused.remove(&name);
    }
    let known = |name: &String| {
        found.refused.contains_key(name) || found.places.keys().any(|(known, _)| known == name)
    };
    if names.iter().all(known) {
        found.all.clear();
    }
    found
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
        // Directives come in the order clang followed them, so the includer is known before what it
        // includes.
        // What lies beside ours is a part of it.
        if file.get_path().parent() == ours.parent() {
            continue;
        }
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
