//! What clang itself says of the symbols of a context: the value and type of each constant, the
//! bits of each bit-field, and what is no such thing as was asked for.

use std::collections::{BTreeMap, BTreeSet};

use clang::{Entity, EntityKind, EvaluationResult, Type, TypeKind};

use super::context::Context;
use crate::abi::Constant;
use crate::front::{self, Complaint};
use crate::symbols::{Kind, Symbol};

/// What `#line` calls the lines of constants.
const LINES: &str = "mio-codegen-constants";
/// Prefix of a constant with the type that C gives the macro.
const NATURAL: &str = "mio_natural_";
/// Prefix of a constant with the type that is asked for.
const TYPED: &str = "mio_typed_";

/// What clang says.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// The constants.
    pub(super) constants: Vec<Constant>,
    /// Numbers that were asked for besides, by name.
    pub(super) probes: BTreeMap<String, i128>,
    /// Bit-fields, by record.
    pub(super) bits: BTreeMap<String, Vec<Bits>>,
    /// Where the anonymous members of a record begin, in their order.
    pub(super) anonymous: BTreeMap<String, Vec<u64>>,
    /// Records that are asked for by the name of a type: the tag that bindgen calls it by, and that
    /// name.
    pub(super) renamed: BTreeMap<String, String>,
    /// Symbols that nothing declares.
    pub(super) missing: BTreeSet<String>,
    /// Symbols that cannot be bound, and why.
    pub(super) refused: BTreeMap<String, String>,
    /// Errors in the headers themselves.
    pub(super) complaints: Vec<Complaint>,
}

/// A bit-field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bits {
    /// Its name, empty for padding.
    pub(super) name: String,
    /// Its first bit in the record, as clang counts.
    pub(super) offset: u64,
    /// How many it has.
    pub(super) width: u64,
    /// Whether another field, no bit-field, lies between it and the one before.
    pub(super) begins: bool,
}

/// Asks clang.
pub(super) fn ask(
    context: &Context<'_>,
    header: &str,
    arguments: &[String],
    probes: &[(&str, &str)],
) -> Result<Said, String> {
    let (text, lines) = text(context, header, probes);
    front::parse(&text, arguments, false, |unit, complaints| {
        let mut said = Said::default();
        let all = front::all(unit);
        let mut wrong: BTreeMap<&str, &str> = BTreeMap::new();
        for complaint in complaints {
            let line = usize::try_from(complaint.line).unwrap_or_default();
            match lines.get(line.wrapping_sub(1)) {
                Some(name) if complaint.file == LINES => {
                    wrong.entry(name).or_insert(&complaint.text);
                }
                _ => said.complaints.push(complaint.clone()),
            }
        }
        let mut values: BTreeMap<String, Entity<'_>> = BTreeMap::new();
        for entity in &all {
            if let (EntityKind::VarDecl, Some(name)) = (entity.get_kind(), entity.get_name()) {
                values.insert(name, *entity);
            }
        }
        for (name, _) in probes {
            if let Some(Ok((value, _))) = values.get(&format!("{NATURAL}{name}")).map(number) {
                said.probes.insert((*name).to_owned(), value);
            }
        }
        for symbol in &context.symbols {
            match &symbol.kind {
                Kind::Constant(ty) => {
                    match constant(symbol, ty.as_deref(), &values, wrong.get(&*symbol.name)) {
                        Ok(constant) => said.constants.push(constant),
                        Err(why) => said.no(symbol, why),
                    }
                }
                Kind::Record => match record(symbol, &all, &mut said) {
                    Ok(()) => {}
                    Err(why) => said.no(symbol, why),
                },
                Kind::Function => match function(symbol, &all) {
                    Ok(()) => {}
                    Err(why) => said.no(symbol, why),
                },
                Kind::Names(_) | Kind::Field(_) => {}
            }
        }
        said
    })
}

impl Said {
    /// Notes that there is no such symbol, or none that can be bound.
    fn no(&mut self, symbol: &Symbol, why: Option<String>) {
        match why {
            None => {
                self.missing.insert(symbol.name.clone());
            }
            Some(why) => {
                self.refused.insert(symbol.name.clone(), why);
            }
        }
    }
}

