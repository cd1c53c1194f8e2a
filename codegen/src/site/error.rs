//! The errors of `cargo codegen site`.

use std::path::PathBuf;

use crate::help::Help;

/// An error that only this command has.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SiteError {
    /// The folder holds a file of another origin, which the pages would mix with.
    #[error("{folder} holds {file}, which is no page of `cargo codegen site`; nothing was written")]
    NotASite {
        /// The folder.
        folder: PathBuf,
        /// The path of the file in it.
        file: PathBuf,
    },
    /// The path of the folder is that of a file.
    #[error("{0} is not a folder; nothing was written")]
    NotAFolder(PathBuf),
    /// An operand is given a second time.
    #[error("`{0}` is the same operand as one before it")]
    Twice(String),
}

impl SiteError {
    /// What resolves the error.
    pub(crate) fn help(&self) -> Help {
        match self {
            SiteError::NotASite { .. } | SiteError::NotAFolder(_) => {
                Help::text("name a folder that is new, empty or from an earlier run: --output DIR")
            }
            SiteError::Twice(_) => Help::text("name each revision, folder or pack once"),
        }
    }
}
