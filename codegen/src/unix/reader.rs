//! Reads declarations from bindgen's text, item by item.

use std::collections::BTreeMap;

use quote::ToTokens;

use super::Request;
use super::context::Context;
use super::facts::Said;
use crate::abi::{Field, Function, Record, TargetAbi};
use crate::error::Error;
use crate::literal::integer;
use crate::symbols::Kind;

/// Sizes bindgen wrote assertions for.
#[derive(Debug, Default)]
pub(super) struct Layouts {
    /// By record.
    pub(super) size: BTreeMap<String, u64>,
    /// By record.
    pub(super) align: BTreeMap<String, u64>,
    /// By `record::field`.
    offset: BTreeMap<String, u64>,
}

/// Collects facts from bindgen's text.
pub(super) struct Reader<'a> {
    /// What was asked.
    pub(super) request: &'a Request<'a>,
    /// Where it was read.
    context: &'a Context<'a>,
    /// What clang says besides.
    pub(super) said: &'a Said,
    /// `type A = B;`
    pub(super) aliases: BTreeMap<String, syn::Type>,
    /// What the assertions say, by bindgen's names.
    pub(super) layouts: Layouts,
}

impl<'a> Reader<'a> {
    /// An empty one. The kernel's fixed-width types come out as Rust's.
    pub(super) fn new(request: &'a Request<'a>, context: &'a Context<'a>, said: &'a Said) -> Self {
        let mut aliases = BTreeMap::new();
        for bits in [8, 16, 32, 64] {
            let named = |text: String| syn::parse_str(&text).expect("a name is a type");
            aliases.insert(format!("__u{bits}"), named(format!("u{bits}")));
            aliases.insert(format!("__s{bits}"), named(format!("i{bits}")));
        }
        Reader {
            request,
            context,
            said,
            aliases,
            layouts: Layouts::default(),
        }
    }

