//! Reads declarations from bindgen's output, item by item.

use std::collections::BTreeMap;

use quote::ToTokens;

use super::Request;
use super::context::Context;
use super::query::Answer;
use crate::abi::{Function, Record, TargetAbi};
use crate::error::Error;
use crate::literal::integer;
use crate::symbols::Kind;

/// Layouts that bindgen's output asserts.
#[derive(Debug, Default)]
pub(super) struct Layouts {
    /// Sizes, by record.
    pub(super) size: BTreeMap<String, u64>,
    /// Alignments, by record.
    pub(super) align: BTreeMap<String, u64>,
    /// Offsets, by `record::field`.
    pub(super) offset: BTreeMap<String, u64>,
}

/// Collects facts from bindgen's output.
pub(super) struct Reader<'a> {
    /// The request.
    pub(super) request: &'a Request<'a>,
    /// The context of the output.
    context: &'a Context<'a>,
    /// The answer of clang for that context.
    pub(super) answer: &'a Answer,
    /// `type A = B;`
    pub(super) aliases: BTreeMap<String, syn::Type>,
    /// The asserted layouts, by bindgen's names.
    pub(super) layouts: Layouts,
}

impl<'a> Reader<'a> {
    /// A reader with aliases for the kernel's fixed-width types.
    pub(super) fn new(
        request: &'a Request<'a>,
        context: &'a Context<'a>,
        answer: &'a Answer,
    ) -> Self {
        let mut aliases = BTreeMap::new();
        for bits in [8, 16, 32, 64] {
            let named = |text: String| syn::parse_str(&text).expect("a name is a type");
            aliases.insert(format!("__u{bits}"), named(format!("u{bits}")));
            aliases.insert(format!("__s{bits}"), named(format!("i{bits}")));
        }
        Reader {
            request,
            context,
            answer,
            aliases,
            layouts: Layouts::default(),
        }
    }