/// The text for clang, and the symbol that each line of its last part is about.
fn text<'a>(
    context: &Context<'a>,
    header: &str,
    probes: &[(&'a str, &str)],
) -> (String, Vec<&'a str>) {
    let mut text = format!("{header}\n#line 1 \"{LINES}\"\n");
    let mut lines = Vec::new();
    let mut line = |name, line: String| {
        lines.push(name);
        text.push_str(&line);
        text.push('\n');
    };
    for (name, value) in probes {
        line(
            *name,
            format!("static const long long {NATURAL}{name} = {value};"),
        );
    }
    for symbol in &context.symbols {
        let (Kind::Constant(ty), name) = (&symbol.kind, &*symbol.name) else {
            continue;
        };
        line(
            name,
            format!("static const __typeof__(({name})) {NATURAL}{name} = ({name});"),
        );
        if let Some(ty) = ty {
            line(
                name,
                format!("static const {ty} {TYPED}{name} = ({ty})({name});"),
            );
        }
    }
    (text, lines)
}

/// Why a symbol cannot be bound; none if nothing declares it.
type No = Option<String>;

/// A constant with its value.
fn constant(
    symbol: &Symbol,
    ty: Option<&str>,
    values: &BTreeMap<String, Entity<'_>>,
    wrong: Option<&&str>,
) -> Result<Constant, No> {
    let name = &symbol.name;
    if let Some(wrong) = wrong {
        if **wrong == format!("use of undeclared identifier '{name}'") {
            return Err(None);
        }
    }
    let natural = values.get(&format!("{NATURAL}{name}"));
    // What it is says more than why clang cannot evaluate it.
    let natural_type = natural.and_then(Entity::get_type);
    if let Some(why) = natural_type.and_then(|ty| not_an_integer(&ty)) {
        return Err(Some(why));
    }
    if let Some(wrong) = wrong {
        return Err(Some(format!("clang cannot evaluate it ({wrong})")));
    }
    let (value, own) = number(natural.ok_or(None)?).map_err(Some)?;
    let Some(ty) = ty else {
        return Ok(Constant {
            name: name.clone(),
            ty: own,
            value,
        });
    };
    let typed = values.get(&format!("{TYPED}{name}")).ok_or(None)?;
    if let Some(why) = typed.get_type().and_then(|ty| not_an_integer(&ty)) {
        return Err(Some(format!("as `{ty}` {why}")));
    }
    let (cast, spelled) = number(typed).map_err(Some)?;
    if cast != value {
        return Err(Some(format!(
            "its value is {value}, of type `{own}`, and `{ty}` holds {cast} of that"
        )));
    }
    Ok(Constant {
        name: name.clone(),
        ty: spelled,
        value,
    })
}

/// Why a constant of this type is not bound.
fn not_an_integer(ty: &Type<'_>) -> Option<String> {
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
            format!("it is a text (`{shown}`), and only integers are bound as constants")
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

/// The value of a constant, and its type in Rust.
fn number(variable: &Entity<'_>) -> Result<(i128, String), String> {
    let ty = variable.get_type().ok_or("it has no type")?;
    if let Some(why) = not_an_integer(&ty) {
        return Err(why);
    }
    let value = match variable.evaluate() {
        Some(EvaluationResult::SignedInteger(value)) => i128::from(value),
        Some(EvaluationResult::UnsignedInteger(value)) => i128::from(value),
        _ => return Err("its value is not known before a program runs".to_owned()),
    };
    Ok((value, spelled(ty)?))
}

/// A type of C that is an integer, in Rust. The fixed-width types of C have Rust's own names, as
/// bindgen has it.
pub(crate) fn spelled(ty: Type<'_>) -> Result<String, String> {
    let mut ty = ty;
    for _ in 0..32 {
        match ty.get_kind() {
            TypeKind::Elaborated => {
                ty = ty.get_elaborated_type().ok_or("an elaborated type")?;
                continue;
            }
            TypeKind::Typedef => {
                let declaration = ty.get_declaration().ok_or("a name without declaration")?;
                let name = declaration.get_name().unwrap_or_default();
                if let Some(fixed) = fixed(&name) {
                    return Ok(fixed.to_owned());
                }
                ty = declaration
                    .get_typedef_underlying_type()
                    .ok_or("a name of no type")?;
                continue;
            }
            TypeKind::Enum => {
                let declaration = ty.get_declaration().ok_or("an enum without declaration")?;
                ty = declaration
                    .get_enum_underlying_type()
                    .ok_or("an enum of no type")?;
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
            _ => return Err(format!("its type `{}` is not known", ty.get_display_name())),
        };
        return Ok(plain.to_owned());
    }
    Err("its type has no end".to_owned())
}

/// The names that bindgen takes for Rust's types, and the kernel's.
fn fixed(name: &str) -> Option<&'static str> {
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

/// Looks at a record that is asked for.
fn record(symbol: &Symbol, all: &[Entity<'_>], said: &mut Said) -> Result<(), No> {
    let name = &symbol.name;
    let named = || {
        all.iter()
            .filter(|entity| entity.get_name().as_ref() == Some(name))
    };
    let is_record = |entity: &Entity<'_>| {
        matches!(
            entity.get_kind(),
            EntityKind::StructDecl | EntityKind::UnionDecl
        )
    };
    let tagged = named().find(|entity| is_record(entity));
    let found = match tagged {
        Some(found) => *found,
        None => {
            let Some(typedef) = named().find(|entity| entity.get_kind() == EntityKind::TypedefDecl)
            else {
                return Err(other(named().next()));
            };
            let ty = typedef.get_typedef_underlying_type().ok_or(None)?;
            let canonical = ty.get_canonical_type();
            let Some(record) = canonical
                .get_declaration()
                .filter(|_| canonical.get_kind() == TypeKind::Record)
            else {
                return Err(Some(format!(
                    "it is a name for `{}`, no record; write that type in Rust",
                    canonical.get_display_name()
                )));
            };
            if let Some(tag) = record
                .get_name()
                .filter(|tag| tag != name && !record.is_anonymous())
            {
                said.renamed.insert(tag, name.clone());
            }
            record
        }
    };
    // Declared without fields: the reader says so.
    let Some(found) = found.get_definition() else {
        return Ok(());
    };
    let ty = found.get_type().ok_or(None)?;
    let fields = ty.get_fields().unwrap_or_default();
    let mut bits = Vec::new();
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
            let all = said.anonymous.entry(name.clone()).or_default();
            all.push(bit as u64 / 8);
        }
        let ty = field.get_type().ok_or(None)?;
        if let Some(why) = not_in_rust(&ty, 0) {
            return Err(Some(format!("field `{field_name}` {why}")));
        }
    }
    if !bits.is_empty() {
        said.bits.insert(name.clone(), bits);
    }
    Ok(())
}

/// Looks at a function that is asked for.
fn function(symbol: &Symbol, all: &[Entity<'_>]) -> Result<(), No> {
    let name = Some(&symbol.name);
    let named = || {
        all.iter()
            .filter(|entity| entity.get_name().as_ref() == name)
    };
    let Some(found) = named().find(|entity| entity.get_kind() == EntityKind::FunctionDecl) else {
        return Err(other(named().next()));
    };
    if found.get_storage_class() == Some(clang::StorageClass::Static) || found.is_inline_function()
    {
        return Err(Some(
            "it is an inline function, which no library has; write it in Rust".to_owned(),
        ));
    }
    match found.get_type().and_then(|ty| not_in_rust(&ty, 0)) {
        Some(why) => Err(Some(format!("a parameter or the result {why}"))),
        None => Ok(()),
    }
}

/// Something else of the name.
fn other(found: Option<&Entity<'_>>) -> No {
    let found = found?;
    let what = match found.get_kind() {
        EntityKind::VarDecl => return Some(variable(found)),
        EntityKind::TypedefDecl => "the name of a type",
        EntityKind::EnumDecl => "an enum; bind its constants one by one",
        EntityKind::FunctionDecl => "a function; bind it as `fn`",
        EntityKind::StructDecl | EntityKind::UnionDecl => "a record; bind it as `record`",
        _ => return None,
    };
    Some(format!("it is {what}"))
}

/// Why a variable is not bound, and its declaration for whoever needs it.
pub(crate) fn variable(found: &Entity<'_>) -> String {
    const WHY: &str = "it is a variable, and only functions, records and constants are bound";
    let declared = || {
        let ty = pointed(found.get_type()?)?;
        let name = found.get_name()?;
        // A symbol of Mach-O begins with `_`, and one that the header renames with `\u{1}`.
        let symbol = found.get_mangled_name()?;
        let plain = [name.clone(), format!("_{name}")].contains(&symbol);
        let link = if plain {
            String::new()
        } else {
            format!("#[link_name = \"{symbol}\"] ")
        };
        Some(format!(
            "{WHY}; declare it in src/: unsafe extern \"C\" {{ {link}pub static mut {name}: {ty}; }}"
        ))
    };
    declared().unwrap_or_else(|| format!("{WHY}; declare it in src/ by hand"))
}

/// A type of numbers and pointers in Rust; none if it is another.
fn pointed(ty: Type<'_>) -> Option<String> {
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

/// Why no type of Rust is laid out like this one.
fn not_in_rust(ty: &Type<'_>, depth: usize) -> Option<String> {
    let canonical = ty.get_canonical_type();
    let shown = canonical.get_display_name();
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
            not_in_rust(&canonical.get_element_type()?, depth)
        }
        TypeKind::Pointer => {
            let pointee = canonical.get_pointee_type()?;
            // Behind a pointer only what a call passes counts.
            match pointee.get_canonical_type().get_kind() {
                TypeKind::FunctionPrototype => not_in_rust(&pointee, depth + 1),
                _ => None,
            }
        }
        TypeKind::FunctionPrototype if depth < 4 => {
            let mut types = canonical.get_argument_types().unwrap_or_default();
            types.extend(canonical.get_result_type());
            types.iter().find_map(|ty| not_in_rust(ty, depth + 1))
        }
        TypeKind::Record if depth < 8 => {
            let fields = canonical.get_fields().unwrap_or_default();
            fields.iter().find_map(|field| {
                let name = field.get_name().unwrap_or_default();
                if field.is_bit_field() {
                    return Some(format!(
                        "has the bit-field `{name}` inside; bind that record by its own name, \
                         or write it in src/ by hand"
                    ));
                }
                let why = not_in_rust(&field.get_type()?, depth + 1)?;
                Some(format!("has `{name}` inside, which {why}"))
            })
        }
        _ => None,
    }
}
