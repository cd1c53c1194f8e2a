//! The facts of one target as data, and the table people review.

use std::fmt::Write;

use serde::Serialize;

/// Everything one target's headers say about the symbols that were asked for. Each list is sorted by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Facts {
    /// Structs and unions.
    pub(crate) records: Vec<Record>,
    /// Functions.
    pub(crate) functions: Vec<Function>,
    /// Constants.
    pub(crate) constants: Vec<Constant>,
    /// `LINUX_VERSION_CODE` of the headers, as `7.2`. Not part of the ABI.
    pub(crate) headers: String,
    /// Records that are declared without fields. None where everything asked for is there.
    pub(crate) opaque: Vec<String>,
}

/// A struct or union.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Record {
    /// Its name.
    pub(crate) name: String,
    /// Whether it is a union.
    pub(crate) union: bool,
    /// The inside of its `#[repr(…)]`.
    pub(crate) repr: String,
    /// Its size in bytes.
    pub(crate) size: u64,
    /// Its alignment in bytes.
    pub(crate) align: u64,
    /// Its fields in order.
    pub(crate) fields: Vec<Field>,
}

/// A field of a record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Field {
    /// Its name.
    pub(crate) name: String,
    /// Its type in Rust.
    pub(crate) ty: String,
    /// Where it begins.
    pub(crate) offset: u64,
    /// How long it is.
    pub(crate) size: u64,
    /// The bit-fields in it, as `name: 0..4, other: 4..8` in bits from its start, as the target's C compiler counts.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) bits: String,
}

/// A function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: String,
    /// Names and types of its parameters.
    pub(crate) parameters: Vec<(String, String)>,
    /// Whether more may follow.
    pub(crate) variadic: bool,
    /// What it returns; empty for nothing.
    pub(crate) returns: String,
    /// The symbol the linker looks for.
    pub(crate) link_name: String,
}

/// A constant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Constant {
    /// Its name.
    pub(crate) name: String,
    /// Its type in Rust.
    pub(crate) ty: String,
    /// Its value.
    pub(crate) value: i128,
}

/// The table of `facts` as it stands in `tests/snapshots/abi@….snap`.
pub(crate) fn table(title: &str, headers: &str, serves: &[&str], facts: &Facts) -> String {
    let mut text = String::new();
    let mut line =
        |args: std::fmt::Arguments<'_>| writeln!(text, "{args}").expect("a string takes any text");
    line(format_args!("{title}"));
    line(format_args!("headers: {headers}"));
    line(format_args!("serves:"));
    for triple in serves {
        line(format_args!("    {triple}"));
    }
    for record in &facts.records {
        let kind = if record.union { "union" } else { "struct" };
        line(format_args!(""));
        line(format_args!(
            "{kind} {}: size {}, align {}, repr({})",
            record.name, record.size, record.align, record.repr
        ));
        for field in &record.fields {
            let bits = if field.bits.is_empty() {
                String::new()
            } else {
                format!(" {{{}}}", field.bits)
            };
            line(format_args!(
                "    offset {:2}, size {:2}  {}: {}{bits}",
                field.offset, field.size, field.name, field.ty
            ));
        }
    }
    line(format_args!(""));
    for function in &facts.functions {
        line(format_args!(
            "fn {}{} [link {}]",
            function.name,
            signature(function, false),
            function.link_name
        ));
    }
    line(format_args!(""));
    for constant in &facts.constants {
        line(format_args!(
            "const {}: {} = {} ({})",
            constant.name,
            constant.ty,
            constant.value,
            hexadecimal(&constant.ty, constant.value)
        ));
    }
    text
}

/// The value in hexadecimal: a negative one as the bits of its type, or with a sign if that differs between targets.
fn hexadecimal(ty: &str, value: i128) -> String {
    let bits = match ty {
        "i8" | "c_schar" => 8,
        "i16" | "c_short" => 16,
        "i32" | "c_int" | "NTSTATUS" => 32,
        "i64" | "c_longlong" => 64,
        _ if value < 0 => return format!("-{:#x}", value.unsigned_abs()),
        _ => 128,
    };
    format!("{:#x}", value as u128 & (u128::MAX >> (128 - bits)))
}

/// `(c_int, …) -> c_int`, with the parameters' names if `named`.
pub(crate) fn signature(function: &Function, named: bool) -> String {
    let mut parameters: Vec<String> = function
        .parameters
        .iter()
        .map(|(name, ty)| {
            if named {
                format!("{name}: {ty}")
            } else {
                ty.clone()
            }
        })
        .collect();
    if function.variadic {
        parameters.push("...".to_owned());
    }
    let returns = if function.returns.is_empty() {
        String::new()
    } else {
        format!(" -> {}", function.returns)
    };
    format!("({}){returns}", parameters.join(", "))
}

#[cfg(test)]
mod tests {
    use super::hexadecimal;

    #[test]
    fn negative_values_are_the_bits_of_their_type() {
        assert_eq!(hexadecimal("c_short", -1), "0xffff");
        assert_eq!(hexadecimal("c_int", -2), "0xfffffffe");
        assert_eq!(hexadecimal("i64", -1), "0xffffffffffffffff");
        assert_eq!(hexadecimal("c_long", -100), "-0x64");
        assert_eq!(hexadecimal("c_uint", 0xffff_ffff), "0xffffffff");
    }
}
