//! The operands of a comparison: a git revision, a folder, a header pack or an SDK, each read as a
//! snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::abi::{GroupAbi, TargetAbi, WRITTEN_BY};
use crate::cli::Only;
use crate::error::Error;
use crate::generate::{Generator, say};
use crate::headers::Headers;
use crate::help::Help;
use crate::project;
use crate::project_error::ProjectError;
use crate::read;
use crate::snapshot::{self, AbiSnapshot};
use crate::sources::Pack;
use crate::targets::{Os, SYSTEMS, Target, Version};
use crate::tree::Tree;
use crate::{git, interrupt, split};

/// An operand, as parsed from the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Operand {
    /// A commit, and the name that the user gave it.
    Revision(String, String),
    /// A folder, and the name that the user gave it.
    Folder(PathBuf, String),
    /// The header packs of this name or package, at this version.
    Pack(String, String),
    /// An unpacked SDK or sysroot.
    Tree(PathBuf),
}

/// How an operand begins that is an SDK or sysroot.
const TREE: &str = "sdk:";

impl Operand {
    /// Parses an argument of the command line.
    pub(crate) fn parse(text: &str, root: &Path, packs: &[Pack]) -> Result<Operand, Error> {
        let wrong = |why: &str| Error::Operand {
            operand: text.to_owned(),
            why: why.to_owned(),
        };
        if text.trim().is_empty() {
            return Err(wrong("empty, as a variable that is not set"));
        }
        let here = std::env::current_dir().map_err(Error::io("find", "the current folder"))?;
        if let Some(folder) = text.strip_prefix(TREE) {
            if folder.is_empty() {
                return Err(wrong("an SDK without a folder"));
            }
            return Ok(Operand::Tree(here.join(folder)));
        }
        if let Some((name, version)) = text.split_once('@') {
            if packs
                .iter()
                .any(|pack| pack.name == name || pack.package == name)
            {
                if version.is_empty() {
                    return Err(wrong("a header pack without a version"));
                }
                return Ok(Operand::Pack(name.to_owned(), version.to_owned()));
            }
        }
        let commit = git::commit(root, text);
        if let Ok(Some(commit)) = commit {
            return Ok(Operand::Revision(commit, text.to_owned()));
        }
        let folder = here.join(text);
        if folder.is_dir() {
            if !AbiSnapshot::is_in(&folder) && Tree::open(&folder).is_ok() {
                return Ok(Operand::Tree(folder));
            }
            return Ok(Operand::Folder(folder, text.to_owned()));
        }
        // If git failed, its error is the reason.
        commit?;
        Err(wrong("no git revision, folder, pack@version or sdk:folder"))
    }

    /// Whether reading it needs clang.
    pub(crate) fn reads_headers(&self) -> bool {
        matches!(self, Operand::Pack(..) | Operand::Tree(_))
    }

    /// Reads it.
    pub(crate) fn read(&self, generator: &Generator, only: &Only) -> Result<AbiSnapshot, Error> {
        match self {
            Operand::Revision(commit, name) => of_revision(name.clone(), &generator.root, commit),
            Operand::Folder(folder, name) => AbiSnapshot::of_folder(name.clone(), folder),
            Operand::Pack(name, version) => of_pack(generator, name, version),
            Operand::Tree(folder) => of_tree(generator, folder, only),
        }
    }
}

/// Reads both operands, as far as `only` selects. An SDK or sysroot has the headers of some targets
/// alone, and the other operand is compared on these.
pub(crate) fn read_both(
    operands: [&Operand; 2],
    generator: &Generator,
    only: &Only,
) -> Result<[AbiSnapshot; 2], Error> {
    let [old, new] = operands;
    let mut both = [old.read(generator, only)?, new.read(generator, only)?];
    for index in 0..2 {
        if matches!(operands[index], Operand::Tree(_)) {
            let of_tree: BTreeSet<String> = both[index]
                .triples()
                .map(|(triple, _)| triple.to_owned())
                .collect();
            both[1 - index].retain(|triple, _| of_tree.contains(triple));
        }
    }
    for snapshot in &mut both {
        snapshot.retain(|triple, os| {
            (only.os.is_empty() || only.os.iter().any(|name| name == os))
                && (only.target.is_empty() || only.target.iter().any(|name| name == triple))
        });
        if !only.os.is_empty() {
            snapshot.systems = Some(only.os.iter().cloned().collect());
        }
    }
    Ok(both)
}

