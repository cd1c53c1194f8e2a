//! Redox.

use super::{Group, Name, Os, Target, Version};

/// Redox.
pub(super) const REDOX: Os = Os {
    name: "redox",
    cfg: r#"target_os = "redox""#,
    also: None,
    pack: None,
    version: Version::Stated("relibc 0.2"),
    is: |triple| triple.ends_with("-redox"),
    names: &[Name {
        title: "Redox",
        selector: "epoll",
        waker: "pipe",
        is: |_| true,
    }],
    groups: &[
        Group {
            name: "lp64",
            cfg: &[r#"target_pointer_width = "64""#],
        },
        Group {
            name: "x86",
            cfg: &[r#"target_arch = "x86""#],
        },
    ],
    proven: &[],
    targets: TARGETS,
    left_out: &[],
};

/// RISC-V with 64 bits. Other extensions have the same layouts.
const RV64: [&str; 2] = ["-march=rv64imac", "-mabi=lp64"];

/// Sorted by triple.
#[rustfmt::skip]
const TARGETS: &[Target] = &[
    row!("aarch64-unknown-redox", "lp64", "aarch64-unknown-none-elf"),
    row!("i586-unknown-redox", "x86", "i586-unknown-none-elf"),
    row!("riscv64gc-unknown-redox", "lp64", "riscv64-unknown-none-elf", RV64),
    row!("x86_64-unknown-redox", "lp64", "x86_64-unknown-none-elf"),
];
