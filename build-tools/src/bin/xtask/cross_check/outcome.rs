//! The committed outcome: a row for each target.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, Result};

use crate::project::Project;

/// Its file.
pub(super) const OUTCOME: &str = "codegen/snapshots/cross-check.txt";

const HEAD: &str = "\
# How the bindings of each target compare; written by `cargo xtask cross-check`.
# clang: the headers give the ABI of the group's snapshot `codegen/snapshots/GROUP.json`.
# stubs: how many of the symbols that the bindings link are in zig's list of the system's symbols;
#   none if zig has no such list.
# rustc: all assertions on sizes, alignments and offsets hold when the bindings compile for the
#   target.
# libc: how many facts the crate, compiled for the target, has in common (equal), does not have
#   (absent), or has differently (differ, with the reason from codegen/known_differences.txt). The
#   facts are sizes, alignments, offsets, values, the size and the sign of constants and fields,
#   signatures, and the symbols that functions are linked as.
# A comparison that is not possible has the reason in the row. Every target has a row.

";

/// The committed rows, by triple.
pub(super) fn known(project: &Project) -> BTreeMap<String, String> {
    read(&fs::read_to_string(project.path(OUTCOME)).unwrap_or_default())
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

/// The part of a row about the list of symbols.
pub(super) fn stubs(row: &str) -> Option<&str> {
    let (_, rest) = row.split_once(", stubs ")?;
    rest.split_once(", ").map(|(stubs, _)| stubs)
}

/// Writes the rows.
pub(super) fn write(project: &Project, rows: &BTreeMap<String, String>) -> Result<()> {
    let text: String = rows.values().map(|row| format!("{row}\n")).collect();
    fs::write(project.path(OUTCOME), format!("{HEAD}{text}")).context(OUTCOME)
}

#[cfg(test)]
mod tests {
    use super::{read, stubs};
    use std::collections::BTreeSet;

    #[test]
    fn every_target_has_a_row() {
        let rows = read(include_str!(
            "../../../../../codegen/snapshots/cross-check.txt"
        ));
        let compared: BTreeSet<&str> = rows.keys().map(|triple| &**triple).collect();
        let table: BTreeSet<&str> = mio_targets::all()
            .map(|(_, target)| target.triple)
            .collect();
        let missing: Vec<_> = table.difference(&compared).collect();
        assert!(
            missing.is_empty(),
            "no row, run cargo xtask cross-check: {missing:?}"
        );
        let unknown: Vec<_> = compared.difference(&table).collect();
        assert!(unknown.is_empty(), "rows of unknown targets: {unknown:?}");
    }

    #[test]
    fn comparison_that_is_not_possible_has_a_reason() {
        let rows = read(include_str!(
            "../../../../../codegen/snapshots/cross-check.txt"
        ));
        for row in rows.values().filter(|row| row.contains("not compared")) {
            let reason = row.rsplit_once("not compared: ").map(|(_, reason)| reason);
            assert!(reason.is_some_and(|reason| !reason.is_empty()), "{row}");
        }
    }

    #[test]
    fn every_row_has_the_outcome_of_the_list_of_symbols() {
        let rows = read(include_str!(
            "../../../../../codegen/snapshots/cross-check.txt"
        ));
        for row in rows.values() {
            let stubs = stubs(row).unwrap_or_else(|| panic!("no outcome for stubs: {row}"));
            let counts = stubs.split_once(" of ");
            assert!(
                stubs == "none" || counts.is_some_and(|(found, _)| found != "0"),
                "{row}"
            );
        }
    }

    #[test]
    fn every_known_difference_occurs_in_a_row() {
        let rows = include_str!("../../../../../codegen/snapshots/cross-check.txt");
        let known = include_str!("../../../../../codegen/known_differences.txt");
        let known = known
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in known {
            let reason = line.rsplit(" | ").next().unwrap_or_default();
            assert!(
                rows.contains(&format!(": {reason}\n")),
                "no longer a difference: {line}"
            );
        }
    }

    #[test]
    fn row_includes_the_reasons_below_it() {
        let text = "# head\n\na-b clang yes\n    const X: why\nc-d clang yes\n";
        let rows = read(text);
        assert_eq!(rows.len(), 2);
        assert_eq!(rows["a-b"], "a-b clang yes\n    const X: why");
    }
}
