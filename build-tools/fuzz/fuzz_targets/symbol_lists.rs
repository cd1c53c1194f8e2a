//! The generator's lists of symbols: any text as a list, and a symbol put into it.
//!
//! Checked: a list that is read keeps its symbols when one is put in at its place, and that one can
//! be read back; an error formats.
#![no_main]
#![allow(unreachable_pub)]

include!(concat!(env!("OUT_DIR"), "/generator.rs"));

use std::mem::discriminant;

use crate::symbols::{Symbol, parse};

/// What is compared of a symbol.
fn text(symbol: &Symbol) -> String {
    let Symbol { name, source, .. } = symbol;
    format!("{name} {} {source} # {}", symbol.kind_text(), symbol.why)
}

libfuzzer_sys::fuzz_target!(|data: &str| {
    let (list, line) = data
        .split_once('\0')
        .unwrap_or((data, "poll fn poll(2) # waits"));
    let list = match parse("list", list) {
        Ok(symbols) => {
            assert!(symbols.is_sorted_by(|one, other| one.name <= other.name));
            Some((list, symbols))
        }
        Err(error) => {
            assert!(!format!("{error} {error:?}").is_empty());
            None
        }
    };
    let Ok(new) = parse("line", line) else { return };
    let [new] = &new[..] else { return };
    let Some((list, symbols)) = list else { return };
    // A constant that is listed with another type is listed twice.
    let has_it = symbols
        .iter()
        .any(|it| it.name == new.name && discriminant(&it.kind) == discriminant(&new.kind));
    let longer = symbol_lines::insert(list, std::slice::from_ref(new));
    match parse("longer", &longer) {
        Ok(after) => {
            let mut expected: Vec<String> = symbols.iter().map(text).collect();
            expected.push(text(new));
            expected.sort();
            let mut found: Vec<String> = after.iter().map(text).collect();
            found.sort();
            assert_eq!(found, expected, "{longer}");
        }
        Err(error) => assert!(has_it, "{error}: {longer}"),
    }
});
