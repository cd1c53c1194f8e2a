//! Reads C headers with clang and bindgen. The outcome is data (`abi::TargetAbi`): bindgen's output
//! is read for facts and not kept.

mod availability;
mod c_type;
pub(crate) mod context;
mod names;
pub(crate) mod query;
mod reached;
mod reader;
mod record;
mod types;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use bindgen::callbacks::{MacroParsingBehavior, ParseCallbacks};

use self::context::Context;
use self::reader::Reader;
use crate::abi::TargetAbi;
use crate::error::Error;
use crate::libclang;
use crate::symbols::{Kind, Symbol};
use crate::targets::Version;

/// The input of a run of clang.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    /// The target as rustc spells it, for messages.
    pub(crate) triple: &'a str,
    /// The operating system, for messages.
    pub(crate) os: &'static str,
    /// The target as clang spells it.
    pub(crate) clang: &'a str,
    /// Further arguments.
    pub(crate) flags: &'a [&'a str],
    /// The include folders, in order.
    pub(crate) include: &'a [PathBuf],
    /// The project's own header.
    pub(crate) header: &'a Path,
    /// The source of the version of the headers.
    pub(crate) version: Version,
    /// The symbols.
    pub(crate) symbols: &'a [Symbol],
    /// Whether missing symbols are left out. Otherwise they are an error.
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

    /// The line that includes the project's header. If `lenient`, its text without missing headers.
    fn include_ours(&self) -> Result<String, Error> {
        if self.lenient {
            return without_missing(self.header);
        }
        let name = self.header.file_name().unwrap_or_default();
        Ok(format!("#include \"{}\"", name.to_string_lossy()))
    }

    /// The C text and the arguments of clang for one header. None is the project's own.
    pub(crate) fn plain(&self, header: Option<&str>) -> Result<(String, Vec<String>), Error> {
        let text = match header {
            Some(header) => context::prelude(self.header)? + &context::alone(header, false),
            None => self.include_ours()? + "\n",
        };
        Ok((text, self.arguments()))
    }

    /// The error for a message of clang or bindgen.
    pub(crate) fn clang_error(&self, why: String) -> Error {
        Error::Clang {
            target: self.triple.to_owned(),
            why,
        }
    }

    /// The error for a symbol that cannot be bound.
    fn unbindable(&self, symbol: &str, why: &str) -> Error {
        Error::Unbindable {
            target: self.triple.to_owned(),
            problem: format!("`{symbol}`: {why}"),
            os: self.os,
        }
    }

    /// The error for a form in bindgen's output.
    fn shape(&self, why: impl Into<String>) -> Error {
        Error::Shape {
            target: self.triple.to_owned(),
            why: why.into(),
        }
    }

    /// The error for symbols without a declaration.
    fn missing(&self, symbols: &BTreeSet<String>) -> Error {
        let symbols: Vec<&str> = symbols.iter().map(String::as_str).collect();
        Error::MissingSymbol {
            target: self.triple.to_owned(),
            symbols: symbols.join(", "),
            os: self.os,
        }
    }
}

/// The probe for [`Version::LinuxHeaders`].
const LINUX_VERSION: (&str, &str) = ("probe_version", "LINUX_VERSION_CODE");

/// The outcome of a context.
struct Found {
    /// The facts.
    facts: TargetAbi,
    /// `LINUX_VERSION_CODE`.
    version: Option<i128>,
}

/// An error for each constant or function with the name of another value in the bindings.
fn collisions(request: &Request<'_>, facts: &TargetAbi) -> Vec<Error> {
    let functions = facts.functions.iter().map(|function| &function.name);
    let constants = facts.constants.iter().map(|constant| &constant.name);
    let mut known: BTreeSet<&str> = BTreeSet::new();
    if !facts.records.is_empty() {
        // The assertions on layouts use these.
        known.extend(["align_of", "size_of"]);
    }
    let all = constants.chain(functions);
    let taken = all.filter(|name| !known.insert(name));
    let error = |name: &String| {
        let why = "the bindings have another constant or function of this name; \
            write it in src/ by hand";
        request.unbindable(name, why)
    };
    taken.map(error).collect()
}

