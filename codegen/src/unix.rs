//! Reads C headers: clang through bindgen, whose text is then read for facts. What comes out is data (`abi::Facts`); no line of
//! bindgen's own text is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use quote::ToTokens;

use crate::abi::{Constant, Facts, Field, Function, Record};
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
    Reader::new(request).read(&file)
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

/// Sizes bindgen wrote assertions for.
#[derive(Debug, Default)]
struct Layouts {
    /// By record.
    size: BTreeMap<String, u64>,
    /// By record.
    align: BTreeMap<String, u64>,
    /// By `record::field`.
    offset: BTreeMap<String, u64>,
}

/// Collects facts from bindgen's text.
struct Reader<'a> {
    /// What was asked.
    request: &'a Request<'a>,
    /// `type A = B;`
    aliases: BTreeMap<String, String>,
    /// What the assertions say.
    layouts: Layouts,
    /// `probe_…`
    probes: BTreeMap<String, i128>,
}

impl<'a> Reader<'a> {
    /// An empty one. The kernel's fixed-width types come out as Rust's.
    fn new(request: &'a Request<'a>) -> Self {
        let fixed = [("u8", 8), ("u16", 16), ("u32", 32), ("u64", 64)];
        let mut aliases = BTreeMap::new();
        for (unsigned, bits) in fixed {
            aliases.insert(format!("__{unsigned}"), unsigned.to_owned());
            aliases.insert(format!("__s{bits}"), format!("i{bits}"));
        }
        Reader {
            request,
            aliases,
            layouts: Layouts::default(),
            probes: BTreeMap::new(),
        }
    }

    /// Reads the whole text.
    fn read(mut self, file: &syn::File) -> Result<Facts, Error> {
        for item in &file.items {
            match item {
                syn::Item::Type(item) => {
                    let name = item.ident.to_string();
                    let ty = item.ty.to_token_stream().to_string();
                    self.aliases.entry(name).or_insert(ty);
                }
                syn::Item::Const(item) if item.ident == "_" => self.layout(item)?,
                _ => {}
            }
        }
        let mut facts = Facts::default();
        for item in &file.items {
            match item {
                syn::Item::Type(_) => {}
                syn::Item::Const(item) if item.ident == "_" => {}
                syn::Item::Const(item) => {
                    if let Some(constant) = self.constant(item)? {
                        facts.constants.push(constant);
                    }
                }
                syn::Item::Struct(item) if self.is_opaque(item) => {
                    facts.opaque.push(item.ident.to_string());
                }
                syn::Item::Struct(item) => {
                    facts.records.push(self.record(
                        item.ident.to_string(),
                        false,
                        &item.attrs,
                        &item.fields,
                    )?);
                }
                syn::Item::Union(item) => {
                    let fields = syn::Fields::Named(item.fields.clone());
                    facts.records.push(self.record(
                        item.ident.to_string(),
                        true,
                        &item.attrs,
                        &fields,
                    )?);
                }
                syn::Item::ForeignMod(block) => {
                    for item in &block.items {
                        facts.functions.push(self.function(item)?);
                    }
                }
                other => {
                    return Err(self
                        .request
                        .shape(format!("unexpected: {}", first_words(other))));
                }
            }
        }
        facts.records.sort_by(|a, b| a.name.cmp(&b.name));
        facts.functions.sort_by(|a, b| a.name.cmp(&b.name));
        facts.constants.sort_by(|a, b| a.name.cmp(&b.name));
        self.field_sizes(&mut facts)?;
        facts.headers = match self.request.version {
            Version::LinuxHeaders => {
                let version = self.probe(LINUX_VERSION.0)?;
                format!("Linux {}.{}", version >> 16, version >> 8 & 0xff)
            }
            Version::Stated(version) => version.to_owned(),
        };
        self.complete(&facts)?;
        Ok(facts)
    }

    /// Everything asked for is there, and nothing else.
    fn complete(&self, facts: &Facts) -> Result<(), Error> {
        if self.request.lenient {
            return Ok(());
        }
        if let Some(name) = facts.opaque.first() {
            return Err(Error::Opaque {
                target: self.request.triple.to_owned(),
                record: name.clone(),
                os: self.request.os,
            });
        }
        // A record and a function may share a name.
        let records = facts.records.iter().map(|item| ("record", &item.name));
        let functions = facts.functions.iter().map(|item| ("fn", &item.name));
        let constants = facts.constants.iter().map(|item| ("const", &item.name));
        let found: BTreeSet<(&str, &String)> = records.chain(functions).chain(constants).collect();
        let asked: BTreeSet<(&str, &String)> = self
            .request
            .symbols
            .iter()
            .filter_map(|symbol| match symbol.kind {
                Kind::Record => Some(("record", &symbol.name)),
                Kind::Function => Some(("fn", &symbol.name)),
                Kind::Constant(_) => Some(("const", &symbol.name)),
                Kind::Names(_) => None,
            })
            .collect();
        let missing: BTreeSet<String> = asked
            .difference(&found)
            .map(|(_, name)| (*name).clone())
            .collect();
        if !missing.is_empty() {
            return Err(self.request.missing(&missing));
        }
        match found.difference(&asked).next() {
            None => Ok(()),
            Some((_, extra)) => Err(self.request.shape(format!(
                "`{extra}` was not asked for but is needed, or is a second declaration; add it to codegen/symbols/{}.txt",
                self.request.os
            ))),
        }
    }

