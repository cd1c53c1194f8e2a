//! Puts finished files into the tree, or compares them with it. Everything is built beside the old ones first; then each folder is
//! exchanged in one rename, so that an interruption leaves either the old or the new one, never a mixture.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::help::Help;
use crate::interrupt;
use crate::text_diff::difference;

/// Files by their path in a folder.
pub(crate) type Tree = BTreeMap<PathBuf, String>;

/// A folder of the repository, and what it is to hold.
#[derive(Debug)]
pub(crate) struct Folder {
    /// Its path, relative to the repository.
    pub(crate) path: &'static str,
    /// Which of its files are ours: all whose name begins with one of these.
    pub(crate) prefixes: Vec<String>,
    /// What stands in those of ours that are no longer to be. Other files are the user's, and stay.
    pub(crate) mark: &'static str,
    /// What they are to be.
    pub(crate) files: Tree,
}

impl Folder {
    /// Is the file, by its path in the folder, one of ours?
    fn ours(&self, path: &Path) -> bool {
        let path = path.to_string_lossy();
        self.prefixes.iter().any(|prefix| path.starts_with(prefix))
    }

    /// Files that look like ours by their names and are not.
    fn of_the_user(&self, root: &Path) -> Result<Vec<String>, Error> {
        let present = read_tree(&root.join(self.path))?;
        let is_theirs = |(path, bytes): &(&PathBuf, &Vec<u8>)| {
            self.ours(path)
                && !self.files.contains_key(*path)
                && !String::from_utf8_lossy(bytes).contains(self.mark)
        };
        let theirs = present.iter().filter(is_theirs);
        let shown = |path: &Path| format!("{}/{}", self.path, path.display());
        Ok(theirs.map(|(path, _)| shown(path)).collect())
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
                Some(found) if without_returns(found) == wanted.as_bytes() => {
                    text.push_str(&format!(
                        "  line endings: {shown} has those of Windows (CRLF)\n"
                    ));
                }
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

    /// Builds what the folder is to be in `new`. Files that are not ours come along.
    fn build(&self, root: &Path, new: &Path) -> Result<(), Error> {
        let mut files: BTreeMap<PathBuf, Vec<u8>> = read_tree(&root.join(self.path))?;
        files.retain(|path, _| !self.ours(path));
        files.extend(
            self.files
                .iter()
                .map(|(path, text)| (path.clone(), text.clone().into_bytes())),
        );
        fs::create_dir(new).map_err(Error::io("make", new))?;
        for (path, bytes) in files {
            interrupt::check()?;
            let path = new.join(path);
            let folder = path.parent().unwrap_or(new);
            fs::create_dir_all(folder).map_err(Error::io("make", folder))?;
            fs::write(&path, bytes).map_err(Error::io("write", &path))?;
        }
        Ok(())
    }
}

/// A file outside of the folders, and what it is to hold. It is replaced before them, so that the next run finishes what an
/// interruption leaves.
#[derive(Debug)]
pub(crate) struct Single {
    /// Its path, relative to the repository.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
}

/// A file with the line endings of Unix.
fn without_returns(bytes: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(bytes)
        .replace("\r\n", "\n")
        .into_bytes()
}

/// An error if files of the user's lie where ours are to be.
fn refuse_theirs(folders: &[Folder], root: &Path) -> Result<(), Error> {
    let mut files = Vec::new();
    for folder in folders {
        files.extend(folder.of_the_user(root)?);
    }
    if files.is_empty() {
        return Ok(());
    }
    let root = root.to_owned();
    Err(Error::NotOurs { files, root })
}

/// Makes the tree hold `singles` and `folders`: all of it, or nothing if something fails. Says of each folder whether it changed.
pub(crate) fn all(folders: &[Folder], singles: &[Single], root: &Path) -> Result<Vec<bool>, Error> {
    refuse_theirs(folders, root)?;
    let mut changes = Vec::new();
    for folder in folders {
        changes.push(!folder.differences(root)?.is_empty());
    }
    if singles.is_empty() && !changes.contains(&true) {
        return Ok(changes);
    }
    replace(folders, &changes, singles, root).map_err(Error::unwritten)?;
    Ok(changes)
}

/// Builds what is new and exchanges it. The caller holds the lock of the repository.
fn replace(
    folders: &[Folder],
    changes: &[bool],
    singles: &[Single],
    root: &Path,
) -> Result<(), Error> {
    remove_leftovers(root);
    let scratch = tempfile::Builder::new()
        .prefix(SCRATCH)
        .tempdir_in(root)
        .map_err(Error::io("make a folder in", root))?;
    // The temporary folder itself is closed to others; its children get the usual mode.
    let mut pairs: Vec<(PathBuf, PathBuf)> = Vec::new();
    let place = |pairs: &Vec<_>| scratch.path().join(pairs.len().to_string());
    for single in singles {
        let new = place(&pairs);
        fs::write(&new, &single.text).map_err(Error::io("write", &new))?;
        pairs.push((new, root.join(&single.path)));
    }
    for (folder, _) in folders.iter().zip(changes).filter(|(_, changed)| **changed) {
        let new = place(&pairs);
        folder.build(root, &new)?;
        pairs.push((new, root.join(folder.path)));
    }
    // From here on it is a matter of a few renames, and they are all done.
    interrupt::check()?;
    for (done, (new, target)) in pairs.iter().enumerate() {
        let parent = target.parent().unwrap_or(root);
        let result = fs::create_dir_all(parent).and_then(|()| exchange(new, target));
        if let Err(error) = result {
            // What is new goes out again. If that fails too, `--check` says which folder is older.
            for (new, target) in pairs[..done].iter().rev() {
                let _ = exchange(new, target);
            }
            return Err(Error::io("replace", target)(error));
        }
    }
    Ok(())
}

/// Fails if the tree is not as it should be.
pub(crate) fn compare(folders: &[Folder], root: &Path, help: &Help) -> Result<(), Error> {
    refuse_theirs(folders, root)?;
    let mut texts = Vec::new();
    for folder in folders {
        texts.push(folder.differences(root)?);
    }
    let mut differences: String = texts.concat();
    if differences.is_empty() {
        return Ok(());
    }
    let paths = |differ: bool| {
        let paths = folders.iter().zip(&texts);
        let paths = paths.filter(|(_, text)| text.is_empty() != differ);
        paths
            .map(|(folder, _)| folder.path)
            .collect::<Vec<_>>()
            .join(", ")
    };
    if texts.iter().any(String::is_empty) {
        differences.push_str(&format!(
            "{} is what the inputs give, {} is not: after an interrupted run it is the older one\n",
            paths(false),
            paths(true)
        ));
    }
    Err(Error::Stale {
        differences,
        help: help.clone(),
    })
}

/// How the names of unfinished folders begin. `.gitignore` has them too.
const SCRATCH: &str = ".codegen-";

/// Removes what an interrupted run left. The caller holds the lock, so nobody is using it.
fn remove_leftovers(root: &Path) {
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(SCRATCH) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// All files below `folder` by their path in it; none if it does not exist.
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
            } else {
                files.insert(relative, fs::read(&path).map_err(Error::io("read", &path))?);
            }
        }
    }
    Ok(files)
}

