//! The outcome in the repository: a row for each target.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, Result};

use crate::project::Project;

/// Where it stands.
pub(super) const TABLE: &str = "tests/snapshots/witnesses.txt";

const HEAD: &str = "\
# What four witnesses say about the bindings of each target; written by `cargo xtask witnesses`.
# clang: its layouts are what the group's table `abi@….snap` says.
# stubs: how many of the symbols that the bindings ask for are in zig's list of the system's
#   symbols; none if zig has no such list.
# rustc: every assertion on the layouts holds when it compiles for the target.
# libc: that crate, compiled for the target, says the same (equal), has no such thing (absent), or
#   says something else (differ, with the reason from codegen/disagreements.txt) of sizes,
#   alignments, offsets, values, of the size and the sign of constants and fields, of signatures,
#   and of the symbols that functions are linked as.
# A witness that cannot be asked has the reason in the row. Every target has a row.

";

/// The rows that stand in the repository, by triple.
pub(super) fn known(project: &Project) -> BTreeMap<String, String> {
    read(&fs::read_to_string(project.path(TABLE)).unwrap_or_default())
}

fn read(text: &str) -> BTreeMap<String, String> {
    let mut rows: BTreeMap<String, String> = BTreeMap::new();
    let mut triple = String::new();
    for line in text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if line.starts_with(' ') {
            if let Some(row) = rows.get_mut(&triple) {
                row.push('\n');
                row.push_str(line);
            }
        } else {
            triple = line.split(' ').next().unwrap_or_default().to_owned();
            rows.insert(triple.clone(), line.to_owned());
        }
    }
    rows
}

/// What a row says of the list of symbols.
pub(super) fn stubs(row: &str) -> Option<&str> {
    let (_, rest) = row.split_once(", stubs ")?;
    rest.split_once(", ").map(|(stubs, _)| stubs)
}

/// Writes the rows.
pub(super) fn write(project: &Project, rows: &BTreeMap<String, String>) -> Result<()> {
    let text: String = rows.values().map(|row| format!("{row}\n")).collect();
    fs::write(project.path(TABLE), format!("{HEAD}{text}")).context(TABLE)
}

#[cfg(test)]
mod tests {
    use super::{read, stubs};
    use std::collections::BTreeSet;

    #[test]
    fn every_target_has_a_row() {
        let rows = read(include_str!("../../../../../tests/snapshots/witnesses.txt"));
        let asked: BTreeSet<&str> = rows.keys().map(|triple| &**triple).collect();
        let table: BTreeSet<&str> = mio_targets::all()
            .map(|(_, target)| target.triple)
            .collect();
        let missing: Vec<_> = table.difference(&asked).collect();
        assert!(
            missing.is_empty(),
            "cargo xtask witnesses has not been run for {missing:?}"
        );
        let unknown: Vec<_> = asked.difference(&table).collect();
        assert!(unknown.is_empty(), "no longer in the table: {unknown:?}");
    }

    #[test]
    fn who_was_not_asked_has_a_reason() {
        let rows = read(include_str!("../../../../../tests/snapshots/witnesses.txt"));
        for row in rows.values().filter(|row| row.contains("not asked")) {
            let reason = row.rsplit_once("not asked: ").map(|(_, reason)| reason);
            assert!(reason.is_some_and(|reason| !reason.is_empty()), "{row}");
        }
    }

    #[test]
    fn every_row_says_what_the_list_of_symbols_says() {
        let rows = read(include_str!("../../../../../tests/snapshots/witnesses.txt"));
        for row in rows.values() {
            let stubs = stubs(row).unwrap_or_else(|| panic!("nothing about stubs: {row}"));
            let counts = stubs.split_once(" of ");
            assert!(
                stubs == "none" || counts.is_some_and(|(found, _)| found != "0"),
                "{row}"
            );
        }
    }

    #[test]
    fn every_known_difference_is_one_of_a_row() {
        let rows = include_str!("../../../../../tests/snapshots/witnesses.txt");
        let known = include_str!("../../../../../codegen/disagreements.txt");
        let known = known
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in known {
            let reason = line.rsplit(" | ").next().unwrap_or_default();
            assert!(
                rows.contains(&format!(": {reason}\n")),
                "no longer so: {line}"
            );
        }
    }

    #[test]
    fn a_row_has_its_reasons_below_it() {
        let text = "# head\n\na-b clang yes\n    const X: why\nc-d clang yes\n";
        let rows = read(text);
        assert_eq!(rows.len(), 2);
        assert_eq!(rows["a-b"], "a-b clang yes\n    const X: why");
    }
}
