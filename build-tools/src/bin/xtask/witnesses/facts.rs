//! What a table of the ABI says, as items that compile only if `libc` says the same.

/// One thing that the table says and that `libc` may say, too.
pub(super) struct Fact {
    /// What it is: `const EPOLLIN`, `offset of pollfd.fd`.
    pub(super) name: String,
    /// An item that compiles if `libc` says the same.
    pub(super) item: String,
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
            ["const", name, _, "=", value, _] => add(
                format!("const {name}"),
                equal(
                    &format!("({value}_i128) as usize"),
                    &format!("libc::{} as usize", called(name, name)),
                ),
            ),
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
    use super::{facts, function};

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
                "const EVFILT_READ"
            ]
        );
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
