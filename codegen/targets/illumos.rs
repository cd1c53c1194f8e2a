//! illumos.

use super::{Group, Name, Os, Target, Version};

/// illumos.
pub(super) const ILLUMOS: Os = Os {
    name: "illumos",
    cfg: r#"target_os = "illumos""#,
    also: None,
    pack: None,
    version: Version::Stated("illumos 2024"),
    is: |triple| triple.ends_with("-illumos"),
    names: &[Name {
        title: "illumos",
        selector: "epoll",
        waker: "eventfd",
        is: |_| true,
    }],
    groups: &[
        Group {
            name: "aarch64",
            cfg: &[r#"target_arch = "aarch64""#],
        },
        Group {
            name: "x86_64",
            cfg: &[r#"target_arch = "x86_64""#],
        },
    ],
    proven: &[],
    targets: TARGETS,
    left_out: &[],
};

/// Sorted by triple.
#[rustfmt::skip]
const TARGETS: &[Target] = &[
    row!("aarch64-unknown-illumos", "aarch64", "aarch64-unknown-none-elf"),
    row!("x86_64-unknown-illumos", "x86_64", "x86_64-pc-solaris2.11"),
];
