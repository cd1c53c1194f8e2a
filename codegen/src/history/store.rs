//! The history of a system as data, and its file.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{FOLDER, runs};
use crate::abi::{Constant, Function, Record, TargetAbi};
use crate::error::Error;
use crate::version_error::VersionError;

/// The text in each file.
const WRITTEN_BY: &str = "Written by `cargo codegen history --update`; do not edit.";

/// A declaration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Item {
    /// A struct or union.
    Record(Record),
    /// A function.
    Function(Function),
    /// A constant.
    Constant(Constant),
}

impl Item {
    /// Its name.
    pub(crate) fn name(&self) -> &str {
        match self {
            Item::Record(record) => &record.name,
            Item::Function(function) => &function.name,
            Item::Constant(constant) => &constant.name,
        }
    }

    /// The word for its kind.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Item::Record(record) => record.keyword(),
            Item::Function(_) => "fn",
            Item::Constant(_) => "const",
        }
    }

    /// An ABI that consists of it.
    pub(crate) fn alone(&self) -> TargetAbi {
        let mut abi = TargetAbi::default();
        match self.clone() {
            Item::Record(record) => abi.records.push(record),
            Item::Function(function) => abi.functions.push(function),
            Item::Constant(constant) => abi.constants.push(constant),
        }
        abi
    }
}

/// The declarations of an ABI. Names of parameters are not part of it.
pub(super) fn items(abi: &TargetAbi) -> Vec<Item> {
    let records = abi.records.iter().cloned().map(Item::Record);
    let constants = abi.constants.iter().cloned().map(Item::Constant);
    let functions = abi.functions.iter().cloned().map(|mut function| {
        for (name, _) in &mut function.parameters {
            name.clear();
        }
        Item::Function(function)
    });
    let mut items: Vec<Item> = records.chain(functions).chain(constants).collect();
    items.sort_by(|a, b| (a.name(), a.kind()).cmp(&(b.name(), b.kind())));
    items
}

/// A version of a pack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Version {
    /// The pack and its version: `ziglang 0.16.0`.
    pub(crate) pack: String,
    /// The version of the system that its headers describe: `NetBSD 10.1`; empty if unknown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) describes: String,
    /// Why no target could be read; empty if at least one could.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) not_read: String,
    /// The targets that could not be read, and the reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) unread: BTreeMap<String, String>,
}

impl Version {
    /// Its name in tables.
    pub(crate) fn title(&self) -> String {
        if self.describes.is_empty() {
            self.pack.clone()
        } else {
            format!("{} ({})", self.describes, self.pack)
        }
    }

    /// The numbers of the system's version; none if it is unknown.
    fn number(&self) -> Option<Vec<u32>> {
        let number = self.describes.rsplit(' ').next()?;
        let numbers = number.split('.').map(|number| number.parse().ok());
        numbers.collect()
    }

    /// Whether a target could be read.
    pub(crate) fn has(&self, triple: &str) -> bool {
        self.not_read.is_empty() && !self.unread.contains_key(triple)
    }
}

/// What one version has of one target.
pub(crate) type Facts = BTreeMap<String, Vec<Item>>;

/// The history of a system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct History {
    /// The system.
    pub(crate) system: String,
    /// The SHA-256 of the symbols that were read.
    pub(crate) listed: String,
    /// The targets.
    pub(crate) targets: Vec<String>,
    /// The versions, the oldest first, with the declarations of each target that could be read.
    pub(crate) versions: Vec<(Version, Facts)>,
}

/// The form of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    /// [`WRITTEN_BY`].
    note: String,
    /// The system.
    system: String,
    /// The SHA-256 of the symbols that were read.
    listed: String,
    /// The targets.
    targets: Vec<String>,
    /// The versions.
    versions: Vec<Version>,
    /// Sets of targets, as indices.
    sets: Vec<Vec<usize>>,
    /// The declarations.
    runs: Vec<runs::Run>,
}

impl History {
    /// The history of a system without versions.
    pub(crate) fn new(system: &str, targets: Vec<String>, listed: String) -> History {
        History {
            system: system.to_owned(),
            listed,
            targets,
            versions: Vec::new(),
        }
    }

    /// Reads the file of a system. None if there is none.
    pub(crate) fn read(root: &Path, system: &str) -> Result<Option<History>, Error> {
        let path = root.join(FOLDER).join(format!("{system}.json"));
        if !path.is_file() {
            return Ok(None);
        }
        let text = std::fs::read_to_string(&path).map_err(Error::io("read", &path))?;
        History::parse(&text).map(Some).map_err(|(line, text)| {
            Error::Version(VersionError::History {
                file: format!("{FOLDER}/{system}.json"),
                line,
                text,
            })
        })
    }

