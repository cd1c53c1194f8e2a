//! Splits a group of targets by their ABI. The table of targets has groups that are expected to
//! have equal ABIs. Where the targets of one differ, each set of equal targets becomes a group of
//! its own, named after the `cfg` that selects it.

use std::collections::{BTreeMap, BTreeSet};

use crate::abi::TargetAbi;
use crate::targets::{Group, Target};

/// Targets with equal ABIs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Class {
    /// The name of its file: the name of the group, unless the group is split.
    pub(crate) name: String,
    /// The `cfg`s that select it; empty if it serves all targets.
    pub(crate) cfg: Vec<String>,
    /// The indices of its targets.
    pub(crate) members: Vec<usize>,
}

/// Two targets of a group that differ, but that no `cfg` distinguishes.
pub(crate) type Alike = (&'static str, &'static str);

/// The `cfg` values of a target in rustc.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Traits {
    /// `target_arch`.
    pub(crate) arch: &'static str,
    /// `target_pointer_width`.
    pub(crate) width: &'static str,
    /// `target_endian`.
    pub(crate) endian: &'static str,
    /// `target_os`.
    pub(crate) os: String,
    /// `target_env`.
    pub(crate) env: &'static str,
    /// `target_abi` of Apple's targets.
    pub(crate) abi: &'static str,
}

/// The values of `target_env` that may split a group.
const ENVS: [&str; 6] = ["gnu", "musl", "ohos", "uclibc", "msvc", "newlib"];

impl Traits {
    /// Those of a triple.
    pub(crate) fn of(triple: &str) -> Traits {
        let words: Vec<&str> = triple.split('-').collect();
        let (first, last) = (words[0], words[words.len() - 1]);
        let (arch, width) = match first {
            "arm64_32" => ("aarch64", "32"),
            "arm64ec" => ("arm64ec", "64"),
            _ if first.starts_with("aarch64") && last.ends_with("_ilp32") => ("aarch64", "32"),
            _ if first.starts_with("aarch64") || first.starts_with("arm64") => ("aarch64", "64"),
            _ if first.starts_with("arm") || first.starts_with("thumb") => ("arm", "32"),
            "i386" | "i586" | "i686" => ("x86", "32"),
            _ if first.starts_with("x86_64") && last.ends_with("x32") => ("x86_64", "32"),
            _ if first.starts_with("x86_64") => ("x86_64", "64"),
            _ if first.starts_with("riscv32") => ("riscv32", "32"),
            _ if first.starts_with("riscv64") => ("riscv64", "64"),
            _ if first.starts_with("powerpc64") => ("powerpc64", "64"),
            _ if first.starts_with("powerpc") => ("powerpc", "32"),
            _ if first.starts_with("mipsisa64r6") => ("mips64r6", "64"),
            _ if first.starts_with("mipsisa32r6") => ("mips32r6", "32"),
            _ if first.starts_with("mips64") => ("mips64", "64"),
            _ if first.starts_with("mips") => ("mips", "32"),
            "sparc" => ("sparc", "32"),
            "sparc64" | "sparcv9" => ("sparc64", "64"),
            "s390x" => ("s390x", "64"),
            "loongarch64" => ("loongarch64", "64"),
            "csky" => ("csky", "32"),
            "hexagon" => ("hexagon", "32"),
            "m68k" => ("m68k", "32"),
            "xtensa" => ("xtensa", "32"),
            _ if first.starts_with("wasm32") => ("wasm32", "32"),
            _ => ("", ""),
        };
        let big = match arch {
            "s390x" | "sparc" | "sparc64" | "m68k" => true,
            "powerpc" => true,
            "powerpc64" => !first.ends_with("le"),
            "mips" | "mips64" | "mips32r6" | "mips64r6" => !first.ends_with("el"),
            "aarch64" => first.ends_with("_be"),
            "arm" => first.starts_with("armeb"),
            _ => false,
        };
        let os = match words[..] {
            [.., "apple", "darwin"] => "macos".to_owned(),
            [_, "apple", os, ..] => os.to_owned(),
            _ if last.starts_with("android") => "android".to_owned(),
            [.., "3ds"] => "horizon".to_owned(),
            [_, os, ..] if os.starts_with("wasi") => "wasi".to_owned(),
            [_, "nuttx", ..] => "nuttx".to_owned(),
            [_, _, os, ..] => os.to_owned(),
            _ => String::new(),
        };
        // Rust 1.85 has no `target_env` for Apple's simulators.
        let env = match last {
            "3ds" | "espidf" => Some("newlib"),
            _ => ENVS.into_iter().find(|env| last.starts_with(env)),
        };
        let intel = ["i386", "x86_64"].contains(&first);
        let abi = match words[..] {
            [_, "apple", _, "macabi"] => "macabi",
            [_, "apple", _, "sim"] => "sim",
            // No device has an Intel processor.
            [_, "apple", "ios" | "tvos"] if intel => "sim",
            _ => "",
        };
        Traits {
            arch,
            width,
            endian: if big { "big" } else { "little" },
            os,
            env: env.unwrap_or(""),
            abi,
        }
    }

