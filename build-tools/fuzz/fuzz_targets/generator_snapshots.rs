//! ABI snapshots: any text as the JSON of one or two groups of targets, compared with each other.
//!
//! The input is the old text, a zero byte and the new text; a missing text is that of a small
//! group. Checked: an error has a help and formats; a snapshot that is read is written as a text
//! that reads the same; equal snapshots have no difference; a report has a text in each format, and
//! a record has a picture.
#![no_main]
#![allow(unreachable_pub)]

include!(concat!(env!("OUT_DIR"), "/generator.rs"));

use crate::abi::GroupAbi;
use crate::report::Format;
use crate::snapshot::AbiSnapshot;
use crate::usage::Usage;

/// What stands for a missing text.
const SMALL: &str = include_str!("../corpus/generator_snapshots/small.json");

/// Each error formats, alone and for a terminal, and names a help.
fn check(error: &Error) {
    if let Error::Many(all) = error {
        return all.iter().for_each(check);
    }
    let message = error.message(&[], Some(80));
    assert!(!error.to_string().is_empty() && !message.is_empty());
    let help = error.help().map(|help| help.line(&[]));
    assert!(
        help.is_some_and(|help| !help.is_empty()),
        "no help: {message}"
    );
}

/// Reads a text, and what is written of it.
fn read(text: &str) -> Option<GroupAbi> {
    match snapshot::parse("codegen/snapshots/group.json", text) {
        Ok(group) => {
            let written = group.to_json();
            let again = GroupAbi::from_json(&written).expect("a written snapshot can be read");
            assert_eq!(again, group);
            assert_eq!(again.to_json(), written);
            for record in &group.abi.records {
                assert!(!show::draw(record, Some(80)).is_empty());
            }
            Some(group)
        }
        Err(error) => {
            check(&error);
            None
        }
    }
}

fn snapshot_of(name: &str, group: &GroupAbi) -> AbiSnapshot {
    AbiSnapshot::of_groups(name.to_owned(), vec![group.clone()])
}

libfuzzer_sys::fuzz_target!(|data: &str| {
    let (old, new) = data.split_once('\0').unwrap_or((SMALL, data));
    let (old, new) = (
        if old.is_empty() { SMALL } else { old },
        if new.is_empty() { SMALL } else { new },
    );
    let (Some(old), Some(new)) = (read(old), read(new)) else {
        return;
    };
    let usage = Usage::new();
    let same = abi_diff::compare(&snapshot_of("old", &new), &snapshot_of("new", &new), &usage);
    assert!(same.rows.is_empty(), "{same:?}");
    let (old, new) = (snapshot_of("old", &old), snapshot_of("new", &new));
    let report = abi_diff::compare(&old, &new, &usage);
    for format in [
        Format::Terminal,
        Format::Markdown,
        Format::Json,
        Format::Html,
    ] {
        assert!(!report::write(&report, format, true, None).is_empty());
    }
});
