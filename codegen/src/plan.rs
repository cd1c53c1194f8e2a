//! A change of the inputs that is tried in a copy. The output of the copy is compared with the
//! repository before anything is written.

use std::fs;
use std::path::Path;

use crate::abi_diff::{self, Report};
use crate::error::Error;
use crate::generate::{self, Generator};
use crate::project;
use crate::snapshot::AbiSnapshot;
use crate::targets::{Os, SYSTEMS};
use crate::usage;
use crate::write::{self, Folder, Single};

/// A copy of the inputs with some files changed.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The generator that reads the copy.
    pub(crate) generator: Generator,
    /// The changed inputs.
    pub(crate) singles: Vec<Single>,
    /// The folder of the copy. It is removed when dropped.
    copy: tempfile::TempDir,
}

/// The output of a change, to be written.
#[derive(Debug)]
pub(crate) struct Finished {
    /// The changes of the ABI.
    pub(crate) report: Report,
    /// The output folders with their files.
    folders: Vec<Folder>,
}

impl Plan {
    /// Copies the inputs of `root` and writes `singles` into the copy.
    pub(crate) fn new(root: &Path, singles: Vec<Single>) -> Result<Plan, Error> {
        let copy = tempfile::tempdir().map_err(Error::io("make", "a temporary folder"))?;
        let [inputs, symbols, headers] = project::input_folders();
        // The folder of a project may hold anything else, too.
        let is_input =
            |name: &str| !project::is_open() || name.ends_with(".toml") || name.ends_with(".json");
        copy_files(&root.join(inputs), &copy.path().join(inputs), is_input)?;
        copy_files(&root.join(symbols), &copy.path().join(symbols), |_| true)?;
        copy_files(&root.join(headers), &copy.path().join(headers), |_| true)?;
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

    /// Generates the systems that `is_affected` selects and compares them with the tables of
    /// `root`. The files of other systems stay as they are.
    pub(crate) fn finish(
        &self,
        root: &Path,
        name: &str,
        is_affected: impl Fn(&Os) -> bool,
    ) -> Result<Finished, Error> {
        let has_bindings = |os: &Os| root.join(format!("generated/{}/mod.rs", os.name)).is_file();
        let read: Vec<&Os> = SYSTEMS
            .iter()
            .filter(|os| is_affected(os) || !has_bindings(os))
            .collect();
        let (groups, _) = self.generator.read(read.iter().copied())?;
        finished(root, name, generate::some_folders(root, groups, &read)?)
    }

    /// Writes inputs, bindings and tables. Returns a line for each file and folder.
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

    /// A message with the path of the copy removed.
    pub(crate) fn without_copy(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.copy.path().display()), "")
    }
}

/// Compares the output folders with the tables of `root`.
fn finished(root: &Path, name: &str, folders: Vec<Folder>) -> Result<Finished, Error> {
    let tables = folders
        .iter()
        .find(|folder| folder.path == project::snapshots());
    let none = write::Tree::new();
    let files = tables.map_or(&none, |folder| &folder.files);
    let new = AbiSnapshot::of_files(name.to_owned(), files)?;
    let name = "the tree as it was".to_owned();
    let old = if project::is_open() && !AbiSnapshot::is_in(root) {
        // The first run of a project.
        AbiSnapshot::of_groups(name, Vec::new())
    } else {
        AbiSnapshot::of_folder(name, root)?
    };
    Ok(Finished {
        report: abi_diff::compare(&old, &new, &usage::of(root)?),
        folders,
    })
}

/// Copies the files of a folder whose names `is_input` selects, without its subfolders.
fn copy_files(from: &Path, to: &Path, is_input: impl Fn(&str) -> bool) -> Result<(), Error> {
    fs::create_dir_all(to).map_err(Error::io("make", to))?;
    for entry in fs::read_dir(from).map_err(Error::io("list", from))? {
        let path = entry.map_err(Error::io("list", from))?.path();
        let name = path.file_name().unwrap_or_default();
        if path.is_file() && is_input(&name.to_string_lossy()) {
            fs::copy(&path, to.join(name)).map_err(Error::io("copy", &path))?;
        }
    }
    Ok(())
}
