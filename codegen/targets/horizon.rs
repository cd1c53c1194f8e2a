//! Nintendo 3DS.

use super::{Group, Name, Os, Proof, Target, Version};

/// Nintendo 3DS.
pub(super) const HORIZON: Os = Os {
    name: "horizon",
    cfg: r#"target_os = "horizon""#,
    also: None,
    pack: None,
    version: Version::Stated("libctru 2"),
    is: |triple| triple.ends_with("-nintendo-3ds"),
    names: &[Name {
        title: "Nintendo 3DS (Horizon)",
        selector: "poll(2)",
        waker: "none",
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
    row!("armv6k-nintendo-3ds", "all", "armv6k-unknown-none-eabihf"),
];

/// Targets that cannot be checked.
const PROVEN: &[(&str, Proof)] = &[(
    "armv6k-nintendo-3ds",
    Proof::NotChecked(
        "std of rustc 1.96 does not compile for it: it uses `libc::pollfd::events`, an `i32`, as \
         an `i16`",
    ),
)];
