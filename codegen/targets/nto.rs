//! QNX Neutrino.

use super::{Group, Name, Os, Proof, Target, Version};

/// Why QNX 8.0 is not checked.
const NO_LIBC: &str = "libc 0.2.191 does not compile for it: there is no `nto80`";

/// QNX Neutrino.
pub(super) const NTO: Os = Os {
    name: "nto",
    cfg: r#"target_os = "nto""#,
    also: None,
    pack: None,
    version: Version::Stated("QNX SDP 7.1"),
    is: |triple| triple.contains("-nto-qnx"),
    names: &[Name {
        title: "QNX",
        selector: "poll(2)",
        waker: "pipe",
        is: |_| true,
    }],
    groups: &[Group {
        name: "all",
        cfg: &[],
    }],
    proven: &[
        ("aarch64-unknown-nto-qnx800", Proof::NotChecked(NO_LIBC)),
        (
            "i686-pc-nto-qnx700",
            Proof::NotChecked("libc 0.2.191 does not compile for it: its QNX has no 32-bit x86"),
        ),
        ("x86_64-pc-nto-qnx800", Proof::NotChecked(NO_LIBC)),
    ],
    targets: TARGETS,
    left_out: &[],
};

/// Sorted by triple.
#[rustfmt::skip]
const TARGETS: &[Target] = &[
    row!("aarch64-unknown-nto-qnx700", "all", "aarch64-unknown-none-elf"),
    row!("aarch64-unknown-nto-qnx710", "all", "aarch64-unknown-none-elf"),
    row!("aarch64-unknown-nto-qnx710_iosock", "all", "aarch64-unknown-none-elf"),
    row!("aarch64-unknown-nto-qnx800", "all", "aarch64-unknown-none-elf"),
    row!("i686-pc-nto-qnx700", "all", "i686-unknown-none-elf"),
    row!("x86_64-pc-nto-qnx710", "all", "x86_64-unknown-none-elf"),
    row!("x86_64-pc-nto-qnx710_iosock", "all", "x86_64-unknown-none-elf"),
    row!("x86_64-pc-nto-qnx800", "all", "x86_64-unknown-none-elf"),
];
