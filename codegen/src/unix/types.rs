//! The spelling, size and alignment of types in the tables.

use quote::ToTokens;

use super::reader::Reader;
use crate::abi::{Record, TargetAbi};
use crate::error::Error;

/// Expressions that clang evaluates for every target.
pub(super) const PROBES: [(&str, &str); 3] = [
    ("probe_pointer", "sizeof(void *)"),
    ("probe_long", "sizeof(long)"),
    (
        "probe_align",
        "__builtin_offsetof(struct { char a; long long b; }, b)",
    ),
];

impl Reader<'_> {
    /// The spelling of a type: aliases resolved, C types without a path.
    pub(super) fn ty(&self, ty: &syn::Type) -> Result<String, String> {
        self.spell(ty, 0)
    }

    /// The spelling of a type at this depth of aliases and types.
    fn spell(&self, ty: &syn::Type, depth: usize) -> Result<String, String> {
        let unknown = || format!("the type `{}` is of an unknown kind", ty.to_token_stream());
        if depth > 32 {
            return Err(format!(
                "the type `{}` is nested too deeply",
                ty.to_token_stream()
            ));
        }
        let next = |ty: &syn::Type| self.spell(ty, depth + 1);
        match ty {
            syn::Type::Ptr(pointer) => {
                let text = pointer.to_token_stream().to_string();
                let word = if text.starts_with("* mut") {
                    "mut"
                } else {
                    "const"
                };
                Ok(format!("*{word} {}", next(&pointer.elem)?))
            }
            syn::Type::Array(array) => {
                let count = array.len.to_token_stream().to_string();
                let count = count.strip_suffix("usize").unwrap_or(&count);
                Ok(format!("[{}; {count}]", next(&array.elem)?))
            }
            syn::Type::Never(_) => Ok("!".to_owned()),
            syn::Type::Paren(inner) => next(&inner.elem),
            syn::Type::FnPtr(pointer) => {
                let mut types = Vec::new();
                for input in &pointer.inputs {
                    types.push(next(&input.ty)?);
                }
                if pointer.variadic.is_some() {
                    types.push("...".to_owned());
                }
                let returns = match &pointer.output {
                    syn::ReturnType::Default => String::new(),
                    syn::ReturnType::Type(_, ty) => format!(" -> {}", next(ty)?),
                };
                Ok(format!(
                    "unsafe extern \"C\" fn({}){returns}",
                    types.join(", ")
                ))
            }
            syn::Type::Path(path) => {
                let last = path.path.segments.last().ok_or_else(unknown)?;
                let name = last.ident.to_string();
                if let syn::PathArguments::AngleBracketed(arguments) = &last.arguments {
                    let Some(syn::GenericArgument::Type(inner)) = arguments.args.first() else {
                        return Err(unknown());
                    };
                    let inner = next(inner)?;
                    return match name.as_str() {
                        "Option" => Ok(format!("Option<{inner}>")),
                        // A flexible array has no size.
                        "__IncompleteArrayField" => Ok(format!("[{inner}; 0]")),
                        "__BindgenBitfieldUnit" | "__BindgenUnionField" => Ok(inner),
                        _ => Err(unknown()),
                    };
                }
                // A typedef may have the name of a type of `::core::ffi`.
                let is_rusts_own = path.path.segments.len() > 1;
                match self.aliases.get(&name).filter(|_| !is_rusts_own) {
                    Some(meaning) => next(meaning),
                    None => Ok(self.name(&name)),
                }
            }
            _ => Err(unknown()),
        }
    }

    /// Size and alignment of a spelled type.
    pub(super) fn measure(&self, ty: &str) -> Result<(u64, u64), String> {
        if let Some(inside) = ty.strip_prefix('[').and_then(|ty| ty.strip_suffix(']')) {
            let parts = inside.rsplit_once("; ");
            let (element, count) = parts.ok_or_else(|| format!("the array {ty} has no length"))?;
            let count: u64 = count
                .parse()
                .map_err(|_| format!("the length of {ty} is no number"))?;
            let (size, align) = self.measure(element)?;
            let size = size
                .checked_mul(count)
                .ok_or("the array is larger than memory")?;
            return Ok((size, align));
        }
        let probe = |name: &str| {
            let found = self.answer.probes.get(name);
            let found = found.and_then(|value| u64::try_from(*value).ok());
            found.ok_or_else(|| format!("clang did not evaluate {name}"))
        };
        let size = match ty {
            "bool" | "u8" | "i8" | "c_char" | "c_schar" | "c_uchar" => 1,
            "u16" | "i16" | "c_short" | "c_ushort" => 2,
            "u32" | "i32" | "f32" | "c_int" | "c_uint" => 4,
            "u64" | "i64" | "f64" | "c_longlong" | "c_ulonglong" => 8,
            "c_long" | "c_ulong" => probe("probe_long")?,
            "usize" | "isize" => probe("probe_pointer")?,
            _ if ty.starts_with('*') || ty.starts_with("Option<") => probe("probe_pointer")?,
            _ => {
                let tag = self.answer.renamed.iter().find(|(_, name)| *name == ty);
                let tag = tag.map_or(ty, |(tag, _)| tag);
                let layouts = &self.layouts;
                let found = layouts.size.get(tag).zip(layouts.align.get(tag));
                return match found {
                    Some((size, align)) => Ok((*size, *align)),
                    None => Err(format!("the size of `{ty}` is unknown")),
                };
            }
        };
        let is_pointer = ty.starts_with('*') || ty.starts_with("Option<");
        let align = if size == 8 && !is_pointer {
            probe("probe_align")?
        } else {
            size
        };
        Ok((size, align))
    }

    /// Whether Rust lays out a record of these fields as C does. The generated assertions check
    /// this only on the targets that are compiled.
    pub(super) fn has_rust_layout(&self, record: &Record) -> bool {
        let number = |word: &str| {
            let (_, rest) = record.repr.split_once(word)?;
            let (number, _) = rest.split_once(')')?;
            number.parse::<u64>().ok()
        };
        let is_packed = record.repr.contains("packed");
        let packed = number("packed(").unwrap_or(if is_packed { 1 } else { u64::MAX });
        let (mut end, mut size, mut align) = (0_u64, 0_u64, number("align(").unwrap_or(1));
        for field in &record.fields {
            let Ok((_, own)) = self.measure(&field.ty) else {
                return false;
            };
            let own = own.min(packed);
            let start = if record.union {
                0
            } else {
                end.next_multiple_of(own)
            };
            if start != field.offset {
                return false;
            }
            end = start + field.size;
            size = size.max(end);
            align = align.max(own);
        }
        (size.next_multiple_of(align), align) == (record.size, record.align)
    }

    /// An error for each packed record that contains an aligned one, which rustc rejects:
    /// <https://doc.rust-lang.org/error_codes/E0588.html>
    pub(super) fn packed_around_aligned(&self, records: &[Record]) -> Vec<Error> {
        let packed = records
            .iter()
            .filter(|record| record.repr.contains("packed"));
        packed
            .filter_map(|record| {
                let aligned = aligned_member(record, records)?;
                Some(self.request.unbindable(
                    &record.name,
                    &format!(
                        "it is packed around the aligned `{aligned}`, which no Rust record is; \
                         write it in src/ by hand"
                    ),
                ))
            })
            .collect()
    }

    /// An error for each function, or pointer to one, that passes a record by value whose padding
    /// is a field in Rust. Such a field decides how the record is passed, and C's padding does not:
    /// <https://gitlab.com/x86-psABIs/x86-64-ABI/-/blob/master/x86-64-ABI/low-level-sys-info.tex>
    pub(super) fn padded_arguments(&self, facts: &TargetAbi) -> Vec<Error> {
        let TargetAbi {
            records, functions, ..
        } = facts;
        let signatures = functions
            .iter()
            .map(|function| (&function.name, function.signature(false)));
        let fields = records.iter().flat_map(|record| {
            let of = |ty: &str| ty.split_once("fn(").map(|(_, rest)| rest.to_owned());
            let types = record.fields.iter().filter_map(move |field| of(&field.ty));
            types.map(|ty| (&record.name, ty))
        });
        let mut errors = Vec::new();
        for (name, text) in signatures.chain(fields) {
            let types = passed(&text);
            if let Some(record) = types.into_iter().find(|ty| is_padded(ty, records)) {
                let why = format!(
                    "it passes `{record}` by value, and Rust would pass its padding as a field; \
                     write it in src/ by hand"
                );
                errors.push(self.request.unbindable(name, &why));
            }
        }
        errors
    }
}

