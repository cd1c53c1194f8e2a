//! `cargo codegen explain`: the value of a symbol on each target, the header and line that declare
//! it, and its uses.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anstyle::Style;

use crate::abi::TargetAbi;
use crate::abi_diff::Kind;
use crate::error::{Error, near};
use crate::generate::Generator;
use crate::headers::Headers;
use crate::history;
use crate::inputs::Inputs;
use crate::locate::{self, Declared, Found, Location};
use crate::project;
use crate::site::symbol_page;
use crate::snapshot::AbiSnapshot;
use crate::targets::{Os, SYSTEMS, Target};
use crate::unix::{Request, context};
use crate::usage::Usage;

/// A value as text, and the kind of its declaration.
type Value = (Declared, String);

/// The whole text.
pub(crate) fn explain(
    generator: &Generator,
    snapshot: &AbiSnapshot,
    usage: &Usage,
    name: &str,
) -> Result<String, Error> {
    let mut values: BTreeMap<Value, BTreeMap<(&str, &str), Vec<&str>>> = BTreeMap::new();
    for (triple, seen) in &snapshot.targets {
        for value in of(&seen.abi, name) {
            let groups = values.entry(value).or_default();
            groups
                .entry((&seen.os, &seen.group))
                .or_default()
                .push(triple);
        }
    }
    if values.is_empty() {
        return Err(unknown(snapshot, name));
    }
    let bold = Style::new().bold();
    let mut text = String::new();
    let mut count = 0;
    for ((declared, value), groups) in &values {
        line!(text, "{bold}{value}{bold:#}");
        for ((os, group), targets) in groups {
            count += targets.len();
            line!(text, "  {os} {group}: {}", targets.join(", "));
            if let Some(line) = origin(generator, os, targets.first(), name, *declared)? {
                line!(text, "      {line}");
            }
        }
    }
    text.push('\n');
    for os in SYSTEMS {
        for (line, why) in reasons(generator, os, name)? {
            line!(text, "codegen/symbols/{}.txt:{line}: {why}", os.name);
        }
    }
    for (system, version) in history::oldest(generator, name)? {
        line!(
            text,
            "{system}: the oldest version that has it is {version}"
        );
    }
    match usage.get(name) {
        Some(files) => {
            let files: Vec<&str> = files.iter().map(String::as_str).collect();
            line!(text, "used by {}", files.join(", "));
        }
        None if project::is_open() => {}
        None => line!(text, "src/ does not use it by name"),
    }
    let all = snapshot.targets.len();
    line!(
        text,
        "{count} of {all} targets have it, with {} {}",
        values.len(),
        if values.len() == 1 { "value" } else { "values" }
    );
    let declared: BTreeSet<Declared> = values.keys().map(|(declared, _)| *declared).collect();
    for declared in declared {
        let kind = match declared {
            Declared::Macro => Kind::Const,
            Declared::Function => Kind::Fn,
            Declared::Record => Kind::Struct,
        };
        if let Some(page) = symbol_page(kind, name) {
            line!(text, "page of `cargo codegen site`: {page}");
        }
    }
    Ok(text)
}

/// The values of a name on a target. A record and a function may share a name.
fn of(facts: &TargetAbi, name: &str) -> Vec<Value> {
    let mut values = Vec::new();
    for constant in facts.constants.iter().filter(|item| item.name == name) {
        let value = format!("const {name}: {} = {}", constant.ty, constant.value);
        values.push((Declared::Macro, value));
    }
    for function in facts.functions.iter().filter(|item| item.name == name) {
        let value = format!(
            "fn {name}{}, linked as {}",
            function.signature(false),
            function.link_name
        );
        values.push((Declared::Function, value));
    }
    for record in facts.records.iter().filter(|item| item.name == name) {
        let fields: Vec<String> = record
            .fields
            .iter()
            .map(|field| format!("{}: {} at {}", field.name, field.ty, field.offset))
            .collect();
        let value = format!(
            "{} {name}: size {}, align {} {{ {} }}",
            record.keyword(),
            record.size,
            record.align,
            fields.join(", ")
        );
        values.push((Declared::Record, value));
    }
    values
}

