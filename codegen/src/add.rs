//! `cargo codegen add`: binds further symbols of systems.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::abi::{Constant, TargetAbi};
use crate::abi_diff::same_type;
use crate::cli::How;
use crate::destination::Destination;
use crate::error::{Error, did_you_mean, near};
use crate::explain;
use crate::generate::{self, Generator};
use crate::headers::Headers;
use crate::help::Help;
use crate::inputs::Inputs;
use crate::locate::{Declared, Found};
use crate::plan::Plan;
use crate::project;
use crate::read;
use crate::snapshot;
use crate::symbol_lines::{insert, text_of};
use crate::symbols::{Kind, Symbol};
use crate::targets::{Os, Target};
use crate::unix::context::includes;
use crate::usage::{self, Usage};
use crate::windows;
use crate::write::Single;

/// The requested symbols.
struct Request<'a> {
    /// Their names.
    names: &'a [String],
    /// How they are bound.
    how: &'a How,
}

/// Adds `names` to the symbol files of the systems. Returns the report and a list of written files.
pub(crate) fn add(
    generator: &Generator,
    names: &[String],
    how: &How,
    destination: &mut Destination<'_>,
) -> Result<(String, String), Error> {
    let root = &generator.root;
    let (systems, mut errors) = generate::systems(&how.os);
    let used = usage::of(root)?;
    let mut unique: Vec<String> = Vec::new();
    for name in names {
        if !unique.contains(name) {
            unique.push(name.clone());
        }
    }
    let request = Request {
        names: &unique,
        how,
    };
    let (mut singles, mut closing) = (Vec::new(), String::new());
    for os in &systems {
        let mut changed = header_of_windows(generator, os, how)?;
        // The headers are read with the new #include, and with the old symbols.
        let probe = Plan::new(root, changed.clone())?;
        let lines = match request.lines(&probe.generator, root, os, &used) {
            Ok(lines) => lines,
            Err(error) if error.is_local() => {
                errors.push(error);
                continue;
            }
            Err(error) => return Err(error),
        };
        for line in &lines {
            closing.push_str(&format!("+ {}\n", text_of(line, 0, 0)));
        }
        let path = project::input(&format!("symbols/{}.txt", os.name));
        let full = root.join(&path);
        let text = fs::read_to_string(&full).map_err(Error::io("read", full))?;
        let text = insert(&text, &lines);
        changed.push(Single { path, text });
        singles.extend(changed);
    }
    Error::all(errors)?;
    let plan = Plan::new(root, singles)?;
    let title = format!("with {}", names.join(", "));
    let is_affected = |os: &Os| systems.iter().any(|affected| affected.name == os.name);
    let finished = plan.finish(root, &title, is_affected);
    let finished = finished.map_err(without_metadata_advice)?;
    let report = destination.prepare(&finished.report)?;
    closing.push_str(&plan.write(&finished, root)?);
    Ok((report, closing))
}

/// The project's header for Windows with a further `#include`. Headers of Windows depend on the
/// ones before them, so the new one follows the others. On other systems a header is read alone.
fn header_of_windows(generator: &Generator, os: &Os, how: &How) -> Result<Vec<Single>, Error> {
    let Some(header) = how.header.as_deref().filter(|_| os.name == windows::NAME) else {
        return Ok(Vec::new());
    };
    let path = project::input(&format!("headers/{}.h", os.name));
    let full = generator.root.join(&path);
    let text = fs::read_to_string(&full).map_err(Error::io("read", full))?;
    if includes(&text, header) {
        return Ok(Vec::new());
    }
    let text = include(&text, &format!("#include {header}"));
    Ok(vec![Single { path, text }])
}

/// Inserts a line behind the last `#include`.
fn include(text: &str, line: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    let last = lines.iter().rposition(|line| line.starts_with("#include"));
    lines.insert(last.map_or(lines.len(), |last| last + 1), line);
    lines.join("\n") + "\n"
}

