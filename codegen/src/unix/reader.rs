//! Reads facts from bindgen's text, item by item.

use std::collections::{BTreeMap, BTreeSet};

use quote::ToTokens;

use super::{CARRIER, LINUX_VERSION, Request};
use crate::abi::{Constant, Facts, Field, Function, Record};
use crate::error::Error;
use crate::literal::integer;
use crate::symbols::Kind;
use crate::targets::Version;

/// Sizes bindgen wrote assertions for.
#[derive(Debug, Default)]
pub(super) struct Layouts {
    /// By record.
    pub(super) size: BTreeMap<String, u64>,
    /// By record.
    align: BTreeMap<String, u64>,
    /// By `record::field`.
    offset: BTreeMap<String, u64>,
}

/// Collects facts from bindgen's text.
pub(super) struct Reader<'a> {
    /// What was asked.
    pub(super) request: &'a Request<'a>,
    /// `type A = B;`
    pub(super) aliases: BTreeMap<String, String>,
    /// What the assertions say.
    pub(super) layouts: Layouts,
    /// `probe_…`
    pub(super) probes: BTreeMap<String, i128>,
}

impl<'a> Reader<'a> {
    /// An empty one. The kernel's fixed-width types come out as Rust's.
    pub(super) fn new(request: &'a Request<'a>) -> Self {
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
    pub(super) fn read(mut self, file: &syn::File) -> Result<Facts, Error> {
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
}

/// The start of an item's text, for a message.
fn first_words(item: &syn::Item) -> String {
    item.to_token_stream()
        .to_string()
        .chars()
        .take(120)
        .collect()
}