    /// Reads one `const _: () = { ["Size of T"][size_of::<T>() - 12usize]; … };`.
    fn layout(&mut self, item: &syn::ItemConst) -> Result<(), Error> {
        let unknown = || {
            self.request
                .shape(format!("unexpected: {}", item.to_token_stream()))
        };
        let syn::Expr::Block(block) = &*item.expr else {
            return Err(unknown());
        };
        for statement in &block.block.stmts {
            let syn::Stmt::Expr(syn::Expr::Index(index), _) = statement else {
                return Err(unknown());
            };
            let (syn::Expr::Array(message), syn::Expr::Binary(difference)) =
                (&*index.expr, &*index.index)
            else {
                return Err(unknown());
            };
            let (Some(message), Some(number)) = (message.elems.first(), integer(&difference.right))
            else {
                return Err(unknown());
            };
            let syn::Expr::Lit(syn::ExprLit {
                lit: syn::Lit::Str(message),
                ..
            }) = message
            else {
                return Err(unknown());
            };
            let message = message.value();
            let number = u64::try_from(number).map_err(|_| unknown())?;
            let (map, name) = if let Some(name) = message.strip_prefix("Size of ") {
                (&mut self.layouts.size, name)
            } else if let Some(name) = message.strip_prefix("Alignment of ") {
                (&mut self.layouts.align, name)
            } else if let Some(name) = message.strip_prefix("Offset of field: ") {
                (&mut self.layouts.offset, name)
            } else {
                return Err(self
                    .request
                    .shape(format!("unexpected assertion: {message}")));
            };
            map.insert(name.to_owned(), number);
        }
        Ok(())
    }

    /// Is the record declared without fields? bindgen gives it one of no size then, or clang no layout at all.
    fn is_opaque(&self, item: &syn::ItemStruct) -> bool {
        !self.layouts.size.contains_key(&item.ident.to_string())
            || item
                .fields
                .iter()
                .any(|field| field.ident.as_ref().is_some_and(|name| name == "_unused"))
    }

    /// A struct or union. Field sizes follow when all records are known.
    fn record(
        &self,
        name: String,
        union: bool,
        attrs: &[syn::Attribute],
        fields: &syn::Fields,
    ) -> Result<Record, Error> {
        let known = |map: &BTreeMap<String, u64>, key: &str| {
            map.get(key).copied().ok_or_else(|| {
                self.request
                    .shape(format!("clang gives no layout for {key}; is it opaque?"))
            })
        };
        let mut repr = String::new();
        for attribute in attrs {
            if let syn::Meta::List(list) = &attribute.meta {
                if list.path.is_ident("repr") {
                    repr = list
                        .tokens
                        .to_string()
                        .replace(" ,", ",")
                        .replace(" (", "(");
                }
            }
        }
        let mut record = Record {
            union,
            repr,
            size: known(&self.layouts.size, &name)?,
            align: known(&self.layouts.align, &name)?,
            fields: Vec::new(),
            name,
        };
        for field in fields {
            let field_name = field
                .ident
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default();
            record.fields.push(Field {
                offset: known(
                    &self.layouts.offset,
                    &format!("{}::{field_name}", record.name),
                )?,
                ty: self.ty(&field.ty)?,
                size: 0,
                name: field_name,
            });
        }
        Ok(record)
    }

