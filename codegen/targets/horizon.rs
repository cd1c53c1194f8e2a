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

/// One row: triple, group, clang's triple, flags of clang.
macro_rules! row {
    ($triple:literal, $group:literal, $clang:literal, $flags:expr) => {
        Target {
            triple: $triple,
            group: $group,
            clang: $clang,
            headers: &[],
            flags: &$flags,
        }
    };
}

/// Sorted by triple.
#[rustfmt::skip]
const TARGETS: &[Target] = &[
    row!("armv6k-nintendo-3ds", "all", "armv6k-unknown-none-eabihf", []),
];

/// What cannot be proven of it.
const PROVEN: &[(&str, Proof)] = &[(
    "armv6k-nintendo-3ds",
    Proof::NotChecked(
        "std of rustc 1.96 does not compile for it: it takes `libc::pollfd::events` for an `i16`, and it is an `i32`",
    ),
)];
