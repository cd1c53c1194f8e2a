//! The ABI of all targets at one moment: in a folder of JSON files, a git revision or a header
//! pack.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::rc::Rc;

use crate::abi::GroupAbi;
use crate::error::Error;
use crate::project;
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

    /// Removes the targets that `is_kept`, which gets triple and system, does not select.
    pub(crate) fn retain(&mut self, is_kept: impl Fn(&str, &str) -> bool) {
        let removed: Vec<String> = self
            .triples()
            .filter(|(triple, os)| !is_kept(triple, os))
            .map(|(triple, _)| triple.to_owned())
            .collect();
        for triple in removed {
            self.targets.remove(&triple);
            self.unread.remove(&triple);
        }
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

    /// Whether a folder has snapshots, as [`AbiSnapshot::of_folder`] reads them.
    pub(crate) fn is_in(folder: &Path) -> bool {
        let has = |folder: &Path| {
            let mut entries = fs::read_dir(folder).into_iter().flatten().flatten();
            entries.any(|entry| is_snapshot(&entry.file_name().to_string_lossy()))
        };
        // An SDK may have JSON files of its own.
        has(&folder.join(project::snapshots()))
            || has(folder) && !folder.join("SDKSettings.json").is_file()
    }

    /// The snapshot in a folder: a repository, or the folder of the JSON files itself.
    pub(crate) fn of_folder(name: String, folder: &Path) -> Result<AbiSnapshot, Error> {
        for folder in [folder.join(project::snapshots()), folder.to_owned()] {
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
    let invalid = |line: usize, text: String| Error::Table {
        file: file.to_owned(),
        line,
        text,
    };
    let group =
        GroupAbi::from_json(text).map_err(|error| invalid(error.line(), error.to_string()))?;
    if let Err((symbol, why)) = group.check() {
        // The generator writes a symbol on a line of its own.
        let name = format!("{{\"name\": \"{symbol}\"");
        let line = text.lines().position(|line| line.contains(&name));
        return Err(invalid(line.map_or(1, |line| line + 1), why));
    }
    Ok(group)
}

/// The groups in generated files.
pub(crate) fn in_files(files: &write::Tree) -> Result<Vec<GroupAbi>, Error> {
    let mut groups = Vec::new();
    for (path, text) in files {
        let name = path.to_string_lossy();
        if is_snapshot(&name) {
            groups.push((name.to_string(), parse(&name, text)?));
        }
    }
    distinct(groups)
}

/// The groups of files. An error if two files describe a target: a comparison would see one of
/// them.
pub(crate) fn distinct(files: Vec<(String, GroupAbi)>) -> Result<Vec<GroupAbi>, Error> {
    let mut known: BTreeMap<&str, &str> = BTreeMap::new();
    for (file, group) in &files {
        for triple in &group.targets {
            if let Some(first) = known.insert(triple, file) {
                return Err(Error::Table {
                    file: file.clone(),
                    line: 1,
                    text: format!("{first} describes {triple} already"),
                });
            }
        }
    }
    Ok(files.into_iter().map(|(_, group)| group).collect())
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of a snapshot with one record of two fields. The record is on line 4.
    fn text(size: &str, align: &str, offset: &str) -> String {
        let text = r#"{"note": "", "os": "linux", "group": "g", "headers": "h", "targets": [],
"abi": {"functions": [], "constants": [],
"records": [
{"name": "s", "union": false, "repr": "C", "size": SIZE, "align": ALIGN, "fields": [
{"name": "a", "ty": "c_int", "offset": 0, "size": 4},
{"name": "b", "ty": "c_int", "offset": OFFSET, "size": 4}]}]}}"#;
        let text = text.replace("SIZE", size).replace("ALIGN", align);
        text.replace("OFFSET", offset)
    }

    /// A report of these would end in an overflow, or in a picture that fills the memory.
    #[test]
    fn record_that_no_header_can_declare_is_an_error() {
        assert!(parse("g.json", &text("8", "4", "4")).is_ok());
        for (size, align, offset, expected) in [
            ("18446744073709551608", "8", "4", "more than 1048576"),
            ("8", "4", "18446744073709551612", "`b` ends outside of `s`"),
            ("8", "4", "5", "`b` ends outside of `s`"),
            ("8", "0", "4", "an alignment of 0"),
            ("8", "3", "4", "an alignment of 3"),
            ("10", "4", "4", "`s` has 10 bytes and an alignment of 4"),
        ] {
            let error = parse("g.json", &text(size, align, offset)).unwrap_err();
            let message = error.to_string();
            assert!(message.contains(expected), "{message}");
            assert!(message.contains("g.json:4: "), "{message}");
            assert!(error.help().is_some(), "{message}");
        }
    }
}
