//! The ABI of all targets at one moment: in a folder of JSON files, a git revision or a header
//! pack.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::rc::Rc;

use crate::abi::{FOLDER, GroupAbi};
use crate::error::Error;
use crate::targets::SYSTEMS;
use crate::write;

/// A snapshot of the ABI of all targets.
#[derive(Debug, Default)]
pub(crate) struct AbiSnapshot {
    /// Its name in reports.
    pub(crate) name: String,
    /// The groups of its targets, by triple.
    pub(crate) targets: BTreeMap<String, Rc<GroupAbi>>,
    /// The targets that could not be read, and the reason.
    pub(crate) unread: BTreeMap<String, String>,
    /// The systems that it covers; `None` for all.
    pub(crate) systems: Option<BTreeSet<String>>,
}

impl AbiSnapshot {
    /// Whether it covers the system.
    pub(crate) fn describes(&self, os: &str) -> bool {
        self.systems.as_ref().is_none_or(|all| all.contains(os))
    }

    /// All its triples, with their systems.
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

    /// The snapshot that consists of these groups.
    pub(crate) fn of_groups(name: String, groups: Vec<GroupAbi>) -> AbiSnapshot {
        let mut snapshot = AbiSnapshot {
            name,
            ..AbiSnapshot::default()
        };
        for group in groups.into_iter().map(Rc::new) {
            for triple in &group.targets {
                snapshot.targets.insert(triple.clone(), Rc::clone(&group));
            }
        }
        snapshot
    }

    /// The snapshot in generated files.
    pub(crate) fn of_files(name: String, files: &write::Tree) -> Result<AbiSnapshot, Error> {
        Ok(AbiSnapshot::of_groups(name, in_files(files)?))
    }

    /// The snapshot in a folder: a repository, or the folder of the JSON files itself.
    pub(crate) fn of_folder(name: String, folder: &Path) -> Result<AbiSnapshot, Error> {
        for folder in [folder.join(FOLDER), folder.to_owned()] {
            let groups = in_folder(&folder)?;
            if !groups.is_empty() {
                return Ok(AbiSnapshot::of_groups(name, groups));
            }
        }
        Err(Error::Operand {
            operand: folder.display().to_string(),
            why: "a folder without ABI snapshots".to_owned(),
        })
    }
}

/// Whether a file of this name holds the ABI of a group.
pub(crate) fn is_snapshot(name: &str) -> bool {
    name.ends_with(".json")
}

/// Reads the ABI of a group from the text of a file.
pub(crate) fn parse(file: &str, text: &str) -> Result<GroupAbi, Error> {
    GroupAbi::from_json(text).map_err(|error| Error::Table {
        file: file.to_owned(),
        line: error.line(),
        text: error.to_string(),
    })
}

/// The groups in generated files.
pub(crate) fn in_files(files: &write::Tree) -> Result<Vec<GroupAbi>, Error> {
    let mut groups = Vec::new();
    for (path, text) in files {
        let name = path.to_string_lossy();
        if is_snapshot(&name) {
            groups.push(parse(&name, text)?);
        }
    }
    Ok(groups)
}

/// The groups in a folder, sorted by name. Empty if the folder does not exist.
pub(crate) fn in_folder(folder: &Path) -> Result<Vec<GroupAbi>, Error> {
    let mut files = write::Tree::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if is_snapshot(&name.to_string_lossy()) {
            let path = entry.path();
            let text = fs::read_to_string(&path).map_err(Error::io("read", path))?;
            files.insert(name.into(), text);
        }
    }
    in_files(&files)
}
