//! Windows.

use super::{Group, LeftOut, Name, Os, Proof, Target, Version};

/// Windows.
pub(super) const WINDOWS: Os = Os {
    name: "windows",
    cfg: "windows",
    also: None,
    pack: Some("ziglang-windows"),
    version: Version::Stated("mingw-w64 as a check of Windows' own metadata"),
    is: |triple| triple.contains("-windows-"),
    names: &[Name {
        title: "Windows",
        selector: "AFD, through a completion port",
        waker: "a packet posted to the port",
        is: |_| true,
    }],
    groups: GROUPS,
    proven: PROVEN,
    targets: TARGETS,
    left_out: LEFT_OUT,
};

/// Groups have the same declarations, and differ in sizes and offsets.
const GROUPS: &[Group] = &[
    Group {
        name: "bits32",
        cfg: &[r#"target_arch = "x86""#],
    },
    Group {
        name: "bits64",
        cfg: &[
            r#"target_arch = "aarch64""#,
            r#"target_arch = "arm64ec""#,
            r#"target_arch = "x86_64""#,
        ],
    },
];

/// One row: triple, group, clang's triple.
macro_rules! row {
    ($triple:literal, $group:literal, $clang:literal) => {
        Target {
            triple: $triple,
            group: $group,
            clang: $clang,
            headers: &["any-windows-any"],
            flags: &[],
        }
    };
}

/// Sorted by triple. clang reads the headers for mingw on every target: MSVC has the same layouts.
#[rustfmt::skip]
const TARGETS: &[Target] = &[
    row!("aarch64-pc-windows-gnullvm", "bits64", "aarch64-pc-windows-gnu"),
    row!("aarch64-pc-windows-msvc", "bits64", "aarch64-pc-windows-gnu"),
    row!("aarch64-uwp-windows-msvc", "bits64", "aarch64-pc-windows-gnu"),
    row!("arm64ec-pc-windows-msvc", "bits64", "aarch64-pc-windows-gnu"),
    row!("i686-pc-windows-gnu", "bits32", "i686-pc-windows-gnu"),
    row!("i686-pc-windows-gnullvm", "bits32", "i686-pc-windows-gnu"),
    row!("i686-pc-windows-msvc", "bits32", "i686-pc-windows-gnu"),
    row!("i686-uwp-windows-gnu", "bits32", "i686-pc-windows-gnu"),
    row!("i686-uwp-windows-msvc", "bits32", "i686-pc-windows-gnu"),
    row!("i686-win7-windows-gnu", "bits32", "i686-pc-windows-gnu"),
    row!("i686-win7-windows-msvc", "bits32", "i686-pc-windows-gnu"),
    row!("x86_64-pc-windows-gnu", "bits64", "x86_64-pc-windows-gnu"),
    row!("x86_64-pc-windows-gnullvm", "bits64", "x86_64-pc-windows-gnu"),
    row!("x86_64-pc-windows-msvc", "bits64", "x86_64-pc-windows-gnu"),
    row!("x86_64-uwp-windows-gnu", "bits64", "x86_64-pc-windows-gnu"),
    row!("x86_64-uwp-windows-msvc", "bits64", "x86_64-pc-windows-gnu"),
    row!("x86_64-win7-windows-gnu", "bits64", "x86_64-pc-windows-gnu"),
    row!("x86_64-win7-windows-msvc", "bits64", "x86_64-pc-windows-gnu"),
];

/// Targets that are run.
const PROVEN: &[(&str, Proof)] = &[("x86_64-pc-windows-gnu", Proof::Run("windows-wine"))];

/// Targets without bindings.
const LEFT_OUT: &[LeftOut] = &[
    LeftOut {
        name: "thumbv7a-pc-windows-msvc",
        cfg: Some(r#"target_arch = "arm""#),
        reason: "Windows' metadata has no WSADATA for 32-bit ARM",
    },
    LeftOut {
        name: "thumbv7a-uwp-windows-msvc",
        cfg: None,
        reason: "Windows' metadata has no WSADATA for 32-bit ARM",
    },
];
