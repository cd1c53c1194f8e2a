//! The newest releases of the crates that the project follows: `libc`, which the library depends
//! on, and upstream's mio, which the tests compare it with.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

use super::changelog;
use crate::error::Error;
use crate::version_error::VersionError;

/// A crate that the project follows.
struct Followed {
    /// Its name.
    name: &'static str,
    /// The file that pins it.
    file: &'static str,
    /// The pinned version in the text of that file.
    pinned: fn(&str) -> Option<String>,
}

/// The crates.
const FOLLOWED: [Followed; 2] = [
    Followed {
        name: "libc",
        file: "Cargo.lock",
        pinned: |text| in_lock_file(text, "libc"),
    },
    Followed {
        name: "mio",
        file: "build-tools/apps/api-upstream/Cargo.toml",
        pinned: |text| in_manifest(text, "mio"),
    },
];

/// A crate and its newest release.
#[derive(Debug, Serialize)]
pub(super) struct Crate {
    /// Its name.
    pub(super) name: String,
    /// The file that pins it.
    pub(super) file: String,
    /// The pinned version.
    pub(super) pinned: String,
    /// The newest version.
    pub(super) newest: String,
    /// The sections of its changelog between the two, as Markdown.
    pub(super) changes: String,
}

/// Asks cargo for the newest releases. A crate that no file of `root` pins is left out.
pub(super) fn read(root: &Path) -> Result<Vec<Crate>, Error> {
    let mut pins = Vec::new();
    for followed in FOLLOWED {
        let path = root.join(followed.file);
        if !path.is_file() {
            continue;
        }
        let text = fs::read_to_string(&path).map_err(Error::io("read", &path))?;
        let version = (followed.pinned)(&text).ok_or_else(|| {
            Error::Version(VersionError::Registry {
                crates: followed.name.to_owned(),
                why: format!("{} does not pin a version of it", path.display()),
            })
        })?;
        pins.push((followed, version));
    }
    if pins.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<&str> = pins.iter().map(|(followed, _)| followed.name).collect();
    let newest = newest(&names)?;
    let crates = pins.into_iter().filter_map(|(followed, pinned)| {
        let found = newest.iter().find(|found| found.name == followed.name)?;
        let changes = found.changelog();
        Some(Crate {
            name: followed.name.to_owned(),
            file: followed.file.to_owned(),
            changes: changelog::between(&changes, &pinned, &found.version),
            newest: found.version.clone(),
            pinned,
        })
    });
    Ok(crates.collect())
}

/// A package, as `cargo metadata` prints it.
#[derive(Debug, Deserialize)]
struct Package {
    /// Its name.
    name: String,
    /// Its version.
    version: String,
    /// The path of its manifest.
    manifest_path: String,
}

impl Package {
    /// The text of its changelog; empty without one.
    fn changelog(&self) -> String {
        let path = Path::new(&self.manifest_path).with_file_name("CHANGELOG.md");
        fs::read_to_string(path).unwrap_or_default()
    }
}

/// The output of `cargo metadata`.
#[derive(Debug, Deserialize)]
struct Metadata {
    /// All packages.
    packages: Vec<Package>,
}

/// The newest releases of crates. cargo resolves and downloads them for an empty crate that
/// depends on any version of them; previews of a version do not count.
fn newest(names: &[&str]) -> Result<Vec<Package>, Error> {
    let failed = |why: String| {
        Error::Version(VersionError::Registry {
            crates: names.join(", "),
            why,
        })
    };
    let folder = tempfile::tempdir().map_err(Error::io("make", "a temporary folder"))?;
    let dependencies = names
        .iter()
        .map(|name| format!("{name} = {{ version = \"*\", default-features = false }}\n"));
    let manifest = format!(
        "[package]\nname = \"newest\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\
         [lib]\npath = \"lib.rs\"\n[workspace]\n[dependencies]\n{}",
        dependencies.collect::<String>()
    );
    for (name, text) in [("Cargo.toml", &*manifest), ("lib.rs", "")] {
        let path = folder.path().join(name);
        fs::write(&path, text).map_err(Error::io("write", path))?;
    }
    let output = Command::new("cargo")
        .args(["metadata", "--format-version=1", "--color=never"])
        .current_dir(folder.path())
        .output()
        .map_err(|error| failed(format!("cargo does not start: {error}")))?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        return Err(failed(message.trim().to_owned()));
    }
    let metadata: Metadata =
        serde_json::from_slice(&output.stdout).map_err(|error| failed(error.to_string()))?;
    Ok(metadata.packages)
}

/// The version of a package in the text of a `Cargo.lock`.
fn in_lock_file(text: &str, name: &str) -> Option<String> {
    let lock: toml::Table = text.parse().ok()?;
    let packages = lock.get("package")?.as_array()?;
    let package = packages
        .iter()
        .find(|package| package.get("name").and_then(|found| found.as_str()) == Some(name))?;
    Some(package.get("version")?.as_str()?.to_owned())
}

/// The exact version of a dependency in the text of a `Cargo.toml`.
fn in_manifest(text: &str, name: &str) -> Option<String> {
    let manifest: toml::Table = text.parse().ok()?;
    let dependency = manifest.get("dependencies")?.get(name)?;
    let version = dependency.get("version").unwrap_or(dependency).as_str()?;
    Some(version.strip_prefix('=')?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn followed_crates_are_pinned_by_this_repository() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for followed in FOLLOWED {
            let text = fs::read_to_string(root.join(followed.file)).expect("the file exists");
            let version = (followed.pinned)(&text).expect("it pins the crate");
            assert!(version.starts_with(|letter: char| letter.is_ascii_digit()));
        }
        assert_eq!(in_lock_file("[[package]]\nname = \"a\"", "libc"), None);
        let manifest = "[dependencies]\nmio = \"=1.2.5\"\nlog = \"1\"";
        assert_eq!(in_manifest(manifest, "mio").as_deref(), Some("1.2.5"));
        assert_eq!(in_manifest(manifest, "log"), None);
    }
}