/// Runs clang and returns the facts of the symbols.
pub(crate) fn facts(request: &Request<'_>) -> Result<TargetAbi, Error> {
    if let Some(missing) = request.include.iter().find(|path| !path.is_dir()) {
        return Err(Error::IncludeDir {
            target: request.triple.to_owned(),
            path: missing.clone(),
        });
    }
    let mut facts = TargetAbi::default();
    let (mut missing, mut rejected, mut errors) = (BTreeSet::new(), Vec::new(), Vec::new());
    for context in context::contexts(request)? {
        let found = match read_context(request, &context, &mut missing, &mut rejected) {
            Ok(found) => found,
            Err(error) if error.is_local() => {
                errors.push(error);
                continue;
            }
            Err(error) => return Err(error),
        };
        if let Some(version) = found.version {
            facts.headers = format!("Linux {}.{}", version >> 16, version >> 8 & 0xff);
        }
        merge(request, &mut facts, found.facts, &mut rejected);
    }
    if !request.lenient {
        errors.extend(rejected.into_iter().map(|problem| Error::Unbindable {
            target: request.triple.to_owned(),
            problem,
            os: request.os,
        }));
    }
    let is_partial = |name: &String| {
        let mut symbols = request.symbols.iter();
        symbols.any(|symbol| symbol.partial && symbol.name == *name)
    };
    missing.retain(|name| !is_partial(name));
    if !request.lenient && !missing.is_empty() {
        errors.push(request.missing(&missing));
    }
    errors.extend(collisions(request, &facts));
    Error::all(errors)?;
    facts.records.sort_by(|a, b| a.name.cmp(&b.name));
    facts.functions.sort_by(|a, b| a.name.cmp(&b.name));
    facts.constants.sort_by(|a, b| a.name.cmp(&b.name));
    if let Version::Stated(version) = request.version {
        version.clone_into(&mut facts.headers);
    }
    Ok(facts)
}

/// Reads a context. Adds symbols that it lacks to `missing`, and reasons why others cannot be bound
/// to `rejected`.
fn read_context(
    request: &Request<'_>,
    context: &Context<'_>,
    missing: &mut BTreeSet<String>,
    rejected: &mut Vec<String>,
) -> Result<Found, Error> {
    let header = context.text(request)?;
    let mut probes = types::PROBES.to_vec();
    if context.header.is_none() && matches!(request.version, Version::LinuxHeaders) {
        probes.push(LINUX_VERSION);
    }
    let answer = query::query(context, &header, &request.arguments(), &probes)
        .map_err(|why| request.clang_error(why))?;
    if let Some(first) = answer.diagnostics.first() {
        let Some(name) = context.header.filter(|_| !request.lenient) else {
            return Err(request.clang_error(libclang::formatted(
                &answer.diagnostics.iter().collect::<Vec<_>>(),
            )));
        };
        // The symbols of other headers can still be read. A header that is not there lacks its
        // symbols. One that cannot be read may have them.
        let text = &first.text;
        let is_absent = text == &format!("'{}' file not found", name.trim_matches(['<', '>']));
        let why = if is_absent {
            format!("these headers have no {name}")
        } else {
            format!(
                "{name} cannot be read by itself ({}:{}: {text}); \
                 include it behind the headers that it needs in codegen/headers/{}.h",
                first.file, first.line, request.os
            )
        };
        let symbols = context.symbols.iter();
        let required = symbols.filter(|symbol| !(is_absent && symbol.partial));
        rejected.extend(required.map(|symbol| format!("`{}`: {why}", symbol.name)));
        return Ok(Found {
            facts: TargetAbi::default(),
            version: None,
        });
    }
    missing.extend(answer.missing.iter().cloned());
    for symbol in &context.symbols {
        if let Some(why) = answer.rejected.get(&symbol.name) {
            rejected.push(format!("`{}` of {}: {why}", symbol.name, symbol.source));
        }
    }
    let text = declarations(request, context, &answer, &header)?;
    let file = syn::parse_file(&text)
        .map_err(|error| request.shape(format!("bindgen's output does not parse: {error}")))?;
    let mut facts = Reader::new(request, context, &answer).read(file)?;
    let version = answer.probes.get(LINUX_VERSION.0).copied();
    facts.constants = answer.constants;
    Ok(Found { facts, version })
}

