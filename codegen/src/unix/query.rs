//! Queries clang for the symbols of a context: the value and type of each constant, the bits of
//! each bit-field, and the reasons why symbols cannot be bound.

use std::collections::{BTreeMap, BTreeSet};

use clang::{Entity, EntityKind, EvaluationResult, TypeKind};

use super::availability::{is_unavailable, unavailable};
use super::c_type::{not_an_integer, not_in_rust, pointed, spelled};
use super::context::Context;
use super::names::{self, TypeNames, is_declared, is_returning_twice, not_a_name, replacement};
use super::reached::{self, declaration, fields, name_of};
use crate::abi::Constant;
use crate::libclang::{self, Diagnostic};
use crate::symbols::{Kind, Symbol};

/// The file name that `#line` gives to the lines of constants.
const LINES: &str = "mio-codegen-constants";
/// The file name that `#line` gives to the second evaluation of constants.
const AGAIN: &str = "mio-codegen-again";
/// The number of its first line.
const AGAIN_LINE: usize = 1_000_001;
/// Prefix of the second evaluation of a constant.
const SECOND: &str = "mio_second_";
/// The macro that takes one argument.
const ONE: &str = "MIO_CODEGEN_ONE";
/// The macro that passes the values of a list to the one above.
const EACH: &str = "MIO_CODEGEN_EACH";
/// The macro that makes a string of what a name is replaced by.
const TEXT: &str = "MIO_CODEGEN_TEXT";
/// Prefix of the strings that it makes.
const REPLACED: &str = "mio_replaced_";
/// Prefix of a constant with the type that C infers for the macro.
const NATURAL: &str = "mio_natural_";
/// Prefix of a constant with the type that the list states.
const TYPED: &str = "mio_typed_";

/// The answer of clang.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// The constants.
    pub(super) constants: Vec<Constant>,
    /// Values of the probe expressions, by name.
    pub(super) probes: BTreeMap<String, i128>,
    /// Bit-fields, by record.
    pub(super) bits: BTreeMap<String, Vec<Bits>>,
    /// Offsets of the anonymous members of a record, in order.
    pub(super) anonymous: BTreeMap<String, Vec<u64>>,
    /// Records that the list names by a typedef: the tag, which bindgen uses, and the typedef.
    pub(super) renamed: BTreeMap<String, String>,
    /// Symbols without a declaration.
    pub(super) missing: BTreeSet<String>,
    /// Symbols that cannot be bound, with the reasons.
    pub(super) rejected: BTreeMap<String, String>,
    /// Errors in the headers themselves.
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// A bit-field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bits {
    /// Its name. Empty for padding.
    pub(super) name: String,
    /// Its first bit in the record, as libclang counts.
    pub(super) offset: u64,
    /// The number of its bits.
    pub(super) width: u64,
    /// Whether it is the first one, or an ordinary field precedes it.
    pub(super) begins: bool,
}

