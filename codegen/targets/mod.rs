//! The table of targets: for every system with bindings, every triple, the name of the triple in
//! clang, the group whose bindings it uses, and how far the library is tested on it.
//!
//! Each system has one file. To add a system, add a file and a line in [`SYSTEMS`].
//!
//! The generator reads its targets here, `cargo xtask targets` reads which targets it checks and
//! links, and the tables of platforms in the READMEs are written from it. A test compares the list
//! for docs.rs in Cargo.toml with [`DOCUMENTED`].

/// A target of a system without a header pack: triple, group, clang's triple, flags of clang if
/// there are any.
macro_rules! row {
    ($triple:literal, $group:literal, $clang:literal) => {
        row!($triple, $group, $clang, [])
    };
    ($triple:literal, $group:literal, $clang:literal, $flags:expr) => {
        $crate::Target {
            triple: $triple,
            group: $group,
            clang: $clang,
            headers: &[],
            flags: &$flags,
        }
    };
}

mod readme;

mod aix;
mod apple;
mod cygwin;
mod dragonfly;
mod emscripten;
mod espidf;
mod freebsd;
mod fuchsia;
mod haiku;
mod hermit;
mod horizon;
mod hurd;
mod illumos;
mod linux;
mod netbsd;
mod nto;
mod nuttx;
mod openbsd;
mod redox;
mod solaris;
mod vita;
mod wasip1;
mod wasip2;
mod windows;

pub use readme::{overview, platforms, replaced};

/// An operating system whose bindings are generated.
#[derive(Debug)]
pub struct Os {
    /// The name of its list of symbols, its header and its folder below `generated/`.
    pub name: &'static str,
    /// The `cfg` of the system. With it, `generated` exports the bindings.
    pub cfg: &'static str,
    /// A further `cfg` that compiles its module, for fake kernels that use its layouts.
    pub also: Option<&'static str>,
    /// The name of its header pack in `sources.toml`, or `None` if `codegen/headers` declares
    /// everything.
    pub pack: Option<&'static str>,
    /// Where the version of the system comes from.
    pub version: Version,
    /// Whether a triple in rustc's list is of this system.
    pub is: fn(&str) -> bool,
    /// Its rows in the tables of platforms. There are several if systems share their bindings.
    pub names: &'static [Name],
    /// Its groups of targets with the same bindings.
    pub groups: &'static [Group],
    /// Triples whose proof is not [`Proof::Checked`].
    pub proven: &'static [(&'static str, Proof)],
    /// Its targets.
    pub targets: &'static [Target],
    /// Targets without bindings.
    pub left_out: &'static [LeftOut],
}

/// Where the version comes from that is named in the heads of generated files.
#[derive(Debug, Clone, Copy)]
pub enum Version {
    /// From `LINUX_VERSION_CODE` in its headers.
    LinuxHeaders,
    /// From this text. `{freebsd}`, `{macos}`, `{netbsd}` and `{openbsd}` are replaced with the
    /// versions in the header pack.
    Stated(&'static str),
}

/// Architectures with the same bindings. The generator compares the bindings of all of them at
/// every run.
#[derive(Debug)]
pub struct Group {
    /// The name of the file in `generated/` and of the table in `codegen/snapshots/`.
    pub name: &'static str,
    /// The `cfg` of each of its architectures; empty if the group has all.
    pub cfg: &'static [&'static str],
}

/// A target.
#[derive(Debug)]
pub struct Target {
    /// Its name in rustc.
    pub triple: &'static str,
    /// The name of its group.
    pub group: &'static str,
    /// Its name in clang.
    pub clang: &'static str,
    /// The folders of the header pack, in the order of the search.
    pub headers: &'static [&'static str],
    /// Further arguments for clang.
    pub flags: &'static [&'static str],
}

/// A system in the tables of platforms.
#[derive(Debug)]
pub struct Name {
    /// Its name.
    pub title: &'static str,
    /// The mechanism that waits for events.
    pub selector: &'static str,
    /// The mechanism that wakes the selector.
    pub waker: &'static str,
    /// Whether a triple is of this system, among the triples with the same bindings.
    pub is: fn(&str) -> bool,
}

/// How far the library is tested on a target. The bindings of every target are compared with those
/// of its group, with rustc's layouts, and with the `libc` crate:
/// see `codegen/snapshots/cross-check.txt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The library is not compiled, for this reason. The text completes a cell in the table of
    /// platforms, so it names the tool and its version.
    NotChecked(&'static str),
    /// `cargo check` passes for the library and its tests, with all features and without warnings.
    Checked,
    /// Also, the tests link against the system's C library, or zig's stubs of it.
    Linked {
        /// The name of the target in zig, which has the C library.
        zig: &'static str,
        /// The symbol of the selector's system call, which the linked program must import.
        binds: &'static str,
    },
    /// Also, the tests run, in this stage of `cargo xtask test`.
    Run(&'static str),
}

impl Proof {
    /// The name of the tier in the tables of platforms.
    pub fn word(self) -> &'static str {
        match self {
            Proof::NotChecked(_) => "not checked",
            Proof::Checked => "checked",
            Proof::Linked { .. } => "linked",
            Proof::Run(_) => "run",
        }
    }
}

