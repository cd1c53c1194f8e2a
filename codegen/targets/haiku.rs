//! Haiku.

use super::{Group, Name, Os, Target, Version};

/// Haiku.
pub(super) const HAIKU: Os = Os {
    name: "haiku",
    cfg: r#"target_os = "haiku""#,
    also: None,
    pack: None,
    version: Version::Stated("Haiku R1/beta5"),
    is: |triple| triple.ends_with("-haiku"),
    names: &[Name {
        title: "Haiku",
        selector: "poll(2)",
        waker: "pipe",
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

/// Sorted by triple.
#[rustfmt::skip]
const TARGETS: &[Target] = &[
    row!("i686-unknown-haiku", "all", "i686-unknown-haiku"),
    row!("x86_64-unknown-haiku", "all", "x86_64-unknown-haiku"),
];