    /// A function. A static would be a symbol that does not exist.
    fn function(&self, item: &syn::ForeignItem) -> Result<Function, Error> {
        let syn::ForeignItem::Fn(item) = item else {
            return Err(self.request.shape(format!(
                "a constant came out as an extern static: {}",
                item.to_token_stream()
            )));
        };
        let name = item.sig.ident.to_string();
        let mut link_name = name.clone();
        for attribute in &item.attrs {
            if let syn::Meta::NameValue(pair) = &attribute.meta {
                if let (
                    true,
                    syn::Expr::Lit(syn::ExprLit {
                        lit: syn::Lit::Str(text),
                        ..
                    }),
                ) = (pair.path.is_ident("link_name"), &pair.value)
                {
                    // clang marks a name that is not to be mangled further; on Apple's systems it has its `_` then, which rustc
                    // puts there itself.
                    link_name = text.value();
                    if let Some(verbatim) = link_name.strip_prefix('\u{1}') {
                        let apple = self.request.clang.contains("-apple-");
                        let rest = verbatim.strip_prefix('_').filter(|_| apple);
                        link_name = rest.unwrap_or(verbatim).to_owned();
                    }
                }
            }
        }
        let mut parameters = Vec::new();
        for input in &item.sig.inputs {
            let syn::FnArg::Typed(input) = input else {
                return Err(self.request.shape(format!("{name} takes self")));
            };
            parameters.push((input.pat.to_token_stream().to_string(), self.ty(&input.ty)?));
        }
        let returns = match &item.sig.output {
            syn::ReturnType::Default => String::new(),
            syn::ReturnType::Type(_, ty) => self.ty(ty)?,
        };
        Ok(Function {
            name,
            parameters,
            variadic: item.sig.variadic.is_some(),
            returns,
            link_name,
        })
    }

    /// A constant, or none if it is a probe (which is kept).
    fn constant(&mut self, item: &syn::ItemConst) -> Result<Option<Constant>, Error> {
        let full = item.ident.to_string();
        let name = full.strip_prefix(CARRIER).unwrap_or(&full).to_owned();
        let value = integer(&item.expr)
            .ok_or_else(|| self.request.shape(format!("{name} is not an integer")))?;
        if name.starts_with("probe_") {
            self.probes.insert(name, value);
            return Ok(None);
        }
        Ok(Some(Constant {
            ty: self.ty(&item.ty)?,
            name,
            value,
        }))
    }

    /// A type in our spelling: aliases resolved, C types without a path.
    fn ty(&self, ty: &syn::Type) -> Result<String, Error> {
        self.spell(&ty.to_token_stream().to_string(), 0)
    }

    /// The same for a type's tokens.
    fn spell(&self, tokens: &str, depth: usize) -> Result<String, Error> {
        if depth > 16 {
            return Err(self
                .request
                .shape(format!("the type `{tokens}` has no end")));
        }
        let mut text = String::new();
        let mut apart = tokens.replace(":: core :: ffi :: ", "");
        for sign in ["[", "]", ";"] {
            apart = apart.replace(sign, &format!(" {sign} "));
        }
        for word in apart.split_whitespace() {
            let word = word
                .strip_suffix("usize")
                .filter(|number| !number.is_empty())
                .unwrap_or(word);
            match word {
                "*" | "[" | "]" => text.push_str(word),
                "mut" | "const" => write!(text, "{word} ").expect("a string takes any text"),
                ";" => text.push_str("; "),
                word if word
                    .chars()
                    .all(|letter| letter.is_ascii_alphanumeric() || letter == '_') =>
                {
                    match self.aliases.get(word) {
                        Some(meaning) => text.push_str(&self.spell(meaning, depth + 1)?),
                        None => text.push_str(word),
                    }
                }
                _ => {
                    return Err(self
                        .request
                        .shape(format!("the type `{tokens}` is of an unknown kind")));
                }
            }
        }
        Ok(text)
    }

    /// A probe's value.
    fn probe(&self, name: &str) -> Result<i128, Error> {
        self.probes
            .get(name)
            .copied()
            .ok_or_else(|| self.request.shape(format!("{name} did not come out")))
    }

    /// Fills in the fields' sizes and holds them against the offsets.
    fn field_sizes(&self, facts: &mut Facts) -> Result<(), Error> {
        let pointer = self.probe("probe_pointer")?;
        let long = self.probe("probe_long")?;
        let size = |ty: &str| -> Option<u64> {
            let (ty, count) = match ty.strip_prefix('[').and_then(|ty| ty.strip_suffix(']')) {
                Some(array) => {
                    let (ty, count) = array.split_once("; ")?;
                    (ty, count.parse().ok()?)
                }
                None => (ty, 1_u64),
            };
            let bytes = match ty {
                "u8" | "i8" | "c_char" | "c_schar" | "c_uchar" => 1,
                "u16" | "i16" | "c_short" | "c_ushort" => 2,
                "u32" | "i32" | "c_int" | "c_uint" => 4,
                "u64" | "i64" | "c_longlong" | "c_ulonglong" => 8,
                "c_long" | "c_ulong" => long,
                "usize" | "isize" => pointer,
                _ if ty.starts_with('*') => pointer,
                _ => return self.layouts.size.get(ty)?.checked_mul(count),
            };
            u64::try_from(bytes).ok()?.checked_mul(count)
        };
        for record in &mut facts.records {
            let mut end = 0;
            for field in &mut record.fields {
                field.size = size(&field.ty).ok_or_else(|| {
                    self.request.shape(format!(
                        "the size of {}.{} is unknown",
                        record.name, field.name
                    ))
                })?;
                if !record.union && field.offset < end {
                    return Err(self.request.shape(format!(
                        "{}.{} overlaps the field before it",
                        record.name, field.name
                    )));
                }
                end = field.offset + field.size;
                if end > record.size {
                    return Err(self.request.shape(format!(
                        "{}.{} reaches beyond the record",
                        record.name, field.name
                    )));
                }
            }
        }
        Ok(())
    }
}