/// The lines of a symbol file with the name.
fn reasons(generator: &Generator, os: &Os, name: &str) -> Result<Vec<(usize, String)>, Error> {
    let path = generator
        .root
        .join(project::input(&format!("symbols/{}.txt", os.name)));
    let text = std::fs::read_to_string(&path).map_err(Error::io("read", &path))?;
    let lines = text.lines().enumerate();
    let matching = lines.filter(|(_, line)| line.split_whitespace().next() == Some(name));
    let found = matching.filter_map(|(index, line)| {
        let (_, why) = line.split_once('#')?;
        Some((index + 1, why.trim().to_owned()))
    });
    Ok(found.collect())
}

/// The header and line that declare a symbol on a target.
fn origin(
    generator: &Generator,
    os: &str,
    triple: Option<&&str>,
    name: &str,
    declared: Declared,
) -> Result<Option<String>, Error> {
    let Some(os) = SYSTEMS.iter().find(|known| known.name == os) else {
        return Ok(None);
    };
    let of_triple = |target: &&Target| triple.is_some_and(|triple| *triple == target.triple);
    let Some(target) = os.targets.iter().find(of_triple) else {
        return Ok(None);
    };
    let inputs = generator.inputs(os)?;
    let headers = generator.headers(os)?;
    // A header that codegen/headers does not include is read alone.
    let of_name = inputs.symbols.iter().find(|symbol| symbol.name == name);
    let text =
        std::fs::read_to_string(&inputs.header).map_err(Error::io("read", &inputs.header))?;
    let header = of_name
        .map(|symbol| symbol.source.as_str())
        .filter(|source| source.starts_with('<') && !context::includes(&text, source));
    let names = [name.to_owned()];
    let found = find_locations(os, target, &inputs, &headers, header, &names)?;
    let from = headers.name("");
    let from = from.split(" (").next().unwrap_or_default();
    Ok(found
        .locations
        .get(&(name.to_owned(), declared))
        .map(|location| format!("{} ({from})", shown(location, &generator.root))))
}

/// Where names are declared on one target.
pub(crate) fn find_locations(
    os: &'static Os,
    target: &Target,
    inputs: &Inputs,
    headers: &Headers<'_>,
    header: Option<&str>,
    names: &[String],
) -> Result<Found, Error> {
    let request = Request {
        triple: target.triple,
        os: os.name,
        clang: target.clang,
        flags: &headers.flags(target),
        include: &headers.include(target),
        header: &inputs.header,
        version: os.version,
        symbols: &inputs.symbols,
        lenient: false,
    };
    locate::find(&request, header, names)
}

/// A position without the folders that differ between machines.
fn shown(location: &Location, root: &Path) -> String {
    let full = location.file.to_string_lossy().replace('\\', "/");
    let short = match full.split_once("/libc/include/") {
        Some((_, short)) => short.to_owned(),
        None => match location.file.strip_prefix(root) {
            Ok(short) => short.display().to_string(),
            Err(_) => full,
        },
    };
    match &location.through {
        Some(through) => format!("{short}:{}, through {through}", location.line),
        None => format!("{short}:{}", location.line),
    }
}

/// The error if no target has the name.
fn unknown(snapshot: &AbiSnapshot, name: &str) -> Error {
    let mut all = BTreeSet::new();
    for seen in snapshot.targets.values() {
        let records = seen.abi.records.iter().map(|item| &item.name);
        let functions = seen.abi.functions.iter().map(|item| &item.name);
        let constants = seen.abi.constants.iter().map(|item| &item.name);
        all.extend(records.chain(functions).chain(constants));
    }
    let near = near(name, all.into_iter().map(String::as_str));
    Error::UnknownSymbol {
        name: name.to_owned(),
        place: String::new(),
        near: near.map(str::to_owned),
    }
}
