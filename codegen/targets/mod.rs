//! THE target table: every triple of every system with a page, what clang calls it, which group of equal bindings it belongs to,
//! and how far it is proven. One file for each system; a new one is a file here and its line in `SYSTEMS`.
//!
//! The generator takes its targets from here, `cargo xtask targets` what it checks and links, README its table of platforms and
//! Cargo.toml its list for docs.rs.

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
    /// Names its symbol file, its header and its folder below `generated/`.
    pub name: &'static str,
    /// The `cfg` of the system itself: there its bindings are what `generated` exports.
    pub cfg: &'static str,
    /// A further `cfg` under which its module is compiled, for doubles that want its layouts.
    pub also: Option<&'static str>,
    /// Its header pack, by the name in `sources.toml`; none if `codegen/headers` declares everything.
    pub pack: Option<&'static str>,
    /// How the version of the system is known.
    pub version: Version,
    /// Whether a triple of rustc's list is one of this system.
    pub is: fn(&str) -> bool,
    /// What it is called, and what the library is on it. More than one if systems share their bindings.
    pub names: &'static [Name],
    /// Its groups.
    pub groups: &'static [Group],
    /// What is proven of a target beyond [`Proof::Checked`], or what cannot be, by triple.
    pub proven: &'static [(&'static str, Proof)],
    /// Its targets.
    pub targets: &'static [Target],
    /// What is not generated.
    pub left_out: &'static [LeftOut],
}

/// How the version of a system that the headers describe is known.
#[derive(Debug, Clone, Copy)]
pub enum Version {
    /// Its headers say it: `LINUX_VERSION_CODE`.
    LinuxHeaders,
    /// A description. `{freebsd}`, `{macos}`, `{netbsd}` and `{openbsd}` in it are numbers that the pack gives.
    Stated(&'static str),
}

/// Architectures whose bindings come out as one text. That they do is checked at every run.
#[derive(Debug)]
pub struct Group {
    /// Names the file in `generated/` and the table in `tests/snapshots/`.
    pub name: &'static str,
    /// The `cfg` of each of its architectures; empty if the group is for all.
    pub cfg: &'static [&'static str],
}

/// A target.
#[derive(Debug)]
pub struct Target {
    /// As rustc spells it.
    pub triple: &'static str,
    /// Its group.
    pub group: &'static str,
    /// As clang spells it.
    pub clang: &'static str,
    /// The header pack's folders, in clang's order.
    pub headers: &'static [&'static str],
    /// Further arguments for clang.
    pub flags: &'static [&'static str],
}

/// A system as people know it.
#[derive(Debug)]
pub struct Name {
    /// Its name.
    pub title: &'static str,
    /// What waits for events.
    pub selector: &'static str,
    /// What wakes that.
    pub waker: &'static str,
    /// Which triples are meant, among those of its bindings.
    pub is: fn(&str) -> bool,
}

/// How far a target is proven. What clang said is held against its group for all of them, and `tests/snapshots/witnesses.txt` says
/// what rustc and the `libc` crate say about each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The library cannot be compiled for it with these tools, and why.
    NotChecked(&'static str),
    /// `cargo check` passes with all features and the tests, warnings being errors.
    Checked,
    /// Also, the tests link against a C library of it.
    Linked {
        /// The name of zig's target that has the library.
        zig: &'static str,
        /// The symbol of the queue that must be bound.
        binds: &'static str,
    },
    /// The tests run on it, by this stage of `cargo xtask test`.
    Run(&'static str),
}

impl Proof {
    /// The word for it.
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
    /// How far one of its targets is proven.
    pub fn proof(&self, target: &Target) -> Proof {
        let known = self.proven.iter().find(|row| row.0 == target.triple);
        match known {
            Some((_, proof)) => *proof,
            None => Proof::Checked,
        }
    }
}

/// What is not generated, and why.
#[derive(Debug)]
pub struct LeftOut {
    /// A triple, or an architecture without one.
    pub name: &'static str,
    /// The `cfg` for which `generated/` says so at compile time, if no other target has the same.
    pub cfg: Option<&'static str>,
    /// Why.
    pub reason: &'static str,
}

/// The compiler whose list of targets this table covers. Another may have more.
#[cfg(test)]
pub const RUSTC: &str = "1.95.0";

/// One target for each selector and pointer width: `cargo xtask test` checks these, `--all` the whole table.
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

/// For whom docs.rs builds the documentation: each public module is on one of them.
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

    /// One at least for each system, family of architectures and C library that upstream supports, and what the project adds.
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
    fn the_table_holds_what_was_decided() {
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
            assert_eq!(names.count(), 1, "{} has no one name", target.triple);
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
