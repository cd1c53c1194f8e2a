//! The outcome of a comparison as data.

use serde::Serialize;

use crate::abi::Record;

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
    /// What changed, one line for each fact.
    pub(crate) facts: Vec<String>,
    /// The old layout, if a record changed.
    pub(crate) old: Option<Record>,
    /// The new layout, if a record changed.
    pub(crate) new: Option<Record>,
}

/// Targets of one system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct SystemTargets {
    /// The system.
    pub(crate) os: String,
    /// The triples.
    pub(crate) targets: Vec<String>,
    /// How many targets of the system were compared.
    pub(crate) of: usize,
}

/// One row of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Row {
    /// What changed.
    #[serde(flatten)]
    pub(crate) change: Change,
    /// The targets with this change.
    pub(crate) systems: Vec<SystemTargets>,
    /// Files of `src/` that use the symbol.
    pub(crate) used_by: Vec<String>,
    /// What to do; empty for nothing.
    pub(crate) advice: String,
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
}

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
