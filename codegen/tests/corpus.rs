//! Forms of declarations in C headers, one small header (`corpus/*.h`) for each. A form is either
//! bound or rejected with a reason. Bindings are verified by `zig cc` with `_Static_assert` on
//! 32-bit, 64-bit and big-endian targets, and by rustc for this host.

// The cache of a test consists of symbolic links.
#![cfg(unix)]

mod support;
#[path = "support/zig.rs"]
mod zig;

use std::fs;
use std::path::Path;
use std::process::Command;

use support::{Repository, Result};

/// The compared targets, as rustc and as zig spell them: 32-bit and 64-bit, both also big-endian.
const TARGETS: &[(&str, &str)] = &[
    ("i686-unknown-linux-gnu", "x86-linux-musl"),
    ("x86_64-unknown-linux-gnu", "x86_64-linux-musl"),
    ("s390x-unknown-linux-gnu", "s390x-linux-musl"),
    ("powerpc-unknown-linux-gnu", "powerpc-linux-musleabi"),
];

/// A repository whose header for Linux includes a header of the corpus.
fn with(header: &str) -> Result<Repository> {
    let repository = Repository::whole()?;
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    fs::copy(
        corpus.join(header),
        repository.path("codegen/headers").join(header),
    )?;
    let include = "#include <linux/version.h>\n";
    let wanted = format!("{include}#include \"{header}\"\n");
    repository.edit("codegen/headers/linux.h", include, &wanted)?;
    Ok(repository)
}

/// The arguments that add these names.
fn add<'a>(names: &[&'a str]) -> Vec<&'a str> {
    let mut words = vec!["add"];
    words.extend(names);
    words.extend(["--os", "linux", "--why", "a trial"]);
    words
}

/// Binds the names of a header and compares them with zig and rustc. Returns the repository and the
/// table of x86-64.
fn bound(header: &str, names: &[&str]) -> Result<(Repository, String)> {
    let repository = with(header)?;
    repository.succeed(&add(names))?;
    let mut table_of_x86_64 = String::new();
    for (triple, zig) in TARGETS {
        let table = table(&repository, triple)?;
        let text = asserted(header, &table, names);
        let folder = repository.path("codegen/headers");
        zig::compile(zig, &folder, &text)
            .map_err(|message| format!("{header} on {triple}: {message}\n{text}"))?;
        if triple.starts_with("x86_64") {
            let group = table.lines().next().unwrap_or_default();
            let group = group.rsplit_once("group ").map_or("", |(_, name)| name);
            rustc(&repository, group.trim_end_matches('.'))?;
            table_of_x86_64 = table;
        }
    }
    Ok((repository, table_of_x86_64))
}

/// The table that serves a target.
fn table(repository: &Repository, triple: &str) -> Result<String> {
    for entry in fs::read_dir(repository.path("codegen/snapshots"))? {
        let path = entry?.path();
        let text = fs::read_to_string(&path)?;
        if text.contains(&format!("\n    {triple}\n")) && text.contains("The ABI of ") {
            let (_, table) = text.split_once("\n---\n").ok_or("no front matter")?;
            return Ok(table.to_owned());
        }
    }
    Err(format!("no table serves {triple}").into())
}

/// rustc compiles the file of a group, with its assertions.
fn rustc(repository: &Repository, group: &str) -> Result {
    let file = repository
        .path("generated/linux")
        .join(format!("{group}.rs"));
    let output = Command::new("rustc")
        .args([
            "--edition",
            "2024",
            "--crate-type",
            "lib",
            "--emit",
            "metadata",
            "-Adead_code",
        ])
        .args(["-Anon_camel_case_types", "-Anon_upper_case_globals"])
        .arg("--target")
        .arg("x86_64-unknown-linux-gnu")
        .arg("--out-dir")
        .arg(repository.path("."))
        .arg(&file)
        .output()?;
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {message}", file.display());
    Ok(())
}

/// The facts of a table about the names, as assertions in C.
fn asserted(header: &str, table: &str, names: &[&str]) -> String {
    let mut text = format!("#include \"{header}\"\n");
    let (mut record, mut is_named) = (String::new(), false);
    for line in table.lines() {
        let words: Vec<&str> = line
            .split([' ', ',', ':'])
            .filter(|word| !word.is_empty())
            .collect();
        match words[..] {
            [
                kind @ ("struct" | "union"),
                name,
                "size",
                size,
                "align",
                align,
                ..,
            ] => {
                is_named = names.contains(&name);
                record = if name.ends_with("_t") {
                    name.to_owned()
                } else {
                    format!("{kind} {name}")
                };
                if is_named {
                    text.push_str(&format!(
                        "_Static_assert(sizeof({record}) == {size}, \"\");\n"
                    ));
                    text.push_str(&format!(
                        "_Static_assert(_Alignof({record}) == {align}, \"\");\n"
                    ));
                }
            }
            ["offset", offset, "size", size, field, ..] if is_named && !field.starts_with('_') => {
                text.push_str(&format!(
                    "_Static_assert(__builtin_offsetof({record}, {field}) == {offset}, \"\");\n"
                ));
                if size != "0" {
                    text.push_str(&format!(
                        "_Static_assert(sizeof((({record} *)0)->{field}) == {size}, \"\");\n"
                    ));
                }
            }
            ["const", name, ty, "=", value, _] if names.contains(&name) => {
                text.push_str(&constant(name, ty, value));
            }
            _ => {}
        }
    }
    for name in names
        .iter()
        .filter(|name| !name.to_lowercase().ends_with("_s390x"))
    {
        assert!(
            table.contains(&format!(" {name}")),
            "{name} is not in {table}"
        );
    }
    text
}

