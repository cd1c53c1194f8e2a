//! FreeBSD 12 and later: the kevent with 64-bit data and extensions.

use super::{Group, Name, Os, Proof, Target, Version};

/// FreeBSD.
pub(super) const FREEBSD: Os = Os {
    name: "freebsd",
    cfg: r#"target_os = "freebsd""#,
    also: Some(r#"mio_fake_kernel = "freebsd""#),
    pack: Some("ziglang"),
    version: Version::Stated("FreeBSD {freebsd}, declared as 14.0"),
    is: |triple| triple.ends_with("-freebsd"),
    names: &[Name {
        title: "FreeBSD 12 and later",
        selector: "kqueue",
        waker: "EVFILT_USER",
        is: |_| true,
    }],
    groups: GROUPS,
    proven: PROVEN,
    targets: TARGETS,
    left_out: &[],
};

/// They differ in the size of pointers and times, and in the alignment of 64-bit integers.
const GROUPS: &[Group] = &[
    Group {
        name: "arm",
        cfg: &[r#"target_arch = "arm""#, r#"target_arch = "powerpc""#],
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

/// One row: triple, group, clang's triple, header folder, flags of clang.
macro_rules! row {
    ($triple:literal, $group:literal, $clang:literal, $folder:literal, $flags:expr) => {
        Target {
            triple: $triple,
            group: $group,
            clang: $clang,
            headers: &[$folder, "generic-freebsd"],
            flags: $flags,
        }
    };
}

/// The version the headers are to describe. zig's headers have it from its compiler.
const V: &[&str] = &["-D__FreeBSD_version=1400000"];
/// The same for `riscv64gc`.
const RV: &[&str] = &[
    "-D__FreeBSD_version=1400000",
    "-march=rv64gc",
    "-mabi=lp64d",
];

/// Sorted by triple.
#[rustfmt::skip]
const TARGETS: &[Target] = &[
    row!("aarch64-unknown-freebsd", "lp64", "aarch64-unknown-freebsd", "aarch64-freebsd-none", V),
    row!("armv6-unknown-freebsd", "arm", "armv6-unknown-freebsd-gnueabihf", "arm-freebsd-eabihf", V),
    row!("armv7-unknown-freebsd", "arm", "armv7-unknown-freebsd-gnueabihf", "arm-freebsd-eabihf", V),
    row!("i686-unknown-freebsd", "x86", "i686-unknown-freebsd", "x86-freebsd-none", V),
    row!("powerpc-unknown-freebsd", "arm", "powerpc-unknown-freebsd", "powerpc64-freebsd-none", V),
    row!("powerpc64-unknown-freebsd", "lp64", "powerpc64-unknown-freebsd", "powerpc64-freebsd-none", V),
    row!("powerpc64le-unknown-freebsd", "lp64", "powerpc64le-unknown-freebsd", "powerpc64-freebsd-none", V),
    row!("riscv64gc-unknown-freebsd", "lp64", "riscv64-unknown-freebsd", "riscv64-freebsd-none", RV),
    row!("x86_64-unknown-freebsd", "lp64", "x86_64-unknown-freebsd", "x86_64-freebsd-none", V),
];

/// What is proven of them beyond a check.
const PROVEN: &[(&str, Proof)] = &[(
    "x86_64-unknown-freebsd",
    Proof::Linked {
        zig: "x86_64-freebsd",
        binds: "kevent@FBSD_1.5",
    },
)];
