//! Errors of `codegen/accepted.toml` and of `cargo codegen accept`.

use jiff::civil::Date;

use super::FILE;
use crate::error::did_you_mean;
use crate::error_report::Location;
use crate::help::Help;

/// What is wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// The file is no valid TOML, or a value is invalid.
    #[error("{FILE}:{line}: {why}")]
    Invalid {
        /// The line, from 1.
        line: usize,
        /// The reason.
        why: String,
    },
    /// A key of `[severity]` is no kind of change.
    #[error("{FILE}:{line}: `{name}` is no kind of change{}", did_you_mean(near.as_deref()))]
    UnknownKind {
        /// The line, from 1.
        line: usize,
        /// The key.
        name: String,
        /// The most similar kind.
        near: Option<String>,
    },
    /// A value of `[severity]` is no level.
    #[error("{FILE}:{line}: `{name}` is no level{}", did_you_mean(near.as_deref()))]
    UnknownLevel {
        /// The line, from 1.
        line: usize,
        /// The value.
        name: String,
        /// The most similar level.
        near: Option<String>,
    },
    /// Two entries accept the same change on the same target.
    #[error("{FILE}:{line}: `{change}` is accepted in line {first} already")]
    Twice {
        /// The line of the second entry, from 1.
        line: usize,
        /// The line of the first entry.
        first: usize,
        /// The change.
        change: String,
    },
    /// The comparison has no change with this id.
    #[error("{comparison} has no change `{id}`{}", did_you_mean(near.as_deref()))]
    UnknownChange {
        /// The compared operands.
        comparison: String,
        /// The given id.
        id: String,
        /// The most similar id.
        near: Option<String>,
    },
    /// A change does not occur on a target.
    #[error("`{id}` does not occur on `{target}`; it occurs on {targets}")]
    OtherTargets {
        /// The id.
        id: String,
        /// The given system or triple.
        target: String,
        /// The targets of the change.
        targets: String,
    },
    /// The last day of an acceptance is over.
    #[error("{until} is over: today is {today}")]
    Past {
        /// The given day.
        until: Date,
        /// Today.
        today: Date,
    },
    /// A reason or a name is empty.
    #[error("{option} is empty")]
    Empty {
        /// The option.
        option: &'static str,
    },
}

impl Problem {
    /// What resolves it.
    pub(crate) fn help(&self) -> Help {
        match self {
            Problem::Invalid { .. } => Help::Text(format!(
                "correct {FILE}; codegen/README.md describes its entries"
            )),
            Problem::UnknownKind { near: None, .. } => {
                Help::text("name a kind of change: cargo codegen list kinds")
            }
            Problem::UnknownLevel { near: None, .. } => {
                Help::text("write breaking, warning, notice or ignored")
            }
            Problem::UnknownKind {
                near: Some(near), ..
            }
            | Problem::UnknownLevel {
                near: Some(near), ..
            } => Help::Text(format!("write `{near}` in {FILE}")),
            Problem::Twice { .. } => {
                Help::text("remove one of the two entries, or name different targets in them")
            }
            Problem::UnknownChange { id, near, .. } => match near {
                Some(near) => Help::replace(id, near),
                None => Help::run(["cargo", "codegen", "diff", "--gate"]),
            },
            Problem::OtherTargets { .. } => {
                Help::text("name one of these with --target, or leave --target out")
            }
            Problem::Past { .. } => Help::text("name a later day with --until"),
            Problem::Empty { .. } => Help::text("give it a text"),
        }
    }

    /// Where it is in the file.
    pub(crate) fn location(&self) -> Option<Location<'static>> {
        match self {
            Problem::Invalid { line, .. }
            | Problem::UnknownKind { line, .. }
            | Problem::UnknownLevel { line, .. }
            | Problem::Twice { line, .. } => Some(Location::File(FILE.as_ref(), Some(*line))),
            _ => None,
        }
    }
}
