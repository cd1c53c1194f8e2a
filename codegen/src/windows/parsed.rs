//! Parses the text that windows-bindgen writes.

use std::collections::BTreeMap;

use quote::ToTokens;

use crate::abi::Function;
use crate::error::Error;

/// The parsed text. The types of syn are not `Send`, so each thread parses the text.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    /// The functions, sorted.
    pub(super) functions: Vec<Function>,
    /// `type A = B;`
    pub(super) aliases: BTreeMap<String, syn::Type>,
    /// Structs and unions. Several with one name are for different architectures.
    pub(super) records: BTreeMap<String, Vec<Declared>>,
    /// Types and values of constants.
    pub(super) constants: BTreeMap<String, (syn::Type, syn::Expr)>,
}

/// The declaration of a record.
#[derive(Debug)]
pub(super) struct Declared {
    /// Whether it is a union.
    pub(super) union: bool,
    /// Its attributes.
    pub(super) attributes: Vec<syn::Attribute>,
    /// Its fields.
    pub(super) fields: Vec<syn::Field>,
}

impl Parsed {
    /// Parses the text.
    pub(super) fn read(text: &str) -> Result<Parsed, Error> {
        let file = syn::parse_file(text).map_err(|cause| error(cause.to_string()))?;
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
                // Implementations of `Default`.
                syn::Item::Impl(_) => {}
                other => return Err(error(format!("unexpected: {}", other.to_token_stream()))),
            }
        }
        parsed.functions.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(parsed)
    }

    /// Adds the declaration of a record.
    fn declare(&mut self, name: String, declared: Declared) {
        self.records.entry(name).or_default().push(declared);
    }
}

/// An error about the metadata.
pub(super) fn error(why: impl Into<String>) -> Error {
    Error::Metadata(why.into())
}

/// A mask of this size in bytes.
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
        .map_err(|cause| error(format!("{}: {cause}", call.to_token_stream())))?;
    declared(&signature, format!("{library} {}", signature.ident))
}

/// The function of this signature.
fn declared(signature: &syn::Signature, link_name: String) -> Result<Function, Error> {
    let parameters = signature.inputs.iter().map(|input| match input {
        syn::FnArg::Typed(input) => {
            let name = input.pat.to_token_stream().to_string();
            Ok((name.replace(' ', ""), text(&input.ty)))
        }
        syn::FnArg::Receiver(_) => Err(error("a method")),
    });
    Ok(Function {
        name: signature.ident.to_string(),
        parameters: parameters.collect::<Result<_, _>>()?,
        variadic: signature.variadic.is_some(),
        returns: match &signature.output {
            syn::ReturnType::Default => String::new(),
            syn::ReturnType::Type(_, ty) => text(ty),
        },
        link_name,
    })
}

/// The spelling of a type in the tables.
pub(super) fn text(ty: &syn::Type) -> String {
    let text = ty.to_token_stream().to_string();
    text.replace("core :: ffi :: ", "")
        .replace("* mut", "*mut")
        .replace("* const", "*const")
        .replace("[ ", "[")
        .replace(" ]", "]")
        .replace(" ;", ";")
}
