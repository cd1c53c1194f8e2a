//! Names that have one meaning in C and another, or none, in Rust.

use std::collections::{BTreeMap, HashSet};

use clang::{Entity, EntityKind, Type, TypeKind};

use super::c_type::fixed;
use super::reached::declaration;
use crate::libclang::Diagnostic;
use crate::symbols::Symbol;

/// The reason why a name cannot be written in Rust. The bindings compile in every edition.
pub(super) fn not_a_name(name: &str) -> Option<String> {
    // A keyword since the edition of 2024:
    // <https://doc.rust-lang.org/edition-guide/rust-2024/gen-keyword.html>
    let is_free = syn::parse_str::<syn::Ident>(name).is_ok() && name != "gen";
    let letter = |byte: u8| byte == b'_' || byte.is_ascii_alphanumeric();
    let why = match name.bytes().all(letter) {
        true => "it is a keyword of Rust's",
        false => "Rust has no such names",
    };
    (!is_free).then(|| format!("{why}; write it in src/ under another name"))
}

/// Whether clang gives a function of this name the attribute `returns_twice`:
/// <https://github.com/llvm/llvm-project/blob/llvmorg-18.1.8/clang/include/clang/Basic/Builtins.td>
pub(super) fn is_returning_twice(name: &str) -> bool {
    #[rustfmt::skip]
    const NAMES: [&str; 9] = [
        "__sigsetjmp", "_setjmp", "_setjmpex", "getcontext", "savectx", "setjmp", "setjmpex",
        "sigsetjmp", "vfork",
    ];
    NAMES.contains(&name)
}

/// The identifier by which a macro replaces a name. `variable` is the string of it.
pub(super) fn replacement(variable: &Entity<'_>, name: &str) -> Option<String> {
    let children = variable.get_children();
    let literal = children.iter().find_map(|child| child.get_display_name());
    let text = literal?.trim_matches('"').to_owned();
    let is_name = |text: &str| {
        let letter = |byte: u8| byte == b'_' || byte.is_ascii_alphanumeric();
        text.bytes().all(letter) && !text.starts_with(|first: char| first.is_ascii_digit())
    };
    (!text.is_empty() && text != name && is_name(&text)).then_some(text)
}

/// Whether the headers declare both the symbol and what a macro replaces its name by.
pub(super) fn is_declared(symbol: &Symbol, other: &str, all: &[Entity<'_>]) -> bool {
    let other = Symbol {
        name: other.to_owned(),
        ..symbol.clone()
    };
    declaration(symbol, all).is_some() && declaration(&other, all).is_some()
}

/// The error for a typedef with the name of a fixed-width type that has another size. bindgen takes
/// the name for the type.
pub(super) fn wrong_size(entity: &Entity<'_>, pointer: Option<i128>) -> Option<Diagnostic> {
    let name = match entity.get_kind() {
        EntityKind::TypedefDecl => entity.get_name()?,
        _ => return None,
    };
    let wanted = match fixed(&name)? {
        "usize" | "isize" => usize::try_from(pointer?).ok()?,
        fixed => fixed[1..].parse::<usize>().ok()? / 8,
    };
    let found = entity.get_type()?.get_sizeof().ok()?;
    let (file, line, _) = entity.get_location()?.get_presumed_location();
    (found != wanted).then(|| Diagnostic {
        file,
        line,
        text: format!("the typedef `{name}` has {found} bytes, and such a type has {wanted}"),
    })
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