/// The names of types that a signature passes by value, among others.
fn passed(signature: &str) -> Vec<&str> {
    let words = signature.split([' ', ',', '(', ')', '<', '>', ';']);
    let mut previous = "";
    let mut passed = Vec::new();
    for word in words.filter(|word| !word.is_empty()) {
        // An array is behind a pointer, too.
        if !previous.starts_with('*') && !word.starts_with('[') {
            passed.push(word);
        }
        previous = word;
    }
    passed
}

/// Whether a record, or one that it contains, has padding that is a field in Rust.
fn is_padded(name: &str, records: &[Record]) -> bool {
    let Some(record) = records.iter().find(|record| record.name == name) else {
        return false;
    };
    record.fields.iter().any(|field| {
        let element = field.ty.trim_start_matches('[').split(';').next();
        field.name.starts_with("__bindgen_padding_")
            || element.is_some_and(|element| is_padded(element, records))
    })
}

/// The first record with `repr(align)` that the record contains.
fn aligned_member<'a>(record: &Record, records: &'a [Record]) -> Option<&'a str> {
    record.fields.iter().find_map(|field| {
        let element = field.ty.trim_start_matches('[').split(';').next()?;
        let member = records.iter().find(|record| record.name == element)?;
        if member.repr.contains("align(") {
            return Some(&*member.name);
        }
        aligned_member(member, records)
    })
}
