//! The folder of a site. Only files of this command are replaced or removed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::SiteError;
use super::parts::MARK;
use crate::error::Error;
use crate::write::{self, Folder, Tree};

/// An error if the pages would mix with files of another origin.
pub(super) fn check(folder: &Path) -> Result<(), Error> {
    match fs::metadata(folder) {
        Ok(data) if !data.is_dir() => return Err(SiteError::NotAFolder(folder.to_owned()).into()),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(SiteError::NotAFolder(folder.to_owned()).into());
        }
        Err(error) => return Err(Error::io("read", folder)(error)),
    }
    let mut entries: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::io("list", folder))? {
        entries.push(entry.map_err(Error::io("list", folder))?.path());
    }
    entries.sort();
    for path in entries {
        if write::is_temporary(&path) {
            continue;
        }
        let is_page = path.is_file() && {
            let bytes = fs::read(&path).map_err(Error::io("read", &path))?;
            String::from_utf8_lossy(&bytes).contains(MARK)
        };
        if !is_page {
            let file = path.file_name().map(PathBuf::from).unwrap_or_default();
            let folder = folder.to_owned();
            return Err(SiteError::NotASite { folder, file }.into());
        }
    }
    Ok(())
}

/// Writes the files, and removes pages of earlier runs. Nothing changes if a file cannot be
/// written, or on Ctrl-C.
pub(super) fn write(folder: &Path, files: Tree) -> Result<(), Error> {
    // Another process may have written meanwhile.
    check(folder)?;
    let is_new = !folder.exists();
    let pages = Folder {
        path: "",
        prefixes: vec![String::new()],
        mark: MARK,
        files,
    };
    let written = write::all(&[pages], &[], folder);
    if is_new && written.is_err() {
        // Empty, unless a file was put into it meanwhile.
        let _ = fs::remove_dir(folder);
    }
    written.map(drop)
}