/// The snapshot of an SDK or sysroot: the targets that it has headers for.
fn of_tree(generator: &Generator, folder: &Path, only: &Only) -> Result<AbiSnapshot, Error> {
    let tree = Tree::open(folder)?;
    let is_selected = |target: &Target| {
        tree.serves(target)
            && (only.target.is_empty() || only.target.iter().any(|name| name == target.triple))
    };
    let of_os = |os: &&Os| only.os.is_empty() || only.os.iter().any(|name| name == os.name);
    let systems: Vec<&'static Os> = SYSTEMS
        .iter()
        .filter(of_os)
        .filter(|os| os.targets.iter().any(is_selected))
        .collect();
    let wrong = |why: &str, help: Help| {
        Error::project(ProjectError::Tree {
            path: folder.to_owned(),
            why: format!("{} {why}", tree.title),
            help,
        })
    };
    if systems.is_empty() {
        return Err(wrong(
            "serves no target that is to be compared",
            Help::run(["cargo", "codegen", "list", "targets"]),
        ));
    }
    if !tree.is_arch_known && only.target.is_empty() {
        return Err(wrong(
            "is of one architecture, and no file states which",
            Help::text("name the targets that it has headers for: --target TRIPLE"),
        ));
    }
    let mut snapshot = AbiSnapshot {
        name: tree.title.clone(),
        systems: Some(BTreeSet::new()),
        ..AbiSnapshot::default()
    };
    let headers = Headers::Tree(tree.clone(), generator.compiler_headers()?);
    for os in systems {
        read_system(generator, os, &headers, &is_selected, &mut snapshot)?;
    }
    Ok(snapshot)
}

/// The snapshot of a git revision.
fn of_revision(name: String, root: &Path, revision: &str) -> Result<AbiSnapshot, Error> {
    let mut groups = Vec::new();
    for (file, text) in git::files(root, revision, project::snapshots(), snapshot::is_snapshot)? {
        let file = format!("{revision}:{file}");
        let group = snapshot::parse(&file, &text)?;
        groups.push((file, group));
    }
    let groups = snapshot::distinct(groups)?;
    if groups.is_empty() {
        return Err(Error::Operand {
            operand: name,
            why: format!(
                "a revision without ABI snapshots (JSON files in {})",
                project::snapshots()
            ),
        });
    }
    Ok(AbiSnapshot::of_groups(name, groups))
}

/// The snapshot of a version of header packs: the systems that use them, without the symbols that
/// the version lacks.
pub(crate) fn of_pack(
    generator: &Generator,
    name: &str,
    version: &str,
) -> Result<AbiSnapshot, Error> {
    let packs = &generator.sources.headers;
    // A pack by its name, else all packs made from that package.
    let by_package = packs.iter().any(|pack| pack.package == name);
    let meant: Vec<&Pack> = packs
        .iter()
        .filter(|pack| {
            if by_package {
                pack.package == name
            } else {
                pack.name == name
            }
        })
        .collect();
    let mut snapshot = AbiSnapshot {
        name: format!("{name}@{version}"),
        systems: Some(BTreeSet::new()),
        ..AbiSnapshot::default()
    };
    for pack in meant {
        let other = pack.at(version, &generator.cache, &say)?;
        read_pack(generator, &other, &mut snapshot)?;
    }
    Ok(snapshot)
}

/// The snapshot of one header pack at its pinned version.
pub(crate) fn of_one(
    generator: &Generator,
    pack: &Pack,
    title: &str,
) -> Result<AbiSnapshot, Error> {
    let mut snapshot = AbiSnapshot {
        name: title.to_owned(),
        systems: Some(BTreeSet::new()),
        ..AbiSnapshot::default()
    };
    read_pack(generator, pack, &mut snapshot)?;
    Ok(snapshot)
}

/// Adds all systems that use a pack.
fn read_pack(generator: &Generator, pack: &Pack, snapshot: &mut AbiSnapshot) -> Result<(), Error> {
    let mut pack = pack.clone();
    // The folder of Apple's headers before ziglang 0.16.
    if pack
        .unpack
        .iter()
        .any(|begin| begin.contains("any-darwin-any"))
    {
        pack.unpack
            .push("ziglang/lib/libc/include/any-macos-any/".to_owned());
    }
    let folder = pack.folder(&generator.cache, &say)?;
    let headers = Headers::Pack(&pack, folder);
    for os in SYSTEMS
        .iter()
        .filter(|os| os.pack == Some(pack.name.as_str()))
    {
        read_system(generator, os, &headers, &|_| true, snapshot)?;
    }
    Ok(())
}