    /// Reads the text of a file. An error has the line and the reason.
    fn parse(text: &str) -> Result<History, (usize, String)> {
        let stored: Stored =
            serde_json::from_str(text).map_err(|error| (error.line(), error.to_string()))?;
        let mut versions: Vec<(Version, Facts)> = stored
            .versions
            .into_iter()
            .map(|version| {
                let read = stored.targets.iter().filter(|triple| version.has(triple));
                let facts = read.map(|triple| (triple.clone(), Vec::new())).collect();
                (version, facts)
            })
            .collect();
        runs::expand(&stored.runs, &stored.sets, &stored.targets, &mut versions)
            .map_err(|why| (1, why))?;
        Ok(History {
            system: stored.system,
            listed: stored.listed,
            targets: stored.targets,
            versions,
        })
    }

    /// The text of the file: one version and one run a line.
    pub(crate) fn text(&self) -> String {
        let (sets, runs) = runs::compress(self);
        let lines = |values: Vec<String>| format!("[\n{}\n]", values.join(",\n"));
        let versions = self.versions.iter().map(|(version, _)| json(version));
        format!(
            "{{\"note\": {},\n\"system\": {},\n\"listed\": {},\n\"targets\": {},\n\
             \"versions\": {},\n\"sets\": {},\n\"runs\": {}}}\n",
            json(WRITTEN_BY),
            json(&self.system),
            json(&self.listed),
            lines(self.targets.iter().map(json).collect()),
            lines(versions.collect()),
            lines(sets.iter().map(json).collect()),
            lines(runs.iter().map(json).collect()),
        )
    }

    /// Adds a version in its place: by the version of the system, else behind the others.
    pub(crate) fn insert(&mut self, read: (Version, Facts)) {
        let number = read.0.number();
        let later = |(known, _): &(Version, Facts)| match (&number, known.number()) {
            (Some(number), Some(known)) => known > *number,
            // Versions that could not be read come first.
            (None, Some(_)) => !read.0.not_read.is_empty(),
            _ => false,
        };
        let place = self.versions.iter().position(later);
        self.versions
            .insert(place.unwrap_or(self.versions.len()), read);
    }

    /// Enters a pack that cannot be had.
    pub(crate) fn absent(&mut self, pack: String, why: &str) {
        if !self.has_pack(&pack) {
            let version = Version {
                pack,
                not_read: why.to_owned(),
                ..Version::default()
            };
            self.insert((version, Facts::new()));
        }
    }

    /// Whether a version is of this pack.
    pub(crate) fn has_pack(&self, pack: &str) -> bool {
        self.versions
            .iter()
            .any(|(version, _)| version.pack == pack)
    }
}

/// A value as JSON, on one line.
fn json(value: &(impl Serialize + ?Sized)) -> String {
    serde_json::to_string(value).expect("strings, numbers and lists have a form in JSON")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A constant.
    pub(in super::super) fn constant(name: &str, value: i128) -> Item {
        Item::Constant(Constant {
            name: name.to_owned(),
            ty: "c_int".to_owned(),
            value,
        })
    }

    /// A version of a pack with the constants of two targets; none for a target that is not read.
    pub(in super::super) fn version(
        number: u32,
        values: [Option<&[(&str, i128)]>; 2],
    ) -> (Version, Facts) {
        let mut version = Version {
            pack: format!("pack {number}"),
            ..Version::default()
        };
        let mut facts = Facts::new();
        for (triple, values) in ["a", "b"].into_iter().zip(values) {
            match values {
                None => drop(
                    version
                        .unread
                        .insert(triple.to_owned(), "no headers".to_owned()),
                ),
                Some(values) => {
                    let items = values.iter().map(|(name, value)| constant(name, *value));
                    facts.insert(triple.to_owned(), items.collect());
                }
            }
        }
        (version, facts)
    }

    /// The history of a system with the targets `a` and `b`.
    pub(in super::super) fn history(versions: Vec<(Version, Facts)>) -> History {
        let targets = ["a", "b"].map(str::to_owned).to_vec();
        History {
            versions,
            ..History::new("netbsd", targets, "00".to_owned())
        }
    }

    #[test]
    fn text_has_the_whole_history_in_few_runs() {
        let both = |value: i128| version(1, [Some(&[("X", value)]), Some(&[("X", value)])]);
        let mut versions = vec![
            both(1),
            // Nothing of `b` is known here, so its run continues.
            version(2, [Some(&[("X", 1)]), None]),
            version(3, [Some(&[("X", 1), ("Y", 7)]), Some(&[("X", 1)])]),
            // X is gone, and then returns with another value.
            version(4, [Some(&[("Y", 7)]), Some(&[])]),
            version(5, [Some(&[("X", 2), ("Y", 7)]), Some(&[("X", 2)])]),
        ];
        versions[3].0.describes = "System 4".to_owned();
        let history = history(versions);
        let text = history.text();
        assert_eq!(text.matches("\"constant\"").count(), 3, "{text}");
        assert_eq!(History::parse(&text), Ok(history));
        let wrong = text.replace("\"is\"", "\"was\"");
        assert!(History::parse(&wrong).is_err());
    }
}
