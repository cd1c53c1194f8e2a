//! Only what the library uses is bound on Windows.
//!
//! The other way round, what it uses and is not bound does not compile.
#![cfg(not(any(miri, target_os = "wasi")))]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn path(below_root: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(below_root)
}

/// The words of every Rust file below a folder, without comments.
fn words(below: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![path(below)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.extend(text.lines().flat_map(words_of_line));
            }
        }
    }
    found
}

fn words_of_line(line: &str) -> Vec<String> {
    let code = line.split("//").next().unwrap_or_default();
    let words = code.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    words.map(str::to_owned).collect()
}

/// The symbols of a list, and whether each is a record.
fn symbols(text: &str) -> Vec<(&str, bool)> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?, words.next()? == "record"))
        })
        .collect()
}

/// The symbols that no word names. A record may be named by the declaration of a function alone, whose argument it is behind a
/// pointer.
fn unused<'a>(
    list: &'a str,
    code: &BTreeSet<String>,
    declarations: &BTreeSet<String>,
) -> Vec<&'a str> {
    let is_used = |name: &str, is_record: bool| {
        code.contains(name) || is_record && declarations.contains(name)
    };
    let symbols = symbols(list).into_iter();
    symbols
        .filter(|(name, is_record)| !is_used(name, *is_record))
        .map(|(name, _)| name)
        .collect()
}

#[test]
fn what_is_bound_is_used() {
    let list = fs::read_to_string(path("codegen/symbols/windows.txt")).unwrap();
    let declarations = fs::read_to_string(path("generated/windows/bits64.rs")).unwrap();
    let functions = declarations.lines().filter(|line| line.contains("link!("));
    let functions: BTreeSet<String> = functions.flat_map(words_of_line).collect();
    assert!(functions.contains("WSASocketW"));
    let unused = unused(&list, &words("src"), &functions);
    assert!(
        unused.is_empty(),
        "bound and not used: take them out of codegen/symbols/windows.txt: {unused:?}"
    );
}

#[test]
fn what_is_not_used_is_noticed() {
    let list = "# A list.\nA const int a.h # said\nB fn a.h # said\nR record a.h # said\nS record a.h # said\n";
    let words = |text: &str| words_of_line(text).into_iter().collect::<BTreeSet<_>>();
    let code = words("raw::B(1) // A");
    assert_eq!(unused(list, &code, &words("fn B(r: *const R)")), ["A", "S"]);
}
