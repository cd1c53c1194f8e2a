//! One side of a comparison: what a revision, a folder or a header pack says about every target.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::abi::Facts;
use crate::error::Error;
use crate::generate::{Generator, say};
use crate::group;
use crate::headers::Headers;
use crate::sources::Pack;
use crate::tables::{self, Table};
use crate::targets::{Os, SYSTEMS, Target, Version};
use crate::{git, interrupt, split, write};

/// Where the tables are in a repository.
pub(crate) const TABLES: &str = "tests/snapshots";

/// What is known of one target.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Its system.
    pub(crate) os: String,
    /// Its group.
    pub(crate) group: String,
    /// The headers it was read from.
    pub(crate) headers: String,
    /// The facts. Targets of one table share them.
    pub(crate) facts: Rc<Facts>,
}

/// One side.
#[derive(Debug, Default)]
pub(crate) struct Surface {
    /// What the report calls it.
    pub(crate) name: String,
    /// By triple.
    pub(crate) targets: BTreeMap<String, Seen>,
    /// Targets that could not be read, and why.
    pub(crate) unread: BTreeMap<String, String>,
    /// The systems it can say something about; none means all.
    pub(crate) systems: Option<BTreeSet<String>>,
}

impl Surface {
    /// Can it say something about the system?
    pub(crate) fn describes(&self, os: &str) -> bool {
        self.systems.as_ref().is_none_or(|all| all.contains(os))
    }

    /// All triples it knows, with their systems.
    pub(crate) fn triples(&self) -> impl Iterator<Item = (&str, &str)> {
        let unread = self.unread.keys().map(|triple| {
            let os = SYSTEMS
                .iter()
                .find(|os| os.targets.iter().any(|target| target.triple == triple));
            (triple.as_str(), os.map_or("", |os| os.name))
        });
        self.targets
            .iter()
            .map(|(triple, seen)| (triple.as_str(), seen.os.as_str()))
            .chain(unread)
    }

    /// What tables say.
    pub(crate) fn of_tables(name: String, tables: Vec<Table>) -> Surface {
        let mut surface = Surface {
            name,
            ..Surface::default()
        };
        for table in tables {
            let seen = Seen {
                os: table.os,
                group: table.group,
                headers: table.headers,
                facts: Rc::new(table.facts),
            };
            for triple in table.serves {
                surface.targets.insert(triple, seen.clone());
            }
        }
        surface
    }

    /// What finished files say.
    pub(crate) fn of_files(name: String, files: &write::Tree) -> Result<Surface, Error> {
        let mut read = Vec::new();
        for (path, text) in files {
            let name = path.to_string_lossy();
            if tables::is_table(&name) {
                read.push(tables::parse(&name, text)?);
            }
        }
        Ok(Surface::of_tables(name, read))
    }

    /// What the tables in a folder say: a repository's, or the folder itself.
    pub(crate) fn of_folder(name: String, folder: &Path) -> Result<Surface, Error> {
        for place in [folder.join(TABLES), folder.to_owned()] {
            let read = tables::in_folder(&place)?;
            if !read.is_empty() {
                return Ok(Surface::of_tables(name, read));
            }
        }
        Err(Error::Side {
            side: folder.display().to_string(),
            why: "a folder without ABI tables".to_owned(),
        })
    }

    /// What the tables of a revision say.
    fn of_revision(name: String, root: &Path, revision: &str) -> Result<Surface, Error> {
        let mut read = Vec::new();
        for (file, text) in git::files(root, revision, TABLES, tables::is_table)? {
            read.push(tables::parse(&format!("{revision}:{file}"), &text)?);
        }
        if read.is_empty() {
            return Err(Error::Side {
                side: name,
                why: "a revision without ABI tables".to_owned(),
            });
        }
        Ok(Surface::of_tables(name, read))
    }
}

/// A side as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Side {
    /// The tables of a commit, and what the reader calls it.
    Revision(String, String),
    /// The tables of a folder.
    Folder(PathBuf, String),
    /// Packs of this name or package, at this version.
    Pack(String, String),
}

impl Side {
    /// What `text` means.
    pub(crate) fn parse(text: &str, root: &Path, packs: &[Pack]) -> Result<Side, Error> {
        let wrong = |why: &str| Error::Side {
            side: text.to_owned(),
            why: why.to_owned(),
        };
        if text.trim().is_empty() {
            return Err(wrong("empty, as a variable that is not set"));
        }
        if let Some((name, version)) = text.split_once('@') {
            if packs
                .iter()
                .any(|pack| pack.name == name || pack.package == name)
            {
                if version.is_empty() {
                    return Err(wrong("a header pack without a version"));
                }
                return Ok(Side::Pack(name.to_owned(), version.to_owned()));
            }
        }
        let commit = git::commit(root, text);
        if let Ok(Some(commit)) = commit {
            return Ok(Side::Revision(commit, text.to_owned()));
        }
        let here = std::env::current_dir().map_err(Error::io("find", "the current folder"))?;
        let folder = here.join(text);
        if folder.is_dir() {
            return Ok(Side::Folder(folder, text.to_owned()));
        }
        // Without git it may be a revision all the same.
        commit?;
        Err(wrong("no git revision, folder or pack@version"))
    }

