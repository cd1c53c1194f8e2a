//! Writes the ABI of a group as Rust declarations.

use crate::abi::{Field, TargetAbi};
use crate::symbols::{Kind, Symbol};

/// The C types of `core::ffi`. A generated file imports those that it uses.
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

/// The declarations of a group, without the file's head.
pub(crate) fn declarations(symbols: &[Symbol], facts: &TargetAbi, header: &str) -> String {
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

/// Writes the constants in decimal.
fn constants(text: &mut String, symbols: &[Symbol], facts: &TargetAbi, header: &str) {
    for constant in &facts.constants {
        let value = match &*constant.ty {
            "bool" => (constant.value != 0).to_string(),
            _ => constant.value.to_string(),
        };
        line!(text, "");
        line!(text, "{}", doc(symbols, &constant.name, false, header));
        line!(
            text,
            "pub const {}: {} = {value};",
            constant.name,
            constant.ty
        );
    }
}

/// Writes tables of names, for `Debug`.
fn name_tables(text: &mut String, symbols: &[Symbol], facts: &TargetAbi) {
    for table in symbols {
        let Kind::Names(ty) = &table.kind else {
            continue;
        };
        let member = |symbol: &&Symbol| symbol.is_in_table(table.prefix(), ty);
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
        // The lowest bit comes first.
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

/// Writes the records, each with assertions that rustc lays it out as clang does.
fn records(text: &mut String, symbols: &[Symbol], facts: &TargetAbi, header: &str) {
    // A pointer implements `Debug` even if its record does not.
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
        line!(text, "pub {} {name} {{", record.keyword());
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

/// Writes the functions.
fn functions(text: &mut String, symbols: &[Symbol], facts: &TargetAbi, header: &str) {
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
            line!(text, "    #[link_name = {:?}]", function.link_name);
        }
        line!(
            text,
            "    pub fn {}{};",
            function.name,
            function.signature(true)
        );
    }
    line!(text, "}}");
}
