//! Copies the library's files, and makes every mutant of `mutants.rs` in the copy: code that runs
//! if the mutant is switched on. One build has all mutants.

mod mutants;

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use mutants::{MUTANTS, Mutant};

fn main() -> io::Result<()> {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR").unwrap_or_default());
    let tree = PathBuf::from(env::var("OUT_DIR").unwrap_or_default()).join("tree");
    for folder in ["src", "build-tools/loom/src"] {
        let from = here.join("../..").join(folder);
        println!("cargo::rerun-if-changed={}", from.display());
        if tree.join(folder).exists() {
            fs::remove_dir_all(tree.join(folder))?;
        }
        copy(&from, &tree.join(folder))?;
    }
    println!("cargo::rerun-if-changed=mutants.rs");
    println!("cargo::rerun-if-changed=build.rs");
    for mutant in MUTANTS {
        let path = tree.join("src/sys").join(mutant.file);
        let text = fs::read_to_string(&path)?;
        if text.matches(mutant.right).count() != 1 {
            let Mutant { name, file, .. } = mutant;
            return Err(io::Error::other(format!(
                "the text of mutant `{name}` is not exactly once in src/sys/{file}; change \
                 build-tools/loom/mutants.rs"
            )));
        }
        let condition = format!("crate::mutant({:?})", mutant.name);
        let wrong = mutant.wrong.replace("MUTANT", &condition);
        fs::write(&path, text.replace(mutant.right, &wrong))?;
    }
    // The program includes this file, which then cannot have attributes of a crate.
    let root = tree.join("build-tools/loom/src/lib.rs");
    let text = fs::read_to_string(&root)?;
    let is_code = |line: &&str| !line.starts_with("//!") && !line.starts_with("#![");
    let lines: Vec<&str> = text.lines().filter(is_code).collect();
    fs::write(root, lines.join("\n"))
}

/// Copies a folder.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
