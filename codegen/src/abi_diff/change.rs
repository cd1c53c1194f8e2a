//! The outcome of a comparison as data.

use serde::Serialize;

use super::fact::Fact;
use crate::abi::{Field, Record};
use crate::gate::Gate;
use crate::inputs::digest;

/// How severe a change is, in the order of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// Programs or sources for the old operand do not work with the new one.
    Breaking,
    /// The new operand has something more.
    Widening,
    /// No program can notice it.
    Cosmetic,
}

/// The subject of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// A target as a whole.
    Target,
    /// A struct.
    Struct,
    /// A union.
    Union,
    /// A function.
    Fn,
    /// A constant.
    Const,
    /// The name of the headers.
    Headers,
}

impl Kind {
    /// The word before the symbol in a report.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Kind::Target => "target",
            Kind::Struct => "struct",
            Kind::Union => "union",
            Kind::Fn => "fn",
            Kind::Const => "const",
            Kind::Headers => "headers",
        }
    }
}

/// A change on one or more targets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Change {
    /// How severe it is.
    pub(crate) severity: Severity,
    /// Its subject.
    pub(crate) kind: Kind,
    /// The name of the symbol.
    pub(crate) symbol: String,
    /// What changed.
    pub(crate) facts: Vec<Fact>,
    /// The old layout, if a record changed.
    pub(crate) old: Option<Record>,
    /// The new layout, if a record changed.
    pub(crate) new: Option<Record>,
}

impl Change {
    /// A name of the change that stays the same in every comparison that finds it, on any targets.
    /// It depends on what changed, with all values, but not on how a report words it.
    pub(crate) fn id(&self) -> String {
        let mut parts: Vec<String> = vec![self.kind.word().to_owned(), self.symbol.clone()];
        for fact in &self.facts {
            parts.push(fact.kind.name().to_owned());
            parts.extend([&fact.field, &fact.old, &fact.new].map(String::clone));
        }
        for record in [&self.old, &self.new] {
            parts.push(record.is_some().to_string());
            if let Some(Record {
                name,
                union,
                repr,
                size,
                align,
                fields,
            }) = record
            {
                parts.extend([name.clone(), union.to_string(), repr.clone()]);
                parts.extend([
                    size.to_string(),
                    align.to_string(),
                    fields.len().to_string(),
                ]);
                for Field {
                    name,
                    ty,
                    offset,
                    size,
                    bits,
                } in fields
                {
                    parts.extend([name.clone(), ty.clone(), offset.to_string()]);
                    parts.extend([size.to_string(), bits.clone()]);
                }
            }
        }
        let hash = digest(parts.iter().map(String::as_str));
        let name = match (self.kind, self.facts.first()) {
            (Kind::Target, Some(fact)) => fact.kind.name().to_owned(),
            _ => format!("{}-{}", self.kind.word(), self.symbol),
        };
        let plain = |letter: char| match letter {
            '_' => letter,
            other if other.is_ascii_alphanumeric() => other,
            _ => '-',
        };
        let name: String = name.chars().map(plain).collect();
        format!("{name}-{}", &hash[..ID_DIGITS])
    }

    /// The texts of its facts in one line.
    pub(crate) fn summary(&self) -> String {
        let texts: Vec<&str> = self.facts.iter().map(|fact| fact.text.as_str()).collect();
        texts.join("; ")
    }

    /// Its subject: `const EV_ADD`, or `target` for a whole target.
    pub(crate) fn subject(&self) -> String {
        match self.kind {
            Kind::Target => self.symbol.clone(),
            kind => format!("{} {}", kind.word(), self.symbol),
        }
    }
}

/// The hexadecimal digits of the hash in an id. 64 bits: to find two changes of one symbol with the
/// same id takes 2^32 trials, and to find one for a given id 2^64.
const ID_DIGITS: usize = 16;

/// A line of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Location {
    /// The file, relative to the repository.
    pub(crate) file: String,
    /// The line, from 1.
    pub(crate) line: usize,
}

/// Targets of one system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct SystemTargets {
    /// The system.
    pub(crate) os: String,
    /// The triples.
    pub(crate) targets: Vec<String>,
    /// How many targets of the system were compared. For the change of a whole target, how many
    /// the operands have together.
    pub(crate) of: usize,
    /// The other triples of these.
    #[serde(skip)]
    pub(crate) others: Vec<String>,
}

/// One row of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Row {
    /// The id of the change, for `codegen/accepted.toml`.
    pub(crate) id: String,
    /// What changed.
    #[serde(flatten)]
    pub(crate) change: Change,
    /// The targets with this change.
    pub(crate) systems: Vec<SystemTargets>,
    /// Files of `src/` that use the symbol.
    pub(crate) used_by: Vec<String>,
    /// What to do; empty for nothing.
    pub(crate) advice: String,
    /// The changed lines in the snapshots of the new operand, one for each group of targets. Empty
    /// if it has no snapshots.
    pub(crate) locations: Vec<Location>,
}

/// Targets that could not be compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Left {
    /// A system or some of its targets.
    pub(crate) what: String,
    /// The reason.
    pub(crate) why: String,
}

/// The outcome of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Report {
    /// [`SCHEMA`].
    pub(crate) schema: &'static str,
    /// The name of the old operand.
    pub(crate) old: String,
    /// The name of the new operand.
    pub(crate) new: String,
    /// How many targets both have.
    pub(crate) compared: usize,
    /// The changes, the most severe first.
    pub(crate) rows: Vec<Row>,
    /// The targets that were not compared.
    pub(crate) not_compared: Vec<Left>,
    /// The verdict of the gate, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gate: Option<Gate>,
}

/// The name of the JSON report's format. `codegen/report.schema.json` describes it; a change that a
/// reader has to know about raises the number.
pub(crate) const SCHEMA: &str = "mio-abi-report/1";

impl Report {
    /// The number of rows of a severity.
    pub(crate) fn count(&self, severity: Severity) -> usize {
        self.of(severity).count()
    }

    /// The rows of a severity.
    pub(crate) fn of(&self, severity: Severity) -> impl Iterator<Item = &Row> {
        self.rows
            .iter()
            .filter(move |row| row.change.severity == severity)
    }
}

impl Row {
    /// All its targets, each with its system.
    pub(crate) fn targets(&self) -> impl Iterator<Item = (&str, &str)> {
        self.systems.iter().flat_map(|system| {
            let triples = system.targets.iter();
            triples.map(move |target| (system.os.as_str(), target.as_str()))
        })
    }
}
