//! What windows-bindgen writes: its text, and what stands in it.

use std::collections::BTreeMap;
use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use quote::ToTokens;

use super::defaults;
use super::layout::{self, Machine};
use super::oracle::Known;
use crate::abi::{Constant, Function, Record};
use crate::error::Error;
use crate::literal::integer;
use crate::quiet::Quiet;
use crate::symbols::{Kind, Symbol};

/// The declarations of Windows, as windows-bindgen writes them.
#[derive(Debug)]
pub(crate) struct Metadata {
    /// The text.
    pub(super) text: String,
    /// What clang has said of it.
    pub(super) known: Known,
}

/// What stands in the text. Each thread reads it for itself: syn's values do not go from one to another.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    /// Functions that were asked for, sorted.
    pub(super) functions: Vec<Function>,
    /// `type A = B;`
    pub(super) aliases: BTreeMap<String, syn::Type>,
    /// Structs and unions; several of one name are for different architectures.
    pub(super) records: BTreeMap<String, Vec<Declared>>,
    /// Constants: their type and value.
    constants: BTreeMap<String, (syn::Type, syn::Expr)>,
}

/// A record as declared.
#[derive(Debug)]
pub(super) struct Declared {
    /// Whether it is a union.
    pub(super) union: bool,
    /// Its attributes.
    pub(super) attributes: Vec<syn::Attribute>,
    /// Its fields.
    pub(super) fields: Vec<syn::Field>,
}

/// An error about the metadata.
pub(super) fn wrong(why: impl Into<String>) -> Error {
    Error::Metadata(why.into())
}

impl Metadata {
    /// Has windows-bindgen write the declarations of `symbols`; `rdl` is our own text.
    pub(crate) fn read(symbols: &[Symbol], rdl: &Path) -> Result<Metadata, Error> {
        let scratch =
            tempfile::tempdir().map_err(Error::io("make a folder in", std::env::temp_dir()))?;
        let (ours, out) = (scratch.path().join("ours"), scratch.path().join("out.rs"));
        let ours = ours.with_extension("winmd");
        let (ours, out) = (ours.display().to_string(), out.display().to_string());
        windows_rdl::reader()
            .input(rdl.display().to_string())
            .reference_default()
            .output(&ours)
            .write()
            .map_err(|error| wrong(format!("{}: {error}", rdl.display())))?;
        let mut arguments = vec![
            "--in", "default", &ours, "--out", &out, "--sys", "--flat", "--filter",
        ];
        let names = arguments.len();
        arguments.extend(symbols.iter().map(|symbol| symbol.name.as_str()));
        // It panics at the first name that is unknown; without that one it comes to the next.
        let mut unknown = Vec::new();
        loop {
            let quiet = Quiet::new();
            let done = catch_unwind(|| windows_bindgen::bindgen(&arguments));
            drop(quiet);
            let Err(panic) = done else {
                break;
            };
            let said = panic.downcast_ref::<String>().cloned();
            let said = said.unwrap_or_else(|| "windows-bindgen panicked (above)".to_owned());
            let is_meant = |name: &&str| said.contains(&format!("`{name}`"));
            let meant = arguments.iter().skip(names).position(is_meant);
            unknown.push(wrong(said));
            match meant {
                Some(place) if arguments.len() > names + 1 => arguments.remove(names + place),
                _ => break,
            };
        }
        Error::all(unknown)?;
        let text = fs::read_to_string(&out).map_err(Error::io("read", &out))?;
        let metadata = Metadata {
            text: defaults::without_pointer_derives(&text)?,
            known: Known::default(),
        };
        let parsed = Parsed::read(&metadata.text)?;
        let mut unknown = Vec::new();
        for symbol in symbols {
            let name = &symbol.name;
            let found = match symbol.kind {
                Kind::Record => {
                    parsed.records.contains_key(name) || parsed.aliases.contains_key(name)
                }
                Kind::Function => parsed.functions.iter().any(|item| item.name == *name),
                Kind::Constant(_) => parsed.constants.contains_key(name),
                Kind::Names(_) | Kind::Field(_) => false,
            };
            if !found {
                unknown.push(wrong(format!("`{name}` is not what was asked for")));
            }
        }
        Error::all(unknown)?;
        Ok(metadata)
    }
}

impl Parsed {
    /// Reads the text.
    pub(super) fn read(text: &str) -> Result<Parsed, Error> {
        let file = syn::parse_file(text).map_err(|error| wrong(error.to_string()))?;
        let mut parsed = Parsed::default();
        for item in file.items {
            match item {
                syn::Item::Macro(item) => parsed.functions.push(function(&item.mac)?),
                syn::Item::Type(item) => {
                    parsed.aliases.insert(item.ident.to_string(), *item.ty);
                }
                syn::Item::Const(item) => {
                    let (name, value) = (item.ident.to_string(), *item.expr);
                    parsed.constants.insert(name, (*item.ty, value));
                }
                syn::Item::Struct(item) => {
                    let declared = Declared {
                        union: false,
                        attributes: item.attrs,
                        fields: item.fields.into_iter().collect(),
                    };
                    parsed.declare(item.ident.to_string(), declared);
                }
                syn::Item::Union(item) => {
                    let declared = Declared {
                        union: true,
                        attributes: item.attrs,
                        fields: item.fields.named.into_iter().collect(),
                    };
                    parsed.declare(item.ident.to_string(), declared);
                }
                // `Default`.
                syn::Item::Impl(_) => {}
                other => return Err(wrong(format!("unexpected: {}", other.to_token_stream()))),
            }
        }
        parsed.functions.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(parsed)
    }

