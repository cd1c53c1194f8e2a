//! Finds the file and line of declarations and macros with clang.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clang::{Entity, EntityKind};

use crate::error::Error;
use crate::libclang;
use crate::unix::{Request, query};

/// The kind of a declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Declared {
    /// A struct or union with its fields.
    Record,
    /// A function.
    Function,
    /// The value of a macro, or a constant of an enum.
    Macro,
}

/// The location of a declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Location {
    /// The header.
    pub(crate) file: PathBuf,
    /// The line, from 1.
    pub(crate) line: u32,
    /// The header that the project's header includes to reach it, as `<sys/event.h>`. None if the
    /// project's header declares it.
    pub(crate) through: Option<String>,
}

/// The locations of declarations on one target, by name and kind.
pub(crate) type Locations = BTreeMap<(String, Declared), Location>;

/// The declarations of names on one target.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    /// Their locations.
    pub(crate) locations: Locations,
    /// Names that cannot be bound, with the reasons.
    pub(crate) refused: BTreeMap<String, String>,
    /// All declared names, if one of the requested names is not among them.
    pub(crate) all: BTreeSet<String>,
    /// The first error of clang in the header.
    pub(crate) wrong: Option<String>,
}

/// Has clang read the headers of `request`, or only `header`, and finds the declarations of
/// `names`.
pub(crate) fn find(
    request: &Request<'_>,
    header: Option<&str>,
    names: &[String],
) -> Result<Found, Error> {
    let (text, arguments) = request.plain(header)?;
    let found = libclang::parse(&text, &arguments, true, |unit, diagnostics| {
        let from = match header {
            Some(_) => Path::new(libclang::MAIN),
            None => request.header,
        };
        let mut found = locations(&libclang::all(unit), from, names);
        if let Some(first) = diagnostics.first() {
            found.wrong = Some(format!("{}:{}: {}", first.file, first.line, first.text));
        }
        found
    });
    found.map_err(|why| request.clang_error(why))
}

/// The declarations of `names` among `all`. `project_header` is the file whose includes are named.
fn locations(all: &[Entity<'_>], project_header: &Path, names: &[String]) -> Found {
    let includes = includes(all, project_header);
    let mut found = Found::default();
    // The constants of an enum are inside of it.
    let mut everything: Vec<Entity<'_>> = Vec::with_capacity(all.len());
    for entity in all {
        everything.push(*entity);
        if entity.get_kind() == EntityKind::EnumDecl {
            everything.extend(entity.get_children());
        }
    }
    let is_declared = |entity: &&Entity<'_>| {
        use EntityKind::{FunctionDecl, StructDecl, TypedefDecl, UnionDecl};
        matches!(
            entity.get_kind(),
            FunctionDecl | StructDecl | UnionDecl | TypedefDecl
        )
    };
    let declared = all.iter().filter(is_declared);
    let declares: BTreeSet<String> = declared.filter_map(Entity::get_name).collect();
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
                let why = "it is a macro with arguments, which has no value; write it in Rust";
                found.refused.insert(name, why.to_owned());
                continue;
            }
            EntityKind::MacroDefinition if declares.contains(&other_name(&entity)) => {
                // Often its own name, so that the preprocessor can look for the declaration.
                let other = other_name(&entity);
                let why = format!("it is a macro for `{other}`; bind that");
                found.refused.insert(name, why);
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
                let why =
                    format!("it is a typedef of `{ty}` and no record; write that type in Rust");
                found.refused.insert(name, why);
                continue;
            }
            EntityKind::VarDecl => {
                let why = query::variable(&entity);
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
        let here = Location {
            through: includes.get(&file).cloned(),
            file,
            line,
        };
        // The last definition of a macro is the valid one. The first declaration of anything else
        // has its documentation.
        if declared == Declared::Macro {
            found.locations.insert((name, declared), here);
        } else {
            found.locations.entry((name, declared)).or_insert(here);
        }
    }
    // A macro may share its name with a function or a constant, which can be bound.
    let is_bound = |name: &String| found.locations.keys().any(|(known, _)| known == name);
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
        found.refused.contains_key(name) || found.locations.keys().any(|(known, _)| known == name)
    };
    if names.iter().all(known) {
        found.all.clear();
    }
    found
}

/// The name that a macro as `#define poll poll64` stands for; empty for other macros.
fn other_name(entity: &Entity<'_>) -> String {
    let tokens = entity.get_range().map(|range| range.tokenize());
    match tokens.as_deref() {
        Some([_, other]) => other.get_spelling(),
        _ => String::new(),
    }
}

/// Whether it is a typedef of a struct or union with fields. The records of Windows are listed so.
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

/// The file and line of a declaration.
fn place(entity: &Entity<'_>) -> Option<(PathBuf, u32)> {
    let location = entity.get_location()?.get_file_location();
    Some((location.file?.get_path(), location.line))
}

/// The `#include` of the project's header that first reached each file.
fn includes(all: &[Entity<'_>], project_header: &Path) -> BTreeMap<PathBuf, String> {
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
        // The directives are in the order in which clang followed them, so an including file
        // precedes the files that it includes. Files beside the project's header are parts of it.
        if file.get_path().parent() == project_header.parent() {
            continue;
        }
        let way = if from == project_header {
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
