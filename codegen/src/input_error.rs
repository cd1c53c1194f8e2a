//! Errors of input files that are well-formed lines, but of no use, or that an editor has marked.

use std::path::PathBuf;

use crate::help::Help;

/// An error of input files.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    /// Symbol files begin with a byte-order mark.
    #[error(
        "{} with a byte-order mark (U+FEFF), which would belong to the first line",
        begin(files)
    )]
    ByteOrderMark {
        /// The files, relative to the root.
        files: Vec<String>,
        /// The repository.
        root: PathBuf,
    },
    /// A line of a symbol file has no effect on any target.
    #[error("{file}:{line}: {why}, so the line has no effect")]
    Unused {
        /// The file, relative to the root.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The reason.
        why: String,
    },
}

impl InputError {
    /// What resolves the error.
    pub(crate) fn help(&self) -> Help {
        match self {
            InputError::ByteOrderMark { files, root } => {
                let sed = ["sed", "-i", "1s/^\\xEF\\xBB\\xBF//"].map(str::to_owned);
                let paths = files
                    .iter()
                    .map(|file| root.join(file).display().to_string());
                Help::Before(vec![sed.into_iter().chain(paths).collect()])
            }
            InputError::Unused { .. } => Help::text("correct the line, or remove it"),
        }
    }
}

/// The files with the verb for one or for several.
fn begin(files: &[String]) -> String {
    let verb = if files.len() == 1 { "begins" } else { "begin" };
    format!("{} {verb}", files.join(", "))
}