    /// The `cfg`s that may distinguish targets of one architecture, in the order in which they are
    /// tried.
    fn marks(&self) -> [(&'static str, &str); 4] {
        [
            ("target_endian", self.endian),
            ("target_os", &self.os),
            ("target_env", self.env),
            ("target_abi", self.abi),
        ]
    }
}

/// Splits a group by ABI. `all` has the ABIs of `targets`, which include the targets of the group.
pub(crate) fn classes(
    family: &Group,
    targets: &[&'static Target],
    all: &[TargetAbi],
) -> Result<Vec<Class>, Alike> {
    let mut sets: Vec<Vec<usize>> = Vec::new();
    for (index, target) in targets.iter().enumerate() {
        if target.group != family.name {
            continue;
        }
        let same = |set: &&mut Vec<usize>| equal(&all[set[0]], &all[index]);
        match sets.iter_mut().find(same) {
            Some(set) => set.push(index),
            None => sets.push(vec![index]),
        }
    }
    if let [members] = &mut sets[..] {
        return Ok(vec![Class {
            name: family.name.to_owned(),
            cfg: family.cfg.iter().map(|cfg| (*cfg).to_owned()).collect(),
            members: std::mem::take(members),
        }]);
    }
    let wide = family.cfg.iter().any(|cfg| cfg.contains("pointer_width"));
    let mut classes = Vec::new();
    for members in &sets {
        let (mut cfg, mut words) = (Vec::new(), Vec::new());
        for (arch, mine) in by_arch(targets, members) {
            let width = Traits::of(targets[mine[0]].triple).width;
            let mut parts = vec![format!("target_arch = \"{arch}\"")];
            if wide {
                parts.push(format!("target_pointer_width = \"{width}\""));
            }
            let others: Vec<usize> = sets
                .iter()
                .filter(|set| *set != members)
                .flatten()
                .copied()
                .filter(|index| Traits::of(targets[*index].triple).arch == arch)
                .collect();
            if let Some(Mark { name, values, is }) = mark(targets, &mine, &others)? {
                let alternatives: Vec<String> = values
                    .iter()
                    .map(|value| format!("{name} = \"{value}\""))
                    .collect();
                let part = match &alternatives[..] {
                    [one] => one.clone(),
                    many => format!("any({})", many.join(", ")),
                };
                parts.push(if is { part } else { format!("not({part})") });
                let word = |value| if is { value } else { format!("not_{value}") };
                words.extend(values.into_iter().map(word));
            }
            words.push(arch.to_owned());
            cfg.push(match &parts[..] {
                [one] => one.clone(),
                many => format!("all({})", many.join(", ")),
            });
        }
        classes.push(Class {
            name: named(family.name, words),
            cfg,
            members: members.clone(),
        });
    }
    classes.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(classes)
}

/// The name of a class: the name of the group and the distinguishing values, each once.
fn named(family: &str, words: Vec<String>) -> String {
    let words: BTreeSet<String> = words.into_iter().filter(|word| word != family).collect();
    let words: Vec<String> = words.into_iter().collect();
    format!("{family}_{}", words.join("_"))
}

/// Members by architecture.
fn by_arch(targets: &[&'static Target], members: &[usize]) -> BTreeMap<&'static str, Vec<usize>> {
    let mut all: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for index in members {
        let arch = Traits::of(targets[*index].triple).arch;
        all.entry(arch).or_default().push(*index);
    }
    all
}

/// A `cfg` that distinguishes targets.
struct Mark {
    /// Its name.
    name: &'static str,
    /// Its values.
    values: BTreeSet<String>,
    /// Whether the targets have one of these values. Otherwise the other targets have.
    is: bool,
}

/// The `cfg` that distinguishes targets from others of the same architecture; `None` if there are
/// no others.
fn mark(
    targets: &[&'static Target],
    mine: &[usize],
    others: &[usize],
) -> Result<Option<Mark>, Alike> {
    let (Some(first), Some(other)) = (mine.first(), others.first()) else {
        return Ok(None);
    };
    for mark in 0..4 {
        let values = |set: &[usize]| -> BTreeSet<String> {
            let traits = set.iter().map(|index| Traits::of(targets[*index].triple));
            traits
                .map(|traits| traits.marks()[mark].1.to_owned())
                .collect()
        };
        let (own, theirs) = (values(mine), values(others));
        if own.is_disjoint(&theirs) {
            let name = Traits::of(targets[*first].triple).marks()[mark].0;
            let is = !own.contains("");
            let values = if is { own } else { theirs };
            return Ok(Some(Mark { name, values, is }));
        }
    }
    Err((targets[*first].triple, targets[*other].triple))
}

/// Whether two ABIs are equal. The name of the headers is not part of the ABI.
fn equal(one: &TargetAbi, other: &TargetAbi) -> bool {
    one.records == other.records
        && one.functions == other.functions
        && one.constants == other.constants
        && one.opaque == other.opaque
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::Constant;
    use crate::targets::{SYSTEMS, all};

    /// Compares with `rustc --print cfg` for the targets that this rustc has.
    #[test]
    fn traits_equal_those_of_rustc() {
        let rustc = |arguments: &[&str]| {
            let output = std::process::Command::new("rustc").args(arguments).output();
            String::from_utf8(output.expect("rustc runs").stdout).expect("rustc prints text")
        };
        let known = rustc(&["--print", "target-list"]);
        let mut compared = 0;
        for (_, target) in all() {
            if !known.lines().any(|line| line == target.triple) {
                continue;
            }
            let cfgs = rustc(&["--print", "cfg", "--target", target.triple]);
            let value = |name: &str| {
                let line = cfgs.lines().find_map(|line| line.strip_prefix(name));
                let value = line.and_then(|rest| rest.strip_prefix("=\""));
                value.unwrap_or("\"").trim_end_matches('"').to_owned()
            };
            let traits = Traits::of(target.triple);
            let mine = [traits.arch, traits.width, traits.endian, &traits.os];
            let names = [
                "target_arch",
                "target_pointer_width",
                "target_endian",
                "target_os",
            ];
            assert_eq!(mine, names.map(value), "{}", target.triple);
            let env = value("target_env");
            let env = if ENVS.contains(&&*env) { &env } else { "" };
            assert_eq!(traits.env, env, "{}", target.triple);
            if target.triple.contains("-apple-") {
                assert_eq!(traits.abi, value("target_abi"), "{}", target.triple);
            }
            compared += 1;
        }
        assert!(compared > 150, "only {compared} targets");
    }

    /// An ABI with one constant of this value.
    fn abi(value: i128) -> TargetAbi {
        TargetAbi {
            constants: vec![Constant {
                name: "C".to_owned(),
                ty: "c_int".to_owned(),
                value,
            }],
            ..TargetAbi::default()
        }
    }

    fn of(os: &str, family: &str, value: impl Fn(&Traits) -> i128) -> Vec<Class> {
        let os = SYSTEMS.iter().find(|known| known.name == os).unwrap();
        let family = os.groups.iter().find(|group| group.name == family).unwrap();
        let targets: Vec<&'static Target> = os.targets.iter().collect();
        let all: Vec<TargetAbi> = targets
            .iter()
            .map(|target| abi(value(&Traits::of(target.triple))))
            .collect();
        classes(family, &targets, &all).unwrap()
    }

    #[test]
    fn group_splits_by_the_first_cfg_that_distinguishes() {
        let names = |classes: &[Class]| -> Vec<String> {
            classes.iter().map(|class| class.name.clone()).collect()
        };
        assert_eq!(names(&of("linux", "generic32", |_| 0)), ["generic32"]);
        let by_arch = of("linux", "generic32", |traits| {
            i128::from(traits.arch == "arm")
        });
        assert_eq!(
            names(&by_arch),
            ["generic32_arm", "generic32_hexagon_powerpc_riscv32"]
        );
        assert_eq!(by_arch[0].cfg, [r#"target_arch = "arm""#]);
        let by_endian = of("linux", "generic32", |traits| {
            i128::from(traits.endian == "big")
        });
        assert_eq!(
            by_endian[0].cfg,
            [
                r#"all(target_arch = "arm", target_endian = "big")"#,
                r#"target_arch = "powerpc""#
            ]
        );
        // Mac Catalyst is an iOS with macOS' symbols.
        let by_abi = of("apple", "lp64", |traits| {
            i128::from(traits.arch == "x86_64" && traits.abi != "sim")
        });
        assert_eq!(
            names(&by_abi),
            ["lp64_aarch64_sim_x86_64", "lp64_not_sim_x86_64"]
        );
        let width = r#"target_pointer_width = "64""#;
        let intel = format!(r#"all(target_arch = "x86_64", {width}, "#);
        assert_eq!(by_abi[0].cfg[1], format!(r#"{intel}target_abi = "sim")"#));
        assert_eq!(
            by_abi[1].cfg,
            [format!(r#"{intel}not(target_abi = "sim"))"#)]
        );
        let by_os = of("apple", "x86", |traits| i128::from(traits.os == "macos"));
        assert_eq!(names(&by_os), ["x86_ios", "x86_macos"]);
        assert_eq!(
            by_os[1].cfg,
            [r#"all(target_arch = "x86", target_os = "macos")"#]
        );
    }
}
