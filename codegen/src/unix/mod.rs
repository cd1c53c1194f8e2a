//! Reads C headers: clang through bindgen, whose text is then read for facts. What comes out is data (`abi::Facts`); no line of
//! bindgen's own text is kept.

mod reader;
mod types;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::abi::Facts;
use crate::error::Error;
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
    /// The command that brings a missing folder back.
    pub(crate) mend: &'a str,
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

    /// Our header alone: the C text and the arguments for clang.
    pub(crate) fn plain(&self) -> Result<(String, Vec<String>), Error> {
        Ok((self.include_ours()? + "\n", self.arguments()))
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

/// Prefix of the constants that carry macros over; bindgen alone cannot evaluate `((__poll_t)1)`, nor does it keep the type.
const CARRIER: &str = "cg_";
/// In a message of clang, before the name of a macro that does not exist.
const MISSING: &str = "required symbol missing: ";
/// Measured besides what was asked for.
const PROBES: [(&str, &str); 2] = [
    ("probe_pointer", "sizeof(void *)"),
    ("probe_long", "sizeof(long)"),
];
/// The same for `Version::LinuxHeaders`.
const LINUX_VERSION: (&str, &str) = ("probe_version", "LINUX_VERSION_CODE");

/// Runs clang and returns what it said about the symbols.
pub(crate) fn facts(request: &Request<'_>) -> Result<Facts, Error> {
    let text = bindgen_text(request)?;
    let file = syn::parse_file(&text)
        .map_err(|error| request.shape(format!("bindgen's text does not parse: {error}")))?;
    reader::Reader::new(request).read(&file)
}

/// The C text that is handed to clang: our header, and one typed constant for each macro.
fn wrapper(header: &str, symbols: &[Symbol], version: Version, lenient: bool) -> String {
    let mut text = format!("{header}\n");
    for symbol in symbols {
        let (Kind::Constant(ty), name) = (&symbol.kind, &symbol.name) else {
            continue;
        };
        write!(
            text,
            "#ifdef {name}\nstatic const {ty} {CARRIER}{name} = ({ty})({name});\n\
             _Static_assert(({ty})({name}) == ({name}) || !((unsigned long long)({name}) >> (8 * sizeof({ty}) - 1) >> 1), \
             \"{name} does not fit into {ty}\");\n"
        )
        .expect("a string takes any text");
        if !lenient {
            write!(text, "#else\n#error {MISSING}{name}\n").expect("a string takes any text");
        }
        text.push_str("#endif\n");
    }
    let linux = match version {
        Version::LinuxHeaders => Some(LINUX_VERSION),
        Version::Stated(_) => None,
    };
    for (name, value) in PROBES.into_iter().chain(linux) {
        writeln!(text, "static const int {CARRIER}{name} = {value};")
            .expect("a string takes any text");
    }
    text
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

/// bindgen's Rust text for the request.
fn bindgen_text(request: &Request<'_>) -> Result<String, Error> {
    if let Some(missing) = request.include.iter().find(|path| !path.is_dir()) {
        return Err(Error::IncludeDir {
            target: request.triple.to_owned(),
            path: missing.clone(),
            mend: request.mend.to_owned(),
        });
    }
    let header = request.include_ours()?;
    let mut builder = bindgen::Builder::default()
        .header_contents(
            "wrapper.h",
            &wrapper(&header, request.symbols, request.version, request.lenient),
        )
        .clang_args(request.arguments())
        // The newest dialect this bindgen is sure of: `unsafe extern "C"`, `offset_of!`. Only its facts are read.
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
        .allowlist_var(format!("{CARRIER}.*"));
    for symbol in request.symbols {
        builder = match symbol.kind {
            Kind::Record => builder.allowlist_type(&symbol.name),
            Kind::Function => builder.allowlist_function(&symbol.name),
            Kind::Constant(_) | Kind::Names(_) => builder,
        };
    }
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
    let missing: BTreeSet<String> = why
        .lines()
        .filter_map(|line| line.split_once(MISSING))
        .filter_map(|(_, name)| name.split_whitespace().next())
        .map(str::to_owned)
        .collect();
    if missing.is_empty() {
        return Err(Error::Clang {
            target: request.triple.to_owned(),
            why: why.trim().to_owned(),
        });
    }
    Err(request.missing(&missing))
}
