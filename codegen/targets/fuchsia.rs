//! Fuchsia.

use super::{Group, Name, Os, Target, Version};

/// Fuchsia.
pub(super) const FUCHSIA: Os = Os {
    name: "fuchsia",
    cfg: r#"target_os = "fuchsia""#,
    also: None,
    pack: None,
    version: Version::Stated("Fuchsia F20"),
    is: |triple| triple.ends_with("-fuchsia"),
    names: &[Name {
        title: "Fuchsia",
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

/// RISC-V with 64 bits.
const RV64: [&str; 2] = ["-march=rv64gc", "-mabi=lp64d"];

/// Sorted by triple.
#[rustfmt::skip]
const TARGETS: &[Target] = &[
    row!("aarch64-unknown-fuchsia", "all", "aarch64-unknown-fuchsia"),
    row!("riscv64gc-unknown-fuchsia", "all", "riscv64-unknown-fuchsia", RV64),
    row!("x86_64-unknown-fuchsia", "all", "x86_64-unknown-fuchsia"),
];