impl Request<'_> {
    /// The lines for the symbol file of a system.
    fn lines(
        &self,
        generator: &Generator,
        root: &Path,
        os: &'static Os,
        used: &Usage,
    ) -> Result<Vec<Symbol>, Error> {
        let inputs = generator.inputs(os)?;
        let headers = generator.headers(os)?;
        let own = self.how.header.as_deref().filter(|header| {
            let project_header = fs::read_to_string(&inputs.header).unwrap_or_default();
            !includes(&project_header, header)
        });
        let (found, mut errors) = self.find(os, &inputs, &headers, own)?;
        let mut lines = Vec::new();
        for name in self.names {
            if let Some(why) = found.refused.get(name) {
                errors.push(Error::Add {
                    why: format!("`{name}`: {why}"),
                    help: Help::text("leave it out of the command"),
                });
                continue;
            }
            let declarations = found
                .locations
                .iter()
                .filter(|((known, _), _)| known == name);
            if declarations.clone().next().is_none() {
                continue;
            }
            let why = match self.why(name, used) {
                Ok(why) => why,
                Err(error) => {
                    errors.push(error);
                    continue;
                }
            };
            for ((_, declared), location) in declarations {
                let kind = match declared {
                    Declared::Record => Kind::Record,
                    Declared::Function => Kind::Function,
                    Declared::Macro if os.name == windows::NAME => {
                        let ty = self
                            .how
                            .ty
                            .clone()
                            .or_else(|| family(name, &inputs.symbols));
                        Kind::Constant(Some(ty.unwrap_or_else(|| "int".to_owned())))
                    }
                    Declared::Macro => Kind::Constant(self.how.ty.clone()),
                };
                let is_kind = |known: &&Symbol| {
                    known.name == *name
                        && std::mem::discriminant(&known.kind) == std::mem::discriminant(&kind)
                };
                if inputs.symbols.iter().any(|known| is_kind(&known)) {
                    errors.push(Error::Add {
                        why: format!("codegen/symbols/{}.txt has `{name}` already", os.name),
                        help: Help::run(["cargo", "codegen", "explain", name]),
                    });
                }
                // A header that is read alone stays the source of the symbol.
                let own = own.map(str::to_owned);
                let through = own.or_else(|| location.through.clone());
                lines.push(Symbol {
                    name: name.clone(),
                    kind,
                    source: through.unwrap_or_else(|| format!("{name}(2)")),
                    why: why.clone(),
                    partial: os.name != windows::NAME,
                    line: 0,
                });
            }
        }
        if os.name != windows::NAME && !lines.is_empty() {
            match self.complete(root, os, inputs, &headers, &mut lines) {
                Ok(()) => {}
                Err(error) if error.is_local() => errors.push(error),
                Err(error) => return Err(error),
            }
        }
        Error::all(errors)?;
        Ok(lines)
    }

    /// The purpose of a symbol: `--why`, or the files that use it.
    fn why(&self, name: &str, used: &Usage) -> Result<String, Error> {
        match (&self.how.why, used.get(name)) {
            (Some(why), _) => Ok(why.trim().to_owned()),
            (None, Some(files)) => {
                let files: Vec<&str> = files.iter().map(String::as_str).collect();
                Ok(format!("used by {}", files.join(", ")))
            }
            (None, None) => Err(Error::Add {
                why: if project::is_open() {
                    format!("`{name}` needs a purpose, for its line in the list")
                } else {
                    format!("`{name}` needs a purpose, because src/ does not use it yet")
                },
                help: Help::Append(["--why", "PURPOSE"].map(str::to_owned).to_vec()),
            }),
        }
    }

    /// The declarations of the names on the first target that has each, and an error for each name
    /// without a declaration.
    fn find(
        &self,
        os: &'static Os,
        inputs: &Inputs,
        headers: &Headers<'_>,
        own: Option<&str>,
    ) -> Result<(Found, Vec<Error>), Error> {
        let mut found = Found::default();
        let mut left: Vec<String> = self.names.to_vec();
        let mut seen: BTreeSet<(&[&str], &str)> = BTreeSet::new();
        for target in os.targets {
            // A target of another architecture may have other headers or predefined macros.
            let arch = target.clang.split('-').next().unwrap_or_default();
            if left.is_empty() || !seen.insert((target.headers, arch)) {
                continue;
            }
            let here = explain::find_locations(os, target, inputs, headers, own, &left)?;
            if let (Some(wrong), Some(header)) = (&here.wrong, own) {
                if here.locations.is_empty() {
                    return Err(Error::Add {
                        why: format!("{}: {header} cannot be read alone: {wrong}", target.triple),
                        help: Help::Text(format!(
                            "include it behind the headers that it needs in codegen/headers/{}.h, \
                             and leave out --header",
                            os.name
                        )),
                    });
                }
            }
            let known = |name: &String| {
                here.refused.contains_key(name)
                    || here.locations.keys().any(|(known, _)| known == name)
            };
            left.retain(|name| !known(name));
            found.locations.extend(here.locations);
            found.refused.extend(here.refused);
            found.all.extend(here.all);
        }
        let unknown = left
            .iter()
            .map(|name| self.unknown(os, own, name, &found.all));
        let unknown = unknown.collect();
        Ok((found, unknown))
    }

    /// The error for a name without a declaration.
    fn unknown(&self, os: &Os, own: Option<&str>, name: &str, all: &BTreeSet<String>) -> Error {
        let near = near(name, all.iter().map(String::as_str));
        let header = match own {
            Some(header) => header.to_owned(),
            None => format!("codegen/headers/{}.h", os.name),
        };
        let why = format!("{header} reaches no header that declares `{name}`");
        match near {
            Some(near) => Error::Add {
                why: why + &did_you_mean(Some(near)),
                help: Help::replace(name, near),
            },
            None => Error::Add {
                why,
                help: Help::text("name the header that declares it: --header '<NAME.h>'"),
            },
        }
    }

    /// Reads the symbols on all targets, and sets which of them have each and the types of
    /// constants.
    fn complete(
        &self,
        root: &Path,
        os: &'static Os,
        mut inputs: Inputs,
        headers: &Headers<'_>,
        lines: &mut [Symbol],
    ) -> Result<(), Error> {
        let known = std::mem::replace(&mut inputs.symbols, lines.to_vec());
        let targets: Vec<&'static Target> = os.targets.iter().collect();
        let all = read::all_facts(os, &targets, &inputs, headers, None).map_err(without_advice)?;
        let tables = snapshot::in_folder(&root.join(project::snapshots()))?;
        let mut errors = Vec::new();
        for line in lines {
            let name = &line.name;
            let has = |facts: &&TargetAbi| match line.kind {
                Kind::Record => facts.records.iter().any(|item| item.name == *name),
                Kind::Function => facts.functions.iter().any(|item| item.name == *name),
                _ => facts.constants.iter().any(|item| item.name == *name),
            };
            let count = all.iter().filter(has).count();
            if count == 0 {
                errors.push(Error::Add {
                    why: format!("no target of {} has `{name}` of {}", os.name, line.source),
                    help: Help::text("name another header: --header '<NAME.h>'"),
                });
                continue;
            }
            line.partial = count < all.len();
            if line.kind == Kind::Constant(None) {
                let values = all.iter().flat_map(|facts| &facts.constants);
                let values: Vec<&Constant> = values.filter(|item| item.name == *name).collect();
                let family = family(name, &known).filter(|ty| {
                    let of_family =
                        |symbol: &&Symbol| symbol.kind == Kind::Constant(Some(ty.clone()));
                    let member = known.iter().find(of_family).map(|symbol| &symbol.name);
                    let facts = tables.iter().filter(|table| table.os == os.name);
                    let mut known = facts.flat_map(|table| &table.abi.constants);
                    let member = known.find(|constant| Some(&constant.name) == member);
                    member.is_some_and(|member| values.iter().all(|value| holds(&member.ty, value)))
                });
                let is_int = values.iter().all(|value| value.ty == "c_int");
                line.kind = Kind::Constant(family.or_else(|| is_int.then(|| "int".to_owned())));
            }
        }
        Error::all(errors)
    }
}

