//! FreeBSD 12 and later: `kevent` has a field of 64 bits for data, and extensions.

use super::{Group, Name, Os, Proof, Target, Version};

/// FreeBSD.
pub(super) const FREEBSD: Os = Os {
    name: "freebsd",
    cfg: r#"target_os = "freebsd""#,
    also: Some(r#"mio_fake_kernel = "freebsd""#),
    pack: Some("ziglang-freebsd"),
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

/// Groups differ in the size of pointers and times, and in the alignment of 64-bit integers.
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

/// The version of FreeBSD. zig's compiler defines it for these headers, clang does not.
const VERSION: &str = "-D__FreeBSD_version=1400000";
/// Flags for `riscv64gc`.
const RISCV: [&str; 3] = [VERSION, "-march=rv64gc", "-mabi=lp64d"];

/// One row: triple, group, clang's triple, folder of the architecture's headers, flags of clang if
/// there are more than the version.
macro_rules! row {
    ($triple:literal, $group:literal, $clang:literal, $folder:literal) => {
        row!($triple, $group, $clang, $folder, &[VERSION])
    };
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

/// Sorted by triple.
#[rustfmt::skip]
const TARGETS: &[Target] = &[
    row!("aarch64-unknown-freebsd", "lp64", "aarch64-unknown-freebsd", "aarch64-freebsd-none"),
    row!("armv6-unknown-freebsd", "arm", "armv6-unknown-freebsd-gnueabihf", "arm-freebsd-eabihf"),
    row!("armv7-unknown-freebsd", "arm", "armv7-unknown-freebsd-gnueabihf", "arm-freebsd-eabihf"),
    row!("i686-unknown-freebsd", "x86", "i686-unknown-freebsd", "x86-freebsd-none"),
    row!("powerpc-unknown-freebsd", "arm", "powerpc-unknown-freebsd", "powerpc64-freebsd-none"),
    row!(
        "powerpc64-unknown-freebsd", "lp64", "powerpc64-unknown-freebsd", "powerpc64-freebsd-none"
    ),
    row!(
        "powerpc64le-unknown-freebsd", "lp64", "powerpc64le-unknown-freebsd",
        "powerpc64-freebsd-none"
    ),
    row!(
        "riscv64gc-unknown-freebsd", "lp64", "riscv64-unknown-freebsd", "riscv64-freebsd-none",
        &RISCV
    ),
    row!("x86_64-unknown-freebsd", "lp64", "x86_64-unknown-freebsd", "x86_64-freebsd-none"),
];

/// Targets that are linked.
const PROVEN: &[(&str, Proof)] = &[(
    "x86_64-unknown-freebsd",
    Proof::Linked {
        zig: "x86_64-freebsd",
        binds: "kevent@FBSD_1.5",
    },
)];
