//! What a table of the ABI says, as items that compile only if `libc` says the same.

/// One thing that the table says and that `libc` may say, too.
#[derive(Debug)]
pub(super) struct Fact {
    /// What it is: `const EPOLLIN`, `offset of pollfd.fd`, `link name of poll`.
    pub(super) name: String,
    /// An item that compiles if `libc` has the thing and, unless it is a link name, says the same.
    pub(super) item: String,
    /// How the two sides of the comparison are read.
    pub(super) kind: Kind,
}

/// What a fact is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A number or a prototype, which the compiler compares.
    Plain,
    /// The size and the sign of a constant or a field, each as one number: see [`described`].
    Type,
    /// The symbol that a function is linked as. Two statics of the item point to it, one through
    /// the bindings and one through `libc`; the compiler's LLVM IR names what they point to.
    Link {
        /// The function's name in Rust.
        function: String,
        /// The symbol that the table names.
        symbol: String,
    },
}

/// Beside the facts: what turns a type into a number, at compile time and without its name.
pub(super) const PRELUDE: &str = "\
pub trait Kind { const KIND: usize; }
macro_rules! kinds { ($($ty:ty, $signed:expr;)*) => { $(impl Kind for $ty {
    const KIND: usize = 2 * core::mem::size_of::<$ty>() + $signed;
})* } }
kinds! { i8, 1; i16, 1; i32, 1; i64, 1; i128, 1; isize, 1; }
kinds! { u8, 0; u16, 0; u32, 0; u64, 0; u128, 0; usize, 0; }
impl<T> Kind for *const T { const KIND: usize = 1000 + 2 * core::mem::size_of::<*const T>(); }
impl<T> Kind for *mut T { const KIND: usize = 1000 + 2 * core::mem::size_of::<*mut T>(); }
pub const fn kind<T: Kind + Copy>(_: T) -> usize { T::KIND }
// SAFETY (of the fields that facts name): these functions are taken for their types, never called.
pub const fn kind_of_field<R, T: Kind>(_: fn(&R) -> T) -> usize { T::KIND }
pub const fn size_of_field<R, T>(_: fn(*const R) -> *const T) -> usize { core::mem::size_of::<T>() }
#[repr(transparent)]
pub struct Symbol(pub *const ());
// SAFETY: the pointer is an address in a table of symbols. Nothing reads what it points to.
unsafe impl Sync for Symbol {}
";

/// The type that a number of [`PRELUDE`] stands for.
pub(super) fn described(kind: usize) -> String {
    match kind {
        1000.. => "a pointer".to_owned(),
        _ => format!("{}{}", ["u", "i"][kind % 2], kind / 2 * 8),
    }
}

/// The statics of a link name: the one through the bindings and the one through `libc`.
pub(super) fn statics(function: &str) -> [String; 2] {
    ["ours", "theirs"].map(|side| format!("mio_{side}_{function}"))
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

/// Whether a type of a table is an integer. `c_void` stands behind pointers only.
fn is_integer(ty: &str) -> bool {
    ty.starts_with("c_")
        || ty
            .strip_prefix(['i', 'u'])
            .is_some_and(|bits| bits == "size" || bits.parse::<u8>().is_ok())
}

/// Two lengths of arrays are compared: what differs is then told by rustc with both values.
fn equal(ours: &str, theirs: &str) -> String {
    format!("const _: [(); {ours}] = [(); {theirs}];")
}

/// The facts of a table.
pub(super) fn facts(table: &str) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut record = "";
    let mut add = |name: String, item: String, kind| facts.push(Fact { name, item, kind });
    for line in table.lines() {
        let words: Vec<&str> = line
            .split([' ', ',', ':'])
            .filter(|word| !word.is_empty())
            .collect();
        match words[..] {
            ["struct" | "union", name, "size", size, "align", align, ..] => {
                record = name;
                let of = |what: &str| format!("core::mem::{what}::<libc::{name}>()");
                let sizes = equal(size, &of("size_of"));
                add(format!("size of {name}"), sizes, Kind::Plain);
                let alignments = equal(align, &of("align_of"));
                add(format!("align of {name}"), alignments, Kind::Plain);
            }
            ["offset", offset, "size", size, field, ref ty @ ..] => {
                let known = format!("{record}.{field}");
                let theirs = called(&known, field);
                let offsets = equal(
                    offset,
                    &format!("core::mem::offset_of!(libc::{record}, {theirs})"),
                );
                add(format!("offset of {known}"), offsets, Kind::Plain);
                if matches!(ty, [ty] if is_integer(ty)) {
                    let kind = |path: &str, field: &str| {
                        format!("kind_of_field(|r: &{path}::{record}| unsafe {{ r.{field} }})")
                    };
                    let item = equal(&kind("super::bindings", field), &kind("libc", theirs));
                    add(format!("type of {known}"), item, Kind::Type);
                } else {
                    let field = format!("unsafe {{ &raw const (*r).{theirs} }}");
                    let theirs = format!("size_of_field(|r: *const libc::{record}| {field})");
                    let item = equal(size, &theirs);
                    add(format!("size of {known}"), item, Kind::Plain);
                }
            }
            ["const", name, _, "=", value, _] => {
                let theirs = called(name, name);
                let values = equal(
                    &format!("({value}_i128) as usize"),
                    &format!("libc::{theirs} as usize"),
                );
                add(format!("const {name}"), values, Kind::Plain);
                let item = equal(
                    &format!("kind(super::bindings::{name})"),
                    &format!("kind(libc::{theirs})"),
                );
                add(format!("type of const {name}"), item, Kind::Type);
            }
            _ => {
                if let Some((name, signature, symbol)) = line.strip_prefix("fn ").and_then(function)
                {
                    let item =
                        format!("const _: unsafe extern \"C\" fn{signature} = libc::{name};");
                    add(format!("fn {name}"), item, Kind::Plain);
                    let [ours, theirs] = statics(name);
                    let item = format!(
                        "#[unsafe(no_mangle)] pub static {ours}: Symbol = \
                         Symbol(super::bindings::{name} as *const ()); \
                         #[unsafe(no_mangle)] pub static {theirs}: Symbol = \
                         Symbol(libc::{name} as *const ());"
                    );
                    let kind = Kind::Link {
                        function: name.to_owned(),
                        symbol: symbol.to_owned(),
                    };
                    add(format!("link name of {name}"), item, kind);
                }
            }
        }
    }
    facts
}

