//! OpenBSD.

use super::{Group, Name, Os, Proof, Target, Version};

/// OpenBSD.
pub(super) const OPENBSD: Os = Os {
    name: "openbsd",
    cfg: r#"target_os = "openbsd""#,
    also: Some(r#"mio_fake_kernel = "openbsd""#),
    pack: Some("ziglang"),
    version: Version::Stated("OpenBSD {openbsd}, declared as 7.8"),
    is: |triple| triple.contains("-openbsd"),
    names: &[Name {
        title: "OpenBSD",
        selector: "kqueue",
        waker: "EVFILT_USER, else pipe",
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
        name: "ilp32",
        cfg: &[r#"target_arch = "powerpc""#],
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

/// One row: triple, group, clang's triple, folder of the architecture's headers. The flags
/// define what zig's compiler defines for these headers.
macro_rules! row {
    ($triple:literal, $group:literal, $clang:literal, $folder:literal) => {
        Target {
            triple: $triple,
            group: $group,
            clang: $clang,
            headers: &[$folder, "generic-openbsd"],
            flags: &["-D_BSD_SOURCE", "-D___OpenBSD=202510", "-DOpenBSD7_8"],
        }
    };
}

/// Sorted by triple.
#[rustfmt::skip]
const TARGETS: &[Target] = &[
    row!("aarch64-unknown-openbsd", "lp64", "aarch64-unknown-openbsd", "aarch64-openbsd-none"),
    row!("i686-unknown-openbsd", "x86", "i686-unknown-openbsd", "x86-openbsd-none"),
    row!("powerpc-unknown-openbsd", "ilp32", "powerpc-unknown-openbsd", "powerpc-openbsd-eabihf"),
    row!(
        "powerpc64-unknown-openbsd", "lp64", "powerpc64-unknown-openbsd", "powerpc64-openbsd-none"
    ),
    row!("riscv64gc-unknown-openbsd", "lp64", "riscv64-unknown-openbsd", "riscv64-openbsd-none"),
    row!("sparc64-unknown-openbsd", "lp64", "sparc64-unknown-openbsd", "sparc64-openbsd-none"),
    row!("x86_64-unknown-openbsd", "lp64", "x86_64-unknown-openbsd", "x86_64-openbsd-none"),
];

/// Targets that are linked.
const PROVEN: &[(&str, Proof)] = &[(
    "x86_64-unknown-openbsd",
    Proof::Linked {
        zig: "x86_64-openbsd",
        binds: "kevent",
    },
)];
