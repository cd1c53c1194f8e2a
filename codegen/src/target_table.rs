//! The table of targets of a project: `targets.toml`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::error::Error;
use crate::project_error::ProjectError;
use crate::split::Traits;
use crate::suggest::{did_you_mean, near};
use crate::targets::{Group, Os, Target, Version};
use crate::windows;

/// `targets.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    /// The systems.
    system: Vec<SystemRow>,
}

/// A system.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SystemRow {
    /// The name of its files and of its module.
    name: String,
    /// The system of the tool's own table whose targets it has.
    like: Option<String>,
    /// Patterns that select some of these targets.
    #[serde(default)]
    targets: Vec<String>,
    /// The `cfg` of the system.
    cfg: Option<String>,
    /// Its headers in `sources.toml`.
    pack: Option<String>,
    /// The version of the system, for the heads of the files.
    version: Option<String>,
    /// Its groups of targets.
    #[serde(default)]
    group: Vec<GroupRow>,
    /// Further targets, and other arguments for targets of `like`.
    #[serde(default)]
    target: Vec<TargetRow>,
}

/// A group of targets.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupRow {
    /// The name of its files.
    name: String,
    /// The `cfg`s that select it; one is enough.
    cfg: Vec<String>,
    /// Patterns of its triples.
    targets: Vec<String>,
}

/// A target.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetRow {
    /// Its name in rustc.
    triple: String,
    /// Its name in clang.
    clang: Option<String>,
    /// The include folders of the pack.
    #[serde(default)]
    headers: Vec<String>,
    /// Further arguments for clang.
    #[serde(default)]
    flags: Vec<String>,
}

/// The systems in the text of `targets.toml`. They live as long as the process, as the table of the
/// repository does.
pub(crate) fn parse(text: &str) -> Result<Vec<Os>, Error> {
    let table: Table = toml::from_str(text).map_err(|error| fault(error.to_string()))?;
    let (mut systems, mut errors) = (Vec::<Os>::new(), Vec::new());
    let mut triples: BTreeMap<&str, String> = BTreeMap::new();
    if table.system.is_empty() {
        errors.push(fault("the table has no system".to_owned()));
    }
    for row in table.system {
        let name = row.name.clone();
        let os = match system(row) {
            Ok(os) => os,
            Err(why) => {
                errors.push(fault(format!("system `{name}`: {why}")));
                continue;
            }
        };
        if systems.iter().any(|known| known.name == os.name) {
            errors.push(fault(format!("system `{name}` is listed twice")));
        }
        for target in os.targets {
            if let Some(other) = triples.insert(target.triple, name.clone()) {
                errors.push(fault(format!(
                    "`{}` is a target of `{other}` and of `{name}`",
                    target.triple
                )));
            }
        }
        systems.push(os);
    }
    Error::all(errors)?;
    Ok(systems)
}

/// The error for a fault of the table.
fn fault(why: String) -> Error {
    Error::project(ProjectError::Targets(why))
}

/// The system of a row. The error is the reason.
fn system(row: SystemRow) -> Result<Os, String> {
    is_name(&row.name)?;
    let base = row.like.as_deref().map(like).transpose()?;
    if base.is_some_and(|base| base.name == windows::NAME) || row.name == windows::NAME {
        return Err(
            "bindings of Windows come from its metadata, which projects cannot read yet".to_owned(),
        );
    }
    let targets = targets(&row, base)?;
    let cfg = match (row.cfg, base) {
        (Some(cfg), _) => is_cfg(&cfg).map(|()| leak(cfg))?,
        (None, Some(base)) if row.targets.is_empty() && row.target.is_empty() => base.cfg,
        (None, _) => leak(cfg_of(&targets)?),
    };
    let groups = if row.group.is_empty() {
        by_width(&targets)?
    } else {
        row.group.iter().map(group).collect::<Result<_, _>>()?
    };
    let in_group = |row: &TargetRow| -> Result<Target, String> {
        let group = group_of(&row.triple, &groups)?;
        Ok(Target {
            triple: leak(row.triple.clone()),
            group,
            clang: leak(row.clang.clone().unwrap_or_else(|| row.triple.clone())),
            headers: leak_all(&row.headers),
            flags: leak_all(&row.flags),
        })
    };
    let targets: Vec<Target> = targets.iter().map(in_group).collect::<Result<_, _>>()?;
    if let Some(empty) = groups.iter().find(|group| {
        targets
            .iter()
            .all(|target| target.group != group.group.name)
    }) {
        return Err(format!("group `{}` has no target", empty.group.name));
    }
    let groups: Vec<Group> = groups.into_iter().map(|group| group.group).collect();
    Ok(Os {
        name: leak(row.name),
        cfg,
        also: None,
        pack: row.pack.map(leak).or(base.and_then(|base| base.pack)),
        version: version(row.version.as_deref(), base),
        is: |_| false,
        names: &[],
        groups: Vec::leak(groups),
        proven: &[],
        targets: Vec::leak(targets),
        left_out: &[],
    })
}