/// Assertions on the type and value of a constant.
fn constant(name: &str, ty: &str, value: &str) -> String {
    let ty = match ty {
        "bool" => "_Bool",
        "c_char" => "char",
        "c_schar" => "signed char",
        "c_uchar" => "unsigned char",
        "c_short" => "short",
        "c_ushort" => "unsigned short",
        "c_int" => "int",
        "c_uint" => "unsigned int",
        "c_long" => "long",
        "c_ulong" => "unsigned long",
        "c_longlong" => "long long",
        "c_ulonglong" => "unsigned long long",
        other => panic!("{name} is of type {other}"),
    };
    let value = match value {
        "-9223372036854775808" => "(-9223372036854775807LL - 1)".to_owned(),
        _ if value.starts_with('-') => format!("{value}LL"),
        _ => format!("{value}ULL"),
    };
    format!(
        "_Static_assert(__builtin_types_compatible_p(__typeof__({name}), {ty}), \"\");\n\
         _Static_assert(({name}) == {value} && (({name}) < 0) == ({value} < 0), \"\");\n"
    )
}

/// Adding the names must fail with a line for each that contains its reason, and write nothing.
fn rejected(header: &str, names: &[(&str, &str)]) -> Result {
    let repository = with(header)?;
    let before = repository.tree()?;
    let all: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
    let message = repository.fail(&add(&all))?;
    for (name, why) in names {
        let mut sentences = message
            .lines()
            .filter(|line| line.contains(&format!("`{name}`")));
        let found = sentences.any(|sentence| sentence.contains(why));
        assert!(found, "{name}: {why:?} is not in {message}");
    }
    assert!(repository.tree()? == before, "something was written");
    Ok(())
}

#[test]
fn bit_fields_are_named_by_the_field_that_holds_them() -> Result {
    let (_, table) = bound("bits.h", &["corpus_bits", "corpus_mode"])?;
    assert!(table.contains("{length: 0..4, version: 4..8}"), "{table}");
    assert!(table.contains("{wide: 0..20, last: 24..32}"), "{table}");
    Ok(())
}

#[test]
fn flexible_arrays_have_no_length() -> Result {
    let names = [
        "corpus_named",
        "corpus_ranges",
        "corpus_tail",
        "corpus_command",
    ];
    let (_, table) = bound("flexible.h", &names)?;
    assert!(table.contains("name: [c_char; 0]"), "{table}");
    assert!(table.contains("union corpus_tail: size 16"), "{table}");
    let inside = "union corpus_command__bindgen_ty_1: size 16";
    assert!(table.contains(inside), "{table}");
    // A record that is a member is bound, too.
    assert!(table.contains("struct corpus_range: size 16"), "{table}");
    Ok(())
}

#[test]
fn function_pointers_are_options() -> Result {
    let (_, table) = bound("pointers.h", &["corpus_action", "corpus_signal"])?;
    for wanted in [
        "handle: Option<unsafe extern \"C\" fn(c_int, *mut corpus_point)>",
        "print: Option<unsafe extern \"C\" fn(*const c_char, ...) -> c_int>",
        "fn corpus_signal(c_int, Option<unsafe extern \"C\" fn(c_int, *mut corpus_point)>) -> ",
    ] {
        assert!(table.contains(wanted), "{wanted} is not in {table}");
    }
    Ok(())
}

#[test]
fn functions_that_would_be_called_wrongly_are_rejected() -> Result {
    rejected(
        "calls.h",
        &[
            ("corpus_unknown", "has no list of parameters"),
            ("corpus_handler", "returns a pointer to a function"),
            ("corpus_returns", "returns a pointer to a function"),
            ("corpus_convention", "not called as C's functions are"),
            ("corpus_conventions", "not called as C's functions are"),
        ],
    )?;
    rejected("calls.h", &[("Option", "a type of Rust's")])
}

#[test]
fn constants_of_enums_are_bound_and_enums_are_integers() -> Result {
    let names = [
        "CORPUS_NONE",
        "CORPUS_ONE",
        "CORPUS_BIG",
        "CORPUS_MINUS",
        "CORPUS_HIGH",
        "CORPUS_B",
        "corpus_kinds",
    ];
    let (_, table) = bound("enums.h", &names)?;
    assert!(
        table.contains("kind: c_uint") && table.contains("sign: c_int"),
        "{table}"
    );
    Ok(())
}

#[test]
fn anonymous_members_are_records() -> Result {
    let (_, table) = bound("anonymous.h", &["corpus_address"])?;
    assert!(
        table.contains("union corpus_address__bindgen_ty_1: size 16"),
        "{table}"
    );
    Ok(())
}