    /// Reads the whole text.
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
        let mut wrong = Vec::new();
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
                        Err(error) => wrong.push(error),
                    }
                }
                syn::Item::Union(item) => {
                    let fields = syn::Fields::Named(item.fields.clone());
                    match self.record(&item.ident, true, &item.attrs, &fields) {
                        Ok(record) => facts.records.push(record),
                        Err(error) => wrong.push(error),
                    }
                }
                syn::Item::ForeignMod(block) => {
                    for item in &block.items {
                        if let syn::ForeignItem::Fn(item) = item {
                            match self.function(item) {
                                Ok(function) => facts.functions.push(function),
                                Err(error) => wrong.push(error),
                            }
                        }
                    }
                }
                // Constants have clang's values; the constants of an enum are asked for one by one;
                // accessors of bit-fields are left to the caller.
                syn::Item::Type(_) | syn::Item::Use(_) | syn::Item::Const(_) => {}
                syn::Item::Impl(_) => {}
                other => {
                    let why = format!("unexpected: {}", first_words(other));
                    return Err(self.request.shape(why));
                }
            }
        }
        wrong.extend(self.opaque(&mut facts).err());
        Error::all(wrong)?;
        self.complete(&facts)?;
        Ok(facts)
    }

    /// What a record is called here: by the name that was asked for.
    pub(super) fn name(&self, bindgens: &str) -> String {
        let name = self.said.renamed.get(bindgens);
        name.map_or(bindgens, String::as_str).to_owned()
    }

    /// Is the record asked for by this name?
    fn is_asked(&self, name: &str, kind: &Kind) -> bool {
        let symbols = self.context.symbols.iter();
        symbols
            .clone()
            .any(|symbol| symbol.name == name && symbol.kind == *kind)
    }

    /// Records without fields: those asked for are an error, others are only pointed to.
    fn opaque(&self, facts: &mut TargetAbi) -> Result<(), Error> {
        let (asked, others): (Vec<_>, Vec<_>) = std::mem::take(&mut facts.opaque)
            .into_iter()
            .partition(|name| self.is_asked(name, &Kind::Record));
        for name in others {
            facts.records.push(Record {
                union: false,
                repr: "C".to_owned(),
                size: 0,
                align: 1,
                fields: Vec::new(),
                name,
            });
        }
        facts.opaque = asked;
        match facts.opaque.first() {
            Some(name) if !self.request.lenient => Err(Error::Opaque {
                target: self.request.triple.to_owned(),
                record: name.clone(),
                os: self.request.os,
            }),
            _ => Ok(()),
        }
    }

    /// Everything clang knows of is there, and no function besides.
    fn complete(&self, facts: &TargetAbi) -> Result<(), Error> {
        if self.request.lenient {
            return Ok(());
        }
        for function in &facts.functions {
            if !self.is_asked(&function.name, &Kind::Function) {
                return Err(self.request.shape(format!(
                    "`{}` was not asked for: it is a second declaration of another name",
                    function.name
                )));
            }
        }
        for symbol in &self.context.symbols {
            let name = &symbol.name;
            let unbound = self.said.missing.contains(name) || self.said.refused.contains_key(name);
            let found = match symbol.kind {
                Kind::Record => facts.records.iter().any(|item| item.name == *name),
                Kind::Function => facts.functions.iter().any(|item| item.name == *name),
                Kind::Constant(_) | Kind::Names(_) | Kind::Field(_) => true,
            };
            if !found && !unbound {
                let why = format!("bindgen writes no declaration of `{name}`");
                return Err(self.request.shape(why));
            }
        }
        Ok(())
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

    /// Is the record declared without fields? bindgen gives it one of no size then, or clang no
    /// layout at all.
    fn is_opaque(&self, item: &syn::ItemStruct) -> bool {
        !self.layouts.size.contains_key(&item.ident.to_string())
            || item
                .fields
                .iter()
                .any(|field| field.ident.as_ref().is_some_and(|name| name == "_unused"))
    }

    /// A struct or union.
    fn record(
        &self,
        ident: &syn::Ident,
        union: bool,
        attrs: &[syn::Attribute],
        fields: &syn::Fields,
    ) -> Result<Record, Error> {
        let bindgens = ident.to_string();
        let known = |map: &BTreeMap<String, u64>, key: &str| {
            map.get(key).copied().ok_or_else(|| {
                self.request
                    .shape(format!("bindgen gives no layout for {key}"))
            })
        };
        let mut record = Record {
            union,
            repr: repr(attrs),
            size: known(&self.layouts.size, &bindgens)?,
            align: known(&self.layouts.align, &bindgens)?,
            fields: Vec::new(),
            name: self.name(&bindgens),
        };
        let mut end = 0_u64;
        for field in fields {
            let name = field
                .ident
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default();
            if name == "_bindgen_opaque_blob" {
                return Err(self.request.unbindable(
                    &record.name,
                    &format!(
                        "Rust has no record with its packing and alignment ({} bytes, aligned to {}); \
                         write it in src/ by hand",
                        record.size, record.align
                    ),
                ));
            }
            let unknown = |why: String| {
                let place = format!("field `{name}` of `{}`: {why}", record.name);
                self.request.shape(place)
            };
            let declared = self.ty(&field.ty).map_err(unknown)?;
            let (size, align) = self.measure(&declared).map_err(unknown)?;
            let ty = match self.retyped(&record.name, &name) {
                Some(ty) if self.measure(ty).map_err(unknown)?.0 != size => {
                    return Err(unknown(format!(
                        "it is to be `{ty}`, which is not as large as `{declared}`"
                    )));
                }
                Some(ty) => ty.to_owned(),
                None => declared,
            };
            // Nothing asserts where bindgen's own fields are: behind the one before.
            let key = format!("{bindgens}::{name}");
            let own = [
                "_bitfield_",
                "_bindgen_align",
                "__bindgen_padding_",
                "__bindgen_anon_",
            ];
            let places = self.said.anonymous.get(&record.name);
            let number = name.strip_prefix("__bindgen_anon_");
            let number = number.and_then(|number| number.parse::<usize>().ok());
            let place = places.zip(number).and_then(|(places, number)| {
                let place = places.get(number.checked_sub(1)?)?;
                Some(*place)
            });
            let offset = match self.layouts.offset.get(&key) {
                Some(offset) => *offset,
                None if place.is_some() => place.unwrap_or_default(),
                None if own.iter().any(|prefix| name.starts_with(prefix)) => {
                    let packed = record.repr.contains("packed");
                    let start = if union { 0 } else { end };
                    start.next_multiple_of(if packed { 1 } else { align })
                }
                None => return Err(unknown("bindgen gives no offset".to_owned())),
            };
            if !union && offset < end {
                return Err(unknown("it overlaps the field before it".to_owned()));
            }
            end = offset + size;
            if end > record.size {
                return Err(unknown("it reaches beyond the record".to_owned()));
            }
            record.fields.push(Field {
                offset,
                size,
                ty,
                bits: String::new(),
                name,
            });
            if union {
                end = 0;
            }
        }
        self.bits(&mut record)?;
        if !self.rust_agrees(&record) {
            return Err(self.request.unbindable(
                &record.name,
                &format!(
                    "Rust's repr({}) lays it out otherwise, and has no other for its packing and \
                     alignment; write it in src/ by hand",
                    record.repr
                ),
            ));
        }
        Ok(record)
    }

    /// The type that a field has by the list.
    fn retyped(&self, record: &str, field: &str) -> Option<&str> {
        self.request.symbols.iter().find_map(|symbol| {
            let Kind::Field(ty) = &symbol.kind else {
                return None;
            };
            let (of, name) = symbol.name.split_once('.')?;
            (of == record && name == field).then_some(ty.as_str())
        })
    }

    /// Puts the bit-fields of a record into the bytes that hold them.
    fn bits(&self, record: &mut Record) -> Result<(), Error> {
        let all = self
            .said
            .bits
            .get(&record.name)
            .map_or(&[][..], Vec::as_slice);
        let mut runs: Vec<Vec<&super::facts::Bits>> = Vec::new();
        for bits in all {
            match runs.last_mut() {
                Some(run) if !bits.begins => run.push(bits),
                _ => runs.push(vec![bits]),
            }
        }
        let is_unit = |field: &Field| {
            field
                .name
                .strip_prefix("_bitfield_")
                .is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let mut placed = 0;
        for field in record.fields.iter_mut().filter(|field| is_unit(field)) {
            let bytes = field.offset * 8..(field.offset + field.size) * 8;
            let inside = |bits: &&&super::facts::Bits| {
                bytes.start <= bits.offset && bits.offset + bits.width <= bytes.end
            };
            let mine: Vec<_> = runs.iter().flatten().filter(inside).collect();
            placed += mine.len();
            let names: Vec<String> = mine
                .iter()
                .filter(|bits| !bits.name.is_empty())
                .map(|bits| {
                    let start = bits.offset - bytes.start;
                    format!("{}: {}..{}", bits.name, start, start + bits.width)
                })
                .collect();
            field.bits = names.join(", ");
        }
        // Padding without a name need not be in any byte of bindgen's.
        let named = all
            .iter()
            .filter(|bits| !bits.name.is_empty() && bits.width > 0);
        if placed < named.count() {
            return Err(self.request.unbindable(
                &record.name,
                "its bit-fields do not lie in bytes of their own; write it in src/ by hand",
            ));
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
                    // clang marks a name that is not to be mangled further; on Apple's systems it
                    // has its `_` then, which rustc puts there itself.
                    link_name = text.value();
                    if let Some(verbatim) = link_name.strip_prefix('\u{1}') {
                        let apple = self.request.clang.contains("-apple-");
                        let rest = verbatim.strip_prefix('_').filter(|_| apple);
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

/// The inside of `#[repr(…)]`, of several if there are several.
fn repr(attrs: &[syn::Attribute]) -> String {
    let mut parts: Vec<String> = Vec::new();
    for attribute in attrs {
        if let syn::Meta::List(list) = &attribute.meta {
            if list.path.is_ident("repr") {
                let text = list.tokens.to_string();
                parts.push(text.replace(" ,", ",").replace(" (", "("));
            }
        }
    }
    parts.join(", ")
}

/// Is it a helper of bindgen's?
fn is_bindgens_own(name: &syn::Ident) -> bool {
    let name = name.to_string();
    name.starts_with("__Bindgen") || name.starts_with("__IncompleteArray")
}

/// Does bindgen mean a union, with an array of no length in it? It writes a struct of fields without
/// size then, and a last one that has the size of all, which is taken away.
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

/// The start of an item's text, for a message.
fn first_words(item: &syn::Item) -> String {
    item.to_token_stream()
        .to_string()
        .chars()
        .take(120)
        .collect()
}
