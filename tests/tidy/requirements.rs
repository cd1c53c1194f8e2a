//! Checks `tests/requirements.md`: every requirement has a test that runs, or a reason.

use std::fs;

use super::root;
use super::source_text::is_tested;

/// The number of requirements. A row that is lost in a merge fails the test.
const ROWS: usize = 124;

#[test]
fn every_requirement_has_a_test_or_a_reason() {
    let page = read("tests/requirements.md");
    let rows: Vec<[&str; 3]> = page.lines().filter_map(cells).collect();
    assert_eq!(rows.len(), ROWS, "the number of requirements has changed");
    let mut requirements: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    requirements.sort();
    requirements.dedup();
    assert_eq!(requirements.len(), rows.len(), "a requirement stands twice");
    for [requirement, tests, platforms] in rows {
        if let Some(reason) = tests.strip_prefix("not run: ") {
            assert!(reason.len() > 10, "{requirement} no reason is given");
            continue;
        }
        assert!(!platforms.is_empty(), "{requirement} no platform is named");
        for test in tests.split("<br>") {
            let name = test
                .strip_prefix('`')
                .and_then(|test| test.strip_suffix('`'));
            let (file, function) = name
                .and_then(|name| name.split_once("::"))
                .unwrap_or_else(|| panic!("{requirement} not `FILE::TEST`: {test}"));
            assert!(
                is_tested(&read(file), function) || is_called(file, function),
                "{requirement} {file}: {function} is no test, and no test or stage calls it"
            );
        }
    }
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The cells of a row: requirement, tests, platforms. `None` for other lines and for the heads of
/// tables.
fn cells(line: &str) -> Option<[&str; 3]> {
    let row = line.strip_prefix("| ")?.strip_suffix(" |")?;
    let cells: Vec<&str> = row.split(" | ").collect();
    let cells = <[&str; 3]>::try_from(cells)
        .unwrap_or_else(|cells| panic!("{} cells in place of 3: {line}", cells.len()));
    (cells[0] != "Requirement").then_some(cells)
}

/// Whether the suite of all selectors runs the function as a check, or the list of stages names it.
fn is_called(file: &str, function: &str) -> bool {
    let has_word = |text: &str| {
        let mut words = text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
        words.any(|word| word == function)
    };
    let suites = ["src/sys/selector_tests.rs", file];
    let is_check = suites.iter().any(|suite| {
        let suite = read(suite);
        let mut lists = suite.split("run_checks!(").skip(1);
        lists.any(|list| has_word(list.split(')').next().unwrap_or_default()))
    });
    if (file.starts_with("src/sys/") || file.starts_with("src/testing/")) && is_check {
        return true;
    }
    let module = file.strip_prefix("build-tools/src/bin/xtask/");
    module
        .and_then(|file| file.strip_suffix(".rs"))
        .is_some_and(|module| {
            let call = format!("Box::new({module}::{function})");
            read("build-tools/src/bin/xtask/stages/stage_list.rs").contains(&call)
        })
}