/// The symbols that the functions of a table are linked as: `poll`, `kernel32.dll CancelIoEx`.
pub(super) fn links(table: &str) -> Vec<&str> {
    let functions = table.lines().filter_map(|line| line.strip_prefix("fn "));
    functions.filter_map(link).map(|(_, link)| link).collect()
}

/// A function's line and what stands in its `[link …]`.
fn link(line: &str) -> Option<(&str, &str)> {
    let (rest, link) = line.rsplit_once(" [link ")?;
    Some((rest, link.strip_suffix(']')?))
}

/// `poll(*mut pollfd, c_uint, c_int) -> c_int [link poll]`: the name, the signature in `libc`'s
/// types, and the symbol.
fn function(line: &str) -> Option<(&str, String, &str)> {
    let (line, symbol) = link(line)?;
    let (name, signature) = line.split_once('(')?;
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
    Some((name, text.trim_end().to_owned(), symbol))
}

#[cfg(test)]
mod tests {
    use super::{Kind, described, facts, function, is_integer, links};

    const TABLE: &str = "\
struct kevent: size 8, align 4, repr(C)
    offset  0, size  4  filter: c_int
    offset  4, size  4  udata: *mut c_void

fn poll(*mut pollfd, c_uint, c_int) -> c_int [link poll$UNIX2003]

const EVFILT_READ: c_short = -1 (0xff)
";

    #[test]
    fn facts_of_a_table() {
        let facts = facts(TABLE);
        let names: Vec<&str> = facts.iter().map(|fact| &*fact.name).collect();
        assert_eq!(
            names,
            [
                "size of kevent",
                "align of kevent",
                "offset of kevent.filter",
                "type of kevent.filter",
                "offset of kevent.udata",
                "size of kevent.udata",
                "fn poll",
                "link name of poll",
                "const EVFILT_READ",
                "type of const EVFILT_READ",
            ]
        );
        let link = Kind::Link {
            function: "poll".to_owned(),
            symbol: "poll$UNIX2003".to_owned(),
        };
        assert_eq!(facts[7].kind, link);
        assert_eq!(links(TABLE), ["poll$UNIX2003"]);
    }

    #[test]
    fn a_fact_is_one_line() {
        // A message of rustc names a line, and the line a fact.
        let is_one_line = |item: &str| item.lines().count() == 1;
        assert!(facts(TABLE).iter().all(|fact| is_one_line(&fact.item)));
    }

    #[test]
    fn integers_are_told_from_other_types() {
        assert!(["c_int", "u8", "i128", "usize"].map(is_integer) == [true; 4]);
        assert!(["*mut", "epoll_data", "[u8", "in_addr", "u"].map(is_integer) == [false; 5]);
    }

    #[test]
    fn numbers_stand_for_types() {
        assert_eq!(described(8), "u32");
        assert_eq!(described(9), "i32");
        assert_eq!(described(5), "i16");
        assert_eq!(described(1016), "a pointer");
    }

    #[test]
    fn signatures_are_in_the_crates_types() {
        assert_eq!(
            function("poll(*mut pollfd, c_uint, ...) -> c_int [link __poll]"),
            Some((
                "poll",
                "(*mut libc::pollfd, core::ffi::c_uint, ...) -> core::ffi::c_int".to_owned(),
                "__poll"
            ))
        );
    }
}