/// Errors whose help does not name the symbol file, because the symbols are not in it yet.
fn without_advice(error: Error) -> Error {
    match error {
        Error::Unbindable {
            target, problem, ..
        } => Error::Add {
            why: format!("{target}: {problem}"),
            help: Help::text("leave it out of the command"),
        },
        Error::Many(all) => Error::Many(all.into_iter().map(without_advice).collect()),
        other => other,
    }
}

/// Errors of the metadata of Windows whose help does not name the repository's files. The symbols
/// were in order before, so the added ones cause the errors, and these are not in the files yet.
fn without_metadata_advice(error: Error) -> Error {
    match error {
        Error::Metadata(_) | Error::Disagree { .. } => Error::Add {
            why: error.to_string(),
            help: Help::text("leave it out of the command"),
        },
        Error::Many(all) => Error::Many(all.into_iter().map(without_metadata_advice).collect()),
        other => other,
    }
}

/// Whether a constant can have the type: it is the same as its own, or the constant is an int and
/// the type holds its value.
fn holds(ty: &str, constant: &Constant) -> bool {
    let range = match ty {
        "u8" | "c_uchar" => 0..=i128::from(u8::MAX),
        "u16" | "c_ushort" => 0..=i128::from(u16::MAX),
        "u32" | "c_uint" => 0..=i128::from(u32::MAX),
        "i8" | "c_schar" => i128::from(i8::MIN)..=i128::from(i8::MAX),
        "i16" | "c_short" => i128::from(i16::MIN)..=i128::from(i16::MAX),
        "c_long" | "c_int" | "i32" => i128::from(i32::MIN)..=i128::from(i32::MAX),
        _ => return same_type(ty, &constant.ty),
    };
    same_type(ty, &constant.ty) || (constant.ty == "c_int" && range.contains(&constant.value))
}

