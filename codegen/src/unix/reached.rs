//! The records that a symbol leads to: through its fields, parameters and pointers. bindgen writes
//! all of them, so each is examined as a listed one is.

use std::collections::HashSet;

use clang::{Entity, EntityKind, Type, TypeKind};

use super::c_type::not_in_rust;
use super::query::{Answer, Bits, Rejection};
use super::record::is_rusts_own;
use crate::symbols::{Kind, Symbol};

/// The records in a type, and those that these lead to.
fn records<'tu>(ty: Type<'tu>) -> Vec<Entity<'tu>> {
    let (mut left, mut seen, mut found) = (vec![ty], HashSet::new(), Vec::new());
    while let Some(ty) = left.pop() {
        let ty = ty.get_canonical_type();
        match ty.get_kind() {
            TypeKind::FunctionPrototype | TypeKind::FunctionNoPrototype => {
                left.extend(ty.get_argument_types().unwrap_or_default());
                left.extend(ty.get_result_type());
            }
            TypeKind::Pointer | TypeKind::BlockPointer => left.extend(ty.get_pointee_type()),
            TypeKind::Record => {
                let declared = ty.get_declaration();
                let record = declared.map(|it| it.get_definition().unwrap_or(it));
                let Some(record) = record.filter(|record| seen.insert(*record)) else {
                    continue;
                };
                found.push(record);
                let fields = ty.get_fields().unwrap_or_default();
                left.extend(fields.iter().filter_map(Entity::get_type));
            }
            _ => left.extend(ty.get_element_type()),
        }
    }
    found
}

/// The name that bindgen gives to a record, which begins with those of the records around it.
/// `None` if one of them has neither a tag nor a typedef.
pub(super) fn name_of(record: &Entity<'_>) -> Option<String> {
    let own = record.get_name().filter(|_| !record.is_anonymous())?;
    let is_record = |around: &Entity<'_>| {
        matches!(
            around.get_kind(),
            EntityKind::StructDecl | EntityKind::UnionDecl
        )
    };
    match record.get_lexical_parent().filter(is_record) {
        Some(around) => Some(format!("{}_{own}", name_of(&around)?)),
        None => Some(own),
    }
}

/// The declaration of a listed record or function.
pub(super) fn declaration<'tu>(symbol: &Symbol, all: &[Entity<'tu>]) -> Option<Entity<'tu>> {
    let is_kind = |kind: EntityKind| match symbol.kind {
        Kind::Record => {
            use EntityKind::{StructDecl, TypedefDecl, UnionDecl};
            matches!(kind, StructDecl | UnionDecl | TypedefDecl)
        }
        Kind::Function => kind == EntityKind::FunctionDecl,
        _ => false,
    };
    let mut named = all
        .iter()
        .filter(|entity| entity.get_name().as_ref() == Some(&symbol.name));
    named.find(|entity| is_kind(entity.get_kind())).copied()
}

/// Examines the records that the type of the symbol `of` leads to.
pub(super) fn examine(ty: Type<'_>, of: &str, answer: &mut Answer) -> Result<(), Rejection> {
    for record in records(ty) {
        let tag = name_of(&record);
        let name = tag
            .as_ref()
            .map(|tag| answer.renamed.get(tag).unwrap_or(tag).clone());
        if name.as_deref() == Some(of) {
            continue;
        }
        let shown = record.get_type().map(|ty| ty.get_display_name());
        let leads = |why: &str| format!("it leads to `{}`: {why}", shown.unwrap_or_default());
        if name.as_deref().is_some_and(is_rusts_own) {
            return Err(Some(leads(
                "the bindings use this name for a type of Rust's",
            )));
        }
        fields(&record, name.as_deref(), answer).map_err(|why| why.map(|why| leads(&why)))?;
    }
    Ok(())
}

/// Examines the fields of a record: their types, its bit-fields and anonymous members. `name` is
/// its name in the bindings; `None` if it has none in C.
pub(super) fn fields(
    found: &Entity<'_>,
    name: Option<&str>,
    answer: &mut Answer,
) -> Result<(), Rejection> {
    let ty = found.get_type().ok_or(None)?;
    let fields = ty.get_fields().unwrap_or_default();
    let (mut bits, mut anonymous) = (Vec::new(), Vec::new());
    let mut begins = true;
    for field in &fields {
        let field_name = field.get_name().unwrap_or_default();
        if field.is_bit_field() {
            bits.push(Bits {
                offset: field
                    .get_offset_of_field()
                    .map_err(|error| Some(format!("field `{field_name}`: {error}")))?
                    as u64,
                width: field.get_bit_field_width().unwrap_or_default() as u64,
                name: field_name,
                begins,
            });
            begins = false;
            continue;
        }
        begins = true;
        if field_name.is_empty() {
            let bit = field.get_offset_of_field();
            let bit = bit.map_err(|error| Some(format!("an anonymous member: {error}")))?;
            anonymous.push(bit as u64 / 8);
        }
        let ty = field.get_type().ok_or(None)?;
        // A record of a name is examined by itself.
        let why = match is_record_of_a_name(&ty) {
            true => None,
            false => not_in_rust(&ty, 0),
        };
        if let Some(why) = why {
            return Err(Some(format!("field `{field_name}` {why}")));
        }
    }
    let Some(name) = name else {
        let first = bits.first().map(|bits: &Bits| bits.name.clone());
        return first.map_or(Ok(()), |first| {
            let why = "is in a record without a name, whose bits no table can name";
            Err(Some(format!("the bit-field `{first}` {why}")))
        });
    };
    if !bits.is_empty() {
        answer.bits.insert(name.to_owned(), bits);
    }
    if !anonymous.is_empty() {
        answer.anonymous.insert(name.to_owned(), anonymous);
    }
    Ok(())
}

/// Whether it is a record with a name, or an array of them.
fn is_record_of_a_name(ty: &Type<'_>) -> bool {
    let mut ty = ty.get_canonical_type();
    while let Some(element) = ty.get_element_type() {
        ty = element.get_canonical_type();
    }
    let record = ty.get_declaration();
    ty.get_kind() == TypeKind::Record && record.is_some_and(|it| name_of(&it).is_some())
}
