//! `cargo codegen add`: binds further symbols of a system.

use std::collections::BTreeMap;
use std::fs;

use crate::cli::How;
use crate::error::Error;
use crate::explain;
use crate::generate::Generator;
use crate::locate::{Declared, Place, Places};
use crate::plan::Plan;
use crate::report::{self, Format};
use crate::symbols::{Kind, Symbol};
use crate::targets::{Os, SYSTEMS};
use crate::usage;
use crate::write::Single;

/// Adds `names` to a system's symbol file. Returns the report and what was written.
pub(crate) fn add(
    generator: &Generator,
    names: &[String],
    how: &How,
    format: Format,
    unfold: bool,
) -> Result<(String, String), Error> {
    let root = &generator.root;
    let os = system(&how.os)?;
    let list = format!("codegen/symbols/{}.txt", os.name);
    let read = |path: &str| {
        let path = root.join(path);
        fs::read_to_string(&path).map_err(Error::io("read", path))
    };
    let mut singles = Vec::new();
    if let Some(header) = &how.header {
        let path = format!("codegen/headers/{}.h", os.name);
        let text = read(&path)?;
        let line = format!("#include {header}");
        if !text.lines().any(|known| known == line) {
            singles.push(Single {
                text: include(&text, &line),
                path,
            });
        }
    }
    let text = read(&list)?;
    let command = |rest: &str| {
        let why = match &how.why {
            Some(why) => format!(" --why '{}'", why.replace('\'', r"'\''")),
            None => String::new(),
        };
        format!(
            "cargo codegen add {} --os {}{why} {rest}",
            names.join(" "),
            os.name
        )
    };
    // The headers are read with the new #include, the old list being as good as any.
    let probe = Plan::new(root, singles.iter().map(copy).collect())?;
    let inputs = probe.generator.inputs(os)?;
    let headers = probe.generator.headers(os)?;
    let target = os.targets.first().ok_or_else(|| Error::UnknownSystem {
        name: os.name.to_owned(),
        known: String::new(),
    })?;
    let places = explain::places(os, target, &inputs, &headers, names)?;
    let used = usage::of(root)?;
    let mut lines = Vec::new();
    for name in names {
        let found: Vec<(Declared, &Place)> = of(&places, name);
        if found.is_empty() {
            return Err(Error::Add {
                why: format!(
                    "codegen/headers/{}.h reaches no header that declares `{name}`; name the header that does",
                    os.name
                ),
                mend: command("--header '<…>'"),
            });
        }
        let why = match (&how.why, used.get(name)) {
            (Some(why), _) => why.trim().to_owned(),
            (None, Some(files)) => {
                let files: Vec<&str> = files.iter().map(String::as_str).collect();
                format!("used by {}", files.join(", "))
            }
            (None, None) => {
                return Err(Error::Add {
                    why: format!(
                        "`{name}` needs a reason for whoever reads the list, and src/ does not use it yet"
                    ),
                    mend: command("--why 'what the library wants it for'"),
                });
            }
        };
        for (declared, place) in found {
            let ty = how
                .ty
                .clone()
                .unwrap_or_else(|| alike(name, &inputs.symbols));
            let kind = explain::kind(declared, &ty);
            if inputs
                .symbols
                .iter()
                .any(|known| known.name == *name && known.kind == kind)
            {
                return Err(Error::Add {
                    why: format!("{list} has `{name}` already"),
                    mend: format!("cargo codegen explain {name}"),
                });
            }
            let source = place
                .through
                .clone()
                .unwrap_or_else(|| format!("{name}(2)"));
            lines.push(Symbol {
                name: name.clone(),
                kind,
                source,
                why: why.clone(),
                partial: false,
            });
        }
    }
    let text = insert(&text, &lines);
    singles.push(Single { path: list, text });
    let plan = Plan::new(root, singles)?;
    let title = format!("with {}", names.join(", "));
    let finished = plan.finish(root, &title, |other| other.name == os.name).map_err(|error| match error {
        Error::MissingSymbol { target, symbols, .. } => Error::Add {
            why: format!("{target}: the headers lack {symbols}; a symbol of a system is one that all its targets have"),
            mend: format!("cargo codegen add --os {} --help", os.name),
        },
        other => other,
    })?;
    let report = report::write(&finished.report, format, unfold);
    let mut closing: String = lines
        .iter()
        .map(|line| format!("+ {}\n", text_of(line, 0, 0)))
        .collect();
    closing.push_str(&plan.write(&finished, root)?);
    Ok((report, closing))
}

/// The system of this name.
fn system(name: &str) -> Result<&'static Os, Error> {
    SYSTEMS.iter().find(|os| os.name == name).ok_or_else(|| {
        let known: Vec<&str> = SYSTEMS.iter().map(|os| os.name).collect();
        Error::UnknownSystem {
            name: name.to_owned(),
            known: known.join(", "),
        }
    })
}

/// The same again.
fn copy(single: &Single) -> Single {
    Single {
        path: single.path.clone(),
        text: single.text.clone(),
    }
}

