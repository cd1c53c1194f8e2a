//! C headers: any text as the project's own header, read by clang and bindgen for a 64-bit target.
//!
//! The input is the list of symbols, a zero byte and the header. It needs a libclang, which
//! `LIBCLANG_PATH` names. Checked: an error has a help and formats; the facts of a header are
//! written as a snapshot that reads the same, and fields lie within their records.
#![no_main]
#![allow(unreachable_pub)]

include!(concat!(env!("OUT_DIR"), "/generator.rs"));

use std::fs;
use std::sync::OnceLock;

use crate::abi::GroupAbi;
use crate::targets::Version;
use crate::unix::Request;

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

/// The folder of the header, in memory where the system has such a folder.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let made = FOLDER.get_or_init(|| {
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() {
            memory.to_owned()
        } else {
            std::env::temp_dir()
        };
        tempfile::tempdir_in(parent).expect("a temporary folder")
    });
    made.path()
}

/// Whether clang reads nothing but this text, and not too deep a one: clang itself limits brackets
/// to 256 levels, but recurses elsewhere too.
fn is_small(header: &str) -> bool {
    let brackets = header
        .matches(['(', '[', '{', '*', '&', '~', '!', '-', '+'])
        .count();
    brackets <= 200
        && !header.contains("include")
        && !header.contains("embed")
        && !header.contains('%')
}

libfuzzer_sys::fuzz_target!(|data: &str| {
    let Some((list, header)) = data.split_once('\0') else {
        return;
    };
    let Ok(symbols) = symbols::parse("codegen/symbols/linux.txt", list) else {
        return;
    };
    if !is_small(header) {
        return;
    }
    let path = folder().join("linux.h");
    fs::write(&path, header).expect("the header can be written");
    let request = Request {
        triple: "x86_64-unknown-linux-gnu",
        os: "linux",
        clang: "x86_64-linux-gnu",
        flags: &[],
        include: &[],
        header: &path,
        version: Version::Stated("fuzzed"),
        symbols: &symbols,
        lenient: false,
    };
    match unix::facts(&request) {
        Ok(abi) => {
            for record in &abi.records {
                for field in &record.fields {
                    let end = field.offset.checked_add(field.size);
                    assert!(end.is_some_and(|end| end <= record.size), "{record:?}");
                }
                assert!(record.align.is_power_of_two() && record.size % record.align == 0);
            }
            let group = GroupAbi {
                note: String::new(),
                os: "linux".to_owned(),
                group: "fuzzed".to_owned(),
                headers: String::new(),
                targets: vec![request.triple.to_owned()],
                abi,
            };
            let text = group.to_json();
            let again = GroupAbi::from_json(&text).expect("a written snapshot can be read");
            assert_eq!(again.to_json(), text);
        }
        Err(error) => check(&error),
    }
});
