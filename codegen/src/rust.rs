//! Writes facts as Rust text.

use std::fmt::Write;

use crate::abi::{Facts, Field, signature};
use crate::group::{Group, digest};
use crate::symbols::{Kind, Symbol};
use crate::targets::{LeftOut, Os};

/// The C types of `core::ffi`, which generated text imports when it uses them.
const C_TYPES: &[&str] = &[
    "c_char",
    "c_int",
    "c_long",
    "c_longlong",
    "c_schar",
    "c_short",
    "c_uchar",
    "c_uint",
    "c_ulong",
    "c_ulonglong",
    "c_ushort",
    "c_void",
];

/// Appends formatted text and a line's end.
macro_rules! line {
    ($text:expr, $($format:tt)*) => {
        writeln!($text, $($format)*).expect("a string takes any text")
    };
}

/// The declarations of a group, without the file's head.
pub(crate) fn declarations(symbols: &[Symbol], facts: &Facts, header: &str) -> String {
    let mut body = String::new();
    constants(&mut body, symbols, facts, header);
    name_tables(&mut body, symbols, facts);
    records(&mut body, symbols, facts, header);
    functions(&mut body, symbols, facts, header);
    let mut text = String::new();
    let used = |name: &&&str| {
        body.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
            .any(|word| word == **name)
    };
    let types: Vec<&str> = C_TYPES.iter().filter(used).copied().collect();
    if !types.is_empty() {
        line!(text, "use core::ffi::{{{}}};", types.join(", "));
    }
    if !facts.records.is_empty() {
        line!(text, "use core::mem::{{align_of, offset_of, size_of}};");
    }
    text + &body
}

/// The doc comment of a symbol.
fn doc(symbols: &[Symbol], name: &str, function: bool, header: &str) -> String {
    let is = |symbol: &&Symbol| symbol.name == name && (symbol.kind == Kind::Function) == function;
    let Some(symbol) = symbols.iter().find(is) else {
        return "/// A part of what was asked for.".to_owned();
    };
    if symbol.source.starts_with('<') {
        format!("/// `{}`: {}.", symbol.source, symbol.why)
    } else {
        format!(
            "/// {}, declared in `{header}`: {}.",
            symbol.source, symbol.why
        )
    }
}

/// Constants, in decimal.
fn constants(text: &mut String, symbols: &[Symbol], facts: &Facts, header: &str) {
    for constant in &facts.constants {
        line!(text, "");
        line!(text, "{}", doc(symbols, &constant.name, false, header));
        line!(
            text,
            "pub const {}: {} = {};",
            constant.name,
            constant.ty,
            constant.value
        );
    }
}

/// Tables of names, for `Debug`.
fn name_tables(text: &mut String, symbols: &[Symbol], facts: &Facts) {
    for table in symbols {
        let Kind::Names(ty) = &table.kind else {
            continue;
        };
        let member = |symbol: &&Symbol| {
            symbol.kind == Kind::Constant(Some(ty.clone()))
                && symbol.name.starts_with(table.prefix())
        };
        let mut members: Vec<_> = symbols
            .iter()
            .filter(member)
            .filter_map(|symbol| {
                facts
                    .constants
                    .iter()
                    .find(|constant| constant.name == symbol.name)
            })
            .collect();
        // As people read flags: lowest bit first.
        members.sort_by_key(|constant| constant.value);
        let Some(first) = members.first() else {
            continue;
        };
        line!(text, "");
        line!(
            text,
            "/// The constants `{}` of this file with their names: {}.",
            table.source,
            table.why
        );
        line!(
            text,
            "pub const {}: &[(&str, {})] = &[",
            table.name,
            first.ty
        );
        for constant in members {
            line!(text, "    (\"{0}\", {0}),", constant.name);
        }
        line!(text, "];");
    }
}

/// Records, each with the assertions that hold rustc to clang's layout.
fn records(text: &mut String, symbols: &[Symbol], facts: &Facts, header: &str) {
    // A pointer has its own `Debug`; a record inside need not have any.
    let plain = |ty: &str| {
        let inside = |name: &str| {
            let mut words = ty.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
            words.any(|word| word == name)
        };
        let is_pointer = ty.starts_with('*') || ty.starts_with("Option<");
        is_pointer || facts.records.iter().all(|record| !inside(&record.name))
    };
    for record in &facts.records {
        let debug = !record.union
            && !record.repr.contains("packed")
            && record.fields.iter().all(|field| plain(&field.ty));
        let name = &record.name;
        line!(text, "");
        line!(text, "{}", doc(symbols, name, false, header));
        line!(text, "#[repr({})]", record.repr);
        line!(
            text,
            "#[derive(Clone, Copy{})]",
            if debug { ", Debug" } else { "" }
        );
        line!(
            text,
            "pub {} {name} {{",
            if record.union { "union" } else { "struct" }
        );
        for field in &record.fields {
            if field.bits.is_empty() {
                line!(text, "    /// At byte {}.", field.offset);
            } else {
                let Field { offset, bits, .. } = field;
                line!(text, "    /// At byte {offset}. Its bits: {bits}.");
            }
            line!(text, "    pub {}: {},", field.name, field.ty);
        }
        line!(text, "}}");
        line!(text, "");
        line!(text, "const _: () = {{");
        line!(text, "    assert!(size_of::<{name}>() == {});", record.size);
        line!(
            text,
            "    assert!(align_of::<{name}>() == {});",
            record.align
        );
        for field in &record.fields {
            line!(
                text,
                "    assert!(offset_of!({name}, {}) == {});",
                field.name,
                field.offset
            );
        }
        line!(text, "}};");
    }
}

