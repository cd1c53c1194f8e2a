//! Windows. Its bindings come from metadata, not from headers that clang reads, so it has no groups here.

use super::{Name, Os, Target, Version};

/// Windows.
pub(super) const WINDOWS: Os = Os {
    name: "windows",
    cfg: "windows",
    also: None,
    pack: None,
    version: Version::Stated("Windows 10"),
    is: |triple| triple.contains("-windows"),
    names: &[Name {
        title: "Windows",
        selector: "AFD, through a completion port",
        waker: "a packet posted to the port",
        is: |_| true,
    }],
    groups: &[],
    proven: &[],
    targets: TARGETS,
    left_out: &[],
};

/// One row: the triple.
macro_rules! row {
    ($triple:literal) => {
        Target {
            triple: $triple,
            group: "",
            clang: "",
            headers: &[],
            flags: &[],
        }
    };
}

/// Sorted by triple.
#[rustfmt::skip]
const TARGETS: &[Target] = &[
    row!("aarch64-pc-windows-msvc"),
    row!("i686-pc-windows-msvc"),
    row!("x86_64-pc-windows-gnu"),
    row!("x86_64-pc-windows-msvc"),
];