/// Adds the facts of a further context. A record that both have must be the same.
fn merge(
    request: &Request<'_>,
    facts: &mut TargetAbi,
    found: TargetAbi,
    rejected: &mut Vec<String>,
) {
    for record in found.records {
        match facts.records.iter().find(|known| known.name == record.name) {
            None => facts.records.push(record),
            Some(known) if *known == record => {}
            // That context only has pointers to it.
            Some(_) if record.size == 0 => {}
            Some(_) => rejected.push(format!(
                "`{}`: codegen/headers/{}.h and another header of the list declare it differently; \
                 bind it from one of them",
                record.name, request.os
            )),
        }
    }
    facts.functions.extend(found.functions);
    facts.constants.extend(found.constants);
    facts.opaque.extend(found.opaque);
}

/// The text of a header without includes of missing headers.
fn without_missing(header: &Path) -> Result<String, Error> {
    let text = fs::read_to_string(header).map_err(Error::io("read", header))?;
    let line = |line: &str| match line.strip_prefix("#include ") {
        Some(name) => format!("#if __has_include({name})\n{line}\n#endif\n"),
        None => format!("{line}\n"),
    };
    Ok(text.lines().map(line).collect())
}

/// Has bindgen ignore macros, which clang evaluates. bindgen would evaluate all of the headers, and
/// one that divides by zero would end the program.
#[derive(Debug)]
struct NoMacros;

impl ParseCallbacks for NoMacros {
    fn will_parse_macro(&self, _: &str) -> MacroParsingBehavior {
        MacroParsingBehavior::Ignore
    }
}

/// bindgen's output for the records and functions of the context.
fn declarations(
    request: &Request<'_>,
    context: &Context<'_>,
    answer: &query::Answer,
    header: &str,
) -> Result<String, Error> {
    let mut builder = bindgen::Builder::default()
        .header_contents(libclang::MAIN, header)
        .clang_args(request.arguments())
        // With `unsafe extern "C"` and `offset_of!`. The output is only read for facts.
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
        .parse_callbacks(Box::new(NoMacros))
        // Without an allowlist, bindgen writes everything.
        .allowlist_item("mio_codegen_nothing");
    let mut is_empty = true;
    for symbol in &context.symbols {
        if answer.missing.contains(&symbol.name) || answer.rejected.contains_key(&symbol.name) {
            continue;
        }
        builder = match symbol.kind {
            Kind::Record => {
                let renamed = answer.renamed.iter();
                let bindgens = renamed.filter(|(_, name)| **name == symbol.name);
                let bindgens = bindgens.map(|(bindgens, _)| bindgens);
                bindgens
                    .chain([&symbol.name])
                    .fold(builder, bindgen::Builder::allowlist_type)
            }
            Kind::Function => builder.allowlist_function(&symbol.name),
            Kind::Constant(_) | Kind::Names(_) | Kind::Field(_) => continue,
        };
        is_empty = false;
    }
    if is_empty {
        return Ok(String::new());
    }
    libclang::count();
    // bindgen panics if libclang does not know the target.
    let bindings = catch_unwind(AssertUnwindSafe(|| builder.generate()));
    let why = match bindings {
        Ok(Ok(bindings)) => return Ok(bindings.to_string()),
        Ok(Err(bindgen::BindgenError::ClangDiagnostic(message))) => message,
        Ok(Err(error)) => error.to_string(),
        Err(panic) => match panic.downcast_ref::<String>() {
            Some(message) => format!("bindgen panicked: {message}"),
            None => "bindgen panicked".to_owned(),
        },
    };
    Err(request.clang_error(why.trim().to_owned()))
}
