//! C types and their Rust equivalents.

use clang::{CallingConvention, EntityKind, Type, TypeKind};

/// The reason why a constant of this type cannot be bound. None if it is an integer.
pub(super) fn not_an_integer(ty: &Type<'_>) -> Option<String> {
    let canonical = ty.get_canonical_type();
    let shown = canonical.get_display_name();
    let shown = shown.strip_prefix("const ").unwrap_or(&shown);
    Some(match canonical.get_kind() {
        TypeKind::Pointer | TypeKind::BlockPointer => {
            format!("it is a pointer (`{shown}`), and only integers are bound as constants")
        }
        TypeKind::Float | TypeKind::Double | TypeKind::LongDouble | TypeKind::Float128 => {
            format!("it is a floating-point number (`{shown}`), and only integers are bound")
        }
        TypeKind::ConstantArray | TypeKind::IncompleteArray => {
            format!("it is a string (`{shown}`), and only integers are bound as constants")
        }
        TypeKind::FunctionPrototype | TypeKind::FunctionNoPrototype => {
            "it is a function; bind it as `fn`".to_owned()
        }
        TypeKind::Record | TypeKind::Complex | TypeKind::Vector | TypeKind::Void => {
            format!("it is a `{shown}`, and only integers are bound as constants")
        }
        TypeKind::Int128 | TypeKind::UInt128 => {
            format!("its type `{shown}` is wider than 64 bits")
        }
        _ => return None,
    })
}

/// The Rust type of an integer type of C. As in bindgen, the fixed-width types become Rust's own.
pub(super) fn spelled(ty: Type<'_>) -> Result<String, String> {
    let mut ty = ty;
    for _ in 0..32 {
        match ty.get_kind() {
            TypeKind::Elaborated => {
                ty = ty.get_elaborated_type().ok_or("an elaborated type")?;
                continue;
            }
            TypeKind::Typedef => {
                let declaration = ty
                    .get_declaration()
                    .ok_or("a typedef without a declaration")?;
                let name = declaration.get_name().unwrap_or_default();
                if let Some(fixed) = fixed(&name) {
                    return Ok(fixed.to_owned());
                }
                ty = declaration
                    .get_typedef_underlying_type()
                    .ok_or("a typedef without a type")?;
                continue;
            }
            TypeKind::Enum => {
                let declaration = ty
                    .get_declaration()
                    .ok_or("an enum without a declaration")?;
                ty = declaration
                    .get_enum_underlying_type()
                    .ok_or("an enum without a type")?;
                continue;
            }
            _ => {}
        }
        let plain = match ty.get_kind() {
            TypeKind::Bool => "bool",
            TypeKind::CharS | TypeKind::CharU => "c_char",
            TypeKind::SChar => "c_schar",
            TypeKind::UChar => "c_uchar",
            TypeKind::Short => "c_short",
            TypeKind::UShort => "c_ushort",
            TypeKind::Int => "c_int",
            TypeKind::UInt => "c_uint",
            TypeKind::Long => "c_long",
            TypeKind::ULong => "c_ulong",
            TypeKind::LongLong => "c_longlong",
            TypeKind::ULongLong => "c_ulonglong",
            _ if ty.get_canonical_type() != ty => {
                ty = ty.get_canonical_type();
                continue;
            }
            _ => return Err(format!("its type `{}` is unknown", ty.get_display_name())),
        };
        return Ok(plain.to_owned());
    }
    Err("its typedefs are nested too deeply".to_owned())
}

/// The Rust type of a fixed-width type of C or of the Linux kernel.
pub(super) fn fixed(name: &str) -> Option<&'static str> {
    Some(match name {
        "int8_t" | "__s8" => "i8",
        "int16_t" | "__s16" => "i16",
        "int32_t" | "__s32" => "i32",
        "int64_t" | "__s64" => "i64",
        "uint8_t" | "__u8" => "u8",
        "uint16_t" | "__u16" => "u16",
        "uint32_t" | "__u32" => "u32",
        "uint64_t" | "__u64" => "u64",
        "size_t" | "uintptr_t" => "usize",
        "ssize_t" | "intptr_t" | "ptrdiff_t" => "isize",
        _ => return None,
    })
}

/// The Rust type of an integer, or of pointers to one. None for other types.
pub(super) fn pointed(ty: Type<'_>) -> Option<String> {
    if let Ok(number) = spelled(ty) {
        return Some(number);
    }
    let pointee = ty.get_canonical_type().get_pointee_type()?;
    let word = if pointee.is_const_qualified() {
        "const"
    } else {
        "mut"
    };
    Some(format!("*{word} {}", pointed(pointee)?))
}

