//! A change of the inputs, tried out beside the repository: everything is generated from a copy and
//! compared with what is there before anything is written.

use std::fs;
use std::path::Path;

use crate::abi::FOLDER;
use crate::abi_diff::{self, Report};
use crate::error::Error;
use crate::generate::{self, Generator};
use crate::snapshot::AbiSnapshot;
use crate::targets::{Os, SYSTEMS};
use crate::usage;
use crate::write::{self, Folder, Single};

/// A copy of the inputs, some of them changed.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Reads the copy.
    pub(crate) generator: Generator,
    /// What is changed.
    pub(crate) singles: Vec<Single>,
    /// Where the copy is. It is removed when dropped.
    copy: tempfile::TempDir,
}

/// A finished change, ready to be written.
#[derive(Debug)]
pub(crate) struct Finished {
    /// What it does to the ABI.
    pub(crate) report: Report,
    /// What the folders are to hold.
    folders: Vec<Folder>,
}

impl Plan {
    /// Copies the inputs of `root` with `singles` in place of what is there.
    pub(crate) fn new(root: &Path, singles: Vec<Single>) -> Result<Plan, Error> {
        let copy = tempfile::tempdir().map_err(Error::io("make", "a temporary folder"))?;
        for folder in ["codegen", "codegen/symbols", "codegen/headers"] {
            copy_files(&root.join(folder), &copy.path().join(folder))?;
        }
        for single in &singles {
            let path = copy.path().join(&single.path);
            fs::write(&path, &single.text).map_err(Error::io("write", &path))?;
        }
        Ok(Plan {
            generator: Generator::open(copy.path(), None)?,
            singles,
            copy,
        })
    }

    /// Generates those systems that can notice the change and compares them with the tables of
    /// `root`. The files of others stay as they are.
    pub(crate) fn finish(
        &self,
        root: &Path,
        name: &str,
        notices: impl Fn(&Os) -> bool,
    ) -> Result<Finished, Error> {
        let is_there = |os: &Os| root.join(format!("generated/{}/mod.rs", os.name)).is_file();
        let read: Vec<&Os> = SYSTEMS
            .iter()
            .filter(|os| notices(os) || !is_there(os))
            .collect();
        let (groups, _) = self.generator.read(read.iter().copied())?;
        finished(root, name, generate::some_folders(root, groups, &read)?)
    }

    /// Writes inputs, bindings and tables. Returns what was written.
    pub(crate) fn write(&self, finished: &Finished, root: &Path) -> Result<String, Error> {
        let changed = write::all(&finished.folders, &self.singles, root)?;
        let mut text = String::new();
        for single in &self.singles {
            text.push_str(&format!("{}: written\n", single.path));
        }
        for (folder, changed) in finished.folders.iter().zip(changed) {
            let word = if changed { "written" } else { "unchanged" };
            text.push_str(&format!("{}: {word}\n", folder.path));
        }
        Ok(text)
    }

    /// A message without the path of the copy.
    pub(crate) fn without_copy(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.copy.path().display()), "")
    }
}

/// Finished files, compared with the tables of `root`.
fn finished(root: &Path, name: &str, folders: Vec<Folder>) -> Result<Finished, Error> {
    let tables = folders.iter().find(|folder| folder.path == FOLDER);
    let none = write::Tree::new();
    let files = tables.map_or(&none, |folder| &folder.files);
    let new = AbiSnapshot::of_files(name.to_owned(), files)?;
    let old = AbiSnapshot::of_folder("the tree as it was".to_owned(), root)?;
    Ok(Finished {
        report: abi_diff::compare(&old, &new, &usage::of(root)?),
        folders,
    })
}

/// Copies the files of a folder, not what lies deeper.
fn copy_files(from: &Path, to: &Path) -> Result<(), Error> {
    fs::create_dir_all(to).map_err(Error::io("make", to))?;
    for entry in fs::read_dir(from).map_err(Error::io("list", from))? {
        let path = entry.map_err(Error::io("list", from))?.path();
        if path.is_file() {
            let name = path.file_name().unwrap_or_default();
            fs::copy(&path, to.join(name)).map_err(Error::io("copy", &path))?;
        }
    }
    Ok(())
}