/// A group, and the patterns of its triples.
struct GroupOf {
    /// The group.
    group: Group,
    /// The patterns.
    patterns: Vec<String>,
}

/// The only group whose patterns match a triple.
fn group_of(triple: &str, groups: &[GroupOf]) -> Result<&'static str, String> {
    let has = |group: &&GroupOf| {
        group
            .patterns
            .iter()
            .any(|pattern| matches(pattern, triple))
    };
    let matching: Vec<&'static str> = groups
        .iter()
        .filter(has)
        .map(|group| group.group.name)
        .collect();
    match matching[..] {
        [name] => Ok(name),
        [] => Err(format!("`{triple}` is in no group")),
        _ => Err(format!(
            "`{triple}` is in the groups {}",
            matching.join(" and ")
        )),
    }
}

/// The system of the tool's own table.
fn like(name: &str) -> Result<&'static Os, String> {
    let all = mio_targets::SYSTEMS;
    all.iter().find(|os| os.name == name).ok_or_else(|| {
        let near = near(name, all.iter().map(|os| os.name));
        let known: Vec<&str> = all.iter().map(|os| os.name).collect();
        match near {
            Some(_) => format!("the tool has no targets for `{name}`{}", did_you_mean(near)),
            None => format!(
                "the tool has no targets for `{name}`, only for {}",
                known.join(", ")
            ),
        }
    })
}

/// The targets of a row, sorted by triple.
fn targets(row: &SystemRow, base: Option<&'static Os>) -> Result<Vec<TargetRow>, String> {
    let mut all: BTreeMap<String, TargetRow> = BTreeMap::new();
    if let Some(pattern) = row.targets.first().filter(|_| base.is_none()) {
        return Err(format!(
            "`targets` selects from the targets of `like`, which is missing: `{pattern}`"
        ));
    }
    for target in base.map_or(&[][..], |base| base.targets) {
        let is_selected = row.targets.is_empty()
            || row
                .targets
                .iter()
                .any(|pattern| matches(pattern, target.triple));
        if is_selected {
            let own = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
            let copied = TargetRow {
                triple: target.triple.to_owned(),
                clang: Some(target.clang.to_owned()),
                headers: own(target.headers),
                flags: own(target.flags),
            };
            all.insert(copied.triple.clone(), copied);
        }
    }
    for pattern in &row.targets {
        if !all.keys().any(|triple| matches(pattern, triple)) {
            let like = row.like.as_deref().unwrap_or_default();
            return Err(format!("no target of `{like}` matches `{pattern}`"));
        }
    }
    let mut seen = BTreeSet::new();
    for target in &row.target {
        if !seen.insert(&target.triple) {
            return Err(format!("`{}` is listed twice", target.triple));
        }
        all.insert(target.triple.clone(), target.clone());
    }
    if all.is_empty() {
        return Err("it has no target: add `like`, or [[system.target]] rows".to_owned());
    }
    Ok(all.into_values().collect())
}

/// The version for the heads of files.
fn version(stated: Option<&str>, base: Option<&Os>) -> Version {
    match (stated, base) {
        (Some("linux"), _) => Version::LinuxHeaders,
        (Some(text), _) => Version::Stated(leak(text.to_owned())),
        (None, Some(base)) => base.version,
        (None, None) => Version::Stated("version not stated"),
    }
}