/// The C type of similar constants: those of a table of names that matches `name`, or all that have
/// the same beginning up to the last `_`.
fn family(name: &str, symbols: &[Symbol]) -> Option<String> {
    let in_table = |symbol: &&Symbol| {
        let rest = name.strip_prefix(symbol.prefix());
        matches!(symbol.kind, Kind::Names(_))
            && rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('_'))
    };
    let tables = symbols.iter().filter(in_table);
    if let Some(table) = tables.max_by_key(|table| table.source.len()) {
        if let Kind::Names(ty) = &table.kind {
            return Some(ty.clone());
        }
    }
    let begin = &name[..=name.rfind('_')?];
    let types: BTreeMap<&str, usize> = symbols
        .iter()
        .filter(|symbol| symbol.name.starts_with(begin))
        .filter_map(|symbol| match &symbol.kind {
            Kind::Constant(Some(ty)) => Some((ty.as_str(), 1)),
            _ => None,
        })
        .collect();
    match types.keys().collect::<Vec<_>>()[..] {
        [one] => Some((*one).to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_gets_the_type_of_its_family_if_that_holds_it() {
        let symbol = |name: &str, kind: Kind, source: &str| Symbol {
            name: name.to_owned(),
            kind,
            source: source.to_owned(),
            why: String::new(),
            partial: false,
            line: 0,
        };
        let constant = |name: &str, ty: &str| symbol(name, Kind::Constant(Some(ty.to_owned())), "");
        let known = [
            constant("EVFILT_READ", "kevent_filter"),
            constant("EV_ADD", "kevent_flags"),
            constant("POLLIN", "short"),
            symbol("POLL_NAMES", Kind::Names("short".to_owned()), "POLL*"),
            constant("INADDR_ANY", "int"),
        ];
        let family = |name| family(name, &known);
        assert_eq!(family("EVFILT_FS").as_deref(), Some("kevent_filter"));
        assert_eq!(family("EV_KEEPUDATA").as_deref(), Some("kevent_flags"));
        assert_eq!(family("POLLRDBAND").as_deref(), Some("short"));
        assert_eq!(family("POLL_IN"), None, "another prefix");
        assert_eq!(family("SOCK_STREAM"), None);
        let value = |ty: &str, value| Constant {
            name: String::new(),
            ty: ty.to_owned(),
            value,
        };
        assert!(holds("c_short", &value("c_int", 0x100)));
        assert!(!holds("c_short", &value("c_int", 0x8000)));
        assert!(holds("u32", &value("c_uint", 0xffff_ffff)));
        assert!(!holds("c_int", &value("c_uint", 1)), "another signedness");
        assert!(!holds("u32", &value("c_int", -1)));
    }

    #[test]
    fn include_follows_the_other_includes() {
        assert_eq!(
            include("/* x */\n#include <a.h>\nint f();\n", "#include <b.h>"),
            "/* x */\n#include <a.h>\n#include <b.h>\nint f();\n"
        );
    }
}