/// A type as it is written, without the names for it.
fn written(ty: Type<'_>) -> Type<'_> {
    let mut ty = ty;
    for _ in 0..32 {
        let next = match ty.get_kind() {
            TypeKind::Elaborated => ty.get_elaborated_type(),
            TypeKind::Typedef => ty
                .get_declaration()
                .and_then(|declaration| declaration.get_typedef_underlying_type()),
            _ => None,
        };
        match next {
            Some(next) => ty = next,
            None => break,
        }
    }
    ty
}

/// Whether it is a pointer to a function, or a pointer to such a pointer.
fn points_to_function(ty: &Type<'_>) -> bool {
    let mut ty = ty.get_canonical_type();
    while let Some(pointee) = ty.get_pointee_type() {
        ty = pointee;
    }
    matches!(
        ty.get_kind(),
        TypeKind::FunctionPrototype | TypeKind::FunctionNoPrototype
    )
}

/// Whether it is a union with the attribute `transparent_union`:
/// <https://gcc.gnu.org/onlinedocs/gcc/Common-Type-Attributes.html>
fn is_transparent_union(ty: &Type<'_>) -> bool {
    let declaration = ty.get_canonical_type().get_declaration();
    let union = declaration.filter(|entity| entity.get_kind() == EntityKind::UnionDecl);
    union.is_some_and(|union| {
        // libclang has no kind of its own for the attribute, but prints it.
        let text = union
            .get_definition()
            .unwrap_or(union)
            .get_pretty_printer()
            .print();
        text.contains("((transparent_union))")
    })
}

/// The reason why no Rust type has the layout of this one. None if one may have it.
pub(super) fn not_in_rust(ty: &Type<'_>, depth: usize) -> Option<String> {
    let canonical = ty.get_canonical_type();
    let shown = canonical.get_display_name();
    if depth > 8 {
        return Some(format!("is of type `{shown}`, which is too deep to check"));
    }
    match canonical.get_kind() {
        TypeKind::LongDouble
        | TypeKind::Float128
        | TypeKind::Float16
        | TypeKind::Half
        | TypeKind::Complex
        | TypeKind::Vector
        | TypeKind::Int128
        | TypeKind::UInt128
        | TypeKind::Unexposed
        | TypeKind::BlockPointer => Some(format!(
            "is of type `{shown}`, for which Rust has no type of the same ABI everywhere; \
             write what is needed in src/ by hand"
        )),
        TypeKind::ConstantArray | TypeKind::IncompleteArray => {
            let written = written(*ty);
            let element = written.get_element_type();
            not_in_rust(&element.or_else(|| canonical.get_element_type())?, depth)
        }
        TypeKind::VariableArray => Some(format!(
            "is of type `{shown}`, whose length is a parameter; declare it in a header of ours as \
             a pointer to an element"
        )),
        TypeKind::Pointer => {
            let pointee = written(*ty).get_pointee_type();
            let pointee = pointee.or_else(|| canonical.get_pointee_type())?;
            match pointee.get_canonical_type().get_kind() {
                TypeKind::FunctionPrototype | TypeKind::FunctionNoPrototype => {
                    not_in_rust(&pointee, depth + 1)
                }
                // A pointer does not depend on the fields. `query` examines such a record.
                TypeKind::Record => None,
                _ => not_in_rust(&pointee, depth),
            }
        }
        TypeKind::FunctionNoPrototype => Some(format!(
            "is of type `{shown}`, which has no list of parameters; \
             declare it with one in a header of ours"
        )),
        TypeKind::FunctionPrototype => {
            // Rust's text has `extern "C"` for all of them. `regparm` is no convention of its own.
            let is_cdecl = canonical.get_calling_convention() == Some(CallingConvention::Cdecl);
            if !is_cdecl || shown.contains("regparm") {
                return Some(format!(
                    "is of type `{shown}`, which is not called as C's functions are; \
                     write what is needed in src/ by hand"
                ));
            }
            let result = ty.get_result_type()?;
            if result.get_kind() == TypeKind::Pointer && points_to_function(&result) {
                // bindgen mixes up the parameters of the two functions.
                return Some(format!(
                    "is of type `{shown}`, which returns a pointer to a function; \
                     declare it in a header of ours, with a typedef for that pointer"
                ));
            }
            let mut types = ty.get_argument_types().unwrap_or_default();
            if let Some(union) = types.iter().find(|ty| is_transparent_union(ty)) {
                return Some(format!(
                    "is of type `{}`, a transparent union, which C passes as its first member; \
                     declare it in a header of ours with the type of that member",
                    union.get_display_name()
                ));
            }
            types.push(result);
            types.iter().find_map(|ty| not_in_rust(ty, depth + 1))
        }
        TypeKind::Record => {
            let fields = canonical.get_fields().unwrap_or_default();
            fields.iter().find_map(|field| {
                let name = field.get_name().unwrap_or_default();
                if field.is_bit_field() {
                    return Some(format!(
                        "contains the bit-field `{name}`, in a record that has no name or is \
                         passed by value; write what is needed in src/ by hand"
                    ));
                }
                let why = not_in_rust(&field.get_type()?, depth + 1)?;
                Some(format!("contains `{name}`, which {why}"))
            })
        }
        _ => None,
    }
}
