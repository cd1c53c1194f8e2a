//! `codegen/sources.toml`: any text as the list of header packs.
//!
//! Checked: an error has a help and formats; a list that is read can be renewed, and the renewed
//! text has the new version and nothing else of it has changed.
#![no_main]
#![allow(unreachable_pub)]

include!(concat!(env!("OUT_DIR"), "/generator.rs"));

use crate::sources::{Pack, Sources};

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

libfuzzer_sys::fuzz_target!(|text: &str| {
    let sources = match Sources::parse(text) {
        Ok(sources) => sources,
        Err(error) => return check(&error),
    };
    for error in [sources.libclang().err(), sources.second_libclang().err()] {
        error.iter().for_each(check);
    }
    for pack in &sources.headers {
        let file = format!("{}-9.9-none.whl", pack.package.replace(['-', '.'], "_"));
        let new = Pack {
            version: "9.9".to_owned(),
            file,
            sha256: "\"99\"\n".to_owned(),
            ..pack.clone()
        };
        match bump::repin(text, &pack.name, &new) {
            Ok(changed) => {
                let read = Sources::parse(&changed).expect("a renewed list is a list");
                let renewed = read.headers(&pack.name).expect("it has the pack");
                assert_eq!(
                    (&renewed.version, &renewed.sha256),
                    (&new.version, &new.sha256)
                );
                let first = sources.headers(&pack.name).expect("it has the pack");
                let back = bump::repin(&changed, &pack.name, first).expect("it has the pack");
                let back = Sources::parse(&back).expect("a renewed list is a list");
                assert_eq!(format!("{back:?}"), format!("{sources:?}"));
            }
            Err(error) => check(&error),
        }
    }
});
