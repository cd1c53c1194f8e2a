//! `codegen/accepted.toml`: the breaking changes that are accepted, with the reason, the person who
//! accepted each and the last day on which that holds, and the levels of kinds of changes.

mod edit;
mod error;

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::value::Datetime;

pub(crate) use self::edit::{entry_text, prune, record};
pub(crate) use self::error::Problem;
use crate::abi_diff::{FactKind, Severity};
use crate::error::{Error, near};
use crate::git;
use crate::operand::Operand;
use crate::project;

/// The file, as texts name it.
pub(crate) const FILE: &str = "codegen/accepted.toml";

/// The path of the file, relative to the repository or the project.
pub(crate) fn path() -> String {
    project::input("accepted.toml")
}

/// What the gate does about a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    /// It fails unless the change is accepted.
    Breaking,
    /// It warns.
    Warning,
    /// It mentions the change.
    Notice,
    /// It leaves the change out. The report still has it.
    Ignored,
}

impl Level {
    /// All levels with their names in the file.
    const NAMES: [(&str, Level); 4] = [
        ("breaking", Level::Breaking),
        ("warning", Level::Warning),
        ("notice", Level::Notice),
        ("ignored", Level::Ignored),
    ];

    /// Its name in the file.
    pub(crate) fn name(self) -> &'static str {
        let name = Level::NAMES.iter().find(|(_, level)| *level == self);
        name.map_or("", |(name, _)| name)
    }
}

/// An accepted change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its line in the file, from 1.
    pub(crate) line: usize,
    /// The id of the change.
    pub(crate) change: String,
    /// The systems and triples that it is accepted on; empty for all.
    pub(crate) targets: Vec<String>,
    /// Why it is accepted.
    pub(crate) reason: String,
    /// Who accepted it.
    pub(crate) by: String,
    /// The last day on which the entry holds.
    pub(crate) until: Date,
}

impl Entry {
    /// Whether it names this target of this system, or all targets.
    pub(crate) fn covers(&self, os: &str, triple: &str) -> bool {
        self.targets.is_empty() || self.targets.iter().any(|name| name == os || name == triple)
    }
}

/// The content of the file. A file that does not exist is an empty one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Accepted {
    /// The accepted changes.
    pub(crate) entries: Vec<Entry>,
    /// The levels that differ from the usual ones.
    levels: BTreeMap<FactKind, Level>,
}