/// Adds one system. A target that cannot be read does not stop the others.
fn read_system(
    generator: &Generator,
    os: &'static Os,
    headers: &Headers<'_>,
    is_selected: &dyn Fn(&Target) -> bool,
    snapshot: &mut AbiSnapshot,
) -> Result<(), Error> {
    if let Some(systems) = &mut snapshot.systems {
        systems.insert(os.name.to_owned());
    }
    let mut targets: Vec<&'static Target> = Vec::new();
    for target in os.targets.iter().filter(|target| is_selected(target)) {
        match headers.include(target).iter().find(|path| !path.is_dir()) {
            None => targets.push(target),
            Some(_) => {
                let why = format!("{} has no headers for it", snapshot.name);
                snapshot.unread.insert(target.triple.to_owned(), why);
            }
        }
    }
    let inputs = generator.inputs(os)?;
    let metadata = read::metadata(&inputs)?;
    let read = read::read_all(os, &targets, &inputs, headers, metadata.as_ref(), true);
    interrupt::check()?;
    let names = group_names(os, &targets, &read);
    for (target, result) in targets.iter().zip(read.into_values()) {
        match result {
            Ok(facts) => {
                let group = GroupAbi {
                    note: WRITTEN_BY.to_owned(),
                    os: os.name.to_owned(),
                    group: names.get(target.triple).cloned().unwrap_or_default(),
                    headers: described(generator, os, headers, &facts),
                    targets: vec![target.triple.to_owned()],
                    abi: facts,
                };
                snapshot
                    .targets
                    .insert(target.triple.to_owned(), Rc::new(group));
            }
            Err(error) => {
                let why = unread(&error, &snapshot.name);
                snapshot.unread.insert(target.triple.to_owned(), why);
            }
        }
    }
    Ok(())
}

/// The group of each target that could be read.
fn group_names(
    os: &Os,
    targets: &[&'static Target],
    read: &BTreeMap<usize, Result<TargetAbi, Error>>,
) -> BTreeMap<&'static str, String> {
    let (mut some, mut facts) = (Vec::new(), Vec::new());
    for (target, result) in targets.iter().zip(read.values()) {
        if let Ok(read) = result {
            some.push(*target);
            facts.push(read.clone());
        }
    }
    let mut names: BTreeMap<&str, String> = BTreeMap::new();
    for family in os.groups {
        // A family that no `cfg` can split is an error of `cargo codegen`, but not of a comparison.
        let classes = split::classes(family, &some, &facts).unwrap_or_default();
        for class in classes {
            for index in class.members {
                names.insert(some[index].triple, class.name.clone());
            }
        }
    }
    for target in some {
        names
            .entry(target.triple)
            .or_insert_with(|| target.group.to_owned());
    }
    names
}

/// The name of the headers. Only the pinned pack states which version of the system it describes.
fn described(generator: &Generator, os: &Os, headers: &Headers<'_>, facts: &TargetAbi) -> String {
    let full = headers.name(&facts.headers);
    let pinned = os
        .pack
        .and_then(|name| generator.sources.headers(name).ok());
    let is_pinned = match (headers, pinned) {
        (Headers::Pack(pack, _), Some(pinned)) => pack.version == pinned.version,
        _ => true,
    };
    match (os.version, full.split_once(" (")) {
        (Version::Stated(_), Some((short, _))) if !is_pinned => short.to_owned(),
        _ => full,
    }
}

/// The reason why a target could not be read. It does not name the target, so that equal reasons
/// merge.
pub(crate) fn unread(error: &Error, side: &str) -> String {
    match error {
        Error::Clang { why, .. } => {
            let line = why
                .lines()
                .find(|line| line.contains("error:"))
                .unwrap_or(why);
            let error = line.split_once("error: ").map_or(line, |(_, error)| error);
            format!("clang cannot read it in {side}: {error}")
        }
        Error::Shape { why, .. } => format!("{side}: {why}"),
        other => other.to_string(),
    }
}
