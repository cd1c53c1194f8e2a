//! Reads texts in the form of bindgen's output.

use std::path::Path;

use super::Request;
use super::context::Context;
use super::query::Answer;
use super::reader::Reader;
use crate::abi::TargetAbi;
use crate::symbols;
use crate::targets::Version;

/// Reads `text` for the symbols in the lines of `list`.
fn read(list: &str, text: &str) -> Result<TargetAbi, String> {
    let symbols = symbols::parse("test", list).map_err(|error| error.to_string())?;
    let request = Request {
        triple: "vax",
        os: "linux",
        clang: "vax",
        flags: &[],
        include: &[],
        header: Path::new("test.h"),
        version: Version::LinuxHeaders,
        symbols: &symbols,
        lenient: false,
    };
    let context = Context {
        header: None,
        symbols: symbols.iter().collect(),
    };
    let probes = [("probe_pointer", 4), ("probe_long", 4), ("probe_align", 4)];
    let answer = Answer {
        probes: probes.map(|(name, value)| (name.to_owned(), value)).into(),
        ..Answer::default()
    };
    let file = syn::parse_str(text).map_err(|error| error.to_string())?;
    Reader::new(&request, &context, &answer)
        .read(file)
        .map_err(|error| error.to_string())
}

#[test]
fn mark_of_a_link_name_is_removed() {
    let text = "unsafe extern \"C\" {
            #[link_name = \"\\u{1}__ppoll_time64\"] pub fn ppoll(a: *const T, ...);
        }
        pub type T = ::core::ffi::c_uint;";
    let facts = read("ppoll fn ppoll(2) # x", text).unwrap();
    assert_eq!(facts.functions[0].link_name, "__ppoll_time64");
    assert_eq!(facts.functions[0].parameters[0].1, "*const c_uint");
}

#[test]
fn second_declaration_under_another_name_is_an_error() {
    let text = "unsafe extern \"C\" {
            pub fn ppoll();
            #[link_name = \"\\u{1}__ppoll_time64\"] pub fn ppoll1();
        }";
    let error = read("ppoll fn ppoll(2) # x", text).unwrap_err();
    let wanted = "`ppoll`: the headers declare it twice, once for the symbol `__ppoll_time64`";
    assert!(error.contains(wanted), "{error}");
    let error = read("poll fn poll(2) # x", text).unwrap_err();
    let wanted = "bindgen writes a function `ppoll`, of the symbol `ppoll`, which is not listed";
    assert!(error.contains(wanted), "{error}");
}

#[test]
fn record_without_fields_is_an_error() {
    let text = "#[repr(C)] pub struct pollfd { pub fd: ::core::ffi::c_int }";
    let error = read("pollfd record poll(2) # x", text).unwrap_err();
    assert!(
        error.contains("`pollfd` is declared without fields"),
        "{error}"
    );
}

#[test]
fn keyword_and_its_escape_are_two_fields_of_one_name() {
    let text = "#[repr(C)] pub struct s { pub type_: u32, pub type_: u32 }
        const _: () = {
            [\"Size of s\"][::core::mem::size_of::<s>() - 8usize];
            [\"Alignment of s\"][::core::mem::align_of::<s>() - 4usize];
            [\"Offset of field: s::type_\"][::core::mem::offset_of!(s, type_) - 0usize];
            [\"Offset of field: s::type_\"][::core::mem::offset_of!(s, type_) - 4usize];
        };";
    let error = read("s record s(2) # x", text).unwrap_err();
    assert!(
        error.contains("`s`: two of its fields have the name `type_` in Rust"),
        "{error}"
    );
}

#[test]
fn overlapping_fields_are_an_error() {
    let text = "#[repr(C)] pub struct s { pub a: u64, pub b: u32 }
        const _: () = {
            [\"Size of s\"][::core::mem::size_of::<s>() - 12usize];
            [\"Alignment of s\"][::core::mem::align_of::<s>() - 4usize];
            [\"Offset of field: s::a\"][::core::mem::offset_of!(s, a) - 0usize];
            [\"Offset of field: s::b\"][::core::mem::offset_of!(s, b) - 4usize];
        };";
    let error = read("s record s(2) # x", text).unwrap_err();
    assert!(error.contains("field `b` of `s`: it overlaps"), "{error}");
}