/// Has clang parse the context and evaluates its symbols.
pub(super) fn query(
    context: &Context<'_>,
    header: &str,
    arguments: &[String],
    probes: &[(&str, &str)],
) -> Result<Answer, String> {
    let (text, lines) = text(context, header, probes);
    libclang::parse(&text, arguments, false, |unit, diagnostics| {
        let mut answer = Answer::default();
        let all = libclang::all(unit);
        let mut errors: BTreeMap<&str, &str> = BTreeMap::new();
        for diagnostic in diagnostics {
            let line = usize::try_from(diagnostic.line).unwrap_or_default();
            if diagnostic.file == AGAIN {
                // The first evaluation has the error, too.
                continue;
            }
            match lines.get(line.wrapping_sub(1)) {
                Some(name) if diagnostic.file == LINES => {
                    errors.entry(name).or_insert(&diagnostic.text);
                }
                _ => answer.diagnostics.push(diagnostic.clone()),
            }
        }
        let mut dubious: BTreeMap<&str, String> = BTreeMap::new();
        for found in unit.get_diagnostics() {
            let (file, line, _) = found.get_location().get_presumed_location();
            let line = usize::try_from(line).unwrap_or_default();
            if let (Some(name), true) = (lines.get(line.wrapping_sub(1)), file == LINES) {
                if let Some(why) = why_dubious(&found.get_text()) {
                    dubious.entry(name).or_insert(why);
                }
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
                answer.probes.insert((*name).to_owned(), value);
            }
        }
        let pointer = answer.probes.get("probe_pointer").copied();
        let wrong = all
            .iter()
            .filter_map(|entity| names::wrong_size(entity, pointer));
        answer.diagnostics.extend(wrong);
        let type_names = TypeNames::new(&all);
        let target = arguments
            .iter()
            .find_map(|word| word.strip_prefix("--target="));
        let target = target.unwrap_or_default();
        for symbol in &context.symbols {
            let is_field = matches!(symbol.kind, Kind::Field(_));
            if let Some(why) = not_a_name(&symbol.name).filter(|_| !is_field) {
                answer.reject(symbol, Some(why));
                continue;
            }
            let replaced = values.get(&format!("{REPLACED}{}", symbol.name));
            let other = replaced.and_then(|text| replacement(text, &symbol.name));
            if let Some(other) = other.filter(|other| is_declared(symbol, other, &all)) {
                let why = format!(
                    "a macro of the headers replaces this name by `{other}`, so C uses that; \
                     bind `{other}`"
                );
                answer.reject(symbol, Some(why));
                continue;
            }
            match &symbol.kind {
                Kind::Constant(ty) => {
                    let error = errors.get(&*symbol.name);
                    match constant(symbol, ty.as_deref(), &values, error) {
                        Ok(constant) => match dubious.get(&*symbol.name) {
                            Some(why) => answer.reject(symbol, Some(why.clone())),
                            None => answer.constants.push(constant),
                        },
                        Err(why) => answer.reject(symbol, why),
                    }
                }
                Kind::Record => match record(symbol, &all, &type_names, &mut answer) {
                    Ok(()) => {}
                    Err(why) => answer.reject(symbol, why),
                },
                Kind::Function => match function(symbol, &all, &type_names, target) {
                    Ok(()) => {}
                    Err(why) => answer.reject(symbol, why),
                },
                Kind::Names(_) | Kind::Field(_) => {}
            }
        }
        for symbol in &context.symbols {
            let is_rejected = answer.rejected.contains_key(&symbol.name);
            let found = declaration(symbol, &all).filter(|_| !is_rejected);
            let ty = found.and_then(|found| found.get_type());
            let why = ty.and_then(|ty| reached::examine(ty, &symbol.name, &mut answer).err());
            if let Some(why) = why {
                answer.reject(symbol, why);
            }
        }
        answer
    })
}

impl Answer {
    /// Records that a symbol has no declaration, or the reason why it cannot be bound.
    fn reject(&mut self, symbol: &Symbol, why: Option<String>) {
        match why {
            None => {
                self.missing.insert(symbol.name.clone());
            }
            Some(why) => {
                self.rejected.insert(symbol.name.clone(), why);
            }
        }
    }
}

/// The text for clang, and the symbol of each line in its last part.
fn text<'a>(
    context: &Context<'a>,
    header: &str,
    probes: &[(&'a str, &str)],
) -> (String, Vec<&'a str>) {
    // A macro that is a list is more than one argument.
    let mut text = format!(
        "{header}\n#define {ONE}(value) (value)\n#define {EACH}(...) {ONE}(__VA_ARGS__)\n\
         #define {TEXT}_OF(...) #__VA_ARGS__\n#define {TEXT}(...) {TEXT}_OF(__VA_ARGS__)\n\
         #line 1 \"{LINES}\"\n"
    );
    let mut again = format!("#line {AGAIN_LINE} \"{AGAIN}\"\n");
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
        let name = &*symbol.name;
        let ty = match &symbol.kind {
            Kind::Constant(ty) => ty,
            Kind::Record | Kind::Function => {
                line(
                    name,
                    format!("static const char {REPLACED}{name}[] = {TEXT}({name});"),
                );
                continue;
            }
            Kind::Names(_) | Kind::Field(_) => continue,
        };
        line(
            name,
            format!("static const __typeof__(({name})) {NATURAL}{name} = {EACH}({name});"),
        );
        again.push_str(&format!(
            "static const __typeof__(({name})) {SECOND}{name} = ({name});\n"
        ));
        if let Some(ty) = ty {
            line(
                name,
                format!("static const {ty} {TYPED}{name} = ({ty})({name});"),
            );
        }
    }
    (text + &again, lines)
}

/// The reason why the value of a constant is not bound about which clang warns so. Compilers differ
/// in the values of these, which the standard leaves undefined (C11 6.5.7, 6.5).
fn why_dubious(warning: &str) -> Option<String> {
    const UNDEFINED: [&str; 4] = [
        "shift count >= width of type",
        "shift count is negative",
        "overflow in expression",
        "by zero is undefined",
    ];
    if warning.contains("left operand of comma operator has no effect") {
        return Some("it is a list of several values, and a constant has one".to_owned());
    }
    let is_undefined = UNDEFINED.iter().any(|text| warning.contains(text));
    is_undefined.then(|| format!("C does not define its value ({warning})"))
}

/// The reason why a symbol cannot be bound. None if it has no declaration.
pub(super) type Rejection = Option<String>;

