//! NetBSD 10: `kevent` has no extensions, and the function is linked as `__kevent50`. NetBSD 11 has
//! that function, too.

use super::{Group, LeftOut, Name, Os, Proof, Target, Version};

/// NetBSD.
pub(super) const NETBSD: Os = Os {
    name: "netbsd",
    cfg: r#"target_os = "netbsd""#,
    also: Some(r#"mio_fake_kernel = "netbsd""#),
    pack: Some("ziglang-netbsd"),
    version: Version::Stated("NetBSD {netbsd}"),
    is: |triple| triple.contains("-netbsd"),
    names: &[Name {
        title: "NetBSD 10 and later",
        selector: "kqueue",
        waker: "EVFILT_USER",
        is: |_| true,
    }],
    groups: GROUPS,
    proven: PROVEN,
    targets: TARGETS,
    left_out: LEFT_OUT,
};

/// Groups differ in the size of pointers and times, and in the alignment of 64-bit integers.
const GROUPS: &[Group] = &[
    Group {
        name: "ilp32",
        cfg: &[
            r#"target_arch = "arm""#,
            r#"target_arch = "mips""#,
            r#"target_arch = "powerpc""#,
        ],
    },
    Group {
        name: "lp64",
        cfg: &[r#"all(target_pointer_width = "64", not(target_arch = "riscv64"))"#],
    },
    Group {
        name: "x86",
        cfg: &[r#"target_arch = "x86""#],
    },
];

/// One row: triple, group, clang's triple, folder of the architecture's headers. The flags
/// define what zig's compiler defines for these headers.
macro_rules! row {
    ($triple:literal, $group:literal, $clang:literal, $folder:literal) => {
        Target {
            triple: $triple,
            group: $group,
            clang: $clang,
            headers: &[$folder, "generic-netbsd"],
            flags: &["-D_NETBSD_SOURCE", "-D__NetBSD_Version__=1001000000"],
        }
    };
}

/// Sorted by triple.
#[rustfmt::skip]
const TARGETS: &[Target] = &[
    row!("aarch64-unknown-netbsd", "lp64", "aarch64-unknown-netbsd", "aarch64-netbsd-none"),
    row!("aarch64_be-unknown-netbsd", "lp64", "aarch64_be-unknown-netbsd", "aarch64-netbsd-none"),
    row!("armv6-unknown-netbsd-eabihf", "ilp32", "armv6-unknown-netbsd-eabihf", "arm-netbsd-eabi"),
    row!("armv7-unknown-netbsd-eabihf", "ilp32", "armv7-unknown-netbsd-eabihf", "arm-netbsd-eabi"),
    row!("i586-unknown-netbsd", "x86", "i586-unknown-netbsd", "x86-netbsd-none"),
    row!("i686-unknown-netbsd", "x86", "i686-unknown-netbsd", "x86-netbsd-none"),
    row!("mipsel-unknown-netbsd", "ilp32", "mipsel-unknown-netbsd", "mips-netbsd-eabi"),
    row!("powerpc-unknown-netbsd", "ilp32", "powerpc-unknown-netbsd", "powerpc-netbsd-eabi"),
    row!("sparc64-unknown-netbsd", "lp64", "sparc64-unknown-netbsd", "sparc64-netbsd-none"),
    row!("x86_64-unknown-netbsd", "lp64", "x86_64-unknown-netbsd", "x86_64-netbsd-none"),
];

/// Targets without bindings.
const LEFT_OUT: &[LeftOut] = &[LeftOut {
    name: "riscv64gc-unknown-netbsd",
    cfg: Some(r#"target_arch = "riscv64""#),
    reason: "no headers of NetBSD 10 exist for it; those of NetBSD 11 have another kevent",
}];

/// Targets that are linked.
const PROVEN: &[(&str, Proof)] = &[(
    "x86_64-unknown-netbsd",
    Proof::Linked {
        zig: "x86_64-netbsd",
        binds: "__kevent50",
    },
)];
