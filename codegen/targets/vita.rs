//! PlayStation Vita.

use super::{Group, Name, Os, Target, Version};

/// PlayStation Vita.
pub(super) const VITA: Os = Os {
    name: "vita",
    cfg: r#"target_os = "vita""#,
    also: None,
    pack: None,
    version: Version::Stated("vitasdk 2"),
    is: |triple| triple.contains("-vita-"),
    names: &[Name {
        title: "PlayStation Vita",
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
    row!("armv7-sony-vita-newlibeabihf", "all", "armv7a-unknown-none-eabihf"),
];