#[test]
fn arrays_hold_arrays_records_and_pointers() -> Result {
    let (_, table) = bound("arrays.h", &["corpus_grid"])?;
    assert!(table.contains("cube: [[[c_ushort; 4]; 3]; 2]"), "{table}");
    Ok(())
}

#[test]
fn scalars_with_a_rust_type_are_bound() -> Result {
    let (_, table) = bound("scalars.h", &["corpus_scalars", "corpus_scale"])?;
    assert!(
        table.contains("fn corpus_scale(bool, f32) -> f64"),
        "{table}"
    );
    let why = "`long double`, for which Rust has no type";
    rejected(
        "scalars.h",
        &[
            (
                "corpus_long_double",
                "field `real` is of type `long double`",
            ),
            ("corpus_root", why),
            ("corpus_complex", "field `both` is of type"),
        ],
    )
}

#[test]
fn records_are_bound_by_a_typedef() -> Result {
    let names = [
        "corpus_stack_t",
        "corpus_set_t",
        "corpus_context",
        "corpus_swap",
    ];
    let (_, table) = bound("names.h", &names)?;
    assert!(
        table.contains("fn corpus_swap(*const corpus_stack_t, *mut corpus_stack_t)"),
        "{table}"
    );
    rejected(
        "names.h",
        &[(
            "corpus_scalar_t",
            "it is a typedef of `unsigned long` and no record",
        )],
    )
}

#[test]
fn constants_have_their_own_type_sign_and_value() -> Result {
    let names = [
        "CORPUS_INT",
        "CORPUS_NEGATIVE",
        "CORPUS_BROADCAST",
        "CORPUS_TOP",
        "CORPUS_HEX",
        "CORPUS_LONG",
        "CORPUS_ALL",
        "CORPUS_MOST_NEGATIVE",
        "CORPUS_SHORT",
        "CORPUS_BYTE",
        "CORPUS_LETTER",
        "CORPUS_SIZE",
        "CORPUS_BOOL",
    ];
    let (_, table) = bound("constants.h", &names)?;
    for wanted in [
        "const CORPUS_BROADCAST: c_uint = 4294967295 ",
        "const CORPUS_TOP: c_uint = 2147483648 ",
        "const CORPUS_ALL: c_ulonglong = 18446744073709551615 ",
    ] {
        assert!(table.contains(wanted), "{wanted} is not in {table}");
    }
    Ok(())
}

#[test]
fn constant_that_is_no_integer_is_rejected() -> Result {
    rejected(
        "constants.h",
        &[
            ("CORPUS_REAL", "it is a floating-point number (`double`)"),
            ("CORPUS_TEXT", "it is a string"),
            ("CORPUS_POINTER", "it is a pointer"),
            ("CORPUS_PLUS_ONE", "it is a macro with arguments"),
            ("CORPUS_UNKNOWN", "'corpus_undeclared'"),
            ("CORPUS_TOO_WIDE", "too large"),
            ("CORPUS_INT128", "is wider than 64 bits"),
            ("corpus_variable", "it is a variable"),
            ("corpus_inline", "it is an inline function"),
            ("CORPUS_INTT", "did you mean `CORPUS_INT`?"),
        ],
    )?;
    // A type that does not hold the value is rejected.
    let repository = with("constants.h")?;
    let mut words = add(&["CORPUS_BROADCAST"]);
    words.extend(["--type", "int"]);
    let message = repository.fail(&words)?;
    assert!(
        message.contains("its value is 4294967295, of type `c_uint`"),
        "{message}"
    );
    words.pop();
    words.push("unsigned long");
    repository.succeed(&words)?;
    let table = table(&repository, "i686-unknown-linux-gnu")?;
    assert!(
        table.contains("const CORPUS_BROADCAST: c_ulong = 4294967295"),
        "{table}"
    );
    Ok(())
}

#[test]
fn packed_and_aligned_records_are_bound_but_not_both() -> Result {
    bound(
        "packed.h",
        &["corpus_packed", "corpus_aligned", "corpus_packed4"],
    )?;
    rejected(
        "packed.h",
        &[(
            "corpus_both",
            "Rust's repr(C, packed(4)) gives it another layout",
        )],
    )
}

#[test]
fn symbol_of_some_architectures_is_bound_there() -> Result {
    let (repository, _) = bound("partial.h", &["CORPUS_ONLY_S390X", "corpus_only_s390x"])?;
    let list = fs::read_to_string(repository.path("codegen/symbols/linux.txt"))?;
    let line = list
        .lines()
        .find(|line| line.starts_with("CORPUS_ONLY_S390X"));
    assert!(
        line.is_some_and(|line| line.contains("const? int")),
        "{line:?}"
    );
    assert!(
        table(&repository, "s390x-unknown-linux-gnu")?.contains("CORPUS_ONLY_S390X: c_int = 5")
    );
    assert!(!table(&repository, "i686-unknown-linux-gnu")?.contains("CORPUS_ONLY_S390X"));
    Ok(())
}