/// A constant with its value.
fn constant(
    symbol: &Symbol,
    ty: Option<&str>,
    values: &BTreeMap<String, Entity<'_>>,
    error: Option<&&str>,
) -> Result<Constant, Rejection> {
    let name = &symbol.name;
    if let Some(error) = error {
        if **error == format!("use of undeclared identifier '{name}'") {
            return Err(None);
        }
    }
    let natural = values.get(&format!("{NATURAL}{name}"));
    // Its type explains more than the error of the evaluation.
    let natural_type = natural.and_then(Entity::get_type);
    if let Some(why) = natural_type.and_then(|ty| not_an_integer(&ty)) {
        return Err(Some(why));
    }
    if let Some(error) = error {
        let is_list = error.contains("too many arguments") && error.contains("macro invocation");
        return Err(Some(if is_list {
            "it is a list of several values, and a constant has one".to_owned()
        } else {
            format!("clang cannot evaluate it ({error})")
        }));
    }
    let (value, own) = number(natural.ok_or(None)?).map_err(Some)?;
    let second = values.get(&format!("{SECOND}{name}")).ok_or(None)?;
    if number(second).map_err(Some)?.0 != value {
        return Err(Some(
            "its value depends on the place where it is read, by `__LINE__` or `__COUNTER__`"
                .to_owned(),
        ));
    }
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

/// The value of a constant and its Rust type.
fn number(variable: &Entity<'_>) -> Result<(i128, String), String> {
    let ty = variable.get_type().ok_or("it has no type")?;
    if let Some(why) = not_an_integer(&ty) {
        return Err(why);
    }
    let value = match variable.evaluate() {
        Some(EvaluationResult::SignedInteger(value)) => i128::from(value),
        Some(EvaluationResult::UnsignedInteger(value)) => i128::from(value),
        _ => return Err("its value is no constant expression".to_owned()),
    };
    Ok((value, spelled(ty)?))
}

/// Examines a record: its bit-fields, anonymous members, and the types of its fields.
fn record<'tu>(
    symbol: &Symbol,
    all: &[Entity<'tu>],
    names: &TypeNames<'tu>,
    answer: &mut Answer,
) -> Result<(), Rejection> {
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
                    "it is a typedef of `{}` and no record; write that type in Rust",
                    canonical.get_display_name()
                )));
            };
            if let Some(tag) = record
                .get_name()
                .filter(|tag| tag != name && !record.is_anonymous())
            {
                answer.renamed.insert(tag, name.clone());
            }
            record
        }
    };
    if let Some(why) = found.get_type().and_then(|ty| names.ambiguous(ty)) {
        return Err(Some(why));
    }
    let mut declarations = named().filter(|entity| is_record(entity));
    if let Some(why) = declarations.find_map(is_unavailable) {
        return Err(Some(why).filter(|_| !symbol.partial));
    }
    if tagged.is_some() {
        // bindgen has the name of a record around it in its name.
        let Some(bindgens) = name_of(&found) else {
            return Err(Some(
                "it is declared in a record without a name; write it in src/ by hand".to_owned(),
            ));
        };
        if bindgens != *name {
            answer.renamed.insert(bindgens, name.clone());
        }
    }
    // The reader reports a record without fields.
    match found.get_definition() {
        Some(found) => fields(&found, Some(name), answer),
        None => Ok(()),
    }
}

/// Examines a function: its linkage and the types that a call passes.
fn function<'tu>(
    symbol: &Symbol,
    all: &[Entity<'tu>],
    names: &TypeNames<'tu>,
    target: &str,
) -> Result<(), Rejection> {
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
            "it is an inline function, which no library exports; write it in Rust".to_owned(),
        ));
    }
    if is_returning_twice(&symbol.name) {
        return Err(Some(
            "it returns twice, which rustc does not expect of any function; call it from C"
                .to_owned(),
        ));
    }
    // A target on which it is unavailable lacks it.
    let mut declarations = named().filter(|entity| entity.get_kind() == EntityKind::FunctionDecl);
    let why = declarations.find_map(|entity| unavailable(entity, target));
    if let Some(why) = why {
        return Err(Some(why).filter(|_| !symbol.partial));
    }
    let ty = found.get_type().ok_or(None)?;
    if let Some(why) = not_in_rust(&ty, 0) {
        return Err(Some(format!("a parameter or the result {why}")));
    }
    names.ambiguous(ty).map_or(Ok(()), |why| Err(Some(why)))
}

/// The reason why an entity of another kind is not bound.
fn other(found: Option<&Entity<'_>>) -> Rejection {
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

/// The reason why a variable is not bound, with a declaration to use instead.
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
            "{WHY}; declare it in src/: \
             unsafe extern \"C\" {{ {link}pub static mut {name}: {ty}; }}"
        ))
    };
    declared().unwrap_or_else(|| format!("{WHY}; declare it in src/ by hand"))
}
