//! Checkouts share one cache of builds. One checkout uses it at a time, and others wait.
//!
//! Cargo compares modification times by default: it rebuilds a package if a source is newer than
//! the last build. A source of this checkout may be older than the build of another checkout, and
//! still differ. So a checkout that takes over the cache removes the fingerprints of the project's
//! own packages. Packages from a registry stay. See
//! <https://doc.rust-lang.org/nightly/nightly-rustc/cargo/core/compiler/fingerprint/>.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use anyhow::{Context as _, Result};
use rustix::fs::{FlockOperation, flock};

/// The levels of folders above `.fingerprint`: flags, a target or an app, a profile.
const DEPTH: usize = 4;

/// A lock on the builds, which all commands of a checkout share.
#[derive(Debug)]
pub(crate) struct Entered {
    _lock: File,
}

/// Locks `builds` for the checkout at `root`. Waits while another checkout uses them.
pub(crate) fn enter(builds: &Path, root: &Path) -> Result<Entered> {
    fs::create_dir_all(builds).with_context(|| builds.display().to_string())?;
    let (note, lock) = (builds.join("checkout"), builds.join("checkout.lock"));
    let file = File::create(&lock).with_context(|| lock.display().to_string())?;
    let acquire = |operation| flock(&file, operation).with_context(|| lock.display().to_string());
    loop {
        acquire(FlockOperation::LockShared)?;
        let last = last(&note)?;
        if last == root.as_os_str().as_encoded_bytes() {
            return Ok(Entered { _lock: file });
        }
        // After another error than EWOULDBLOCK, the call below fails, too.
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            eprintln!(
                "waiting for {}, which uses the same cache; to use another: set XDG_CACHE_HOME",
                String::from_utf8_lossy(&last)
            );
            acquire(FlockOperation::LockExclusive)?;
        }
        // The next iteration checks the note again, because another checkout may get the lock
        // first.
        remove_fingerprints(builds, DEPTH).with_context(|| builds.display().to_string())?;
        fs::write(&note, root.as_os_str().as_encoded_bytes())
            .with_context(|| note.display().to_string())?;
    }
}

/// The root of the checkout that used the builds last; empty if there was none.
fn last(note: &Path) -> Result<Vec<u8>> {
    match fs::read(note) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        result => result.with_context(|| note.display().to_string()),
    }
}

fn remove_fingerprints(folder: &Path, depth: usize) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            continue;
        }
        if entry.file_name() == ".fingerprint" {
            remove_own(&entry.path())?;
        } else if depth > 0 {
            remove_fingerprints(&entry.path(), depth - 1)?;
        }
    }
    Ok(())
}

/// The prefixes of the project's packages, besides `mio-`.
const APPS: [&str; 3] = ["downstream-", "tokio-pipes-", "tokio-smoke-"];

/// Removes the fingerprints of the project's packages from a folder `.fingerprint`.
fn remove_own(fingerprints: &Path) -> io::Result<()> {
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
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    #[test]
    fn new_checkout_removes_the_projects_fingerprints_alone() {
        let builds = tempfile::tempdir().unwrap();
        let notes = builds.path().join("flags/triple/debug/.fingerprint");
        let (ours, theirs) = (notes.join("mio-tool-0123"), notes.join("libc-0123"));
        let make = || {
            fs::create_dir_all(&ours).unwrap();
            fs::create_dir_all(&theirs).unwrap();
        };
        let enter = |root| enter(builds.path(), Path::new(root)).unwrap();

        drop(enter("/one"));
        make();
        let (first, second) = (enter("/one"), enter("/one"));
        assert!(ours.exists());
        drop((first, second));
        drop(enter("/two"));
        assert!(!ours.exists());
        assert!(theirs.exists());
    }

    #[test]
    fn checkout_waits_for_another() {
        let builds = tempfile::tempdir().unwrap();
        let first = enter(builds.path(), Path::new("/one")).unwrap();
        thread::scope(|scope| {
            let (sender, receiver) = mpsc::channel();
            let folder = builds.path();
            scope.spawn(move || {
                let second = enter(folder, Path::new("/two"));
                sender.send(second.is_ok())
            });
            let early = receiver.recv_timeout(Duration::from_millis(100));
            assert!(early.is_err());
            drop(first);
            assert!(receiver.recv_timeout(Duration::from_secs(60)).unwrap());
        });
    }
}
