//! THE target table: every triple of every system with a page, what clang calls it, which group of equal bindings it belongs to,
//! and how far it is proven. One file for each system; a new one is a file here and its line in `SYSTEMS`.

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

/// An operating system whose bindings are generated.
#[derive(Debug)]
pub(crate) struct Os {
    /// Names its symbol file, its header and its folder below `generated/`.
    pub(crate) name: &'static str,
    /// The `cfg` of the system itself: there its bindings are what `generated` exports.
    pub(crate) cfg: &'static str,
    /// A further `cfg` under which its module is compiled, for doubles that want its layouts.
    pub(crate) also: Option<&'static str>,
    /// Its header pack, by the name in `sources.toml`; none if `codegen/headers` declares everything.
    pub(crate) pack: Option<&'static str>,
    /// How the version of the system is known.
    pub(crate) version: Version,
    /// Whether a triple of rustc's list is one of this system.
    #[cfg_attr(not(test), allow(dead_code))] // The tests hold the table against rustc's list.
    pub(crate) is: fn(&str) -> bool,
    /// Its groups.
    pub(crate) groups: &'static [Group],
    /// Its targets.
    pub(crate) targets: &'static [Target],
    /// What is not generated.
    pub(crate) left_out: &'static [LeftOut],
}

/// How the version of a system that the headers describe is known.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Version {
    /// Its headers say it: `LINUX_VERSION_CODE`.
    LinuxHeaders,
    /// Nothing in the headers says it in one place; the pack or our own header does.
    Stated(&'static str),
}

/// Architectures whose bindings come out as one text. That they do is checked at every run.
#[derive(Debug)]
pub(crate) struct Group {
    /// Names the file in `generated/` and the table in `tests/snapshots/`.
    pub(crate) name: &'static str,
    /// The `cfg` of each of its architectures; empty if the group is for all.
    pub(crate) cfg: &'static [&'static str],
}

/// A target.
#[derive(Debug)]
pub(crate) struct Target {
    /// As rustc spells it.
    pub(crate) triple: &'static str,
    /// Its group.
    pub(crate) group: &'static str,
    /// As clang spells it.
    pub(crate) clang: &'static str,
    /// The header pack's folders, in clang's order.
    pub(crate) headers: &'static [&'static str],
    /// Further arguments for clang.
    pub(crate) flags: &'static [&'static str],
    /// How far it is proven.
    pub(crate) proof: Proof,
}

/// How far a target is proven. What clang said is held against its group for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Proof {
    /// Only clang has seen the layouts.
    Generated,
    /// rustc has compiled the const assertions, when the bindings last changed.
    Checked,
    /// A program of ours links against a C library of it.
    Linked,
    /// The tests run on it.
    Run,
}

impl Proof {
    /// The word for it in the summary.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Proof::Generated => "generated",
            Proof::Checked => "checked",
            Proof::Linked => "linked",
            Proof::Run => "run",
        }
    }
}

/// What is not generated, and why.
#[derive(Debug)]
pub(crate) struct LeftOut {
    /// A triple, or an architecture without one.
    pub(crate) name: &'static str,
    /// The `cfg` for which `generated/` says so at compile time, if no other target has the same.
    pub(crate) cfg: Option<&'static str>,
    /// Why.
    pub(crate) reason: &'static str,
}

/// The compiler whose list of targets this table covers. Another may have more.
#[cfg(test)]
pub(crate) const RUSTC: &str = "1.95.0";

/// All operating systems.
pub(crate) const SYSTEMS: &[Os] = &[
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
            assert!(
                unknown.is_empty(),
                "add to codegen/src/targets: {unknown:?}"
            );
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
}
