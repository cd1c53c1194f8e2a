//! Names that have one meaning in C and another, or none, in Rust.

use std::collections::{BTreeMap, HashSet};

use clang::{Entity, EntityKind, Type, TypeKind};

/// The reason why a name cannot be written in Rust. The bindings compile in every edition.
pub(super) fn not_a_name(name: &str) -> Option<String> {
    // A keyword since the edition of 2024:
    // <https://doc.rust-lang.org/edition-guide/rust-2024/gen-keyword.html>
    let is_free = syn::parse_str::<syn::Ident>(name).is_ok() && name != "gen";
    (!is_free).then(|| "it is a keyword of Rust's; write it in src/ under another name".to_owned())
}

/// The tags and typedefs of a translation unit. Tags are a name space of their own in C
/// (C11 6.2.3), and Rust has one name space for types:
/// <https://www.open-std.org/jtc1/sc22/wg14/www/docs/n1570.pdf#page=54>
#[derive(Debug)]
pub(super) struct TypeNames<'tu> {
    /// The canonical type of each tag.
    tags: BTreeMap<String, Type<'tu>>,
    /// The canonical type of each typedef.
    typedefs: BTreeMap<String, Type<'tu>>,
}

impl<'tu> TypeNames<'tu> {
    /// The names of these declarations.
    pub(super) fn new(all: &[Entity<'tu>]) -> Self {
        let mut names = TypeNames {
            tags: BTreeMap::new(),
            typedefs: BTreeMap::new(),
        };
        for entity in all {
            let map = match entity.get_kind() {
                kind if is_tag(kind) => &mut names.tags,
                EntityKind::TypedefDecl => &mut names.typedefs,
                _ => continue,
            };
            if let (Some(name), Some(ty)) = (entity.get_name(), entity.get_type()) {
                map.insert(name, ty.get_canonical_type());
            }
        }
        names
    }

    /// The reason why a type cannot be bound: it, or a type that it names, has a tag that is also a
    /// typedef of another type.
    pub(super) fn ambiguous(&self, ty: Type<'tu>) -> Option<String> {
        let (mut left, mut seen) = (vec![ty], HashSet::new());
        while let Some(ty) = left.pop() {
            match ty.get_kind() {
                TypeKind::FunctionPrototype | TypeKind::FunctionNoPrototype => {
                    left.extend(ty.get_argument_types().unwrap_or_default());
                    left.extend(ty.get_result_type());
                    continue;
                }
                TypeKind::Pointer | TypeKind::BlockPointer => {
                    left.extend(ty.get_pointee_type());
                    continue;
                }
                _ => {}
            }
            let Some(declaration) = ty.get_declaration() else {
                let canonical = ty.get_canonical_type();
                left.extend(ty.get_element_type());
                left.extend((canonical != ty).then_some(canonical));
                continue;
            };
            if !seen.insert(declaration) {
                continue;
            }
            let others = match declaration.get_kind() {
                kind if is_tag(kind) => &self.typedefs,
                EntityKind::TypedefDecl => &self.tags,
                _ => continue,
            };
            let canonical = declaration.get_type()?.get_canonical_type();
            let name = declaration.get_name().unwrap_or_default();
            if others.get(&name).is_some_and(|other| *other != canonical) {
                return Some(format!(
                    "`{name}` is a tag and a typedef of another type, and Rust has one name space \
                     for both; write what is needed in src/ by hand"
                ));
            }
            left.extend(declaration.get_typedef_underlying_type());
            let fields = canonical.get_fields().unwrap_or_default();
            left.extend(fields.iter().filter_map(Entity::get_type));
        }
        None
    }
}

/// Whether it is a declaration with a tag.
fn is_tag(kind: EntityKind) -> bool {
    matches!(
        kind,
        EntityKind::StructDecl | EntityKind::UnionDecl | EntityKind::EnumDecl
    )
}
