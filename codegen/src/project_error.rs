//! Errors of what the user brings: a project, an SDK or sysroot, a libclang.

use std::path::PathBuf;

use crate::help::Help;

/// An error of a project, of a folder of headers, or of a libclang that is not pinned.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProjectError {
    /// The folder of `--project` lacks files.
    #[error("{folder} is no project: it has no {missing}")]
    NotOne {
        /// The folder.
        folder: PathBuf,
        /// The missing files.
        missing: String,
        /// The help.
        help: Help,
    },
    /// A project cannot be made.
    #[error("{why}; nothing was written")]
    Init {
        /// The reason.
        why: String,
        /// The help.
        help: Help,
    },
    /// The ABI tables of a project are not generated yet.
    #[error("{0} has no ABI tables yet")]
    NotGenerated(PathBuf),
    /// `targets.toml` is invalid.
    #[error("targets.toml: {0}")]
    Targets(String),
    /// A folder cannot be read as the headers of a system.
    #[error("cannot read headers in {path}: {why}")]
    Tree {
        /// The folder.
        path: PathBuf,
        /// The reason.
        why: String,
        /// The help.
        help: Help,
    },
    /// A libclang that is not pinned cannot be used.
    #[error("{found} {why}; nothing was written")]
    Libclang {
        /// The version text of the libclang.
        found: String,
        /// The reason.
        why: String,
        /// The help.
        help: Help,
    },
}

impl ProjectError {
    /// What resolves the error.
    pub(crate) fn help(&self) -> Help {
        match self {
            ProjectError::NotOne { help, .. }
            | ProjectError::Init { help, .. }
            | ProjectError::Tree { help, .. }
            | ProjectError::Libclang { help, .. } => help.clone(),
            ProjectError::NotGenerated(_) => Help::Generate,
            ProjectError::Targets(_) => {
                Help::text("correct targets.toml; codegen/README.md describes its rows")
            }
        }
    }
}
