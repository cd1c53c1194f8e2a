//! AIX.

use super::{Group, Name, Os, Proof, Target, Version};

/// AIX.
pub(super) const AIX: Os = Os {
    name: "aix",
    cfg: r#"target_os = "aix""#,
    also: None,
    pack: None,
    version: Version::Stated("AIX 7.2"),
    is: |triple| triple.ends_with("-aix"),
    names: &[Name {
        title: "AIX 7.2",
        selector: "poll(2)",
        waker: "pipe",
        is: |_| true,
    }],
    groups: &[Group {
        name: "all",
        cfg: &[],
    }],
    proven: PROVEN,
    targets: TARGETS,
    left_out: &[],
};

/// Sorted by triple.
#[rustfmt::skip]
const TARGETS: &[Target] = &[
    row!("powerpc64-ibm-aix", "all", "powerpc64-ibm-aix7.2"),
];

/// Targets that cannot be checked.
const PROVEN: &[(&str, Proof)] = &[(
    "powerpc64-ibm-aix",
    Proof::NotChecked(
        "std of rustc 1.96 does not compile for it: `libc::stat` has no field `st_atime`",
    ),
)];