    /// Reads the whole output.
    pub(super) fn read(mut self, file: syn::File) -> Result<TargetAbi, Error> {
        for item in &file.items {
            match item {
                syn::Item::Type(item) => {
                    let (name, ty) = (item.ident.to_string(), (*item.ty).clone());
                    self.aliases.entry(name).or_insert(ty);
                }
                // Another name of an enum.
                syn::Item::Use(item) => {
                    if let syn::UseTree::Path(path) = &item.tree {
                        if let syn::UseTree::Rename(names) = &*path.tree {
                            let first = &names.ident;
                            let name = names.rename.to_string();
                            self.aliases.insert(name, syn::parse_quote!(#first));
                        }
                    }
                }
                syn::Item::Const(item) if item.ident == "_" => self.layout(item)?,
                _ => {}
            }
        }
        let mut facts = TargetAbi::default();
        let mut errors = Vec::new();
        for item in &file.items {
            match item {
                syn::Item::Struct(item) if is_bindgens_own(&item.ident) => {}
                syn::Item::Struct(item) if self.is_opaque(item) => {
                    facts.opaque.push(self.name(&item.ident.to_string()));
                }
                syn::Item::Struct(item) => {
                    let mut fields = item.fields.clone();
                    let union = is_union(&mut fields);
                    match self.record(&item.ident, union, &item.attrs, &fields) {
                        Ok(record) => facts.records.push(record),
                        Err(error) => errors.push(error),
                    }
                }
                syn::Item::Union(item) => {
                    let fields = syn::Fields::Named(item.fields.clone());
                    match self.record(&item.ident, true, &item.attrs, &fields) {
                        Ok(record) => facts.records.push(record),
                        Err(error) => errors.push(error),
                    }
                }
                syn::Item::ForeignMod(block) => {
                    for item in &block.items {
                        if let syn::ForeignItem::Fn(item) = item {
                            match self.function(item) {
                                Ok(function) => facts.functions.push(function),
                                Err(error) => errors.push(error),
                            }
                        }
                    }
                }
                // clang has evaluated the constants. Enums and accessors of bit-fields are not
                // bound.
                syn::Item::Type(_) | syn::Item::Use(_) | syn::Item::Const(_) => {}
                syn::Item::Impl(_) => {}
                other => {
                    let why = format!("unexpected: {}", first_words(other));
                    return Err(self.request.shape(why));
                }
            }
        }
        errors.extend(self.packed_around_aligned(&facts.records));
        errors.extend(self.padded_arguments(&facts));
        errors.extend(self.opaque(&mut facts).err());
        Error::all(errors)?;
        self.complete(&facts)?;
        Ok(facts)
    }

    /// The name of a record: a typedef if the list names one, or else bindgen's name.
    pub(super) fn name(&self, bindgens: &str) -> String {
        let name = self.answer.renamed.get(bindgens);
        name.map_or(bindgens, String::as_str).to_owned()
    }

    /// Whether the list has a symbol of this name and kind.
    fn is_listed(&self, name: &str, kind: &Kind) -> bool {
        let symbols = self.context.symbols.iter();
        symbols
            .clone()
            .any(|symbol| symbol.name == name && symbol.kind == *kind)
    }

    /// Moves records without fields to the other records, for pointers. A listed one is an error.
    fn opaque(&self, facts: &mut TargetAbi) -> Result<(), Error> {
        let (listed, others): (Vec<_>, Vec<_>) = std::mem::take(&mut facts.opaque)
            .into_iter()
            .partition(|name| self.is_listed(name, &Kind::Record));
        for name in others {
            if let Some(error) = self.shadows(&name) {
                return Err(error);
            }
            facts.records.push(Record {
                union: false,
                repr: "C".to_owned(),
                size: 0,
                align: 1,
                fields: Vec::new(),
                name,
            });
        }
        facts.opaque = listed;
        match facts.opaque.first() {
            Some(name) if !self.request.lenient => Err(Error::Opaque {
                target: self.request.triple.to_owned(),
                record: name.clone(),
                os: self.request.os,
            }),
            _ => Ok(()),
        }
    }

    /// The error for a function that is not listed. bindgen writes a second declaration of a listed
    /// function, for another symbol, under the name with a number at its end.
    fn second_declaration(&self, function: &Function) -> Error {
        let name = function
            .name
            .trim_end_matches(|end: char| end.is_ascii_digit());
        let mut ends = (name.len()..function.name.len()).map(|end| &function.name[..end]);
        let link_name = &function.link_name;
        match ends.find(|name| self.is_listed(name, &Kind::Function)) {
            Some(listed) => self.request.unbindable(
                listed,
                &format!(
                    "the headers declare it twice, once for the symbol `{link_name}` of the C \
                     library; leave one of the declarations in codegen/headers/{}.h",
                    self.request.os
                ),
            ),
            None => self.request.shape(format!(
                "bindgen writes a function `{}`, of the symbol `{link_name}`, which is not listed",
                function.name
            )),
        }
    }

    /// Checks that the output has all symbols that clang declares, and no other function.
    fn complete(&self, facts: &TargetAbi) -> Result<(), Error> {
        if self.request.lenient {
            return Ok(());
        }
        for function in &facts.functions {
            if !self.is_listed(&function.name, &Kind::Function) {
                return Err(self.second_declaration(function));
            }
        }
        for symbol in &self.context.symbols {
            let name = &symbol.name;
            let is_unbound =
                self.answer.missing.contains(name) || self.answer.rejected.contains_key(name);
            let found = match symbol.kind {
                Kind::Record => facts.records.iter().any(|item| item.name == *name),
                Kind::Function => facts.functions.iter().any(|item| item.name == *name),
                Kind::Constant(_) | Kind::Names(_) | Kind::Field(_) => true,
            };
            if !found && !is_unbound {
                let why = format!("bindgen writes no declaration of `{name}`");
                return Err(self.request.shape(why));
            }
        }
        Ok(())
    }

    /// Reads a `const _: () = { ["Size of T"][size_of::<T>() - 12usize]; … };`.
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

    /// A function.
    fn function(&self, item: &syn::ForeignItemFn) -> Result<Function, Error> {
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
                    // clang marks a name that must not be mangled with `\u{1}`. On Apple's systems
                    // such a name includes the `_` that rustc adds itself.
                    link_name = text.value();
                    if let Some(verbatim) = link_name.strip_prefix('\u{1}') {
                        let apple = self.request.clang.contains("-apple-");
                        let rest = verbatim.strip_prefix('_').filter(|_| apple);
                        if apple && rest.is_none() {
                            let why = format!(
                                "its symbol is `{verbatim}`, without the `_` that rustc adds; \
                                 declare it in src/ with \
                                 #[link_name = \"\\u{{1}}{verbatim}\"]"
                            );
                            return Err(self.request.unbindable(&name, &why));
                        }
                        link_name = rest.unwrap_or(verbatim).to_owned();
                    }
                }
            }
        }
        let unknown = |why: String| self.request.shape(format!("fn {name}: {why}"));
        let mut parameters = Vec::new();
        for input in &item.sig.inputs {
            let syn::FnArg::Typed(input) = input else {
                return Err(unknown("it takes self".to_owned()));
            };
            let ty = self.ty(&input.ty).map_err(unknown)?;
            parameters.push((input.pat.to_token_stream().to_string(), ty));
        }
        let returns = match &item.sig.output {
            syn::ReturnType::Default => String::new(),
            syn::ReturnType::Type(_, ty) => self.ty(ty).map_err(unknown)?,
        };
        Ok(Function {
            parameters,
            variadic: item.sig.variadic.is_some(),
            returns,
            link_name,
            name,
        })
    }
}

/// Whether it is a helper type of bindgen.
fn is_bindgens_own(name: &syn::Ident) -> bool {
    let name = name.to_string();
    name.starts_with("__Bindgen") || name.starts_with("__IncompleteArray")
}

/// The start of an item's text.
fn first_words(item: &syn::Item) -> String {
    item.to_token_stream()
        .to_string()
        .chars()
        .take(120)
        .collect()
}

/// Whether the fields are those of a union. For a union with a flexible array, bindgen writes a
/// struct of fields without size, and a last field with the size of all. This removes the last one.
fn is_union(fields: &mut syn::Fields) -> bool {
    let syn::Fields::Named(fields) = fields else {
        return false;
    };
    let is_whole = |field: &syn::Field| {
        let name = field.ident.as_ref();
        name.is_some_and(|name| name == "bindgen_union_field")
    };
    if !fields.named.iter().any(is_whole) {
        return false;
    }
    let members = fields.named.iter().filter(|field| !is_whole(field));
    fields.named = members.cloned().collect();
    true
}
