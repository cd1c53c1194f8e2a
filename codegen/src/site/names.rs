//! The names of pages and of their parts. A name follows from the symbol alone, so that a report
//! can link to a page without reading the site.

use std::fmt::Write;

use crate::abi_diff::Kind;

/// The page of all constants.
pub(super) const CONSTANTS: &str = "constants.html";

/// The page of all functions.
pub(super) const FUNCTIONS: &str = "functions.html";

/// A name as a part of a file name and of a URL. Distinct names stay distinct on file systems that
/// ignore case: the text is in lower case, and its end states which letters were upper case.
pub(super) fn escaped(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_alphanumeric() || letter == '_' {
            text.push(letter.to_ascii_lowercase());
            continue;
        }
        for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
            write!(text, "-{byte:02x}").expect("a string takes any text");
        }
    }
    let cased: Vec<bool> = name
        .chars()
        .filter(char::is_ascii_alphabetic)
        .map(|letter| letter.is_ascii_uppercase())
        .collect();
    if cased.iter().all(|is_upper| !is_upper) {
        return text;
    }
    text.push_str("--");
    if cased.iter().all(|is_upper| *is_upper) {
        text.push('u');
        return text;
    }
    // Four letters in each digit.
    for four in cased.chunks(4) {
        let digit = four
            .iter()
            .fold(0_u8, |digit, upper| digit << 1 | u8::from(*upper));
        write!(text, "{digit:x}").expect("a string takes any text");
    }
    text
}

/// The page of a record.
pub(super) fn record_page(name: &str) -> String {
    format!("record-{}.html", escaped(name))
}

/// The page of a group. The newest version has plain names.
pub(super) fn group_page(os: &str, group: &str, version: Option<usize>) -> String {
    let (os, group) = (escaped(os), escaped(group));
    match version {
        None => format!("group-{os}.{group}.html"),
        Some(version) => format!("group-{os}.{group}.v{version}.html"),
    }
}

/// The identifier of a part of a page, which is also the part of a URL behind `#`.
pub(super) fn anchor(kind: &str, name: &str) -> String {
    let mut text = format!("{kind}-");
    for letter in name.chars() {
        if letter.is_ascii_alphanumeric() || "_-.".contains(letter) {
            text.push(letter);
            continue;
        }
        for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
            write!(text, "~{byte:02x}").expect("a string takes any text");
        }
    }
    text
}

/// The page of a symbol, with its part if the page has several symbols. None for what is no symbol.
pub(crate) fn symbol_page(kind: Kind, name: &str) -> Option<String> {
    match kind {
        Kind::Struct | Kind::Union => Some(record_page(name)),
        Kind::Const => Some(format!("{CONSTANTS}#{}", anchor("const", name))),
        Kind::Fn => Some(format!("{FUNCTIONS}#{}", anchor("fn", name))),
        Kind::Target | Kind::Headers => None,
    }
}

/// The address of a site on the command line: a URL of http, https or file, or a relative one. It
/// becomes part of links in Markdown and HTML, so it has no character that ends one. Ends with `/`.
pub(crate) fn site_url(text: &str) -> Result<String, String> {
    let is_plain =
        |letter: char| letter.is_ascii_alphanumeric() || "-._~/:%@+,=?&".contains(letter);
    let scheme = text.split_once(':').map(|(scheme, _)| scheme);
    if text.is_empty() || !text.chars().all(is_plain) {
        return Err(
            "a URL has only letters, digits and -._~/:%@+,=?&; encode others as %20".into(),
        );
    }
    if !matches!(scheme, None | Some("http" | "https" | "file")) {
        return Err("name a URL that begins with https://, or a relative path".into());
    }
    Ok(format!("{}/", text.trim_end_matches('/')))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_readable() {
        assert_eq!(record_page("epoll_event"), "record-epoll_event.html");
        assert_eq!(record_page("WSADATA"), "record-wsadata--u.html");
        assert_eq!(escaped("Kevent"), "kevent--80");
        assert_eq!(escaped("a-b"), "a-2db");
        assert_eq!(
            symbol_page(Kind::Const, "EV_ADD").as_deref(),
            Some("constants.html#const-EV_ADD")
        );
        assert_eq!(symbol_page(Kind::Headers, "of linux"), None);
    }

    proptest! {
        #[test]
        fn distinct_names_have_distinct_files_and_parts(
            names in proptest::collection::vec("[aAbB1_<-]{0,5}|\\PC{0,4}", 40),
        ) {
            let (mut files, mut parts) = (BTreeMap::new(), BTreeMap::new());
            for name in names {
                let file = escaped(&name);
                prop_assert!(file.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)));
                let lower = file.to_ascii_lowercase();
                prop_assert_eq!(&lower, &file);
                let other = files.entry(lower).or_insert_with(|| name.clone());
                prop_assert_eq!(&*other, &name);
                let part = anchor("field", &name);
                let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-.~".contains(c);
                prop_assert!(part.chars().all(is_plain));
                let other = parts.entry(part).or_insert_with(|| name.clone());
                prop_assert_eq!(&*other, &name);
            }
        }
    }

    #[test]
    fn url_that_could_end_a_link_is_rejected() {
        assert_eq!(
            site_url("https://h.example/abi").as_deref(),
            Ok("https://h.example/abi/")
        );
        assert_eq!(site_url("../site/").as_deref(), Ok("../site/"));
        for wrong in [
            "",
            "a b",
            "javascript:x",
            "https://x/)",
            "x\"y",
            "a|b",
            "data:text/html,x",
        ] {
            assert!(site_url(wrong).is_err(), "{wrong}");
        }
    }
}
