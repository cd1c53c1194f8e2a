//! Reads C headers: clang through bindgen, whose text is then read for facts. What comes out is
//! data (`abi::TargetAbi`); no line of bindgen's own text is kept.

pub(crate) mod context;
pub(crate) mod facts;
mod reader;
mod types;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use self::context::Context;
use self::reader::Reader;
use crate::abi::TargetAbi;
use crate::error::Error;
use crate::front;
use crate::symbols::{Kind, Symbol};
use crate::targets::Version;

/// What one run of clang needs.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    /// The target, as rustc spells it; for messages.
    pub(crate) triple: &'a str,
    /// The operating system; for messages.
    pub(crate) os: &'static str,
    /// The target, as clang spells it.
    pub(crate) clang: &'a str,
    /// Further arguments.
    pub(crate) flags: &'a [&'a str],
    /// The folders of headers, in order.
    pub(crate) include: &'a [PathBuf],
    /// Our own header.
    pub(crate) header: &'a Path,
    /// How its version is known.
    pub(crate) version: Version,
    /// What is asked for.
    pub(crate) symbols: &'a [Symbol],
    /// Whether what is missing is left out. Otherwise it is an error.
    pub(crate) lenient: bool,
}

impl Request<'_> {
    /// The arguments for clang.
    fn arguments(&self) -> Vec<String> {
        let mut arguments = vec![format!("--target={}", self.clang), "-nostdinc".to_owned()];
        let folder = self.header.parent().unwrap_or(Path::new("."));
        arguments.extend(["-iquote".to_owned(), folder.display().to_string()]);
        for path in self.include {
            arguments.extend(["-isystem".to_owned(), path.display().to_string()]);
        }
        arguments.extend(self.flags.iter().map(|flag| (*flag).to_owned()));
        arguments
    }

    /// The line that brings our header in; its text if what is missing is left out.
    fn include_ours(&self) -> Result<String, Error> {
        if self.lenient {
            return if_there(self.header);
        }
        let name = self.header.file_name().unwrap_or_default();
        Ok(format!("#include \"{}\"", name.to_string_lossy()))
    }

    /// A header alone, ours if it is none: the C text and the arguments for clang.
    pub(crate) fn plain(&self, header: Option<&str>) -> Result<(String, Vec<String>), Error> {
        let text = match header {
            Some(header) => context::prelude(self.header)? + &context::alone(header, false),
            None => self.include_ours()? + "\n",
        };
        Ok((text, self.arguments()))
    }

    /// Errors of clang or bindgen.
    pub(crate) fn clang_says(&self, why: String) -> Error {
        Error::Clang {
            target: self.triple.to_owned(),
            why,
        }
    }

    /// A symbol that cannot be bound.
    fn unbindable(&self, symbol: &str, why: &str) -> Error {
        Error::Unbindable {
            target: self.triple.to_owned(),
            problem: format!("`{symbol}`: {why}"),
            os: self.os,
        }
    }

    /// An error about bindgen's text.
    fn shape(&self, why: impl Into<String>) -> Error {
        Error::Shape {
            target: self.triple.to_owned(),
            why: why.into(),
        }
    }

    /// An error about symbols nobody declares.
    fn missing(&self, symbols: &BTreeSet<String>) -> Error {
        let symbols: Vec<&str> = symbols.iter().map(String::as_str).collect();
        Error::MissingSymbol {
            target: self.triple.to_owned(),
            symbols: symbols.join(", "),
            os: self.os,
        }
    }
}

/// The same for `Version::LinuxHeaders`.
const LINUX_VERSION: (&str, &str) = ("probe_version", "LINUX_VERSION_CODE");

/// What one context says.
struct Found {
    /// Its facts.
    facts: TargetAbi,
    /// `LINUX_VERSION_CODE`.
    version: Option<i128>,
}

/// Runs clang and returns what it said about the symbols.
pub(crate) fn facts(request: &Request<'_>) -> Result<TargetAbi, Error> {
    if let Some(missing) = request.include.iter().find(|path| !path.is_dir()) {
        return Err(Error::IncludeDir {
            target: request.triple.to_owned(),
            path: missing.clone(),
        });
    }
    let mut facts = TargetAbi::default();
    let (mut missing, mut refused, mut wrong) = (BTreeSet::new(), Vec::new(), Vec::new());
    for context in context::contexts(request)? {
        let found = match one(request, &context, &mut missing, &mut refused) {
            Ok(found) => found,
            Err(error) if error.is_local() => {
                wrong.push(error);
                continue;
            }
            Err(error) => return Err(error),
        };
        if let Some(version) = found.version {
            facts.headers = format!("Linux {}.{}", version >> 16, version >> 8 & 0xff);
        }
        merge(request, &mut facts, found.facts, &mut refused);
    }
    if !request.lenient {
        wrong.extend(refused.into_iter().map(|problem| Error::Unbindable {
            target: request.triple.to_owned(),
            problem,
            os: request.os,
        }));
    }
    let partial = |name: &String| {
        let mut symbols = request.symbols.iter();
        symbols.any(|symbol| symbol.partial && symbol.name == *name)
    };
    missing.retain(|name| !partial(name));
    if !request.lenient && !missing.is_empty() {
        wrong.push(request.missing(&missing));
    }
    Error::all(wrong)?;
    facts.records.sort_by(|a, b| a.name.cmp(&b.name));
    facts.functions.sort_by(|a, b| a.name.cmp(&b.name));
    facts.constants.sort_by(|a, b| a.name.cmp(&b.name));
    if let Version::Stated(version) = request.version {
        version.clone_into(&mut facts.headers);
    }
    Ok(facts)
}