/// The group of a row.
fn group(row: &GroupRow) -> Result<GroupOf, String> {
    is_name(&row.name)?;
    for cfg in &row.cfg {
        is_cfg(cfg)?;
    }
    Ok(GroupOf {
        group: Group {
            name: leak(row.name.clone()),
            cfg: leak_all(&row.cfg),
        },
        patterns: row.targets.clone(),
    })
}

/// Groups by the width of a pointer. Each is selected by the architectures of its targets, so that
/// another one is a compile error and does not get bindings that no header confirms.
fn by_width(targets: &[TargetRow]) -> Result<Vec<GroupOf>, String> {
    let mut archs: BTreeMap<&str, BTreeMap<&str, Vec<String>>> = BTreeMap::new();
    for target in targets {
        let traits = Traits::of(&target.triple);
        if traits.arch.is_empty() {
            return Err(format!(
                "the architecture of `{}` is unknown: add [[system.group]] rows, which select \
                 targets by `cfg`",
                target.triple
            ));
        }
        let of_width = archs.entry(traits.width).or_default();
        let triples = of_width.entry(traits.arch).or_default();
        triples.push(target.triple.clone());
    }
    let groups = archs.into_iter().map(|(width, archs)| {
        let cfg = |arch: &&str| {
            let arch = format!("target_arch = \"{arch}\"");
            match arch.as_str() {
                // These have targets of both widths: x32, and watchOS.
                r#"target_arch = "x86_64""# | r#"target_arch = "aarch64""# => {
                    format!("all({arch}, target_pointer_width = \"{width}\")")
                }
                _ => arch,
            }
        };
        let cfgs: Vec<String> = archs.keys().map(cfg).collect();
        GroupOf {
            group: Group {
                name: if width == "64" { "lp64" } else { "ilp32" },
                cfg: leak_all(&cfgs),
            },
            patterns: archs.into_values().flatten().collect(),
        }
    });
    let mut groups: Vec<GroupOf> = groups.collect();
    groups.sort_by_key(|group| group.group.name);
    Ok(groups)
}

/// The `cfg` of the systems of targets.
fn cfg_of(targets: &[TargetRow]) -> Result<String, String> {
    let mut systems = BTreeSet::new();
    for target in targets {
        let os = Traits::of(&target.triple).os;
        if os.is_empty() || os == "unknown" {
            return Err(format!(
                "the system of `{}` is unknown: add `cfg`",
                target.triple
            ));
        }
        systems.insert(format!("target_os = \"{os}\""));
    }
    let systems: Vec<String> = systems.into_iter().collect();
    Ok(match &systems[..] {
        [one] => one.clone(),
        many => format!("any({})", many.join(", ")),
    })
}

/// Whether a triple matches a pattern, in which `*` matches any text.
pub(crate) fn matches(pattern: &str, triple: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == triple,
        Some((before, after)) => triple.strip_prefix(before).is_some_and(|rest| {
            rest.char_indices()
                .map(|(index, _)| &rest[index..])
                .chain([""])
                .any(|rest| matches(after, rest))
        }),
    }
}

/// An error if a text cannot name a module and its files.
fn is_name(text: &str) -> Result<(), String> {
    let letters = |letter: char| matches!(letter, 'a'..='z' | '0'..='9' | '_');
    if text.chars().all(letters) && syn::parse_str::<syn::Ident>(text).is_ok() && text != "mod" {
        return Ok(());
    }
    Err(format!(
        "`{text}` cannot name a module: use a-z, 0-9 and _, and no word of Rust"
    ))
}

/// An error if a text is no `cfg`.
fn is_cfg(text: &str) -> Result<(), String> {
    match syn::parse_str::<syn::Meta>(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("`{text}` is not a cfg: {error}")),
    }
}

/// A text that lives as long as the process.
fn leak(text: String) -> &'static str {
    String::leak(text)
}

