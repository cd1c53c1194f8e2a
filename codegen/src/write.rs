//! Writes generated files, or compares them with the files that are there.
//!
//! Every changed file is written to a temporary file beside it first. Once all of them are on the
//! disk, each is renamed to its name. A full disk or Ctrl-C before that leaves all files as they
//! were. A run that is killed between two renames leaves complete files, old and new ones; `check`
//! names the old ones, and the next run writes them. The caller holds the lock of the repository.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::Error;
use crate::help::Help;
use crate::interrupt;
use crate::project;
use crate::text_diff::difference;

/// Files by their path in a folder.
pub(crate) type Tree = BTreeMap<PathBuf, String>;

/// A folder of the repository, and the files that it is to hold.
#[derive(Debug)]
pub(crate) struct Folder {
    /// Its path, relative to the repository.
    pub(crate) path: &'static str,
    /// The tool manages the files whose path in the folder begins with one of these.
    pub(crate) prefixes: Vec<String>,
    /// A text in every file that the tool has written. A managed path without it is an error.
    pub(crate) mark: &'static str,
    /// The files.
    pub(crate) files: Tree,
}

/// One file to write, relative to the repository.
#[derive(Debug, Clone)]
pub(crate) struct Single {
    /// Its path.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
}

impl Folder {
    /// Whether the tool manages the file, by its path in the folder.
    fn manages(&self, path: &Path) -> bool {
        let path = path.to_string_lossy();
        self.prefixes.iter().any(|prefix| path.starts_with(prefix))
    }

    /// The managed files that are there.
    fn present(&self, root: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>, Error> {
        let mut files = read_tree(&root.join(self.path))?;
        files.retain(|path, _| self.manages(path));
        Ok(files)
    }

    /// Managed paths with files that the tool did not write.
    fn not_ours(&self, root: &Path) -> Result<Vec<String>, Error> {
        let is_other = |(path, bytes): &(PathBuf, Vec<u8>)| {
            !self.files.contains_key(path) && !String::from_utf8_lossy(bytes).contains(self.mark)
        };
        let others = self.present(root)?.into_iter().filter(is_other);
        Ok(others.map(|(path, _)| self.shown(&path)).collect())
    }

    /// The path of a file, relative to the repository.
    fn shown(&self, path: &Path) -> String {
        format!("{}/{}", self.path, path.display())
    }

    /// One paragraph for each file that differs.
    pub(crate) fn differences(&self, root: &Path) -> Result<String, Error> {
        let present = self.present(root)?;
        let mut text = String::new();
        for (path, wanted) in &self.files {
            let shown = self.shown(path);
            match present.get(path) {
                None => text.push_str(&format!("  missing: {shown}\n")),
                Some(found) if found == wanted.as_bytes() => {}
                Some(found) if with_lf(found) == wanted.as_bytes() => {
                    text.push_str(&format!("  line endings: {shown} has CRLF\n"));
                }
                Some(found) => {
                    let difference = difference(&String::from_utf8_lossy(found), wanted);
                    text.push_str(&format!("  changed: {shown}\n{difference}"));
                }
            }
        }
        for path in self.stray(&present) {
            text.push_str(&format!("  stray:   {}\n", self.shown(path)));
        }
        Ok(text)
    }

    /// Managed files that are not among [`Folder::files`].
    fn stray<'a>(
        &self,
        present: &'a BTreeMap<PathBuf, Vec<u8>>,
    ) -> impl Iterator<Item = &'a PathBuf> {
        present
            .keys()
            .filter(|path| !self.files.contains_key(*path))
    }
}

/// The bytes with LF line endings.
fn with_lf(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    text.replace("\r\n", "\n").into_bytes()
}

/// An error if managed paths hold files that the tool did not write.
fn refuse_others(folders: &[Folder], root: &Path) -> Result<(), Error> {
    let mut files = Vec::new();
    for folder in folders {
        files.extend(folder.not_ours(root)?);
    }
    if files.is_empty() {
        return Ok(());
    }
    let root = root.to_owned();
    Err(Error::NotOurs { files, root })
}