/// What a name is declared as.
fn of<'a>(places: &'a Places, name: &str) -> Vec<(Declared, &'a Place)> {
    let mine = places.iter().filter(|((known, _), _)| known == name);
    mine.map(|((_, declared), place)| (*declared, place))
        .collect()
}

/// Puts a line behind the last `#include`.
fn include(text: &str, line: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.iter().rposition(|line| line.starts_with("#include"));
    let mut changed: Vec<&str> = lines.clone();
    changed.insert(last.map_or(lines.len(), |last| last + 1), line);
    changed.join("\n") + "\n"
}

/// The type of the constant whose name has most in common with `name`.
fn alike(name: &str, symbols: &[Symbol]) -> String {
    let common = |other: &str| {
        let letters = name.chars().zip(other.chars());
        letters.take_while(|(one, two)| one == two).count()
    };
    let mut best = (2, "int");
    for symbol in symbols {
        if let Kind::Constant(Some(ty)) = &symbol.kind {
            let count = common(&symbol.name);
            if count > best.0 {
                best = (count, ty);
            }
        }
    }
    best.1.to_owned()
}

/// A line of the list, its columns as wide as those of its neighbours.
fn text_of(symbol: &Symbol, name: usize, source: usize) -> String {
    let kind = symbol.kind_text();
    let wide = source.saturating_sub(name + 2);
    let left = format!("{:<name$} {kind:<wide$} {}", symbol.name, symbol.source);
    format!("{left} # {}", symbol.why)
}

/// Puts the symbols in their places. The columns follow the line before.
fn insert(text: &str, symbols: &[Symbol]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for symbol in symbols {
        let name_of = |line: &String| {
            line.split_whitespace()
                .next()
                .unwrap_or_default()
                .to_owned()
        };
        let is_comment = |line: &String| line.is_empty() || line.starts_with('#');
        let after = lines
            .iter()
            .position(|line| !is_comment(line) && name_of(line) > symbol.name)
            .unwrap_or(lines.len());
        let columns = columns(&lines);
        let mut line = text_of(symbol, columns.0, columns.1);
        if let Some((left, why)) = line.clone().split_once(" # ") {
            let wide = columns.2.saturating_sub(1);
            line = format!("{left:<wide$} # {why}");
        }
        lines.insert(after, line);
    }
    lines.join("\n") + "\n"
}

/// Where kind, source and reason begin in most lines: widths of the name, of what is left of the source, of what is left of `#`.
fn columns(lines: &[String]) -> (usize, usize, usize) {
    let mut votes: BTreeMap<(usize, usize, usize), usize> = BTreeMap::new();
    for line in lines.iter().filter(|line| !line.starts_with('#')) {
        let Some(reason) = line.find('#') else {
            continue;
        };
        let words: Vec<&str> = line[..reason].split_whitespace().collect();
        let (Some(name), Some(source)) = (words.first(), words.last()) else {
            continue;
        };
        let kind = line[name.len()..]
            .find(|letter: char| !letter.is_whitespace())
            .map_or(0, |gap| name.len() + gap);
        let source = line[..reason].rfind(source).unwrap_or(0);
        *votes
            .entry((kind.saturating_sub(1), source, reason))
            .or_default() += 1;
    }
    let best = votes.into_iter().max_by_key(|(_, count)| *count);
    best.map_or((0, 0, 0), |(columns, _)| columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_to_its_place_in_the_columns_of_the_others() {
        let text = "# head\nEV_ADD      const kevent_flags   <sys/event.h>    # register\nkevent      fn                   <sys/event.h>    # waits\n";
        let symbol = Symbol {
            name: "EV_CLEAR".to_owned(),
            kind: Kind::Constant(Some("kevent_flags".to_owned())),
            partial: false,
            source: "<sys/event.h>".to_owned(),
            why: "edges".to_owned(),
        };
        let changed = insert(text, std::slice::from_ref(&symbol));
        let lines: Vec<&str> = changed.lines().collect();
        assert_eq!(
            lines[2],
            "EV_CLEAR    const kevent_flags   <sys/event.h>    # edges"
        );
        assert_eq!(lines.len(), 4);
    }

    #[test]
    fn a_constant_takes_the_type_of_the_one_most_alike() {
        let constant = |name: &str, ty: &str| Symbol {
            name: name.to_owned(),
            kind: Kind::Constant(Some(ty.to_owned())),
            partial: false,
            source: String::new(),
            why: String::new(),
        };
        let known = [
            constant("EVFILT_READ", "kevent_filter"),
            constant("EV_ADD", "kevent_flags"),
        ];
        assert_eq!(alike("EVFILT_FS", &known), "kevent_filter");
        assert_eq!(alike("EV_KEEPUDATA", &known), "kevent_flags");
        assert_eq!(alike("SOCK_STREAM", &known), "int");
    }

    #[test]
    fn an_include_goes_behind_the_others() {
        assert_eq!(
            include("/* x */\n#include <a.h>\nint f();\n", "#include <b.h>"),
            "/* x */\n#include <a.h>\n#include <b.h>\nint f();\n"
        );
    }
}
