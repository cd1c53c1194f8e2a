//! Computes the layout of a record by the rules of C: fields in order, each at the next multiple of
//! its alignment.

use quote::ToTokens;

use super::parsed::{Declared, Parsed, error, mask, text};
use crate::abi::{Constant, Field, Function, Record};
use crate::error::Error;
use crate::literal::integer;

/// The properties of a machine that layouts depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Machine {
    /// `target_arch`.
    arch: &'static str,
    /// The size of a pointer in bytes.
    pub(super) pointer: u64,
}

impl Machine {
    /// The machine of a triple.
    pub(super) fn of(triple: &str) -> Machine {
        let (arch, pointer) = match triple.split('-').next() {
            Some("aarch64") => ("aarch64", 8),
            Some("arm64ec") => ("arm64ec", 8),
            Some("x86_64") => ("x86_64", 8),
            _ => ("x86", 4),
        };
        Machine { arch, pointer }
    }
}

/// Whether the declaration is for the machine.
pub(super) fn is_of(declared: &Declared, machine: Machine) -> bool {
    declared.attributes.iter().all(|attribute| {
        let text = attribute.to_token_stream().to_string();
        !attribute.path().is_ident("cfg") || text.contains(&format!("\"{}\"", machine.arch))
    })
}

/// The layout of the record that is declared under this name, not through an alias.
pub(super) fn record(parsed: &Parsed, name: &str, machine: Machine) -> Result<Record, Error> {
    let declared = parsed
        .records
        .get(name)
        .and_then(|all| all.iter().find(|declared| is_of(declared, machine)))
        .ok_or_else(|| error(format!("no record {name} for {}", machine.arch)))?;
    let repr = declared
        .attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("repr"))
        .filter_map(|attribute| attribute.parse_args::<proc_macro2::TokenStream>().ok())
        .map(|tokens| tokens.to_string())
        .collect::<Vec<_>>()
        .join(", ");
    if repr.contains("packed") || repr.contains("align") {
        return Err(error(format!(
            "{name} is repr({repr}), which has no computed layout"
        )));
    }
    let mut record = Record {
        name: name.to_owned(),
        union: declared.union,
        repr,
        size: 0,
        align: 1,
        fields: Vec::new(),
    };
    for field in &declared.fields {
        let (size, align) = of(parsed, &field.ty, machine)?;
        let offset = if record.union {
            0
        } else {
            record.size.next_multiple_of(align)
        };
        record.align = record.align.max(align);
        record.size = record.size.max(offset + size);
        record.fields.push(Field {
            name: field
                .ident
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            ty: text(&field.ty),
            offset,
            size,
            bits: String::new(),
        });
    }
    record.size = record.size.next_multiple_of(record.align);
    Ok(record)
}

/// Size and alignment of a type.
pub(super) fn of(parsed: &Parsed, ty: &syn::Type, machine: Machine) -> Result<(u64, u64), Error> {
    let unknown = || error(format!("the size of {} is unknown", text(ty)));
    match ty {
        syn::Type::Ptr(_) => Ok((machine.pointer, machine.pointer)),
        syn::Type::Array(array) => {
            let (size, align) = of(parsed, &array.elem, machine)?;
            let syn::Expr::Lit(syn::ExprLit {
                lit: syn::Lit::Int(count),
                ..
            }) = &array.len
            else {
                return Err(unknown());
            };
            let count: u64 = count.base10_parse().map_err(|_| unknown())?;
            Ok((size * count, align))
        }
        syn::Type::Path(path) => {
            let last = path.path.segments.last().ok_or_else(unknown)?;
            let name = last.ident.to_string();
            let size = match name.as_str() {
                // The sizes of C types are those of Windows, where `long` has four bytes.
                "u8" | "i8" | "c_char" | "c_schar" | "c_uchar" => 1,
                "u16" | "i16" | "c_short" | "c_ushort" => 2,
                "u32" | "i32" | "f32" | "c_int" | "c_uint" | "c_long" | "c_ulong" => 4,
                // Windows aligns them to eight bytes on every machine.
                "u64" | "i64" | "f64" | "c_longlong" | "c_ulonglong" => 8,
                // `Option` holds a function pointer.
                "usize" | "isize" | "Option" => machine.pointer,
                _ => match parsed.aliases.get(&name) {
                    Some(alias) => return of(parsed, alias, machine),
                    None if parsed.records.contains_key(&name) => {
                        let record = record(parsed, &name, machine)?;
                        return Ok((record.size, record.align));
                    }
                    None => return Err(unknown()),
                },
            };
            Ok((size, size))
        }
        _ => Err(unknown()),
    }
}