    /// Does it need clang?
    pub(crate) fn is_pack(&self) -> bool {
        matches!(self, Side::Pack(..))
    }

    /// What it says.
    pub(crate) fn read(&self, generator: &Generator) -> Result<Surface, Error> {
        match self {
            Side::Revision(commit, name) => {
                Surface::of_revision(name.clone(), &generator.root, commit)
            }
            Side::Folder(folder, name) => Surface::of_folder(name.clone(), folder),
            Side::Pack(name, version) => of_pack(generator, name, version),
        }
    }
}

/// What a version of a pack says about the systems that read it. What it lacks is left out.
pub(crate) fn of_pack(generator: &Generator, name: &str, version: &str) -> Result<Surface, Error> {
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
    let mut surface = Surface {
        name: format!("{name}@{version}"),
        systems: Some(BTreeSet::new()),
        ..Surface::default()
    };
    for pack in meant {
        let other = pack.at(version, &generator.cache, &say)?;
        read_pack(generator, &other, &mut surface)?;
    }
    Ok(surface)
}

/// What one pack says, as it is pinned.
pub(crate) fn of_one(generator: &Generator, pack: &Pack, title: &str) -> Result<Surface, Error> {
    let mut surface = Surface {
        name: title.to_owned(),
        systems: Some(BTreeSet::new()),
        ..Surface::default()
    };
    read_pack(generator, pack, &mut surface)?;
    Ok(surface)
}

/// Reads all systems of a pack.
fn read_pack(generator: &Generator, pack: &Pack, surface: &mut Surface) -> Result<(), Error> {
    let mut pack = pack.clone();
    // Before 0.16 Apple's headers lay there.
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
        read_system(generator, os, &headers, surface)?;
    }
    Ok(())
}

/// Reads one system leniently.
fn read_system(
    generator: &Generator,
    os: &'static Os,
    headers: &Headers<'_>,
    surface: &mut Surface,
) -> Result<(), Error> {
    if let Some(systems) = &mut surface.systems {
        systems.insert(os.name.to_owned());
    }
    let mut targets: Vec<&'static Target> = Vec::new();
    for target in os.targets {
        match headers.include(target).iter().find(|path| !path.is_dir()) {
            None => targets.push(target),
            Some(_) => {
                let why = format!("{} has no headers for it", surface.name);
                surface.unread.insert(target.triple.to_owned(), why);
            }
        }
    }
    let inputs = generator.inputs(os)?;
    let metadata = group::metadata(&inputs)?;
    let read = group::read_all(os, &targets, &inputs, headers, metadata.as_ref(), true);
    interrupt::check()?;
    let names = group_names(os, &targets, &read);
    for (target, result) in targets.iter().zip(read.into_values()) {
        match result {
            Ok(facts) => {
                let seen = Seen {
                    os: os.name.to_owned(),
                    group: names.get(target.triple).cloned().unwrap_or_default(),
                    headers: described(generator, os, headers, &facts),
                    facts: Rc::new(facts),
                };
                surface.targets.insert(target.triple.to_owned(), seen);
            }
            Err(error) => {
                let why = unread(&error, &surface.name);
                surface.unread.insert(target.triple.to_owned(), why);
            }
        }
    }
    Ok(())
}

/// The group of each target that could be read.
fn group_names(
    os: &Os,
    targets: &[&'static Target],
    read: &BTreeMap<usize, Result<Facts, Error>>,
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
        // What cannot be told apart is an error when it is written; here it is the family.
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

/// What the headers are called. Which version of a system they describe is stated for the pinned pack alone.
fn described(generator: &Generator, os: &Os, headers: &Headers<'_>, facts: &Facts) -> String {
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

/// Why a target could not be read: without its name, so that equal reasons are one.
fn unread(error: &Error, side: &str) -> String {
    match error {
        Error::Clang { why, .. } => {
            let line = why
                .lines()
                .find(|line| line.contains("error:"))
                .unwrap_or(why);
            let said = line.split_once("error: ").map_or(line, |(_, said)| said);
            format!("clang cannot read it in {side}: {said}")
        }
        Error::Shape { why, .. } => format!("{side}: {why}"),
        other => other.to_string(),
    }
}
