//! Only what the library uses is bound, on every system.
//!
//! The other way round, what it uses and is not bound does not compile.
#![cfg(not(any(miri, target_os = "wasi")))]

mod source_text;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn path(below_root: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(below_root)
}

/// The words of a piece of code.
fn words(code: &str) -> impl Iterator<Item = &str> {
    let words = code.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    words.filter(|word| !word.is_empty())
}

/// The platform selection, as text without comments.
struct Platform {
    blocks: String,
    macros: String,
}

impl Platform {
    fn read() -> Platform {
        Platform {
            blocks: text("src/sys/platform/mod.rs"),
            macros: text("src/sys/platform/macros.rs"),
        }
    }

    /// Whether a family names the system.
    fn has(&self, family: &str, system: &str) -> bool {
        let start = self.blocks.find(&format!("{family}: ")).unwrap();
        let list = self.blocks[start..].split(';').next().unwrap();
        names_system(list, system)
    }

    /// The blocks of the system, with the values that they share, and those in which Linux plays
    /// another system.
    fn code(&self, system: &str) -> String {
        let mut code = String::new();
        for block in self.blocks.split("\nplatform! {\n").skip(1) {
            let block = block.split("\n}\n").next().unwrap();
            let systems = block.split("Selector =").next().unwrap();
            let systems = systems.split("SOCKETS =").next().unwrap();
            let is_fake = !systems.contains("target_") && systems.contains("mio_fake_kernel");
            if names_system(systems, system) || is_fake && system == "linux" {
                code.push_str(block);
                for value in block.split("value!(").skip(1) {
                    let name = value.split(')').next().unwrap();
                    let arm = self.macros.split(&format!("({name}) =>")).nth(1).unwrap();
                    code.push_str(arm.split(';').next().unwrap());
                }
            }
        }
        code
    }
}

/// Whether a list of conditions names the system of these bindings.
fn names_system(list: &str, system: &str) -> bool {
    match system {
        "apple" => list.contains("target_vendor = \"apple\""),
        "wasip2" => list.contains("target_os = \"wasi\""),
        _ => list.contains(&format!("target_os = \"{system}\"")),
    }
}

/// A file without comments.
fn text(below_root: &str) -> String {
    let text = fs::read_to_string(path(below_root)).unwrap();
    let lines = text.lines().map(|line| match line.trim_start() {
        comment if comment.starts_with("//") => "\n",
        _ => line,
    });
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// Adds the code of a folder without its tests: of all files, but for modules that the system does
/// not compile.
fn add(code: &mut String, folder: &Path, system: &str, platform: &Platform) {
    let root = fs::read_to_string(folder.join("mod.rs")).unwrap_or_default();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap().path();
        let name = entry.file_stem().unwrap().to_str().unwrap();
        if name.ends_with("tests") || !is_compiled(&root, name, system, platform) {
            continue;
        }
        if entry.is_dir() {
            add(code, &entry, system, platform);
        } else {
            let file = fs::read_to_string(&entry).unwrap();
            code.extend(
                source_text::code(&file)
                    .into_iter()
                    .map(|(_, line)| line + "\n"),
            );
        }
    }
}

/// Whether the system compiles a module: its declaration may be in the macro of a family.
fn is_compiled(root: &str, module: &str, system: &str, platform: &Platform) -> bool {
    let Some(at) = root.find(&format!("mod {module};")) else {
        return true;
    };
    let before = &root[..at];
    let family = before.rfind("cfg_").filter(|start| {
        let rest = &before[*start..];
        rest.split('!')
            .nth(1)
            .is_some_and(|rest| rest.starts_with(" {"))
            && !rest.contains("\n}")
    });
    let family = family.map(|start| before[start..].split('!').next().unwrap());
    match family {
        // Sockets are not bound.
        None | Some("cfg_nosignal" | "cfg_unsupported") => true,
        // A flag forces poll(2) and pipes that wake.
        Some("cfg_levels" | "cfg_not_epoll") => true,
        Some("cfg_pipes" | "cfg_waker_pipe") => system != "wasip2",
        Some(family) => platform.has(family, system) || is_faked(family, system),
    }
}

/// Whether Linux plays a system of this family.
fn is_faked(family: &str, system: &str) -> bool {
    system == "linux" && ["cfg_event_ports", "cfg_kqueue"].contains(&family)
}

