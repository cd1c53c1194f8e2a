//! Loom rejects every mutant of `mutants.rs`.
#![cfg(loom)]

#[path = "../mutants.rs"]
mod list;

use std::process::Command;

use list::{MUTANTS, Mutant};

/// Runs the models over a mutant. Returns what is wrong with the result.
fn fault(mutant: &Mutant) -> Option<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_mutants"))
        .args([mutant.models, mutant.name])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    let name = mutant.name;
    if output.status.success() {
        Some(format!("loom accepts the mutant {name}"))
    } else if !text.contains(mutant.finds) {
        let finds = mutant.finds;
        Some(format!(
            "the mutant {name} fails without {finds:?}:\n{text}"
        ))
    } else {
        None
    }
}

#[test]
fn every_mutant_is_rejected() {
    assert!(MUTANTS.len() >= 36, "only {} mutants", MUTANTS.len());
    let faults: Vec<String> = MUTANTS.iter().filter_map(fault).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A mutant of a name that is not in the list changes nothing, so the copy passes as the library
/// does.
#[test]
fn copy_without_a_mutant_passes() {
    let output = Command::new(env!("CARGO_BIN_EXE_mutants"))
        .args(["posix_poll_registrations", "none"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}
