//! A libclang of the user in place of the pinned one: that of `--libclang`, or on hosts without a
//! pinned one that of `LIBCLANG_PATH`. No output names it, and it has to read the same ABI.

use std::fs;
use std::ops::RangeInclusive;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::help::Help;
use crate::project_error::ProjectError;
use crate::silent_stderr::SilentStderr;
use crate::sources::Sources;
use crate::text_diff;
use crate::write::Folder;

/// The major versions that may read the packs. With 18, 19 and 22 all tables are the same. 14 and
/// 16 reject headers of zig and of Apple, which are written for newer ones.
const VERSIONS: RangeInclusive<u32> = 18..=22;

/// The folder that `LIBCLANG_PATH` names, if no libclang is pinned for this host. On other hosts
/// the environment has no effect, so that all runs read with the same one.
pub(crate) fn of_host(sources: &Sources) -> Option<PathBuf> {
    let folder = std::env::var_os("LIBCLANG_PATH").filter(|folder| !folder.is_empty())?;
    (!sources.pins_libclang()).then(|| folder.into())
}

/// An error if the loaded libclang is too old or too new.
pub(crate) fn check_version() -> Result<(), Error> {
    let (first, last) = (VERSIONS.start(), VERSIONS.end());
    // bindgen panics if it cannot load the library.
    let quiet = SilentStderr::new();
    let version = catch_unwind(bindgen::clang_version);
    drop(quiet);
    let Ok(version) = version else {
        let folder = std::env::var_os("LIBCLANG_PATH").unwrap_or_default();
        return Err(fault(
            format!("the libclang in {}", folder.to_string_lossy()),
            "cannot be loaded: it is damaged, or made for another system".to_owned(),
            Help::Text(format!(
                "name the folder of a libclang of clang {first} to {last}: --libclang DIR"
            )),
        ));
    };
    if is_usable(version.parsed) {
        return Ok(());
    }
    Err(fault(
        version.full,
        format!("is not one of the versions {first} to {last}, which can read the headers"),
        Help::Text(format!(
            "name the folder of a libclang of clang {first} to {last}: --libclang DIR"
        )),
    ))
}

/// Whether a version, major and minor, may read the packs.
fn is_usable(version: Option<(u32, u32)>) -> bool {
    version.is_some_and(|(major, _)| VERSIONS.contains(&major))
}

/// An error if a file would change although its inputs are those that it was generated from.
pub(crate) fn compare(folders: &[Folder], root: &Path) -> Result<(), Error> {
    let mut differences = String::new();
    for folder in folders {
        for (path, new) in &folder.files {
            let name = Path::new(folder.path).join(path);
            let old = fs::read_to_string(root.join(&name)).unwrap_or_default();
            let has_same_inputs = inputs(new).is_some() && inputs(&old) == inputs(new);
            if has_same_inputs && old != *new {
                let difference = text_diff::difference(&old, new);
                differences.push_str(&format!("\n  {}\n{difference}", name.display()));
            }
        }
    }
    if differences.is_empty() {
        return Ok(());
    }
    Err(fault(
        bindgen::clang_version().full,
        format!(
            "reads another ABI from the same inputs:{}",
            differences.trim_end()
        ),
        Help::text("use another libclang; if a file was edited by hand, restore it from git first"),
    ))
}

/// The digest of the inputs in the head of a generated file.
fn inputs(text: &str) -> Option<&str> {
    let line = |line: &str| line.strip_prefix("//! Inputs: sha256 ").is_some();
    text.lines().take(12).find(|text| line(text))
}

/// The error for a libclang that cannot be used.
fn fault(found: String, why: String, help: Help) -> Error {
    Error::project(ProjectError::Libclang { found, why, help })
}

#[cfg(test)]
mod tests {
    use super::is_usable;

    #[test]
    fn older_and_newer_versions_are_refused() {
        for version in [(18, 1), (19, 1), (22, 1)] {
            assert!(is_usable(Some(version)), "{version:?}");
        }
        for version in [None, Some((17, 9)), Some((23, 0))] {
            assert!(!is_usable(version), "{version:?}");
        }
    }
}