/// Reads one context. What it does not have goes to `missing`, what cannot be bound to `refused`.
fn one(
    request: &Request<'_>,
    context: &Context<'_>,
    missing: &mut BTreeSet<String>,
    refused: &mut Vec<String>,
) -> Result<Found, Error> {
    let header = context.text(request)?;
    let mut probes = types::PROBES.to_vec();
    if context.header.is_none() && matches!(request.version, Version::LinuxHeaders) {
        probes.push(LINUX_VERSION);
    }
    let said = facts::ask(context, &header, &request.arguments(), &probes)
        .map_err(|why| request.clang_says(why))?;
    if let Some(first) = said.complaints.first() {
        let Some(name) = context.header.filter(|_| !request.lenient) else {
            return Err(
                request.clang_says(front::quoted(&said.complaints.iter().collect::<Vec<_>>()))
            );
        };
        // Its own symbols cannot be read, those of other headers can.
        let text = &first.text;
        let why = if text == &format!("'{}' file not found", name.trim_matches(['<', '>'])) {
            format!("these headers have no {name}")
        } else {
            format!(
                "{name} cannot be read by itself ({}:{}: {text}); include it behind what it needs in codegen/headers/{}.h",
                first.file, first.line, request.os
            )
        };
        let asked = context.symbols.iter().filter(|symbol| !symbol.partial);
        refused.extend(asked.map(|symbol| format!("`{}`: {why}", symbol.name)));
        return Ok(Found {
            facts: TargetAbi::default(),
            version: None,
        });
    }
    missing.extend(said.missing.iter().cloned());
    for symbol in &context.symbols {
        if let Some(why) = said.refused.get(&symbol.name) {
            refused.push(format!("`{}` of {}: {why}", symbol.name, symbol.source));
        }
    }
    let text = declarations(request, context, &said, &header)?;
    let file = syn::parse_file(&text)
        .map_err(|error| request.shape(format!("bindgen's text does not parse: {error}")))?;
    let mut facts = Reader::new(request, context, &said).read(file)?;
    let version = said.probes.get(LINUX_VERSION.0).copied();
    facts.constants = said.constants;
    Ok(Found { facts, version })
}

/// Puts the facts of a further context to the others. What both have must be the same.
fn merge(
    request: &Request<'_>,
    facts: &mut TargetAbi,
    found: TargetAbi,
    refused: &mut Vec<String>,
) {
    for record in found.records {
        match facts.records.iter().find(|known| known.name == record.name) {
            None => facts.records.push(record),
            Some(known) if *known == record => {}
            // Whoever only points to it sees less of it.
            Some(_) if record.size == 0 => {}
            Some(_) => refused.push(format!(
                "`{}`: codegen/headers/{}.h and another header of the list declare it differently; bind it from one of them",
                record.name, request.os
            )),
        }
    }
    facts.functions.extend(found.functions);
    facts.constants.extend(found.constants);
    facts.opaque.extend(found.opaque);
}

/// Our header's text, with headers that do not exist left out.
fn if_there(header: &Path) -> Result<String, Error> {
    let text = fs::read_to_string(header).map_err(Error::io("read", header))?;
    let line = |line: &str| match line.strip_prefix("#include ") {
        Some(name) => format!("#if __has_include({name})\n{line}\n#endif\n"),
        None => format!("{line}\n"),
    };
    Ok(text.lines().map(line).collect())
}

/// bindgen's Rust text: the declarations of the context's records and functions.
fn declarations(
    request: &Request<'_>,
    context: &Context<'_>,
    said: &facts::Said,
    header: &str,
) -> Result<String, Error> {
    let mut builder = bindgen::Builder::default()
        .header_contents(front::MAIN, header)
        .clang_args(request.arguments())
        // The newest dialect this bindgen is sure of: `unsafe extern "C"`, `offset_of!`. Only its
        // facts are read.
        .rust_target(bindgen::RustTarget::stable(82, 0).expect("bindgen knows Rust 1.82"))
        .rust_edition(bindgen::RustEdition::Edition2021)
        .use_core()
        .ctypes_prefix("::core::ffi")
        .detect_include_paths(false)
        .disable_header_comment()
        .generate_comments(false)
        .layout_tests(true)
        .derive_debug(false)
        .derive_copy(true)
        .prepend_enum_name(false)
        .formatter(bindgen::Formatter::None)
        // Without any, bindgen writes everything.
        .allowlist_item("mio_codegen_nothing");
    let mut asked = false;
    for symbol in &context.symbols {
        if said.missing.contains(&symbol.name) || said.refused.contains_key(&symbol.name) {
            continue;
        }
        builder = match symbol.kind {
            Kind::Record => builder.allowlist_type(&symbol.name),
            Kind::Function => builder.allowlist_function(&symbol.name),
            Kind::Constant(_) | Kind::Names(_) | Kind::Field(_) => continue,
        };
        asked = true;
    }
    if !asked {
        return Ok(String::new());
    }
    front::count();
    // bindgen panics where a libclang does not know a target at all.
    let bindings = catch_unwind(AssertUnwindSafe(|| builder.generate()));
    let why = match bindings {
        Ok(Ok(bindings)) => return Ok(bindings.to_string()),
        Ok(Err(bindgen::BindgenError::ClangDiagnostic(said))) => said,
        Ok(Err(error)) => error.to_string(),
        Err(panic) => match panic.downcast_ref::<String>() {
            Some(said) => format!("bindgen panicked: {said}"),
            None => "bindgen panicked".to_owned(),
        },
    };
    Err(request.clang_says(why.trim().to_owned()))
}