/// Writes `singles` and the changed files of `folders`, and removes stray files. Returns for each
/// folder whether it changed.
pub(crate) fn all(folders: &[Folder], singles: &[Single], root: &Path) -> Result<Vec<bool>, Error> {
    for folder in folders {
        remove_temporary(&root.join(folder.path), true);
    }
    // The folder of a project may hold anything else beside its inputs, further projects included.
    for folder in project::input_folders() {
        remove_temporary(&root.join(folder), !project::is_open());
    }
    refuse_others(folders, root)?;
    let (mut staged, mut stray, mut changes) = (Vec::new(), Vec::new(), Vec::new());
    for single in singles {
        staged.push(stage(&root.join(&single.path), &single.text).map_err(Error::unwritten)?);
    }
    for folder in folders {
        let present = folder.present(root)?;
        let before = (staged.len(), stray.len());
        for (path, text) in &folder.files {
            if present.get(path).map(Vec::as_slice) != Some(text.as_bytes()) {
                let path = root.join(folder.path).join(path);
                staged.push(stage(&path, text).map_err(Error::unwritten)?);
            }
        }
        stray.extend(
            folder
                .stray(&present)
                .map(|path| root.join(folder.path).join(path)),
        );
        changes.push((staged.len(), stray.len()) != before);
    }
    // From here on the run completes: only renames are left.
    interrupt::check()?;
    for (file, path) in staged {
        file.persist(&path)
            .map_err(|error| Error::io("replace", &path)(error.error))?;
    }
    for path in stray {
        fs::remove_file(&path).map_err(Error::io("remove", &path))?;
        // A folder goes with its last file.
        let _ = path.parent().map(fs::remove_dir);
    }
    Ok(changes)
}

/// Writes a temporary file beside `path`, to be renamed to it.
fn stage(path: &Path, text: &str) -> Result<(NamedTempFile, PathBuf), Error> {
    interrupt::check()?;
    if path.is_dir() {
        // The rename would fail, behind those of other files.
        let error = io::Error::other("a folder is in its place");
        return Err(Error::io("replace", path)(error));
    }
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(Error::io("make", folder))?;
    let mut file = temporary(TEMPORARY, folder).map_err(Error::io("make a file in", folder))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.as_file().sync_all())
        .map_err(Error::io("write", path))?;
    Ok((file, path.to_owned()))
}

/// How the names of temporary files begin. `.gitignore` lists `.codegen-*`.
const TEMPORARY: &str = ".codegen-new-";

/// An empty file with the mode of any new file, whose name begins with `prefix`.
pub(crate) fn temporary(prefix: &str, folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The umask clears some of these bits.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Fails with `help` if files differ.
pub(crate) fn compare(folders: &[Folder], root: &Path, help: &Help) -> Result<(), Error> {
    refuse_others(folders, root)?;
    let mut texts = Vec::new();
    for folder in folders {
        texts.push(folder.differences(root)?);
    }
    let mut differences = texts.concat();
    if differences.is_empty() {
        return Ok(());
    }
    let paths = |is_equal: bool| {
        let folders = folders.iter().zip(&texts);
        let folders = folders.filter(|(_, text)| text.is_empty() == is_equal);
        let paths: Vec<&str> = folders.map(|(folder, _)| folder.path).collect();
        paths.join(", ")
    };
    if texts.iter().any(String::is_empty) {
        differences.push_str(&format!(
            "{} is up to date, {} is not: an interrupted run leaves this\n",
            paths(true),
            paths(false)
        ));
    }
    Err(Error::Stale {
        differences,
        help: help.clone(),
    })
}

/// Whether the file is a temporary one of a run.
pub(crate) fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().starts_with(TEMPORARY)
}

/// Removes the temporary files of runs that were killed, in the folder and, if `below`, in the
/// folders below it. A link is not followed: it may lead out of the folder, or into a circle.
fn remove_temporary(folder: &Path, below: bool) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && below {
            remove_temporary(&path, below);
        } else if !is_folder && is_temporary(&path) {
            let _ = fs::remove_file(path);
        }
    }
}