/// The same for several texts.
fn leak_all(texts: &[String]) -> &'static [&'static str] {
    let texts: Vec<&'static str> = texts.iter().map(|text| leak(text.clone())).collect();
    Vec::leak(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The only system of a table.
    fn one(text: &str) -> Os {
        parse(text).expect("the table is valid").remove(0)
    }

    #[test]
    fn targets_of_another_system_are_grouped_by_width() {
        let os = one("[[system]]\nname = 'fds'\nlike = 'linux'\n");
        let linux = like("linux").unwrap();
        assert_eq!(os.targets.len(), linux.targets.len());
        assert_eq!((os.cfg, os.pack), (linux.cfg, Some("ziglang")));
        let names: Vec<&str> = os.groups.iter().map(|group| group.name).collect();
        assert_eq!(names, ["ilp32", "lp64"]);
        let x32 = "all(target_arch = \"x86_64\", target_pointer_width = \"32\")";
        assert!(os.groups[0].cfg.contains(&x32), "{:?}", os.groups[0].cfg);
        assert!(os.left_out.is_empty(), "reasons are those of the library");
    }

    #[test]
    fn patterns_select_targets_and_rows_add_some() {
        let os = one("[[system]]\nname = 'linux'\nlike = 'linux'\n\
            targets = ['x86_64-*-linux-gnu', 'aarch64-*']\n\
            [[system.target]]\ntriple = 'riscv64gc-unknown-linux-gnu'\nclang = 'riscv64'\n\
            headers = ['riscv-linux-any']\nflags = ['-march=rv64gc']\n");
        let triples: Vec<&str> = os.targets.iter().map(|target| target.triple).collect();
        let wanted = [
            "aarch64-linux-android",
            "aarch64-unknown-linux-gnu",
            "aarch64-unknown-linux-musl",
            "aarch64-unknown-linux-ohos",
            "riscv64gc-unknown-linux-gnu",
            "x86_64-unknown-linux-gnu",
        ];
        assert_eq!(triples, wanted);
        assert_eq!(os.targets[4].clang, "riscv64");
        assert_eq!(os.cfg, r#"any(target_os = "android", target_os = "linux")"#);
        assert_eq!(os.groups.len(), 1);
    }

    #[test]
    fn groups_of_the_table_need_each_target_once() {
        let table = |patterns: &str| {
            format!(
                "[[system]]\nname = 'linux'\nlike = 'linux'\ntargets = ['*-linux-gnu']\n\
                 [[system.group]]\nname = 'intel'\ncfg = ['target_arch = \"x86_64\"']\n\
                 targets = {patterns}\n\
                 [[system.group]]\nname = 'rest'\ncfg = ['not(target_arch = \"x86_64\")']\n\
                 targets = ['[!x]*']\n"
            )
        };
        let error = parse(&table("['x86_64*']")).unwrap_err().to_string();
        assert!(
            error.contains("`aarch64-unknown-linux-gnu` is in no group"),
            "{error}"
        );
    }

    #[test]
    fn faults_of_a_table_are_named() {
        let row = |text: &str| format!("[[system]]\nname = 'a'\n{text}\n");
        for (text, wanted) in [
            ("[[system]]\nnam = 1".to_owned(), "unknown field `nam`"),
            (row(""), "it has no target: add `like`"),
            (
                row("like = 'linx'"),
                "no targets for `linx`; did you mean `linux`?",
            ),
            (
                row("like = 'plan9'"),
                "no targets for `plan9`, only for aix",
            ),
            (row("like = 'windows'"), "Windows come from its metadata"),
            (row("targets = ['*']"), "`like`, which is missing"),
            (
                row("like = 'linux'\ntargets = ['vax-*']"),
                "no target of `linux` matches `vax-*`",
            ),
            (row("like = 'linux'\ncfg = 'a b'"), "`a b` is not a cfg"),
            (
                "[[system]]\nname = 'type'\nlike = 'linux'".to_owned(),
                "`type` cannot name a module",
            ),
            (
                row("[[system.target]]\ntriple = 'vax-dec-ultrix'"),
                "the architecture of `vax-dec-ultrix` is unknown",
            ),
            (
                row("like = 'linux'") + "[[system]]\nname = 'b'\nlike = 'linux'",
                "is a target of `a` and of `b`",
            ),
        ] {
            let error = parse(&text).expect_err(&text).to_string();
            assert!(error.contains(wanted), "{wanted}: {error}");
        }
    }
}