impl Os {
    /// How far the library is tested on a target of this system.
    pub fn proof(&self, target: &Target) -> Proof {
        let known = self.proven.iter().find(|row| row.0 == target.triple);
        match known {
            Some((_, proof)) => *proof,
            None => Proof::Checked,
        }
    }
}

/// A target without bindings.
#[derive(Debug)]
pub struct LeftOut {
    /// A triple, or an architecture without one.
    pub name: &'static str,
    /// The `cfg` with which `generated/` reports the reason as a compile error. `None` if a target
    /// with bindings has the same `cfg`.
    pub cfg: Option<&'static str>,
    /// Why it has no bindings.
    pub reason: &'static str,
}

/// The version of rustc whose list of targets this table covers. Others may have more.
#[cfg(test)]
pub const RUSTC: &str = "1.95.0";

/// One target for each selector and pointer width. `cargo xtask test` checks these, and with
/// `--all` the whole table.
pub const OFTEN: &[&str] = &[
    "aarch64-apple-darwin",
    "armv7-linux-androideabi",
    "i686-unknown-netbsd",
    "riscv32imc-esp-espidf",
    "wasm32-wasip1",
    "x86_64-pc-solaris",
    "x86_64-pc-windows-msvc",
    "x86_64-unknown-freebsd",
    "x86_64-unknown-hermit",
    "x86_64-unknown-netbsd",
    "x86_64-unknown-openbsd",
];

/// The targets that docs.rs documents. Each public module exists on one of them.
pub const DOCUMENTED: &[&str] = &[
    "x86_64-unknown-linux-gnu",
    "aarch64-linux-android",
    "aarch64-apple-darwin",
    "aarch64-apple-ios",
    "wasm32-wasip1",
    "x86_64-pc-windows-msvc",
    "x86_64-unknown-freebsd",
    "x86_64-unknown-illumos",
    "x86_64-unknown-netbsd",
];

/// Every target of every system, with its system.
pub fn all() -> impl Iterator<Item = (&'static Os, &'static Target)> {
    SYSTEMS
        .iter()
        .flat_map(|os| os.targets.iter().map(move |target| (os, target)))
}

