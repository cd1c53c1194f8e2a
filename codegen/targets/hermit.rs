//! Hermit.

use super::{Group, Name, Os, Target, Version};

/// Hermit.
pub(super) const HERMIT: Os = Os {
    name: "hermit",
    cfg: r#"target_os = "hermit""#,
    also: None,
    pack: None,
    version: Version::Stated("hermit-abi 0.5"),
    is: |triple| triple.ends_with("-hermit"),
    names: &[Name {
        title: "Hermit",
        selector: "poll(2)",
        waker: "eventfd",
        is: |_| true,
    }],
    groups: &[Group {
        name: "all",
        cfg: &[],
    }],
    proven: &[],
    targets: TARGETS,
    left_out: &[],
};

/// One row: triple, group, clang's triple, flags of clang.
macro_rules! row {
    ($triple:literal, $group:literal, $clang:literal, $flags:expr) => {
        Target {
            triple: $triple,
            group: $group,
            clang: $clang,
            headers: &[],
            flags: &$flags,
        }
    };
}

/// Sorted by triple.
#[rustfmt::skip]
const TARGETS: &[Target] = &[
    row!("aarch64-unknown-hermit", "all", "aarch64-unknown-none-elf", []),
    row!("aarch64_be-unknown-hermit", "all", "aarch64_be-unknown-none-elf", []),
    row!("riscv64gc-unknown-hermit", "all", "riscv64-unknown-none-elf", ["-march=rv64imac", "-mabi=lp64"]),
    row!("x86_64-unknown-hermit", "all", "x86_64-unknown-none-elf", []),
];