/// An integer literal, possibly negative.
fn integer(expression: &syn::Expr) -> Option<i128> {
    match expression {
        syn::Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Int(number),
            ..
        }) => number.base10_parse().ok(),
        syn::Expr::Unary(syn::ExprUnary {
            op: syn::UnOp::Neg(_),
            expr,
            ..
        }) => Some(-integer(expr)?),
        _ => None,
    }
}

/// The start of an item's text, for a message.
fn first_words(item: &syn::Item) -> String {
    item.to_token_stream()
        .to_string()
        .chars()
        .take(120)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::symbols;

    /// What comes of `text`, a text of bindgen's, when `asked` is asked for.
    fn read(asked: &str, text: &str) -> Result<Facts, String> {
        let symbols = symbols::parse("test", asked, "").map_err(|error| error.to_string())?;
        let request = Request {
            triple: "vax",
            os: "linux",
            clang: "vax",
            flags: &[],
            include: &[],
            header: Path::new("test.h"),
            version: Version::LinuxHeaders,
            symbols: &symbols,
            mend: "",
            lenient: false,
        };
        let probes = "pub const cg_probe_pointer: ::core::ffi::c_int = 4;
            pub const cg_probe_long: ::core::ffi::c_int = 4;
            pub const cg_probe_version: ::core::ffi::c_int = 459264;";
        let file = syn::parse_str(&format!("{text}{probes}")).map_err(|error| error.to_string())?;
        Reader::new(&request)
            .read(&file)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn marks_in_link_names_are_dropped() {
        let text = "unsafe extern \"C\" { #[link_name = \"\\u{1}__ppoll_time64\"] pub fn ppoll(a: *const T, ...); }
            pub type T = ::core::ffi::c_uint;";
        let facts = read("ppoll fn ppoll(2) # x", text).unwrap();
        assert_eq!(facts.functions[0].link_name, "__ppoll_time64");
        assert_eq!(facts.functions[0].parameters[0].1, "*const c_uint");
        assert_eq!(facts.headers, "Linux 7.2");
    }

    #[test]
    fn a_redeclaration_under_another_name_is_an_error() {
        let text = "unsafe extern \"C\" { pub fn ppoll(); #[link_name = \"\\u{1}__ppoll_time64\"] pub fn ppoll1(); }";
        let error = read("ppoll fn ppoll(2) # x", text).unwrap_err();
        assert!(error.contains("`ppoll1` was not asked for"), "{error}");
    }

    #[test]
    fn a_constant_of_enum_type_is_an_error() {
        let text = "unsafe extern \"C\" { pub static cg_CLOCK_MONOTONIC: clockid_t; }";
        let error = read("CLOCK_MONOTONIC const clockid_t time(7) # x", text).unwrap_err();
        assert!(error.contains("extern static"), "{error}");
    }

    #[test]
    fn an_opaque_record_is_an_error() {
        let text = "#[repr(C)] pub struct pollfd { pub fd: ::core::ffi::c_int }";
        let error = read("pollfd record poll(2) # x", text).unwrap_err();
        assert!(
            error.contains("`pollfd` is declared without fields"),
            "{error}"
        );
    }

    #[test]
    fn overlapping_fields_are_an_error() {
        let text = "#[repr(C)] pub struct s { pub a: u64, pub b: u32 }
            const _: () = {
                [\"Size of s\"][::core::mem::size_of::<s>() - 12usize];
                [\"Alignment of s\"][::core::mem::align_of::<s>() - 4usize];
                [\"Offset of field: s::a\"][::core::mem::offset_of!(s, a) - 0usize];
                [\"Offset of field: s::b\"][::core::mem::offset_of!(s, b) - 4usize];
            };";
        let error = read("s record s(2) # x", text).unwrap_err();
        assert!(error.contains("s.b overlaps"), "{error}");
    }
}
