//! Several checkouts share one cache of builds.
//!
//! Cargo compares times: sources that are older than what another checkout built count as built, though they may differ. So the
//! packages of the project itself are forgotten when a checkout takes the cache over; what comes from a registry stays.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context as _, Result};

/// Folders between the builds and Cargo's notes on them: flags, a target or an app, a profile.
const DEPTH: usize = 4;

/// Makes `builds` those of the checkout at `root`.
pub(crate) fn enter(builds: &Path, root: &Path) -> Result<()> {
    let note = builds.join("checkout");
    let root = root.as_os_str().as_encoded_bytes();
    match fs::read(&note) {
        Ok(last) if last == root => return Ok(()),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| note.display().to_string()),
    }
    fs::create_dir_all(builds).with_context(|| builds.display().to_string())?;
    forget(builds, DEPTH).with_context(|| builds.display().to_string())?;
    fs::write(&note, root).with_context(|| note.display().to_string())
}

fn forget(folder: &Path, depth: usize) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            continue;
        }
        if entry.file_name() == ".fingerprint" {
            forget_packages(&entry.path())?;
        } else if depth > 0 {
            forget(&entry.path(), depth - 1)?;
        }
    }
    Ok(())
}

/// The project's packages are called `mio` or `mio-something`, and these.
const APPS: [&str; 3] = ["clients-", "tokio-pipes-", "tokio-smoke-"];

fn forget_packages(fingerprints: &Path) -> io::Result<()> {
    for entry in fs::read_dir(fingerprints)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("mio-") || APPS.iter().any(|app| name.starts_with(app)) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_checkout_forgets_the_project_and_keeps_the_rest() {
        let builds = tempfile::tempdir().unwrap();
        let notes = builds.path().join("flags/triple/debug/.fingerprint");
        let (ours, theirs) = (notes.join("mio-tool-0123"), notes.join("libc-0123"));
        let make = || {
            fs::create_dir_all(&ours).unwrap();
            fs::create_dir_all(&theirs).unwrap();
        };
        let enter = |root| enter(builds.path(), Path::new(root)).unwrap();

        enter("/one");
        make();
        enter("/one");
        assert!(ours.exists());
        enter("/two");
        assert!(!ours.exists());
        assert!(theirs.exists());
    }
}
