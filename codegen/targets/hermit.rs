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

/// RISC-V with 64 bits. Other extensions have the same layouts.
const RV64: [&str; 2] = ["-march=rv64imac", "-mabi=lp64"];

/// Sorted by triple.
#[rustfmt::skip]
const TARGETS: &[Target] = &[
    row!("aarch64-unknown-hermit", "all", "aarch64-unknown-none-elf"),
    row!("aarch64_be-unknown-hermit", "all", "aarch64_be-unknown-none-elf"),
    row!("riscv64gc-unknown-hermit", "all", "riscv64-unknown-none-elf", RV64),
    row!("x86_64-unknown-hermit", "all", "x86_64-unknown-none-elf"),
];