/// Puts `new` in the place of `target`; the old one is at `new` then.
pub(crate) fn exchange(new: &Path, target: &Path) -> io::Result<()> {
    if !target.exists() {
        return fs::rename(new, target);
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        match renameat_with(CWD, new, CWD, target, RenameFlags::EXCHANGE) {
            Ok(()) => return Ok(()),
            // This file system or kernel cannot.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {}
            Err(error) => return Err(error.into()),
        }
    }
    // Without that call there is a moment with no folder at all; the next run finishes what an interruption then leaves.
    let aside = new.with_extension("old");
    fs::rename(target, &aside)?;
    fs::rename(new, target)?;
    fs::rename(&aside, new)
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
        fs::write(tables.join("abi@gone"), "our own, stray")?;
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
        fs::create_dir(root.path().join("codegen"))?;
        fs::create_dir(root.path().join(".codegen-left"))?;
        let folders = [folder];
        assert_eq!(all(&folders, &[], root.path())?, [true]);
        assert_eq!(
            all(&folders, &[], root.path())?,
            [false],
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

    /// A repository with two folders that are `old`, and what makes them `new`.
    fn two() -> io::Result<(tempfile::TempDir, Vec<Folder>)> {
        let root = tempfile::tempdir()?;
        fs::create_dir(root.path().join("codegen"))?;
        for path in ["one", "two"] {
            fs::create_dir(root.path().join(path))?;
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
    fn what_cannot_be_replaced_leaves_all_as_it_was() -> Result<(), Box<dyn std::error::Error>> {
        let (root, folders) = two()?;
        fs::write(root.path().join("codegen/list"), "old")?;
        let single = |path: &str| Single {
            path: path.to_owned(),
            text: "new".to_owned(),
        };
        // The second lies below a file.
        let singles = [single("codegen/list"), single("codegen/list/below")];
        let before = read_tree(root.path())?;
        assert!(all(&folders, &singles, root.path()).is_err());
        assert_eq!(read_tree(root.path())?, before);
        Ok(())
    }

    #[test]
    fn after_an_interruption_between_two_folders_the_older_one_is_named_and_the_next_run_finishes()
    -> Result<(), Box<dyn std::error::Error>> {
        let (root, folders) = two()?;
        all(&folders[..1], &[], root.path())?;
        let said = compare(&folders, root.path(), &Help::Generate)
            .unwrap_err()
            .to_string();
        assert!(said.contains("one is what the inputs give, two is not: after an interrupted run it is the older one\n"), "{said}");
        assert_eq!(all(&folders, &[], root.path())?, [false, true]);
        compare(&folders, root.path(), &Help::Generate)?;
        Ok(())
    }

    #[test]
    fn a_file_of_the_users_is_named_and_stays() -> Result<(), Box<dyn std::error::Error>> {
        let (root, mut folders) = two()?;
        folders[0].mark = "our own";
        fs::write(root.path().join("one/notes.rs"), "mine")?;
        fs::write(root.path().join("one/old.rs"), "our own")?;
        let before = read_tree(root.path())?;
        let error = all(&folders, &[], root.path()).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("one/notes.rs is in a folder that "),
            "{error}"
        );
        assert_eq!(read_tree(root.path())?, before);
        Ok(())
    }
}
