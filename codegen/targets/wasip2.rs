//! WASI preview 2 and 3. In rustc preview 3 differs in its name only, and uses the C library of
//! preview 2.

use super::{Group, Name, Os, Proof, Target, Version};

/// WASI preview 2 and 3.
pub(super) const WASIP2: Os = Os {
    name: "wasip2",
    cfg: r#"all(target_os = "wasi", not(target_env = "p1"))"#,
    also: None,
    pack: Some("ziglang"),
    version: Version::Stated("wasi-libc, preview 2"),
    is: |triple| triple.contains("-wasip2") || triple.contains("-wasip3"),
    names: &[Name {
        title: "WASI preview 2",
        selector: "poll(2)",
        waker: "none",
        is: |_| true,
    }],
    groups: GROUPS,
    proven: PROVEN,
    targets: TARGETS,
    left_out: &[],
};

/// All targets have one architecture.
const GROUPS: &[Group] = &[Group {
    name: "all",
    cfg: &[r#"target_arch = "wasm32""#],
}];

/// One row: triple, clang's triple, further flags of clang. Without the first flag, functions are
/// hidden on wasm, and bindgen omits them.
macro_rules! row {
    ($triple:literal, $clang:literal, $($flag:literal),*) => {
        Target {
            triple: $triple,
            group: "all",
            clang: $clang,
            headers: &["wasm-wasi-musl", "generic-musl"],
            flags: &["-fvisibility=default", $($flag),*],
        }
    };
}

/// Sorted by triple.
#[rustfmt::skip]
const TARGETS: &[Target] = &[
    row!("wasm32-wasip2", "wasm32-wasip2", "-D__wasilibc_use_wasip2", "-D__wasip2__"),
    row!("wasm32-wasip3", "wasm32-wasip2", "-D__wasilibc_use_wasip2", "-D__wasip2__"),
];

/// Targets that are run.
const PROVEN: &[(&str, Proof)] = &[("wasm32-wasip2", Proof::Run("wasi-preview2"))];
