//! WASI preview 1.

use super::{Group, Name, Os, Proof, Target, Version};

/// WASI preview 1.
pub(super) const WASIP1: Os = Os {
    name: "wasip1",
    cfg: r#"all(target_os = "wasi", target_env = "p1")"#,
    also: None,
    pack: Some("ziglang"),
    version: Version::Stated("wasi-libc, snapshot preview 1"),
    is: |triple| triple.contains("-wasip1"),
    names: &[Name {
        title: "WASI preview 1",
        selector: "poll_oneoff",
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
    row!("wasm32-wasip1", "wasm32-wasip1",),
    row!("wasm32-wasip1-threads", "wasm32-wasip1-threads", "-pthread"),
];

/// Targets that are run.
const PROVEN: &[(&str, Proof)] = &[("wasm32-wasip1", Proof::Run("wasi-preview1"))];
