//! DragonFly BSD.

use super::{Group, Name, Os, Target, Version};

/// DragonFly BSD.
pub(super) const DRAGONFLY: Os = Os {
    name: "dragonfly",
    cfg: r#"target_os = "dragonfly""#,
    also: Some(r#"mio_fake_kernel = "dragonfly""#),
    pack: None,
    version: Version::Stated("DragonFly 6.4"),
    is: |triple| triple.ends_with("-dragonfly"),
    names: &[Name {
        title: "DragonFly BSD",
        selector: "kqueue",
        waker: "EVFILT_USER",
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
    row!("x86_64-unknown-dragonfly", "all", "x86_64-unknown-dragonfly"),
];
