//! The facts of an ABI as Rust items, each of which compiles only if `libc` has the same.

use mio_abi::TargetAbi;

/// A fact of the ABI that `libc` may have, too.
#[derive(Debug)]
pub(super) struct Fact {
    /// Its name: `const EPOLLIN`, `offset of pollfd.fd`, `link name of poll`.
    pub(super) name: String,
    /// An item that compiles if `libc` has the same. The item of a link name also compiles if the
    /// names differ.
    pub(super) item: String,
    /// How the two values are compared.
    pub(super) kind: Kind,
}

/// How a fact is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A number or a signature: the compiler compares it.
    Plain,
    /// The size and the sign of a constant or a field, each as one number: see [`described`].
    Type,
    /// The symbol that a function is linked as. Two statics of the item point to it, one through
    /// the bindings and one through `libc`; the compiler's LLVM IR names what they point to.
    Link {
        /// The function's name in Rust.
        function: String,
        /// The symbol in the snapshot.
        symbol: String,
    },
}

/// The code that the facts use. It turns a type into a number at compile time, without naming it.
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

/// The type that [`PRELUDE`] turns into this number.
pub(super) fn described(kind: usize) -> String {
    match kind {
        1000.. => "a pointer".to_owned(),
        _ => format!("{}{}", ["u", "i"][kind % 2], kind / 2 * 8),
    }
}

/// The names of the two statics of a link name: through the bindings, and through `libc`.
pub(super) fn statics(function: &str) -> [String; 2] {
    ["ours", "theirs"].map(|side| format!("mio_{side}_{function}"))
}

/// Names that differ between the headers and `libc`.
const RENAMED: &[(&str, &str)] = &[
    ("epoll_event.data", "u64"),
    ("__NR_epoll_pwait2", "SYS_epoll_pwait2"),
];

/// `libc`'s name for a name of the headers.
fn libc_name<'a>(known: &str, name: &'a str) -> &'a str {
    let other = RENAMED.iter().find(|(ours, _)| *ours == known);
    other.map_or(name, |(_, theirs)| theirs)
}

/// Whether a type of a snapshot is an integer. `c_void` occurs only behind pointers.
fn is_integer(ty: &str) -> bool {
    ty.starts_with("c_")
        || ty
            .strip_prefix(['i', 'u'])
            .is_some_and(|bits| bits == "size" || bits.parse::<u8>().is_ok())
}

/// An item that compares two numbers as lengths of arrays, because rustc reports both lengths.
fn equal(ours: &str, theirs: &str) -> String {
    format!("const _: [(); {ours}] = [(); {theirs}];")
}

/// The facts of an ABI.
pub(super) fn facts(abi: &TargetAbi) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add = |name: String, item: String, kind| facts.push(Fact { name, item, kind });
    for record in &abi.records {
        let name = &record.name;
        for (what, value) in [("size", record.size), ("align", record.align)] {
            let theirs = format!("core::mem::{what}_of::<libc::{name}>()");
            let item = equal(&value.to_string(), &theirs);
            add(format!("{what} of {name}"), item, Kind::Plain);
        }
        for field in &record.fields {
            let known = format!("{name}.{}", field.name);
            let theirs = libc_name(&known, &field.name);
            let offset = format!("core::mem::offset_of!(libc::{name}, {theirs})");
            let item = equal(&field.offset.to_string(), &offset);
            add(format!("offset of {known}"), item, Kind::Plain);
            if is_integer(&field.ty) {
                let kind = |path: &str, field: &str| {
                    format!("kind_of_field(|r: &{path}::{name}| unsafe {{ r.{field} }})")
                };
                let ours = kind("super::bindings", &field.name);
                let item = equal(&ours, &kind("libc", theirs));
                add(format!("type of {known}"), item, Kind::Type);
            } else {
                let pointer = format!("unsafe {{ &raw const (*r).{theirs} }}");
                let theirs = format!("size_of_field(|r: *const libc::{name}| {pointer})");
                let item = equal(&field.size.to_string(), &theirs);
                add(format!("size of {known}"), item, Kind::Plain);
            }
        }
    }
    for function in &abi.functions {
        let name = &function.name;
        let signature = in_libc(&function.signature(false));
        let item = format!("const _: unsafe extern \"C\" fn{signature} = libc::{name};");
        add(format!("fn {name}"), item, Kind::Plain);
        let [ours, theirs] = statics(name);
        let item = format!(
            "#[unsafe(no_mangle)] pub static {ours}: Symbol = \
             Symbol(super::bindings::{name} as *const ()); \
             #[unsafe(no_mangle)] pub static {theirs}: Symbol = \
             Symbol(libc::{name} as *const ());"
        );
        let kind = Kind::Link {
            function: name.clone(),
            symbol: function.link_name.clone(),
        };
        add(format!("link name of {name}"), item, kind);
    }
    for constant in &abi.constants {
        let name = &constant.name;
        let theirs = libc_name(name, name);
        let ours = format!("({}_i128) as usize", constant.value);
        let item = equal(&ours, &format!("libc::{theirs} as usize"));
        add(format!("const {name}"), item, Kind::Plain);
        let ours = format!("kind(super::bindings::{name})");
        let item = equal(&ours, &format!("kind(libc::{theirs})"));
        add(format!("type of const {name}"), item, Kind::Type);
    }
    facts
}

/// A signature with the types of `libc`.
fn in_libc(signature: &str) -> String {
    let mut text = String::new();
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
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use mio_abi::TargetAbi;

    use super::{Kind, described, facts, in_libc, is_integer};

    fn abi() -> TargetAbi {
        let json = r#"{
            "records": [
                {"name": "kevent", "union": false, "repr": "C", "size": 8, "align": 4, "fields": [
                    {"name": "filter", "ty": "c_int", "offset": 0, "size": 4},
                    {"name": "udata", "ty": "*mut c_void", "offset": 4, "size": 4}
                ]}
            ],
            "functions": [{"name": "poll", "link_name": "poll$UNIX2003", "parameters": []}],
            "constants": [{"name": "EVFILT_READ", "ty": "c_short", "value": -1}]
        }"#;
        serde_json::from_str(json).expect("the text is JSON")
    }

    #[test]
    fn facts_of_an_abi() {
        let facts = facts(&abi());
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
    }

    #[test]
    fn fact_is_one_line() {
        // A message of rustc names a line, which identifies the fact.
        let is_one_line = |item: &str| item.lines().count() == 1;
        assert!(facts(&abi()).iter().all(|fact| is_one_line(&fact.item)));
    }

    #[test]
    fn only_integers_are_integers() {
        assert!(["c_int", "u8", "i128", "usize"].map(is_integer) == [true; 4]);
        assert!(["*mut c_void", "epoll_data", "[u8", "in_addr", "u"].map(is_integer) == [false; 5]);
    }

    #[test]
    fn number_identifies_its_type() {
        assert_eq!(described(8), "u32");
        assert_eq!(described(9), "i32");
        assert_eq!(described(5), "i16");
        assert_eq!(described(1016), "a pointer");
    }

    #[test]
    fn signature_uses_types_of_libc() {
        assert_eq!(
            in_libc("(*mut pollfd, c_uint, ...) -> c_int"),
            "(*mut libc::pollfd, core::ffi::c_uint, ...) -> core::ffi::c_int"
        );
    }
}
