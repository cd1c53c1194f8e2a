//! Binds or rejects the declarations of a header in `corpus/`.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{Repository, Result};
use crate::zig;

/// The compared targets, as rustc and as zig spell them: 32-bit and 64-bit, both also big-endian.
const TARGETS: &[(&str, &str)] = &[
    ("i686-unknown-linux-gnu", "x86-linux-musl"),
    ("x86_64-unknown-linux-gnu", "x86_64-linux-musl"),
    ("s390x-unknown-linux-gnu", "s390x-linux-musl"),
    ("powerpc-unknown-linux-gnu", "powerpc-linux-musleabi"),
];

/// A repository whose header for Linux includes a header of the corpus.
pub(crate) fn with(header: &str) -> Result<Repository> {
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
pub(crate) fn add<'a>(names: &[&'a str]) -> Vec<&'a str> {
    let mut words = vec!["add"];
    words.extend(names);
    words.extend(["--os", "linux", "--why", "a trial"]);
    words
}

/// Binds the names of a header and compares them with zig and rustc. Returns the repository and the
/// table of x86-64.
pub(crate) fn bound(header: &str, names: &[&str]) -> Result<(Repository, String)> {
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
pub(crate) fn table(repository: &Repository, triple: &str) -> Result<String> {
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
pub(crate) fn rejected(header: &str, names: &[(&str, &str)]) -> Result {
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
