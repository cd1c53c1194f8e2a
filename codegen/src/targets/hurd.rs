//! GNU Hurd.

use super::{Group, Os, Proof, Target, Version};

/// GNU Hurd.
pub(super) const HURD: Os = Os {
    name: "hurd",
    cfg: r#"target_os = "hurd""#,
    also: None,
    pack: None,
    version: Version::Stated("glibc 2.43"),
    is: |triple| triple.contains("-hurd-"),
    groups: &[Group {
        name: "all",
        cfg: &[],
    }],
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
            proof: Proof::Checked,
        }
    };
}

/// Sorted by triple.
#[rustfmt::skip]
const TARGETS: &[Target] = &[
    row!("i686-unknown-hurd-gnu", "all", "i686-unknown-hurd-gnu", []),
    row!("x86_64-unknown-hurd-gnu", "all", "x86_64-unknown-hurd-gnu", []),
];