/// Functions.
fn functions(text: &mut String, symbols: &[Symbol], facts: &Facts, header: &str) {
    if facts.functions.is_empty() {
        return;
    }
    line!(text, "");
    line!(text, "unsafe extern \"C\" {{");
    for (index, function) in facts.functions.iter().enumerate() {
        if index > 0 {
            line!(text, "");
        }
        line!(text, "    {}", doc(symbols, &function.name, true, header));
        if function.link_name != function.name {
            line!(text, "    #[link_name = \"{}\"]", function.link_name);
        }
        line!(
            text,
            "    pub fn {}{};",
            function.name,
            signature(function, true)
        );
    }
    line!(text, "}}");
}

/// The head of a file that is made from `rows` of the table of targets.
fn head(text: &mut String, title: &str, rows: &str) {
    line!(text, "//! {title}");
    line!(text, "//!");
    line!(text, "//! Written by `cargo codegen`; do not edit.");
    line!(text, "//!");
    let digest = digest([env!("CARGO_PKG_VERSION"), rows]);
    line!(text, "//! Inputs: sha256 {digest}.");
}

/// `generated/mod.rs`.
pub(crate) fn root(systems: &[Os]) -> String {
    let mut text = String::new();
    let rows = systems.iter().map(|os| (os.name, os.cfg, os.also));
    head(
        &mut text,
        "Operating-system bindings, machine-written: one module for each system with a page in the library, picked by `cfg`.",
        &format!("{:?}", rows.collect::<Vec<_>>()),
    );
    for os in systems {
        let cfg = match os.also {
            Some(also) => format!("any({}, {also})", os.cfg),
            None => os.cfg.to_owned(),
        };
        line!(text, "");
        line!(text, "#[cfg({cfg})]");
        line!(text, "pub(crate) mod {};", os.name);
        line!(text, "#[cfg({})]", os.cfg);
        line!(text, "pub(crate) use {}::*;", os.name);
    }
    text
}

/// `generated/OS/mod.rs`.
pub(crate) fn switch(os: &Os, groups: &[&Group]) -> String {
    let mut text = String::new();
    let mut rows = format!("{:?}", (os.name, os.groups, os.left_out));
    let is_split = |group: &&&Group| os.groups.iter().all(|family| family.name != group.name);
    let split = groups.iter().filter(is_split);
    let split: Vec<_> = split.map(|group| (&group.name, &group.cfg)).collect();
    if !split.is_empty() {
        rows.push_str(&format!("{split:?}"));
    }
    head(
        &mut text,
        &format!(
            "The bindings of {}, picked by architecture: one file for each distinct ABI.",
            os.name
        ),
        &rows,
    );
    for group in groups {
        let cfg = match &group.cfg[..] {
            // One group for every architecture.
            [] => String::new(),
            some => format!("#[cfg({})]\n", any(some)),
        };
        line!(text, "");
        line!(text, "{cfg}mod {};", group.name);
        line!(text, "{cfg}pub use {}::*;", group.name);
    }
    if groups.iter().any(|group| group.cfg.is_empty()) {
        return text;
    }
    let named: Vec<&LeftOut> = os
        .left_out
        .iter()
        .filter(|left| left.cfg.is_some())
        .collect();
    for left in &named {
        let cfg = left.cfg.unwrap_or_default();
        line!(text, "");
        line!(text, "#[cfg({cfg})]");
        line!(
            text,
            "compile_error!(\"no bindings for {}: {}\");",
            left.name,
            left.reason
        );
    }
    let all: Vec<&str> = groups
        .iter()
        .flat_map(|group| group.cfg.iter().map(String::as_str))
        .chain(named.iter().filter_map(|left| left.cfg))
        .collect();
    line!(text, "");
    line!(text, "#[cfg(not(any(");
    for cfg in all {
        line!(text, "    {cfg},");
    }
    line!(text, ")))]");
    line!(
        text,
        "compile_error!(\"no {} bindings for this architecture: add it to codegen/targets\");",
        os.name
    );
    text
}

/// One `cfg` out of several.
fn any(cfgs: &[String]) -> String {
    match cfgs {
        [one] => one.clone(),
        many => format!("any({})", many.join(", ")),
    }
}
