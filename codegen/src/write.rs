//! Puts finished files into the tree, or compares them with it. A folder is built beside the old one and exchanged with it in
//! one rename, so that an interruption leaves either the old or the new one, never a mixture.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::group::difference;

/// Files by their path in a folder.
pub(crate) type Tree = BTreeMap<PathBuf, String>;

/// A folder of the repository, and what it is to hold.
#[derive(Debug)]
pub(crate) struct Folder {
    /// Its path, relative to the repository.
    pub(crate) path: &'static str,
    /// Which of its files are ours: all whose name begins so.
    pub(crate) prefix: String,
    /// What they are to be.
    pub(crate) files: Tree,
}

impl Folder {
    /// Is the file, by its path in the folder, one of ours?
    fn ours(&self, path: &Path) -> bool {
        path.to_string_lossy().starts_with(&self.prefix)
    }

    /// One paragraph for each file that is not as it should be.
    pub(crate) fn differences(&self, root: &Path) -> Result<String, Error> {
        let present = read_tree(&root.join(self.path))?;
        let mut text = String::new();
        for (path, wanted) in &self.files {
            let shown = format!("{}/{}", self.path, path.display());
            match present.get(path) {
                None => text.push_str(&format!("  missing: {shown}\n")),
                Some(found) if found == wanted.as_bytes() => {}
                Some(found) => {
                    text.push_str(&format!(
                        "  changed: {shown}\n{}",
                        difference(&String::from_utf8_lossy(found), wanted)
                    ));
                }
            }
        }
        for path in present
            .keys()
            .filter(|path| self.ours(path) && !self.files.contains_key(*path))
        {
            text.push_str(&format!("  stray:   {}/{}\n", self.path, path.display()));
        }
        Ok(text)
    }

    /// Makes the folder hold what it should. Files that are not ours stay. Says whether anything changed.
    pub(crate) fn write(&self, root: &Path) -> Result<bool, Error> {
        if self.differences(root)?.is_empty() {
            return Ok(false);
        }
        let target = root.join(self.path);
        let parent = target.parent().unwrap_or(root);
        fs::create_dir_all(parent).map_err(Error::io("make", parent))?;
        let scratch = tempfile::Builder::new()
            .prefix(".codegen-")
            .tempdir_in(parent)
            .map_err(Error::io("make a folder in", parent))?;
        // The temporary folder itself is closed to others; its child gets the usual mode.
        let new = scratch.path().join("new");
        let mut files: BTreeMap<PathBuf, Vec<u8>> = read_tree(&target)?;
        files.retain(|path, _| !self.ours(path));
        files.extend(
            self.files
                .iter()
                .map(|(path, text)| (path.clone(), text.clone().into_bytes())),
        );
        fs::create_dir(&new).map_err(Error::io("make", &new))?;
        for (path, bytes) in files {
            let path = new.join(path);
            let folder = path.parent().unwrap_or(&new);
            fs::create_dir_all(folder).map_err(Error::io("make", folder))?;
            fs::write(&path, bytes).map_err(Error::io("write", &path))?;
        }
        exchange(&new, &target, scratch.path()).map_err(Error::io("replace", &target))?;
        Ok(true)
    }
}

/// All files below `folder` by their path in it; none if it does not exist.
fn read_tree(folder: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>, Error> {
    let mut files = BTreeMap::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(relative) = folders.pop() {
        let path = folder.join(&relative);
        let entries = match fs::read_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            result => result.map_err(Error::io("list", &path))?,
        };
        for entry in entries {
            let entry = entry.map_err(Error::io("list", &path))?;
            let relative = relative.join(entry.file_name());
            let path = entry.path();
            if path.is_dir() {
                folders.push(relative);
            } else {
                files.insert(relative, fs::read(&path).map_err(Error::io("read", &path))?);
            }
        }
    }
    Ok(files)
}

/// Puts `new` in the place of `target`; the old one ends up in `scratch`.
fn exchange(new: &Path, target: &Path, scratch: &Path) -> io::Result<()> {
    if !target.exists() {
        return fs::rename(new, target);
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        if renameat_with(CWD, new, CWD, target, RenameFlags::EXCHANGE).is_ok() {
            return Ok(());
        }
    }
    // Without that call there is a moment with no folder at all; the next run finishes what an interruption then leaves.
    fs::rename(target, scratch.join("old"))?;
    fs::rename(new, target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_files_are_replaced() -> Result<(), Box<dyn std::error::Error>> {
        let root = tempfile::tempdir()?;
        let tables = root.path().join("tables");
        fs::create_dir(&tables)?;
        fs::write(tables.join("other"), "theirs")?;
        fs::write(tables.join("abi@gone"), "stray")?;
        let files = Tree::from([("abi@new".into(), "1".to_owned())]);
        let folder = Folder {
            path: "tables",
            prefix: "abi@".to_owned(),
            files,
        };
        assert_eq!(
            folder.differences(root.path())?,
            "  missing: tables/abi@new\n  stray:   tables/abi@gone\n"
        );
        assert!(folder.write(root.path())?);
        assert!(
            !folder.write(root.path())?,
            "the second time there is nothing to do"
        );
        let names: Vec<PathBuf> = read_tree(root.path())?.into_keys().collect();
        assert_eq!(
            names,
            [
                PathBuf::from("tables/abi@new"),
                PathBuf::from("tables/other")
            ]
        );
        Ok(())
    }
}
