//! Cygwin.

use super::{Group, Name, Os, Target, Version};

/// Cygwin.
pub(super) const CYGWIN: Os = Os {
    name: "cygwin",
    cfg: r#"target_os = "cygwin""#,
    also: None,
    pack: None,
    version: Version::Stated("Cygwin 3.6"),
    is: |triple| triple.ends_with("-cygwin"),
    names: &[Name {
        title: "Cygwin",
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
    row!("x86_64-pc-cygwin", "all", "x86_64-pc-windows-cygnus"),
];
