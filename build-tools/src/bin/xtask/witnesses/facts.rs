//! What a table of the ABI says, as items that compile only if `libc` says the same.

use std::collections::BTreeMap;

/// One thing that the table says and that `libc` may say, too.
pub(super) struct Fact {
    /// What it is: `const EPOLLIN`, `offset of pollfd.fd`.
    pub(super) name: String,
    /// An item that compiles if `libc` says the same.
    pub(super) item: String,
}

/// How the name of a fact begins that is about the type of a constant.
pub(super) const TYPE: &str = "type of const ";
/// How the name of a fact begins that is about the symbol a function is linked as.
pub(super) const LINK: &str = "link name of ";

/// The functions of a table with the symbols they are linked as.
pub(super) fn links(table: &str) -> Vec<(&str, &str)> {
    table
        .lines()
        .filter_map(|line| {
            let (name, rest) = line.strip_prefix("fn ")?.split_once('(')?;
            let (_, link) = rest.rsplit_once(" [link ")?;
            Some((name, link.strip_suffix(']')?))
        })
        .collect()
}

/// The functions of `libc` with the symbols they are linked as, read from its text as rustc expands it for a target: every
/// `cfg` is decided there.
pub(super) fn links_of_libc(expanded: &str) -> BTreeMap<String, String> {
    let mut links = BTreeMap::new();
    let mut link = None;
    for line in expanded.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("#[link_name = \"") {
            link = rest.strip_suffix("\"]");
        } else if line.starts_with('#') || line.starts_with("//") {
            continue;
        } else {
            let words = line.strip_prefix("pub ").unwrap_or(line);
            let words = words.strip_prefix("safe ").unwrap_or(words);
            let words = words.strip_prefix("unsafe ").unwrap_or(words);
            if let Some((name, _)) = words
                .strip_prefix("fn ")
                .and_then(|rest| rest.split_once('('))
            {
                let link = link.unwrap_or(name);
                links
                    .entry(name.to_owned())
                    .or_insert_with(|| link.to_owned());
            }
            link = None;
        }
    }
    links
}

/// What `libc` calls otherwise than the headers.
const CALLED: &[(&str, &str)] = &[
    ("epoll_event.data", "u64"),
    ("__NR_epoll_pwait2", "SYS_epoll_pwait2"),
];

/// `libc`'s name for one of ours.
fn called<'a>(known: &str, name: &'a str) -> &'a str {
    let other = CALLED.iter().find(|(ours, _)| *ours == known);
    other.map_or(name, |(_, theirs)| theirs)
}

/// The facts of a table.
pub(super) fn facts(table: &str) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut record = "";
    let mut add = |name: String, item: String| facts.push(Fact { name, item });
    // The lengths of arrays are compared: what differs is then told by rustc with both values.
    let equal = |ours: &str, theirs: &str| format!("const _: [(); {ours}] = [(); {theirs}];");
    for line in table.lines() {
        let words: Vec<&str> = line
            .split([' ', ',', ':'])
            .filter(|word| !word.is_empty())
            .collect();
        match words[..] {
            ["struct" | "union", name, "size", size, "align", align, ..] => {
                record = name;
                let of = |what: &str| format!("core::mem::{what}::<libc::{name}>()");
                add(format!("size of {name}"), equal(size, &of("size_of")));
                add(format!("align of {name}"), equal(align, &of("align_of")));
            }
            ["offset", offset, "size", _, field, ..] => add(
                format!("offset of {record}.{field}"),
                equal(
                    offset,
                    &format!(
                        "core::mem::offset_of!(libc::{record}, {})",
                        called(&format!("{record}.{field}"), field)
                    ),
                ),
            ),
            ["const", name, ty, "=", value, _] => {
                let theirs = called(name, name);
                add(
                    format!("const {name}"),
                    equal(
                        &format!("({value}_i128) as usize"),
                        &format!("libc::{theirs} as usize"),
                    ),
                );
                // Only a constant of the same type can be that type's.
                let ty = if ty.starts_with("c_") {
                    format!("core::ffi::{ty}")
                } else {
                    ty.to_owned()
                };
                add(
                    format!("{TYPE}{name}"),
                    format!("const _: {ty} = libc::{theirs};"),
                );
            }
            _ => {
                if let Some((name, signature)) = line.strip_prefix("fn ").and_then(function) {
                    let item =
                        format!("const _: unsafe extern \"C\" fn{signature} = libc::{name};");
                    add(format!("fn {name}"), item);
                }
            }
        }
    }
    facts
}

/// `poll(*mut pollfd, c_uint, c_int) -> c_int [link poll]`: the name, and the signature in `libc`'s types.
fn function(line: &str) -> Option<(&str, String)> {
    let (name, rest) = line.split_once('(')?;
    let (signature, _) = rest.rsplit_once(" [link ")?;
    let mut text = String::from("(");
    let mut word = String::new();
    for letter in signature.chars().chain([' ']) {
        if letter.is_alphanumeric() || letter == '_' {
            word.push(letter);
            continue;
        }
        let primitive = matches!(
            &*word,
            "mut" | "const" | "usize" | "isize" | "u8" | "u16" | "u32" | "u64" | "i32" | "i64"
        );
        if word.starts_with("c_") {
            text.push_str("core::ffi::");
        } else if !word.is_empty() && !primitive {
            text.push_str("libc::");
        }
        text.push_str(&word);
        text.push(letter);
        word.clear();
    }
    Some((name, text.trim_end().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{facts, function, links, links_of_libc};

    #[test]
    fn facts_of_a_table() {
        let table = "\
struct pollfd: size 8, align 4, repr(C)
    offset  0, size  4  fd: c_int

fn poll(*mut pollfd, c_uint, c_int) -> c_int [link poll]

const EVFILT_READ: c_short = -1 (0xff)
";
        let names: Vec<String> = facts(table).into_iter().map(|fact| fact.name).collect();
        assert_eq!(
            names,
            [
                "size of pollfd",
                "align of pollfd",
                "offset of pollfd.fd",
                "fn poll",
                "const EVFILT_READ",
                "type of const EVFILT_READ"
            ]
        );
        assert_eq!(links(table), [("poll", "poll")]);
    }

    #[test]
    fn link_names_of_libc() {
        let text = "\
extern \"C\" {
    #[link_name = \"poll$UNIX2003\"]
    pub fn poll(fds: *mut pollfd, nfds: nfds_t, timeout: c_int)
    -> c_int;
    #[doc = \"x\"]
    pub fn kqueue() -> c_int;
";
        let links = links_of_libc(text);
        assert_eq!(links["poll"], "poll$UNIX2003");
        assert_eq!(links["kqueue"], "kqueue");
    }

    #[test]
    fn signatures_are_in_the_crates_types() {
        assert_eq!(
            function("poll(*mut pollfd, c_uint, ...) -> c_int [link __poll]"),
            Some((
                "poll",
                "(*mut libc::pollfd, core::ffi::c_uint, ...) -> core::ffi::c_int".to_owned()
            ))
        );
    }
}
