//! Errors about versions: of packs, crates and targets that are looked up, of systems whose headers
//! differ, and of the history.

use crate::error::{Error, did_you_mean};
use crate::help::Help;

/// An error about versions.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VersionError {
    /// The package index cannot be asked, or has no such release.
    #[error("cannot look up {packages} in the package index: {why}")]
    Index {
        /// The packages.
        packages: String,
        /// The message of `pip`.
        why: String,
    },
    /// Newer headers of a system declare a symbol differently.
    #[error(
        "{pack} differs from the oldest headers of {os}: {symbol}: {fact} ({})",
        targets.join(", ")
    )]
    Range {
        /// The system.
        os: &'static str,
        /// The pack with the newer headers.
        pack: String,
        /// The kind and name of the symbol.
        symbol: String,
        /// What differs.
        fact: String,
        /// The targets.
        targets: Vec<String>,
    },
    /// `ranges.toml` is invalid.
    #[error("codegen/ranges.toml: {0}")]
    Ranges(String),
    /// A file of `codegen/history/` cannot be read.
    #[error("{file}:{line}: this is no history: {text}")]
    History {
        /// The file, relative to the root.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The reason.
        text: String,
    },
    /// No history has this symbol.
    #[error("no history has `{name}`{}", did_you_mean(near.as_deref()))]
    NoHistory {
        /// The name.
        name: String,
        /// The most similar name.
        near: Option<String>,
    },
    /// cargo cannot look up crates.
    #[error("cannot look up the newest {crates}: {why}")]
    Registry {
        /// The crates.
        crates: String,
        /// The message of cargo.
        why: String,
    },
    /// rustc cannot be asked for its targets.
    #[error("cannot read the targets of rustc: {why}")]
    Rustc {
        /// The message of rustc.
        why: String,
    },
}

impl VersionError {
    /// What resolves the error.
    pub(crate) fn help(&self) -> Help {
        match self {
            VersionError::Index { .. } => Help::text(
                "make sure that the network works and `python3 -m pip config list` names an index \
                 that answers in JSON (PEP 691)",
            ),
            VersionError::Range { symbol, pack, .. } => Help::Text(format!(
                "if programs built with the older declaration of {symbol} work there, \
                 enter it into codegen/ranges.toml with the reason; \
                 otherwise take {pack} out of `also` in codegen/sources.toml, \
                 or look the symbol up at run time"
            )),
            VersionError::Ranges(_) => {
                Help::text("correct codegen/ranges.toml, or remove the entry")
            }
            VersionError::History { file, .. } => {
                let update = ["cargo", "codegen", "history", "--update"];
                Help::Text(format!(
                    "restore it: git checkout -- {file}; or remove it and run {}",
                    update.join(" ")
                ))
            }
            VersionError::NoHistory { name, near } => match near {
                Some(near) => Help::replace(name, near),
                None => Help::text(
                    "name a symbol that headers of a pack declare; `cargo codegen list symbols` \
                     lists all, and those of codegen/headers have no history",
                ),
            },
            VersionError::Registry { .. } => Help::text(
                "make sure that the network works and `cargo` in PATH can read its registry",
            ),
            VersionError::Rustc { .. } => Help::text("make sure that PATH has a rustc that works"),
        }
    }

    /// Whether the error concerns one of several systems.
    pub(crate) fn is_local(&self) -> bool {
        matches!(self, VersionError::Range { .. } | VersionError::Ranges(_))
    }
}

impl From<VersionError> for Error {
    fn from(error: VersionError) -> Error {
        Error::Version(error)
    }
}
