//! Writes the ABI of a group as a table for reviewers.

use std::fmt::Write;

use crate::abi::GroupAbi;
use crate::project;

/// The front matter that insta expects of a snapshot. Only the repository has the test that reads
/// it.
pub(crate) fn front_matter() -> &'static str {
    if project::is_open() {
        return "---\ndescription: Written by `cargo codegen`; do not edit.\n---\n";
    }
    "\
---
source: codegen/tests/abi.rs
description: Written by `cargo codegen`; do not edit.
---
"
}

/// The table.
pub(crate) fn table(group: &GroupAbi) -> String {
    let mut text = String::new();
    let mut line =
        |args: std::fmt::Arguments<'_>| writeln!(text, "{args}").expect("a string takes any text");
    line(format_args!(
        "The ABI of {}, group {}.",
        group.os, group.group
    ));
    line(format_args!("headers: {}", group.headers));
    line(format_args!("serves:"));
    for triple in &group.targets {
        line(format_args!("    {triple}"));
    }
    for record in &group.abi.records {
        line(format_args!(""));
        line(format_args!(
            "{} {}: size {}, align {}, repr({})",
            record.keyword(),
            record.name,
            record.size,
            record.align,
            record.repr
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
    for function in &group.abi.functions {
        line(format_args!(
            "fn {}{} [link {}]",
            function.name,
            function.signature(false),
            function.link_name
        ));
    }
    line(format_args!(""));
    for constant in &group.abi.constants {
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

/// The value in hexadecimal. A negative value is shown as the bits of its type, or with a sign if
/// the size of the type differs between targets.
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{front_matter, hexadecimal, table};
    use crate::snapshot;

    #[test]
    fn the_tables_of_the_repository_are_made_from_its_json() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots");
        let groups = snapshot::in_folder(&folder).expect("all snapshots read");
        assert!(groups.len() >= 43, "only {} snapshots", groups.len());
        for group in groups {
            let name = format!("{}-{}", group.os, group.group);
            let read = |ending: &str| fs::read_to_string(folder.join(format!("{name}.{ending}")));
            assert_eq!(
                read("snap").unwrap(),
                format!("{}{}", front_matter(), table(&group))
            );
            assert_eq!(read("json").unwrap(), group.to_json());
        }
    }

    #[test]
    fn negative_values_are_the_bits_of_their_type() {
        assert_eq!(hexadecimal("c_short", -1), "0xffff");
        assert_eq!(hexadecimal("c_int", -2), "0xfffffffe");
        assert_eq!(hexadecimal("i64", -1), "0xffffffffffffffff");
        assert_eq!(hexadecimal("c_long", -100), "-0x64");
        assert_eq!(hexadecimal("c_uint", 0xffff_ffff), "0xffffffff");
    }
}
