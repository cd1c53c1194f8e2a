//! Solaris.

use super::{Group, Name, Os, Target, Version};

/// Solaris.
pub(super) const SOLARIS: Os = Os {
    name: "solaris",
    cfg: r#"target_os = "solaris""#,
    also: Some(r#"mio_fake_kernel = "solaris""#),
    pack: None,
    version: Version::Stated("Solaris 11.4"),
    is: |triple| triple.ends_with("-solaris"),
    names: &[Name {
        title: "Solaris",
        selector: "event ports",
        waker: "port_send",
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
    row!("sparcv9-sun-solaris", "all", "sparcv9-sun-solaris2.11"),
    row!("x86_64-pc-solaris", "all", "x86_64-pc-solaris2.11"),
];
