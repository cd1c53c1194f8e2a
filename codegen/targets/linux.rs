//! Linux and Android: every triple of rustc.
//!
//! The bindings consist of declarations of the kernel's headers, of system-call numbers, and of
//! functions that every C library exports. They depend on the architecture only: glibc, musl,
//! uClibc, OpenHarmony's musl and bionic share them.

use super::{Group, LeftOut, Name, Os, Proof, Target, Version};

/// Linux and Android.
pub(super) const LINUX: Os = Os {
    name: "linux",
    cfg: r#"any(target_os = "linux", target_os = "android")"#,
    also: None,
    pack: Some("ziglang"),
    version: Version::LinuxHeaders,
    is: |triple| triple.contains("linux") || triple.contains("android"),
    names: &[
        Name {
            title: "Linux",
            selector: "epoll",
            waker: "eventfd",
            is: |triple| !triple.contains("android"),
        },
        Name {
            title: "Android",
            selector: "epoll",
            waker: "eventfd",
            is: |triple| triple.contains("android"),
        },
    ],
    groups: LINUX_GROUPS,
    proven: PROVEN,
    targets: LINUX_TARGETS,
    left_out: LINUX_LEFT_OUT,
};

/// Groups differ in the layout of `epoll_event`, in the numbers of the two system calls, and in the
/// values of `O_*` and `E*`.
const LINUX_GROUPS: &[Group] = &[
    // `epoll_event` has 16 bytes, pointers 4. Numbers of system calls and values are generic.
    Group {
        name: "generic32",
        cfg: &[
            r#"target_arch = "arm""#,
            r#"target_arch = "hexagon""#,
            r#"target_arch = "powerpc""#,
            r#"target_arch = "riscv32""#,
        ],
    },
    // `epoll_event` has 16 bytes, pointers 8. Numbers of system calls and values are generic.
    Group {
        name: "generic64",
        cfg: &[
            r#"all(target_arch = "aarch64", target_pointer_width = "64")"#,
            r#"target_arch = "loongarch64""#,
            r#"target_arch = "riscv64""#,
        ],
    },
    Group {
        name: "mips",
        cfg: &[r#"target_arch = "mips""#, r#"target_arch = "mips32r6""#],
    },
    Group {
        name: "mips64",
        cfg: &[r#"target_arch = "mips64""#, r#"target_arch = "mips64r6""#],
    },
    Group {
        name: "powerpc64",
        cfg: &[r#"target_arch = "powerpc64""#],
    },
    Group {
        name: "s390x",
        cfg: &[r#"target_arch = "s390x""#],
    },
    Group {
        name: "sparc",
        cfg: &[r#"target_arch = "sparc""#],
    },
    Group {
        name: "sparc64",
        cfg: &[r#"target_arch = "sparc64""#],
    },
    // `epoll_event` is packed, and numbers of system calls have the bit of x32.
    Group {
        name: "x32",
        cfg: &[r#"all(target_arch = "x86_64", target_pointer_width = "32")"#],
    },
    // `epoll_event` is packed.
    Group {
        name: "x86_64",
        cfg: &[r#"all(target_arch = "x86_64", target_pointer_width = "64")"#],
    },
    // `epoll_event` has 12 bytes: 64-bit integers are aligned to 4 bytes.
    Group {
        name: "x86_csky",
        cfg: &[r#"target_arch = "csky""#, r#"target_arch = "x86""#],
    },
];

/// One row: triple, group, clang's triple if it differs, architecture of the kernel's headers,
/// flags of clang if there are any.
macro_rules! row {
    ($triple:literal, $group:literal, $arch:literal) => {
        row!($triple, $group, $triple, $arch, &[])
    };
    ($triple:literal, $group:literal, $arch:literal, $flags:ident) => {
        row!($triple, $group, $triple, $arch, $flags)
    };
    ($triple:literal, $group:literal, $clang:literal, $arch:literal) => {
        row!($triple, $group, $clang, $arch, &[])
    };
    ($triple:literal, $group:literal, $clang:literal, $arch:literal, $flags:expr) => {
        Target {
            triple: $triple,
            group: $group,
            clang: $clang,
            headers: &[concat!($arch, "-linux-any"), "any-linux-any"],
            flags: $flags,
        }
    };
}

/// Flags for `riscv32gc`.
const RV32: &[&str] = &["-march=rv32gc", "-mabi=ilp32d"];
/// Flags for `riscv64gc`.
const RV64: &[&str] = &["-march=rv64gc", "-mabi=lp64d"];
/// Flags for `loongarch64`.
const LA64: &[&str] = &["-mabi=lp64d"];
/// Flags for PowerPC with SPE, whose own triple clang no longer accepts.
const SPE: &[&str] = &["-msoft-float"];

/// Sorted by triple.
#[rustfmt::skip]
const LINUX_TARGETS: &[Target] = &[
    row!("aarch64-linux-android", "generic64", "aarch64-linux-android21", "aarch64"),
    row!("aarch64-unknown-linux-gnu", "generic64", "aarch64"),
    row!("aarch64-unknown-linux-musl", "generic64", "aarch64"),
    row!("aarch64-unknown-linux-ohos", "generic64", "aarch64"),
    row!("aarch64_be-unknown-linux-gnu", "generic64", "aarch64"),
    row!("aarch64_be-unknown-linux-musl", "generic64", "aarch64"),
    row!("arm-linux-androideabi", "generic32", "armv5te-linux-androideabi21", "arm"),
    row!("arm-unknown-linux-gnueabi", "generic32", "armv6-unknown-linux-gnueabi", "arm"),
    row!("arm-unknown-linux-gnueabihf", "generic32", "armv6-unknown-linux-gnueabihf", "arm"),
    row!("arm-unknown-linux-musleabi", "generic32", "armv6-unknown-linux-musleabi", "arm"),
    row!("arm-unknown-linux-musleabihf", "generic32", "armv6-unknown-linux-musleabihf", "arm"),
    row!("armeb-unknown-linux-gnueabi", "generic32", "arm"),
    row!("armv4t-unknown-linux-gnueabi", "generic32", "arm"),
    row!("armv5te-unknown-linux-gnueabi", "generic32", "arm"),
    row!("armv5te-unknown-linux-musleabi", "generic32", "arm"),
    row!("armv5te-unknown-linux-uclibceabi", "generic32", "armv5te-unknown-linux-gnueabi", "arm"),
    row!("armv7-linux-androideabi", "generic32", "armv7-linux-androideabi21", "arm"),
    row!("armv7-unknown-linux-gnueabi", "generic32", "arm"),
    row!("armv7-unknown-linux-gnueabihf", "generic32", "arm"),
    row!("armv7-unknown-linux-musleabi", "generic32", "arm"),
    row!("armv7-unknown-linux-musleabihf", "generic32", "arm"),
    row!("armv7-unknown-linux-ohos", "generic32", "arm"),
    row!("armv7-unknown-linux-uclibceabi", "generic32", "armv7-unknown-linux-gnueabi", "arm"),
    row!("armv7-unknown-linux-uclibceabihf", "generic32", "armv7-unknown-linux-gnueabihf", "arm"),
    row!("csky-unknown-linux-gnuabiv2", "x86_csky", "csky-unknown-linux-gnu", "csky"),
    row!("csky-unknown-linux-gnuabiv2hf", "x86_csky", "csky-unknown-linux-gnu", "csky"),
    row!("hexagon-unknown-linux-musl", "generic32", "hexagon"),
    row!("i586-unknown-linux-gnu", "x86_csky", "x86"),
    row!("i586-unknown-linux-musl", "x86_csky", "x86"),
    row!("i686-linux-android", "x86_csky", "i686-linux-android21", "x86"),
    row!("i686-unknown-linux-gnu", "x86_csky", "x86"),
    row!("i686-unknown-linux-musl", "x86_csky", "x86"),
    row!("loongarch64-unknown-linux-gnu", "generic64", "loongarch", LA64),
    row!("loongarch64-unknown-linux-musl", "generic64", "loongarch", LA64),
    row!("loongarch64-unknown-linux-ohos", "generic64", "loongarch", LA64),
    row!("mips-unknown-linux-gnu", "mips", "mips"),
    row!("mips-unknown-linux-musl", "mips", "mips"),
    row!("mips-unknown-linux-uclibc", "mips", "mips-unknown-linux-gnu", "mips"),
    row!("mips64-openwrt-linux-musl", "mips64", "mips64-unknown-linux-musl", "mips"),
    row!("mips64-unknown-linux-gnuabi64", "mips64", "mips"),
    row!("mips64-unknown-linux-muslabi64", "mips64", "mips64-unknown-linux-musl", "mips"),
    row!("mips64el-unknown-linux-gnuabi64", "mips64", "mips"),
    row!("mips64el-unknown-linux-muslabi64", "mips64", "mips64el-unknown-linux-musl", "mips"),
    row!("mipsel-unknown-linux-gnu", "mips", "mips"),
    row!("mipsel-unknown-linux-musl", "mips", "mips"),
    row!("mipsel-unknown-linux-uclibc", "mips", "mipsel-unknown-linux-gnu", "mips"),
    row!("mipsisa32r6-unknown-linux-gnu", "mips", "mips"),
    row!("mipsisa32r6el-unknown-linux-gnu", "mips", "mips"),
    row!("mipsisa64r6-unknown-linux-gnuabi64", "mips64", "mips"),
    row!("mipsisa64r6el-unknown-linux-gnuabi64", "mips64", "mips"),
    row!("powerpc-unknown-linux-gnu", "generic32", "powerpc"),
    row!("powerpc-unknown-linux-gnuspe", "generic32", "powerpc-unknown-linux-gnu", "powerpc", SPE),
    row!("powerpc-unknown-linux-musl", "generic32", "powerpc"),
    row!(
        "powerpc-unknown-linux-muslspe", "generic32", "powerpc-unknown-linux-musl", "powerpc", SPE
    ),
    row!("powerpc64-unknown-linux-gnu", "powerpc64", "powerpc"),
    row!("powerpc64-unknown-linux-musl", "powerpc64", "powerpc"),
    row!("powerpc64le-unknown-linux-gnu", "powerpc64", "powerpc"),
    row!("powerpc64le-unknown-linux-musl", "powerpc64", "powerpc"),
    row!("riscv32gc-unknown-linux-gnu", "generic32", "riscv32-unknown-linux-gnu", "riscv", RV32),
    row!("riscv32gc-unknown-linux-musl", "generic32", "riscv32-unknown-linux-musl", "riscv", RV32),
    row!("riscv64-linux-android", "generic64", "riscv64-linux-android35", "riscv", RV64),
    row!("riscv64a23-unknown-linux-gnu", "generic64", "riscv64-unknown-linux-gnu", "riscv", RV64),
    row!("riscv64gc-unknown-linux-gnu", "generic64", "riscv64-unknown-linux-gnu", "riscv", RV64),
    row!("riscv64gc-unknown-linux-musl", "generic64", "riscv64-unknown-linux-musl", "riscv", RV64),
    row!("s390x-unknown-linux-gnu", "s390x", "s390x"),
    row!("s390x-unknown-linux-musl", "s390x", "s390x"),
    row!("sparc-unknown-linux-gnu", "sparc", "sparc"),
    row!("sparc64-unknown-linux-gnu", "sparc64", "sparc"),
    row!("thumbv7neon-linux-androideabi", "generic32", "armv7-linux-androideabi21", "arm"),
    row!(
        "thumbv7neon-unknown-linux-gnueabihf", "generic32", "armv7-unknown-linux-gnueabihf", "arm"
    ),
    row!(
        "thumbv7neon-unknown-linux-musleabihf", "generic32", "armv7-unknown-linux-musleabihf", "arm"
    ),
    row!("x86_64-linux-android", "x86_64", "x86_64-linux-android21", "x86"),
    row!("x86_64-unikraft-linux-musl", "x86_64", "x86_64-unknown-linux-musl", "x86"),
    row!("x86_64-unknown-linux-gnu", "x86_64", "x86"),
    row!("x86_64-unknown-linux-gnuasan", "x86_64", "x86_64-unknown-linux-gnu", "x86"),
    row!("x86_64-unknown-linux-gnux32", "x32", "x86"),
    row!("x86_64-unknown-linux-musl", "x86_64", "x86"),
    row!("x86_64-unknown-linux-ohos", "x86_64", "x86"),
];

/// Targets without bindings.
const LINUX_LEFT_OUT: &[LeftOut] = &[
    LeftOut {
        name: "m68k-unknown-linux-gnu",
        cfg: Some(r#"target_arch = "m68k""#),
        reason: "clang aligns 64-bit integers to 8 bytes (epoll_event has 16), rustc to 2 (12): \
                 the bindings would be wrong",
    },
    LeftOut {
        name: "aarch64-unknown-linux-gnu_ilp32",
        cfg: Some(r#"all(target_arch = "aarch64", target_pointer_width = "32")"#),
        reason: "clang has no such target, and no released kernel has this ABI",
    },
    LeftOut {
        name: "aarch64_be-unknown-linux-gnu_ilp32",
        cfg: None,
        reason: "clang has no such target, and no released kernel has this ABI",
    },
    LeftOut {
        name: "wasm32-wali-linux-musl",
        cfg: Some(r#"target_arch = "wasm32""#),
        reason: "no kernel headers: the host's runtime translates the calls",
    },
    LeftOut {
        name: "x86_64-unknown-linux-none",
        cfg: None,
        reason: "no C library and no std, so nothing here would link",
    },
    LeftOut {
        name: "arc",
        cfg: None,
        reason: "rustc has no Linux target for it",
    },
    LeftOut {
        name: "loongarch32",
        cfg: None,
        reason: "rustc has no Linux target for it",
    },
    LeftOut {
        name: "xtensa",
        cfg: Some(r#"target_arch = "xtensa""#),
        reason: "rustc has no Linux target for it",
    },
    LeftOut {
        name: "mips64 n32",
        cfg: None,
        reason: "rustc has no Linux target for this ABI",
    },
];

/// Why csky is not checked.
const NO_BACKEND: &str = "Debian's rustc has no code generator for csky";

/// Targets that are run, or cannot be checked.
const PROVEN: &[(&str, Proof)] = &[
    ("csky-unknown-linux-gnuabiv2", Proof::NotChecked(NO_BACKEND)),
    (
        "csky-unknown-linux-gnuabiv2hf",
        Proof::NotChecked(NO_BACKEND),
    ),
    ("aarch64-unknown-linux-musl", Proof::Run("linux-aarch64")),
    ("armv7-unknown-linux-musleabihf", Proof::Run("linux-armv7")),
    ("i686-unknown-linux-musl", Proof::Run("linux-i686")),
    ("riscv64gc-unknown-linux-musl", Proof::Run("linux-riscv64")),
    ("s390x-unknown-linux-musl", Proof::Run("linux-s390x")),
    (
        "x86_64-unknown-linux-gnu",
        Proof::Run("tests-epoll-eventfd-debug"),
    ),
];
