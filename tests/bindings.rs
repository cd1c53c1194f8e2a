//! Only what the library uses is bound, on every system.
//!
//! The other way round, what it uses and is not bound does not compile.
#![cfg(not(any(miri, target_os = "wasi")))]

mod source_text;

use std::collections::{BTreeMap, BTreeSet};
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

/// The files that a system compiles without its tests, and their code: its page and every module
/// below. Which `cfg` holds is not asked, except for tests.
#[derive(Default)]
struct Modules {
    code: BTreeMap<PathBuf, String>,
}

impl Modules {
    /// Takes in a file whose modules are in `folder`.
    fn add(&mut self, file: &Path, folder: &Path) {
        if self.code.contains_key(file) {
            return;
        }
        let text = fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let lines = source_text::code(&text).into_iter();
        let code = lines.map(|(_, line)| line + "\n").collect::<String>();
        self.code.insert(file.to_owned(), code.clone());
        // The paths of modules are literals, which are not in the code. The text has them at the
        // same offsets.
        let text: Vec<char> = text.chars().collect();
        let code: Vec<char> = code.chars().collect();
        let beside = file.parent().unwrap();
        self.scan(&text, &code, beside, folder);
    }

    /// Takes in the modules that a piece of code declares. A module with a path is looked for in
    /// `beside`, any other in `folder`.
    fn scan(&mut self, text: &[char], code: &[char], beside: &Path, folder: &Path) {
        let mut at = 0;
        let mut chosen: Vec<String> = Vec::new();
        while at < code.len() {
            let rest: String = match code[at] {
                '#' | 'm' => code[at..].iter().take(8).collect(),
                _ => String::new(),
            };
            let begins_word = at == 0 || !(code[at - 1].is_alphanumeric() || code[at - 1] == '_');
            if rest.starts_with("#[path") || rest.starts_with("#[cfg_at") {
                let length = code[at..].iter().position(|c| *c == ']');
                let end = at + length.unwrap_or(0);
                let attribute: String = code[at..end].iter().collect();
                if let Some(path) = attribute.rfind("path =") {
                    let skipped = attribute[..path].chars().count();
                    let literal = text[at + skipped..].iter().skip_while(|c| **c != '"');
                    chosen.push(literal.skip(1).take_while(|c| **c != '"').collect());
                }
                at += rest.chars().count();
            } else if begins_word && rest.starts_with("mod ") {
                let name: String = code[at + 4..]
                    .iter()
                    .take_while(|c| c.is_alphanumeric() || **c == '_')
                    .collect();
                let mut end = at + 4 + name.chars().count();
                while code[end] == ' ' {
                    end += 1;
                }
                let chosen = std::mem::take(&mut chosen);
                if code[end] == '{' {
                    let length = closing(&code[end..]);
                    let inner = folder.join(chosen.first().unwrap_or(&name));
                    self.scan(
                        &text[end + 1..end + length],
                        &code[end + 1..end + length],
                        &inner,
                        &inner,
                    );
                    at = end + length;
                } else {
                    // Which of several `cfg_attr` holds is not asked, either.
                    for chosen in &chosen {
                        self.declared(&name, Some(chosen), beside, folder);
                    }
                    if chosen.is_empty() {
                        self.declared(&name, None, beside, folder);
                    }
                    at = end;
                }
            } else {
                if matches!(code[at], ';' | '}') {
                    chosen.clear();
                }
                at += 1;
            }
        }
    }

    /// Takes in one module that is a file.
    fn declared(&mut self, name: &str, chosen: Option<&str>, beside: &Path, folder: &Path) {
        let file = match chosen {
            Some(chosen) => beside.join(chosen),
            None => {
                let single = folder.join(format!("{name}.rs"));
                if single.exists() {
                    single
                } else {
                    folder.join(name).join("mod.rs")
                }
            }
        };
        let is_root = chosen.is_some() || file.ends_with("mod.rs");
        let parent = file.parent().unwrap();
        let folder = if is_root {
            parent.to_owned()
        } else {
            parent.join(name)
        };
        self.add(&file, &folder);
    }
}

/// Where the brace that opens first is closed.
fn closing(code: &[char]) -> usize {
    let mut depth = 0;
    for (at, c) in code.iter().enumerate() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    code.len()
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
    for entry in fs::read_dir(path("codegen/symbols")).unwrap() {
        let list = entry.unwrap().path();
        let system = list.file_stem().unwrap().to_str().unwrap().to_owned();
        let mut modules = Modules::default();
        // Its page, and those on which it plays another system in tests.
        let pages = path("src/sys/platform");
        for entry in fs::read_dir(&pages).unwrap() {
            let page = entry.unwrap().path();
            let name = page.file_stem().unwrap().to_str().unwrap();
            if name == system || name.starts_with(&format!("{system}_")) {
                modules.add(&page, &pages);
            }
        }
        // Its own folder, if its modules are declared there.
        let own = path("src/sys").join(&system);
        if own.join("mod.rs").exists() {
            modules.add(&own.join("mod.rs"), &own);
        }
        // What every system compiles.
        for entry in fs::read_dir(path("src/sys")).unwrap() {
            let file = entry.unwrap().path();
            if file.is_file() {
                let code = source_text::code(&fs::read_to_string(&file).unwrap());
                modules.code.insert(
                    file,
                    code.into_iter().map(|(_, line)| line + "\n").collect(),
                );
            }
        }
        let names = modules.code.values().flat_map(|code| taken(code)).collect();
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
    let list = "# A list.\nA const int a.h # said\nB fn a.h # said\nR record a.h # said\n\
        S record a.h # said\nE_X const int a.h # said\nE_NAMES names int E_* # said\n\
        F_NAMES names int F_* # said\nF_X const int a.h # said\n";
    let names = taken("ffi::B(1); use crate::sys::ffi::{E_NAMES as NAMES, C}; dffi::A; libc::A");
    let declared = words("fn B(r: *const R)").map(str::to_owned).collect();
    assert_eq!(
        unused(list, &names, &declared),
        ["A", "S", "F_NAMES", "F_X"]
    );
}