/// All files below `folder` by their path in it, without temporary ones. Empty if there is no such
/// folder.
pub(crate) fn read_tree(folder: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>, Error> {
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
            } else if !is_temporary(&path) {
                files.insert(relative, fs::read(&path).map_err(Error::io("read", &path))?);
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_managed_files_are_written_and_removed() -> Result<(), Box<dyn std::error::Error>> {
        let root = tempfile::tempdir()?;
        let tables = root.path().join("tables");
        fs::create_dir(&tables)?;
        fs::write(tables.join("other"), "not managed")?;
        fs::write(tables.join("abi@gone"), "our own, stray")?;
        fs::write(tables.join(".codegen-new-left"), "of a killed run")?;
        let files = Tree::from([("abi@new".into(), "1".to_owned())]);
        let folder = Folder {
            path: "tables",
            prefixes: vec!["abi@".to_owned()],
            mark: "our own",
            files,
        };
        assert_eq!(
            folder.differences(root.path())?,
            "  missing: tables/abi@new\n  stray:   tables/abi@gone\n"
        );
        let folders = [folder];
        assert_eq!(all(&folders, &[], root.path())?, [true]);
        assert_eq!(all(&folders, &[], root.path())?, [false]);
        let mut names: Vec<_> = fs::read_dir(&tables)?
            .map(|entry| Ok(entry?.file_name()))
            .collect::<io::Result<_>>()?;
        names.sort();
        assert_eq!(names, ["abi@new", "other"]);
        Ok(())
    }

    /// A repository with two folders of old files, and the new files of both.
    fn two_folders() -> io::Result<(tempfile::TempDir, Vec<Folder>)> {
        let root = tempfile::tempdir()?;
        for path in ["codegen", "one", "two"] {
            fs::create_dir(root.path().join(path))?;
        }
        for path in ["one", "two"] {
            fs::write(root.path().join(path).join("file"), "old")?;
        }
        let folder = |path| Folder {
            path,
            prefixes: vec![String::new()],
            mark: "",
            files: Tree::from([("file".into(), "new".to_owned())]),
        };
        Ok((root, vec![folder("one"), folder("two")]))
    }

    #[test]
    fn failure_to_write_leaves_all_files_as_they_were() -> Result<(), Box<dyn std::error::Error>> {
        let (root, mut folders) = two_folders()?;
        fs::write(root.path().join("codegen/list"), "old")?;
        let singles = [Single {
            path: "codegen/list".to_owned(),
            text: "new".to_owned(),
        }];
        // The folder of this file is a file.
        folders[1]
            .files
            .insert("file/below".into(), "new".to_owned());
        let before = read_tree(root.path())?;
        let error = all(&folders, &singles, root.path()).unwrap_err();
        assert!(matches!(error, Error::Unwritten { .. }), "{error}");
        assert_eq!(read_tree(root.path())?, before);
        // A folder is where a file is to be.
        folders[1].files = Tree::from([("folder".into(), "new".to_owned())]);
        fs::create_dir(root.path().join("two/folder"))?;
        let error = all(&folders, &singles, root.path()).unwrap_err();
        assert!(matches!(error, Error::Unwritten { .. }), "{error}");
        assert_eq!(read_tree(root.path())?, before);
        Ok(())
    }

    #[test]
    fn outdated_folder_is_named_and_the_next_run_writes_it()
    -> Result<(), Box<dyn std::error::Error>> {
        let (root, folders) = two_folders()?;
        all(&folders[..1], &[], root.path())?;
        let error = compare(&folders, root.path(), &Help::Generate).unwrap_err();
        let wanted = "one is up to date, two is not: an interrupted run leaves this\n";
        assert!(error.to_string().ends_with(wanted), "{error}");
        assert_eq!(all(&folders, &[], root.path())?, [false, true]);
        compare(&folders, root.path(), &Help::Generate)?;
        Ok(())
    }

    #[test]
    fn file_of_another_origin_is_named_and_stays() -> Result<(), Box<dyn std::error::Error>> {
        let (root, mut folders) = two_folders()?;
        folders[0].mark = "our own";
        fs::write(root.path().join("one/notes.rs"), "mine")?;
        fs::write(root.path().join("one/old.rs"), "our own")?;
        let before = read_tree(root.path())?;
        let error = all(&folders, &[], root.path()).unwrap_err();
        assert!(
            error.to_string().starts_with("one/notes.rs is in a folder"),
            "{error}"
        );
        assert_eq!(read_tree(root.path())?, before);
        Ok(())
    }
}