    /// Keeps a record.
    fn declare(&mut self, name: String, declared: Declared) {
        self.records.entry(name).or_default().push(declared);
    }

    /// The names of all records that a machine has.
    pub(super) fn names(&self, machine: Machine) -> impl Iterator<Item = &str> {
        let declared = move |(_, all): &(&String, &Vec<Declared>)| {
            all.iter().any(|declared| layout::is_of(declared, machine))
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
        let mut record = layout::record(self, &declared, machine)?;
        record.name = name.to_owned();
        Ok(record)
    }

    /// How many bytes a constant has on a machine.
    pub(super) fn size_of_constant(&self, name: &str, machine: Machine) -> Result<u64, Error> {
        match self.constants.get(name) {
            Some((ty, _)) => Ok(layout::of(self, ty, machine)?.0),
            None => Err(wrong(format!("no constant {name}"))),
        }
    }

    /// A constant on a machine.
    pub(super) fn constant(&self, name: &str, machine: Machine) -> Result<Constant, Error> {
        let (ty, value) = self
            .constants
            .get(name)
            .ok_or_else(|| wrong(format!("no constant {name}")))?;
        let size = self.size_of_constant(name, machine)?;
        let value = integer(without_casts(value))
            .ok_or_else(|| wrong(format!("{name}: the value of {}", value.to_token_stream())))?;
        // As wide as its type, with that type's sign.
        let mut value = value & mask(size);
        if layout::is_signed(self, ty) && value > mask(size) / 2 {
            value -= mask(size) + 1;
        }
        Ok(Constant {
            name: name.to_owned(),
            ty: layout::text(ty),
            value,
        })
    }
}

/// What a cast leaves of a value is taken by the type's size.
fn without_casts(mut value: &syn::Expr) -> &syn::Expr {
    while let syn::Expr::Cast(cast) = value {
        value = &cast.expr;
    }
    value
}

/// All bits of so many bytes.
pub(super) fn mask(size: u64) -> i128 {
    (1 << (size * 8)) - 1
}

/// `windows_link::link!("ws2_32.dll" "system" fn listen(s : SOCKET, backlog : i32) -> i32);`
fn function(call: &syn::Macro) -> Result<Function, Error> {
    let parse = |input: syn::parse::ParseStream<'_>| {
        let library: syn::LitStr = input.parse()?;
        let _: syn::LitStr = input.parse()?;
        Ok((library.value(), input.parse::<syn::Signature>()?))
    };
    let (library, signature) = syn::parse::Parser::parse2(parse, call.tokens.clone())
        .map_err(|error| wrong(format!("{}: {error}", call.to_token_stream())))?;
    declared(&signature, format!("{library} {}", signature.ident))
}

/// A function of this signature.
fn declared(signature: &syn::Signature, link_name: String) -> Result<Function, Error> {
    let parameters = signature.inputs.iter().map(|input| match input {
        syn::FnArg::Typed(input) => {
            let name = input.pat.to_token_stream().to_string();
            Ok((name.replace(' ', ""), layout::text(&input.ty)))
        }
        syn::FnArg::Receiver(_) => Err(wrong("a method")),
    });
    Ok(Function {
        name: signature.ident.to_string(),
        parameters: parameters.collect::<Result<_, _>>()?,
        variadic: signature.variadic.is_some(),
        returns: match &signature.output {
            syn::ReturnType::Default => String::new(),
            syn::ReturnType::Type(_, ty) => layout::text(ty),
        },
        link_name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const X64: &str = "x86_64-pc-windows-gnu";

    #[test]
    fn a_text_is_read() {
        let text = r#"
            windows_link::link!("a.dll" "system" fn f(a : H, r#type : *mut S) -> i32);
            pub type H = *mut core::ffi::c_void;
            pub const C: i32 = 0xC0000120_u32 as _;
            #[repr(C)] pub struct S { pub a: u8, pub b: H, pub c: [u16; 3] }
            #[cfg(target_arch = "x86")] #[repr(C)] pub struct D { pub a: u8 }
            #[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))] #[repr(C)] pub struct D { pub a: u16 }
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
    fn what_it_does_not_know_is_an_error() {
        assert!(Parsed::read("pub mod m {}").is_err());
        let metadata = Parsed::read("pub struct S { pub a: Unknown }").unwrap();
        let error = metadata.record("S", Machine::of(X64)).unwrap_err();
        assert!(error.to_string().contains("Unknown"), "{error}");
    }
}