/// The names that a piece of code takes from the bindings: `ffi::NAME` and `ffi::{NAME, …}`.
fn taken(code: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, found) in code.match_indices("ffi::") {
        let begins_word = !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let rest = &code[at + found.len()..];
        let group = match rest.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap_or_default(),
            None => rest
                .split(|c: char| !(c.is_alphanumeric() || c == '_'))
                .next()
                .unwrap_or_default(),
        };
        if begins_word {
            names.extend(words(group).map(str::to_owned));
        }
    }
    names
}

/// One line of a list of symbols.
struct Symbol<'a> {
    name: &'a str,
    kind: &'a str,
    /// The pattern of a table of names.
    pattern: Option<&'a str>,
}

fn symbols(text: &str) -> Vec<Symbol<'_>> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let line = line.split('#').next()?;
            let mut fields = line.split_whitespace();
            let (name, kind) = (fields.next()?, fields.next()?);
            let pattern = if kind == "names" { fields.nth(1) } else { None };
            Some(Symbol {
                name,
                kind,
                pattern,
            })
        })
        .collect()
}

/// Whether a pattern with a star at its end matches.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => pattern == name,
    }
}

/// The symbols that the code does not take. A constant may be taken by a table of names, a record
/// by the declaration of a function or of another record's field.
fn unused<'a>(
    list: &'a str,
    names: &BTreeSet<String>,
    declarations: &BTreeSet<String>,
) -> Vec<&'a str> {
    let symbols = symbols(list);
    let in_table = |name: &str| {
        let mut tables = symbols.iter().filter(|table| names.contains(table.name));
        tables.any(|table| table.pattern.is_some_and(|pattern| matches(pattern, name)))
    };
    let is_used = |symbol: &Symbol<'_>| {
        // `?` marks what only some architectures have.
        let kind = symbol.kind.trim_end_matches('?');
        // The type of a field goes with its record, as `record.field`.
        let record = symbol.name.split('.').next().unwrap_or_default();
        names.contains(symbol.name)
            || kind == "const" && in_table(symbol.name)
            || kind == "record" && declarations.contains(symbol.name)
            || kind == "field" && (names.contains(record) || declarations.contains(record))
    };
    let left = symbols.iter().filter(|symbol| !is_used(symbol));
    left.map(|symbol| symbol.name).collect()
}

/// The words of the declarations of functions and fields below a folder.
fn declarations(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let declares = |line: &&str| line.contains("fn ") || line.starts_with("    pub ");
        found.extend(
            text.lines()
                .filter(declares)
                .flat_map(words)
                .map(str::to_owned),
        );
    }
    found
}

#[test]
fn what_is_bound_is_used() {
    let mut faults = Vec::new();
    let mut systems = 0;
    let platform = Platform::read();
    for entry in fs::read_dir(path("codegen/symbols")).unwrap() {
        let list = entry.unwrap().path();
        let system = list.file_stem().unwrap().to_str().unwrap().to_owned();
        let mut code = platform.code(&system);
        for entry in fs::read_dir(path("src/sys")).unwrap() {
            let file = entry.unwrap().path();
            if file.is_file() {
                let file = fs::read_to_string(&file).unwrap();
                code.extend(
                    source_text::code(&file)
                        .into_iter()
                        .map(|(_, line)| line + "\n"),
                );
            }
        }
        let folder = match system.as_str() {
            "wasip1" | "windows" => format!("src/sys/{system}"),
            _ => "src/sys/unix".to_owned(),
        };
        add(&mut code, &path(&folder), &system, &platform);
        if system == "linux" {
            add(&mut code, &path("src/testing"), &system, &platform);
        }
        let names = taken(&code);
        let text = fs::read_to_string(&list).unwrap();
        let declared = declarations(&path(&format!("generated/{system}")));
        for symbol in unused(&text, &names, &declared) {
            faults.push(format!("{system}.txt: {symbol}"));
        }
        systems += 1;
    }
    assert!(systems > 20);
    assert!(
        faults.is_empty(),
        "bound and not used: take them out of codegen/symbols/\n{}",
        faults.join("\n")
    );
}

#[test]
fn what_is_not_used_is_noticed() {
    let list = "# A list.\nA const int a.h # why\nB fn a.h # why\nR record a.h # why\n\
        S record a.h # why\nE_X const int a.h # why\nE_NAMES names int E_* # why\n\
        F_NAMES names int F_* # why\nF_X const int a.h # why\n";
    let names = taken("ffi::B(1); use crate::sys::ffi::{E_NAMES as NAMES, C}; dffi::A; libc::A");
    let declared = words("fn B(r: *const R)").map(str::to_owned).collect();
    assert_eq!(
        unused(list, &names, &declared),
        ["A", "S", "F_NAMES", "F_X"]
    );
}