impl Accepted {
    /// Reads the file of a repository.
    pub(crate) fn of_folder(root: &Path) -> Result<Accepted, Error> {
        let path = root.join(path());
        match fs::read_to_string(&path) {
            Ok(text) => Accepted::parse(&text),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Accepted::default()),
            Err(error) => Err(Error::io("read", path)(error)),
        }
    }

    /// Reads the file of a revision or folder. `None` for operands without such a file.
    pub(crate) fn of_operand(operand: &Operand, root: &Path) -> Result<Option<Accepted>, Error> {
        match operand {
            Operand::Revision(commit, _) => git::file(root, commit, &path())?
                .map(|text| Accepted::parse(&text))
                .transpose(),
            Operand::Folder(folder, _) if folder.join(path()).is_file() => {
                Accepted::of_folder(folder).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Reads the text of the file.
    pub(crate) fn parse(text: &str) -> Result<Accepted, Error> {
        let line_at = |at: usize| text.get(..at).unwrap_or(text).matches('\n').count() + 1;
        let raw: RawFile = toml::from_str(text).map_err(|error| Problem::Invalid {
            line: error.span().map_or(1, |span| line_at(span.start)),
            why: error.message().to_owned(),
        })?;
        let mut accepted = Accepted::default();
        for (kind, level) in raw.severity {
            let line = line_at(kind.span().start);
            let (kind, level) = (kind.into_inner(), level.into_inner());
            accepted
                .levels
                .insert(known_kind(kind, line)?, known_level(level, line)?);
        }
        for entry in raw.accepted {
            let line = line_at(entry.span().start);
            let entry = entry.into_inner().check(line)?;
            if let Some(first) = accepted.entries.iter().find(|other| overlap(other, &entry)) {
                return Err(Problem::Twice {
                    line,
                    first: first.line,
                    change: entry.change,
                }
                .into());
            }
            accepted.entries.push(entry);
        }
        // Entries of the history no longer accept anything, but have the same form.
        for entry in raw.history {
            let line = line_at(entry.span().start);
            entry.into_inner().check(line)?;
        }
        Ok(accepted)
    }

    /// The level of a kind of change.
    pub(crate) fn level(&self, kind: FactKind) -> Level {
        let usual = match kind.severity() {
            Severity::Breaking => Level::Breaking,
            Severity::Widening => Level::Notice,
            Severity::Cosmetic => Level::Ignored,
        };
        self.levels.get(&kind).copied().unwrap_or(usual)
    }
}

/// Today, in UTC.
pub(crate) fn today() -> Date {
    let now = jiff::Timestamp::now();
    jiff::tz::Offset::UTC.to_datetime(now).date()
}

/// Whether two entries accept the same change on the same target.
fn overlap(one: &Entry, other: &Entry) -> bool {
    one.change == other.change
        && (one.targets.is_empty()
            || other.targets.is_empty()
            || one.targets.iter().any(|name| other.targets.contains(name)))
}

/// The kind of this name.
fn known_kind(name: String, line: usize) -> Result<FactKind, Problem> {
    let kinds = FactKind::ALL;
    let known = kinds.iter().find(|kind| kind.name() == name);
    known.copied().ok_or_else(|| Problem::UnknownKind {
        line,
        near: near(&name, kinds.iter().map(|kind| kind.name())).map(str::to_owned),
        name,
    })
}

/// The level of this name.
fn known_level(name: String, line: usize) -> Result<Level, Problem> {
    let known = Level::NAMES.iter().find(|(known, _)| *known == name);
    known
        .map(|(_, level)| *level)
        .ok_or_else(|| Problem::UnknownLevel {
            line,
            near: near(&name, Level::NAMES.map(|(known, _)| known)).map(str::to_owned),
            name,
        })
}

/// The file as TOML has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    #[serde(default)]
    severity: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    accepted: Vec<Spanned<RawEntry>>,
    #[serde(default)]
    history: Vec<Spanned<RawEntry>>,
}

/// An entry as TOML has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry {
    change: String,
    targets: Option<Vec<String>>,
    reason: String,
    by: String,
    until: Datetime,
}

impl RawEntry {
    /// The entry, if it is valid.
    fn check(self, line: usize) -> Result<Entry, Problem> {
        let invalid = |why: &str| Problem::Invalid {
            line,
            why: why.to_owned(),
        };
        if !is_id(&self.change) {
            return Err(invalid(&format!(
                "`{}` is not the id of a change",
                self.change
            )));
        }
        if self.reason.trim().is_empty() {
            return Err(invalid(
                "`reason` is empty: state why the change is accepted",
            ));
        }
        if self.by.trim().is_empty() {
            return Err(invalid("`by` is empty: state who accepts the change"));
        }
        if self.targets.as_ref().is_some_and(Vec::is_empty) {
            return Err(invalid(
                "`targets` is empty: name some, or leave it out for all",
            ));
        }
        let date: Date = match self.until {
            Datetime {
                date: Some(_),
                time: None,
                offset: None,
            } => self.until.to_string().parse().ok(),
            _ => None,
        }
        .ok_or_else(|| invalid("`until` is not a date such as 2027-03-01"))?;
        Ok(Entry {
            line,
            change: self.change,
            targets: self.targets.unwrap_or_default(),
            reason: self.reason,
            by: self.by,
            until: date,
        })
    }
}

/// Whether a text has the form of an id: a name, a hyphen and 16 hexadecimal digits.
fn is_id(text: &str) -> bool {
    let Some((name, hash)) = text.rsplit_once('-') else {
        return false;
    };
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    !name.is_empty() && hash.len() == 16 && hash.bytes().all(is_digit)
}

#[cfg(test)]
mod tests;