/// The sizes in bytes that a call passes: `(8, 4) -> 4` for two parameters and the result.
pub(super) fn call(
    parsed: &Parsed,
    function: &Function,
    machine: Machine,
) -> Result<String, Error> {
    let bytes = |ty: &str| {
        let ty = syn::parse_str(ty).map_err(|cause| error(format!("{ty}: {cause}")))?;
        Ok(of(parsed, &ty, machine)?.0.to_string())
    };
    let parameters = function.parameters.iter().map(|(_, ty)| bytes(ty));
    let parameters: Vec<String> = parameters.collect::<Result<_, Error>>()?;
    let result = match &*function.returns {
        "" => "0".to_owned(),
        ty => bytes(ty)?,
    };
    let more = if function.variadic { ", ..." } else { "" };
    Ok(format!("({}{more}) -> {result}", parameters.join(", ")))
}

/// Whether the type is a signed integer.
pub(super) fn is_signed(parsed: &Parsed, ty: &syn::Type) -> bool {
    let name = text(ty);
    match parsed.aliases.get(&name) {
        Some(alias) => is_signed(parsed, alias),
        None => ["i8", "i16", "i32", "i64", "isize"].contains(&name.as_str()),
    }
}

impl Parsed {
    /// The names of all records on a machine.
    pub(super) fn names(&self, machine: Machine) -> impl Iterator<Item = &str> {
        let declared = move |(_, all): &(&String, &Vec<Declared>)| {
            all.iter().any(|declared| is_of(declared, machine))
        };
        let records = self.records.iter().filter(declared);
        records.map(|(name, _)| name.as_str())
    }

    /// A record on a machine.
    pub(super) fn record(&self, name: &str, machine: Machine) -> Result<Record, Error> {
        let mut declared = name.to_owned();
        while let Some(syn::Type::Path(path)) = self.aliases.get(&declared) {
            declared = path.to_token_stream().to_string();
        }
        let mut record = record(self, &declared, machine)?;
        record.name = name.to_owned();
        Ok(record)
    }

    /// The size in bytes of a constant on a machine.
    pub(super) fn size_of_constant(&self, name: &str, machine: Machine) -> Result<u64, Error> {
        match self.constants.get(name) {
            Some((ty, _)) => Ok(of(self, ty, machine)?.0),
            None => Err(error(format!("no constant {name}"))),
        }
    }

    /// A constant on a machine.
    pub(super) fn constant(&self, name: &str, machine: Machine) -> Result<Constant, Error> {
        let (ty, value) = self
            .constants
            .get(name)
            .ok_or_else(|| error(format!("no constant {name}")))?;
        let size = self.size_of_constant(name, machine)?;
        let value = integer(without_casts(value)).ok_or_else(|| {
            error(format!(
                "{name}: cannot evaluate {}",
                value.to_token_stream()
            ))
        })?;
        // Truncated to the size of its type, with the sign of that type.
        let mut value = value & mask(size);
        if is_signed(self, ty) && value > mask(size) / 2 {
            value -= mask(size) + 1;
        }
        Ok(Constant {
            name: name.to_owned(),
            ty: text(ty),
            value,
        })
    }
}

/// The operand of casts. [`Parsed::constant`] truncates the value.
fn without_casts(mut value: &syn::Expr) -> &syn::Expr {
    while let syn::Expr::Cast(cast) = value {
        value = &cast.expr;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    const X64: &str = "x86_64-pc-windows-gnu";

    #[test]
    fn output_of_windows_bindgen_is_parsed() {
        let text = r#"
            windows_link::link!("a.dll" "system" fn f(a : H, r#type : *mut S) -> i32);
            pub type H = *mut core::ffi::c_void;
            pub const C: i32 = 0xC0000120_u32 as _;
            #[repr(C)] pub struct S { pub a: u8, pub b: H, pub c: [u16; 3] }
            #[cfg(target_arch = "x86")] #[repr(C)] pub struct D { pub a: u8 }
            #[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
            #[repr(C)] pub struct D { pub a: u16 }
            #[repr(C)] pub union U { pub a: u8, pub b: S }
        "#;
        let metadata = Parsed::read(text).unwrap();
        let function = &metadata.functions[0];
        assert_eq!(function.link_name, "a.dll f");
        assert_eq!(function.parameters[1].1, "*mut S");
        let (wide, narrow) = (Machine::of(X64), Machine::of("i686-pc-windows-msvc"));
        let sizes = |name: &str, machine| {
            let record = metadata.record(name, machine).unwrap();
            let last = record.fields.last().unwrap().offset;
            (record.size, record.align, last)
        };
        assert_eq!(sizes("S", wide), (24, 8, 16));
        assert_eq!(sizes("S", narrow), (16, 4, 8));
        assert_eq!(sizes("U", narrow), (16, 4, 0));
        assert_eq!(
            (sizes("D", wide), sizes("D", narrow)),
            ((2, 2, 0), (1, 1, 0))
        );
        assert_eq!(metadata.constant("C", wide).unwrap().value, -0x3fff_fee0);
    }

    #[test]
    fn unknown_items_and_types_are_errors() {
        assert!(Parsed::read("pub mod m {}").is_err());
        let metadata = Parsed::read("pub struct S { pub a: Unknown }").unwrap();
        let error = metadata.record("S", Machine::of(X64)).unwrap_err();
        assert!(error.to_string().contains("Unknown"), "{error}");
    }
}
