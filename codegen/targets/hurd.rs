//! GNU Hurd.

use super::{Group, Name, Os, Target, Version};

/// GNU Hurd.
pub(super) const HURD: Os = Os {
    name: "hurd",
    cfg: r#"target_os = "hurd""#,
    also: None,
    pack: None,
    version: Version::Stated("glibc 2.43"),
    is: |triple| triple.contains("-hurd-"),
    names: &[Name {
        title: "Hurd",
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
    row!("i686-unknown-hurd-gnu", "all", "i686-unknown-hurd-gnu"),
    row!("x86_64-unknown-hurd-gnu", "all", "x86_64-unknown-hurd-gnu"),
];