/// All operating systems.
pub const SYSTEMS: &[Os] = &[
    aix::AIX,
    apple::APPLE,
    cygwin::CYGWIN,
    dragonfly::DRAGONFLY,
    emscripten::EMSCRIPTEN,
    espidf::ESPIDF,
    freebsd::FREEBSD,
    fuchsia::FUCHSIA,
    haiku::HAIKU,
    hermit::HERMIT,
    horizon::HORIZON,
    hurd::HURD,
    illumos::ILLUMOS,
    linux::LINUX,
    netbsd::NETBSD,
    nto::NTO,
    nuttx::NUTTX,
    openbsd::OPENBSD,
    redox::REDOX,
    solaris::SOLARIS,
    vita::VITA,
    wasip1::WASIP1,
    wasip2::WASIP2,
    windows::WINDOWS,
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::process::Command;

    #[test]
    fn every_triple_of_rustc_is_in_the_table_or_left_out() {
        let rustc = |argument: &[&str]| {
            let output = Command::new("rustc")
                .args(argument)
                .output()
                .expect("rustc runs");
            String::from_utf8(output.stdout).expect("rustc prints text")
        };
        let known = |os: &Os, triple: &str| {
            os.targets.iter().any(|target| target.triple == triple)
                || os.left_out.iter().any(|left| left.name == triple)
        };
        let list = rustc(&["--print", "target-list"]);
        let unknown: Vec<&str> = list
            .lines()
            .filter(|triple| {
                SYSTEMS
                    .iter()
                    .any(|os| (os.is)(triple) && !known(os, triple))
            })
            .collect();
        println!("not in the table: {unknown:?}");
        if rustc(&["--version"]).contains(RUSTC) {
            assert!(unknown.is_empty(), "add to codegen/targets: {unknown:?}");
        }
    }

    #[test]
    fn rows_are_sorted_and_name_groups_that_exist() {
        for os in SYSTEMS {
            assert!(
                os.targets.is_sorted_by(|a, b| a.triple < b.triple),
                "{} targets are not sorted",
                os.name
            );
            assert!(
                os.groups.is_sorted_by(|a, b| a.name < b.name),
                "{} groups are not sorted",
                os.name
            );
            for target in os.targets {
                assert!(
                    os.groups.iter().any(|group| group.name == target.group),
                    "{} has no group",
                    target.triple
                );
            }
            for group in os.groups {
                assert!(
                    os.targets.iter().any(|target| target.group == group.name),
                    "{} is empty",
                    group.name
                );
            }
        }
    }

    /// At least one target for each system, family of architectures and C library that upstream
    /// supports, and those that the project adds.
    const AT_LEAST: &[&str] = &[
        "aarch64-apple-darwin",
        "aarch64-apple-ios",
        "aarch64-apple-ios-sim",
        "aarch64-apple-tvos",
        "aarch64-apple-visionos",
        "aarch64-apple-watchos",
        "aarch64-linux-android",
        "aarch64-pc-windows-msvc",
        "aarch64-unknown-freebsd",
        "aarch64-unknown-fuchsia",
        "aarch64-unknown-linux-gnu",
        "aarch64-unknown-linux-musl",
        "aarch64-unknown-linux-ohos",
        "aarch64-unknown-nto-qnx710",
        "arm-linux-androideabi",
        "arm-unknown-linux-gnueabi",
        "arm-unknown-linux-gnueabihf",
        "arm64_32-apple-watchos",
        "armv6k-nintendo-3ds",
        "armv7-linux-androideabi",
        "armv7-sony-vita-newlibeabihf",
        "armv7-unknown-linux-gnueabihf",
        "csky-unknown-linux-gnuabiv2",
        "i686-linux-android",
        "i686-pc-windows-msvc",
        "i686-unknown-freebsd",
        "i686-unknown-haiku",
        "i686-unknown-hurd-gnu",
        "i686-unknown-linux-gnu",
        "i686-unknown-linux-musl",
        "i686-unknown-netbsd",
        "i686-unknown-openbsd",
        "loongarch64-unknown-linux-gnu",
        "mips64-unknown-linux-gnuabi64",
        "powerpc-unknown-linux-gnu",
        "powerpc64-ibm-aix",
        "powerpc64-unknown-linux-gnu",
        "riscv32imc-esp-espidf",
        "riscv64gc-unknown-linux-gnu",
        "riscv64gc-unknown-nuttx-elf",
        "s390x-unknown-linux-gnu",
        "s390x-unknown-linux-musl",
        "sparc64-unknown-linux-gnu",
        "sparcv9-sun-solaris",
        "wasm32-unknown-emscripten",
        "wasm32-wasip1",
        "wasm32-wasip2",
        "x86_64-apple-darwin",
        "x86_64-apple-ios",
        "x86_64-linux-android",
        "x86_64-pc-cygwin",
        "x86_64-pc-nto-qnx710",
        "x86_64-pc-solaris",
        "x86_64-pc-windows-gnu",
        "x86_64-pc-windows-msvc",
        "x86_64-unknown-dragonfly",
        "x86_64-unknown-freebsd",
        "x86_64-unknown-fuchsia",
        "x86_64-unknown-haiku",
        "x86_64-unknown-hermit",
        "x86_64-unknown-hurd-gnu",
        "x86_64-unknown-illumos",
        "x86_64-unknown-linux-gnu",
        "x86_64-unknown-linux-gnux32",
        "x86_64-unknown-linux-musl",
        "x86_64-unknown-netbsd",
        "x86_64-unknown-openbsd",
        "x86_64-unknown-redox",
    ];

    #[test]
    fn the_table_has_every_required_target() {
        for triple in AT_LEAST {
            assert!(
                all().any(|(_, target)| target.triple == *triple),
                "{triple} is not in the table"
            );
        }
    }

    #[test]
    fn every_row_is_named_once() {
        let mut seen = HashSet::new();
        for (os, target) in all() {
            assert!(seen.insert(target.triple), "{} twice", target.triple);
            assert!((os.is)(target.triple), "{}", target.triple);
            let names = os.names.iter().filter(|name| (name.is)(target.triple));
            assert_eq!(
                names.count(),
                1,
                "{} is in several systems, or in none",
                target.triple
            );
        }
        for os in SYSTEMS {
            for (triple, _) in os.proven {
                assert!(
                    os.targets.iter().any(|target| target.triple == *triple),
                    "{triple}"
                );
            }
        }
        for triple in OFTEN.iter().chain(DOCUMENTED) {
            assert!(seen.contains(triple), "{triple}");
        }
    }

    #[test]
    fn every_selector_is_checked_often() {
        let selectors = |often: bool| -> HashSet<&str> {
            all()
                .filter(|(_, target)| !often || OFTEN.contains(&target.triple))
                .flat_map(|(os, target)| {
                    let names = os.names.iter();
                    names
                        .filter(|name| (name.is)(target.triple))
                        .map(|name| name.selector)
                })
                .collect()
        };
        assert_eq!(selectors(true), selectors(false));
    }
}
