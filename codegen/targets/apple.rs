//! Apple's systems: macOS, iOS, tvOS, watchOS, visionOS.

use super::{Group, Name, Os, Proof, Target, Version};

/// Apple's systems.
pub(super) const APPLE: Os = Os {
    name: "apple",
    cfg: r#"target_vendor = "apple""#,
    also: Some(r#"mio_fake_kernel = "apple""#),
    pack: Some("ziglang"),
    version: Version::Stated("macOS SDK {macos}"),
    is: |triple| triple.contains("-apple-"),
    names: &[
        Name {
            title: "macOS",
            selector: "kqueue",
            waker: "EVFILT_USER",
            is: |triple| triple.ends_with("-darwin"),
        },
        Name {
            title: "iOS, tvOS, visionOS, watchOS",
            selector: "kqueue",
            waker: "EVFILT_USER",
            is: |triple| !triple.ends_with("-darwin"),
        },
    ],
    groups: GROUPS,
    proven: PROVEN,
    targets: TARGETS,
    left_out: &[],
};

/// Groups differ in the size of pointers and times, and in the alignment of 64-bit integers.
const GROUPS: &[Group] = &[
    Group {
        name: "arm",
        cfg: &[
            r#"target_arch = "arm""#,
            r#"all(target_arch = "aarch64", target_pointer_width = "32")"#,
        ],
    },
    Group {
        name: "lp64",
        cfg: &[r#"target_pointer_width = "64""#],
    },
    Group {
        name: "x86",
        cfg: &[r#"target_arch = "x86""#],
    },
];

/// One row: triple, group, clang's triple.
macro_rules! row {
    ($triple:literal, $group:literal, $clang:literal) => {
        Target {
            triple: $triple,
            group: $group,
            clang: $clang,
            headers: &["any-darwin-any"],
            flags: &["-fblocks"],
        }
    };
}

/// Sorted by triple.
#[rustfmt::skip]
const TARGETS: &[Target] = &[
    row!("aarch64-apple-darwin", "lp64", "arm64-apple-macosx11.0"),
    row!("aarch64-apple-ios", "lp64", "arm64-apple-ios10.0"),
    row!("aarch64-apple-ios-macabi", "lp64", "arm64-apple-ios14.0-macabi"),
    row!("aarch64-apple-ios-sim", "lp64", "arm64-apple-ios14.0-simulator"),
    row!("aarch64-apple-tvos", "lp64", "arm64-apple-tvos10.0"),
    row!("aarch64-apple-tvos-sim", "lp64", "arm64-apple-tvos14.0-simulator"),
    row!("aarch64-apple-visionos", "lp64", "arm64-apple-xros1.0"),
    row!("aarch64-apple-visionos-sim", "lp64", "arm64-apple-xros1.0-simulator"),
    row!("aarch64-apple-watchos", "lp64", "arm64-apple-watchos26.0"),
    row!("aarch64-apple-watchos-sim", "lp64", "arm64-apple-watchos7.0-simulator"),
    row!("arm64_32-apple-watchos", "arm", "arm64_32-apple-watchos5.0"),
    row!("arm64e-apple-darwin", "lp64", "arm64e-apple-macosx11.0"),
    row!("arm64e-apple-ios", "lp64", "arm64e-apple-ios14.0"),
    row!("arm64e-apple-tvos", "lp64", "arm64e-apple-tvos14.0"),
    row!("armv7k-apple-watchos", "arm", "armv7k-apple-watchos5.0"),
    row!("armv7s-apple-ios", "arm", "armv7s-apple-ios10.0"),
    row!("i386-apple-ios", "x86", "i386-apple-ios10.0-simulator"),
    row!("i686-apple-darwin", "x86", "i686-apple-macosx10.12"),
    row!("x86_64-apple-darwin", "lp64", "x86_64-apple-macosx10.12"),
    row!("x86_64-apple-ios", "lp64", "x86_64-apple-ios10.0-simulator"),
    row!("x86_64-apple-ios-macabi", "lp64", "x86_64-apple-ios13.1-macabi"),
    row!("x86_64-apple-tvos", "lp64", "x86_64-apple-tvos10.0-simulator"),
    row!("x86_64-apple-watchos-sim", "lp64", "x86_64-apple-watchos7.0-simulator"),
    row!("x86_64h-apple-darwin", "lp64", "x86_64h-apple-macosx10.12"),
];

/// Targets that are linked.
const PROVEN: &[(&str, Proof)] = &[
    (
        "aarch64-apple-darwin",
        Proof::Linked {
            zig: "aarch64-macos",
            binds: "_kevent",
        },
    ),
    (
        "x86_64-apple-darwin",
        Proof::Linked {
            zig: "x86_64-macos",
            binds: "_kevent",
        },
    ),
];
